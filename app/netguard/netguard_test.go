package netguard_test

import (
	"context"
	"net"
	"net/netip"
	"testing"

	"github.com/openpartner/openpartner/app/netguard"
)

func TestGuard_Permits(t *testing.T) {
	t.Parallel()
	guard := netguard.New(nil)
	for text, want := range map[string]bool{
		"1.1.1.1": true, "2606:4700::1111": true,
		"127.0.0.1": false, "10.0.0.1": false, "192.168.1.1": false, "169.254.169.254": false, "0.0.0.0": false,
		"100.64.0.1": false, "::1": false, "fd00::1": false, "fe80::1": false, "::ffff:127.0.0.1": false, "64:ff9b::7f00:1": false,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			if got := guard.Permits(netip.MustParseAddr(text)); got != want {
				t.Errorf("Permits(%s) = %v", text, got)
			}
		})
	}
}

func TestGuard_DialContext(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	_, port, _ := net.SplitHostPort(listener.Addr().String())

	t.Run("RefusesANameOfALoopbackAddress", func(t *testing.T) {
		t.Parallel()
		_, err := netguard.New(nil).DialContext(context.Background(), "tcp", net.JoinHostPort("localhost", port))
		if !netguard.Refused(err) {
			t.Errorf("dial gave %v", err)
		}
	})
	t.Run("ReachesAnAllowedRange", func(t *testing.T) {
		t.Parallel()
		guard := netguard.New([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")})
		conn, err := guard.DialContext(context.Background(), "tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.Close()
	})
}

func TestGuard_Literal(t *testing.T) {
	t.Parallel()
	guard := netguard.New(nil)
	for host, want := range map[string]bool{"127.0.0.1": true, "::1": true, "8.8.8.8": false, "mail.example.com": false, "localhost": false} {
		if got := guard.Literal(host); got != want {
			t.Errorf("Literal(%q) = %v", host, got)
		}
	}
}
