package settings

import (
	"context"
	"slices"
	"time"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/money"
)

// Payouts is how and when partners are paid.
type Payouts struct {
	Rail        string           `json:"rail"`       // auto, stripe_connect or manual
	Cadence     string           `json:"cadence"`    // weekly, biweekly, monthly or manual
	Thresholds  map[string]int64 `json:"thresholds"` // by currency: the least that is paid, in minor units
	AccountType string           `json:"account_type"`

	// CadenceSince is when the cadence was chosen: no period that began before is paid by the clock.
	CadenceSince *time.Time `json:"cadence_since,omitempty"`
}

// PayoutsInput is what is to change; nil fields stay as they are.
type PayoutsInput struct {
	Rail        *string
	Cadence     *string
	Thresholds  *map[string]int64
	AccountType *string

	// Unread says which inputs a surface could not read at all; it is told along with the rest.
	Unread fault.Fields
}

// Rails are the ways that the money may go.
func Rails() []string { return []string{"auto", "stripe_connect", "manual"} }

// Cadences are how often the clock plans payouts; manual is never.
func Cadences() []string { return []string{"manual", "weekly", "biweekly", "monthly"} }

// AccountTypes are those that partners may have at Stripe.
func AccountTypes() []string { return []string{"express", "standard"} }

// maxThresholds is how many currencies may have one.
const maxThresholds = 50

func defaultPayouts() Payouts {
	return Payouts{Rail: "auto", Cadence: "manual", Thresholds: map[string]int64{}, AccountType: "express"}
}

// Payouts gives the group.
func (s *Service) Payouts(ctx context.Context) (Payouts, error) {
	if err := mayRead(ctx); err != nil {
		return Payouts{}, err
	}
	return s.PayoutTerms(ctx)
}

// PayoutTerms is Payouts for those who pay by it; it asks for no right.
func (s *Service) PayoutTerms(ctx context.Context) (Payouts, error) {
	p := defaultPayouts()
	return p, load(ctx, keyPayouts, &p)
}

// UpdatePayouts changes the fields that were sent. Thresholds are replaced as a whole.
func (s *Service) UpdatePayouts(ctx context.Context, in PayoutsInput) (Payouts, error) {
	if err := mayWrite(ctx); err != nil {
		return Payouts{}, err
	}
	if err := in.check(); err != nil {
		return Payouts{}, err
	}
	now := s.now()
	p := defaultPayouts()
	if err := lock(ctx, keyPayouts, now, &p); err != nil {
		return Payouts{}, err
	}
	if in.Cadence != nil && *in.Cadence != p.Cadence {
		p.CadenceSince = &now
	}
	if in.Thresholds != nil {
		p.Thresholds = nil
	}
	var changed changes
	set(&changed, "rail", &p.Rail, in.Rail)
	set(&changed, "cadence", &p.Cadence, in.Cadence)
	set(&changed, "thresholds", &p.Thresholds, in.Thresholds)
	set(&changed, "account_type", &p.AccountType, in.AccountType)
	if p.Thresholds == nil {
		p.Thresholds = map[string]int64{}
	}
	if err := store(ctx, keyPayouts, p, now); err != nil {
		return Payouts{}, err
	}
	return p, record(ctx, keyPayouts, changed)
}

func (in PayoutsInput) check() error {
	fields := fault.Fields{}
	for name, sentence := range in.Unread {
		fields.Add(name, sentence)
	}
	choice := func(name string, sent *string, known []string, sentence string) {
		if sent != nil && !slices.Contains(known, *sent) {
			fields.Add(name, sentence)
		}
	}
	choice("rail", in.Rail, Rails(), "Choose auto, stripe_connect or manual.")
	choice("cadence", in.Cadence, Cadences(), "Choose weekly, biweekly, monthly or manual.")
	choice("account_type", in.AccountType, AccountTypes(), "Choose express or standard.")
	if in.Thresholds != nil {
		if len(*in.Thresholds) > maxThresholds {
			fields.Add("thresholds", "At most 50 currencies.")
		}
		for code, least := range *in.Thresholds {
			if !money.Valid(code) {
				fields.Add("thresholds", "Name each currency by its three-letter code, such as USD.")
			}
			if least < 0 || least > money.Max {
				fields.Add("thresholds", "A threshold is a whole number of minor units, from 0.")
			}
		}
	}
	return fields.Err()
}
