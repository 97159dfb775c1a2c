package fraud_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/tracking"
	fraudview "github.com/openpartner/openpartner/views/fraud"
)

func ptr[T any](v T) *T { return &v }

func TestSuspect_Evidence(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		flag  tracking.Flag
		agent *string
		burst int
		own   []string
		want  string
	}{
		"Burst":            {tracking.FlagVelocity, nil, 34, nil, "34 clicks from this address through this link within a minute of it."},
		"BurstLongAgo":     {tracking.FlagVelocity, nil, 0, nil, "Too many clicks in a short time came from the same place through this link."},
		"Own":              {tracking.FlagSelfReferral, nil, 0, []string{"u1"}, "Customer u1 has the e-mail address of Zoe."},
		"OwnOfMany":        {tracking.FlagSelfReferral, nil, 0, []string{"a", "b", "c", "d", "e"}, "Customer a, b, c and 2 more has the e-mail address of Zoe."},
		"AddressWasErased": {tracking.FlagSelfReferral, nil, 0, nil, "The customer seems to be the partner."},
		"Agent":            {tracking.FlagBot, ptr("Googlebot/2.1"), 0, nil, "Googlebot/2.1"},
		"NoAgent":          {tracking.FlagBot, nil, 0, nil, "A program opened the link, such as a crawler or the preview of a messenger."},
		"Manual":           {tracking.FlagManual, nil, 99, []string{"u1"}, "An admin flagged it."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := fraudview.Suspect{
				Click: tracking.Click{PartnerName: "Zoe", Flag: c.flag, UserAgent: c.agent}, Burst: c.burst, Stake: attribution.Stake{Own: c.own},
			}
			if got := s.Evidence(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestSuspect_Question(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		flag  tracking.Flag
		stake attribution.Stake
		want  string
	}{
		"NoCustomer": {tracking.FlagBot, attribution.Stake{}, "No customer was tied to it yet, so no money moves now. Clicks that a person has judged"},
		"NoEvent":    {tracking.FlagBot, attribution.Stake{Users: []string{"u1"}}, "It belongs to 1 customer without an event, so no money moves now."},
		"OneEvent":   {tracking.FlagBot, attribution.Stake{Users: []string{"u1"}, Events: 1}, "1 event of 1 customer will be decided anew, and the commissions follow."},
		"Many":       {"", attribution.Stake{Users: []string{"u1", "u2"}, Events: 7}, "7 events of 2 customers will be decided anew, and the commissions follow. It earns nobody"},
		"FlagNobody": {"", attribution.Stake{}, "so no money moves now. It earns nobody anything from then on."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := fraudview.Suspect{Click: tracking.Click{ID: uuid.New(), Flag: c.flag}, Stake: c.stake}
			if got := s.Question(); !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q in it", got, c.want)
			}
		})
	}
}

func TestConsequences(t *testing.T) {
	t.Parallel()
	zoe, ada := uuid.New(), uuid.New()
	s := fraudview.Suspect{
		Click:    tracking.Click{PartnerID: zoe, PartnerName: "Zoe", Flag: tracking.FlagBot},
		Partners: map[uuid.UUID]string{ada: "Ada"},
		Stake: attribution.Stake{Users: []string{"u1"}, Events: 2, Changes: []attribution.Gain{
			{PartnerID: zoe, Currency: "USD", Amount: 1000}, {PartnerID: ada, Currency: "USD", Amount: -1000},
		}},
	}
	for _, want := range []string{"+$10.00 for Zoe", "-$10.00 for Ada"} {
		if got := rendered(t, s); !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
	s.Stake.Changes = nil
	if got := rendered(t, s); !strings.Contains(got, "No amount changes by it") {
		t.Errorf("does not say that nothing changes: %s", got)
	}
	s.Stake.Untold = true
	if got := rendered(t, s); strings.Contains(got, "No amount") {
		t.Errorf("says what nobody computed: %s", got)
	}
}

func rendered(t *testing.T, s fraudview.Suspect) string {
	t.Helper()
	var out strings.Builder
	if err := fraudview.Consequences(s).Render(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
