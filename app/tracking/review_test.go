package tracking_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/app/tracking"
)

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// daily gives the day's sums over all links: those that count and those with a flag.
func (b *bundle) daily() [2]int {
	b.t.Helper()
	var sums [2]int
	err := db.Tx(b.ctx).NewRaw(`select coalesce(sum(clicks), 0), coalesce(sum(flagged), 0) from daily_clicks where day = ?::date`,
		b.now.UTC().Format(time.DateOnly)).Scan(b.ctx, &sums[0], &sums[1])
	if err != nil {
		b.t.Fatal(err)
	}
	return sums
}

func code(err error) string {
	f, ok := fault.From(err)
	if !ok {
		return ""
	}
	return f.Code
}

func TestService_Review(t *testing.T) {
	t.Parallel()

	t.Run("FlagsAndClears", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		id := b.visit(browser)
		b.visit(browser)
		c := must(b.tracking.Review(b.ctx, id, tracking.FlagManual))(t)
		if c.Flag != tracking.FlagManual || c.ReviewedAt == nil {
			t.Errorf("got %+v", c)
		}
		if got, want := b.daily(), [2]int{1, 1}; got != want {
			t.Errorf("flagged: got %v, want %v", got, want)
		}
		if _, err := b.tracking.Review(b.ctx, id, tracking.FlagManual); code(err) != "already_flagged" {
			t.Errorf("again: %v", err)
		}
		must(b.tracking.Review(b.ctx, id, ""))(t)
		if got, want := b.daily(), [2]int{2, 0}; got != want {
			t.Errorf("cleared: got %v, want %v", got, want)
		}
		if _, err := b.tracking.Review(b.ctx, id, ""); code(err) != "not_flagged" {
			t.Errorf("again: %v", err)
		}
	})
	t.Run("NoAutomaticFlagReturns", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		reviewed, other := b.visit(browser), b.visit(browser)
		must(b.tracking.Review(b.ctx, reviewed, tracking.FlagManual))(t)
		must(b.tracking.Review(b.ctx, reviewed, ""))(t)
		for range 2 {
			if err := b.tracking.FlagAutomatically(b.ctx, []uuid.UUID{reviewed, other}, tracking.FlagSelfReferral); err != nil {
				t.Fatal(err)
			}
		}
		if c := must(b.tracking.Click(b.ctx, reviewed))(t); c.Flag != "" {
			t.Errorf("reviewed click got flag %q", c.Flag)
		}
		if c := must(b.tracking.Click(b.ctx, other))(t); c.Flag != tracking.FlagSelfReferral {
			t.Errorf("other click has flag %q", c.Flag)
		}
		if got, want := b.daily(), [2]int{1, 1}; got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func TestService_UsersOf(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.visit(browser)
	for _, user := range []string{"u2", "u1", "u2"} {
		must(b.tracking.Stitch(b.ctx, id, user, true, b.now))(t)
	}
	if diff := cmp.Diff([]string{"u1", "u2"}, must(b.tracking.UsersOf(b.ctx, id))(t)); diff != "" {
		t.Error(diff)
	}
}

func TestService_Credit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := tracking.CreditInput{PartnerID: b.partner.ID, CampaignID: b.campaign.ID, OccurredAt: b.now}
	c := must(b.tracking.Credit(b.ctx, in))(t)
	if c.LinkID != nil || c.Flag != "" || c.DestinationURL != "https://shop.example.com/" || !c.OccurredAt.Equal(b.now) {
		t.Errorf("got %+v", c)
	}
	if _, err := b.partners.Revoke(b.ctx, b.partner.ID, partners.Ending{Reason: "Fraud"}); err != nil {
		t.Fatal(err)
	}
	if c := must(b.tracking.Credit(b.ctx, in))(t); c.Flag != tracking.FlagRevoked {
		t.Errorf("revoked partner: got flag %q", c.Flag)
	}
	if got, want := b.daily(), [2]int{1, 1}; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestService_RebuildDaily(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.visit(browser)
	if err := b.tracking.FlagAutomatically(b.ctx, []uuid.UUID{b.visit(browser)}, tracking.FlagSelfReferral); err != nil {
		t.Fatal(err)
	}
	must(b.tracking.Credit(b.ctx, tracking.CreditInput{PartnerID: b.partner.ID, CampaignID: b.campaign.ID, OccurredAt: b.now}))(t)
	if _, err := db.Tx(b.ctx).NewRaw(`update daily_clicks set clicks = 99, flagged = 99`).Exec(b.ctx); err != nil {
		t.Fatal(err)
	}
	if err := b.tracking.RebuildDaily(b.ctx, b.now.AddDate(-5, 0, 0), b.now); err != nil {
		t.Fatal(err)
	}
	if got, want := b.daily(), [2]int{2, 1}; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}
