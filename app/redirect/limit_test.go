package redirect

import (
	"net/netip"
	"testing"
	"time"

	"github.com/openpartner/openpartner/app/fault"
)

func TestLimit(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	l := newLimit(300, func() time.Time { return now })
	ada, zoe := netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("2001:db8::1")
	for i := range 300 {
		if err := l.take(ada); err != nil {
			t.Fatalf("visit %d: %v", i+1, err)
		}
	}
	now = now.Add(20 * time.Second)
	f, ok := fault.From(l.take(ada))
	if !ok || f.Kind != fault.KindRateLimited || f.RetryAfter != 40*time.Second {
		t.Errorf("visit 301: %v", f)
	}
	if err := l.take(zoe); err != nil {
		t.Errorf("another address: %v", err)
	}
	now = now.Add(40 * time.Second)
	if err := l.take(ada); err != nil {
		t.Errorf("after the minute: %v", err)
	}
}

func TestLimit_IsBounded(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	l := newLimit(300, func() time.Time { return now })
	for i := range maxAddresses + 10 {
		if err := l.take(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})); err != nil {
			t.Fatal(err)
		}
	}
	if len(l.seen) > maxAddresses {
		t.Errorf("%d addresses are remembered", len(l.seen))
	}
}
