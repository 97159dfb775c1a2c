package webhooks

import (
	"testing"
	"time"

	"github.com/openpartner/openpartner/app/netguard"
)

// The example of the standard's own libraries.
func TestSign(t *testing.T) {
	t.Parallel()
	got, err := sign([]string{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if err != nil || got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("got %q, %v", got, err)
	}
}

// Ten tries in three days and a little more.
func TestNextWait(t *testing.T) {
	t.Parallel()
	var sum time.Duration
	tries := 1
	for {
		wait, again := nextWait(tries, 0, 0)
		if !again {
			break
		}
		sum, tries = sum+wait, tries+1
	}
	if tries != 10 || sum < 75*time.Hour || sum > 76*time.Hour {
		t.Errorf("%d tries in %v", tries, sum)
	}
	for name, c := range map[string]struct {
		asked  time.Duration
		jitter float64
		want   time.Duration
	}{
		"Plain": {0, 0, 5 * time.Second}, "Jitter": {0, 1, 5500 * time.Millisecond}, "Asked": {time.Hour, 0, time.Hour}, "AskedForTooMuch": {90 * 24 * time.Hour, 0, 24 * time.Hour},
	} {
		if got, again := nextWait(1, c.asked, c.jitter); got != c.want || !again {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestJudge_NeedsHTTPS(t *testing.T) {
	t.Parallel()
	s := NewService(nil, nil, netguard.New(nil), false, time.Now)
	if _, refused := s.judge("http://example.com/"); !refused {
		t.Error("http is taken in production")
	}
	if sentence, _ := s.judge("https://example.com/hooks?x=1"); sentence != "" {
		t.Error(sentence)
	}
}
