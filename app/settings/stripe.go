package settings

import (
	"context"
	"strings"

	"github.com/openpartner/openpartner/app/config"
	"github.com/openpartner/openpartner/app/fault"
)

// Stripe is how a program hears of what its customers pay there.
type Stripe struct {
	ExcludeTax bool `json:"exclude_tax"`

	SecretKeySealed     string `json:"secret_key_sealed,omitempty"`
	WebhookSecretSealed string `json:"webhook_secret_sealed,omitempty"`
}

// HasSecretKey says that a key is kept.
func (s Stripe) HasSecretKey() bool { return s.SecretKeySealed != "" }

// HasWebhookSecret says that a signing secret is kept.
func (s Stripe) HasWebhookSecret() bool { return s.WebhookSecretSealed != "" }

// StripeInput is what is to change; nil fields stay as they are. An empty key or secret removes it.
type StripeInput struct {
	SecretKey, WebhookSecret *string
	ExcludeTax               *bool
}

// The fields that are sealed.
const (
	stripeKey    = "secret_key"
	stripeSecret = "webhook_secret"
)

// Stripe gives the group.
func (s *Service) Stripe(ctx context.Context) (Stripe, error) {
	if err := mayRead(ctx); err != nil {
		return Stripe{}, err
	}
	return loadStripe(ctx)
}

func loadStripe(ctx context.Context) (Stripe, error) {
	var g Stripe
	return g, load(ctx, keyStripe, &g)
}

// UpdateStripe changes the fields that were sent.
func (s *Service) UpdateStripe(ctx context.Context, in StripeInput) (Stripe, error) {
	if err := mayWrite(ctx); err != nil {
		return Stripe{}, err
	}
	if err := in.check(); err != nil {
		return Stripe{}, err
	}
	now := s.now()
	var g Stripe
	if err := lock(ctx, keyStripe, now, &g); err != nil {
		return Stripe{}, err
	}
	var changed changes
	set(&changed, "exclude_tax", &g.ExcludeTax, in.ExcludeTax)
	for _, f := range []struct {
		name         string
		sealed, sent *string
	}{{stripeKey, &g.SecretKeySealed, in.SecretKey}, {stripeSecret, &g.WebhookSecretSealed, in.WebhookSecret}} {
		if f.sent == nil {
			continue
		}
		sealed, err := s.seal(ctx, keyStripe, f.name, *f.sent)
		if err != nil {
			return Stripe{}, err
		}
		set(&changed, f.name, f.sealed, &sealed)
	}
	if err := store(ctx, keyStripe, g, now); err != nil {
		return Stripe{}, err
	}
	return g, record(ctx, keyStripe, changed)
}

// check looks at the beginnings, by which Stripe tells its secrets apart: a publishable key in place
// of a secret one, or an id, is the mistake that people make.
func (in *StripeInput) check() error {
	fields := fault.Fields{}
	begins := func(name string, value *string, sentence string, prefixes ...string) {
		if value == nil {
			return
		}
		*value = strings.TrimSpace(*value)
		if *value == "" {
			return
		}
		for _, prefix := range prefixes {
			if rest, ok := strings.CutPrefix(*value, prefix); ok && rest != "" && len(*value) <= maxSecret && !strings.ContainsFunc(rest, notInASecret) {
				return
			}
		}
		fields.Add(name, sentence)
	}
	begins(stripeKey, in.SecretKey, "A secret key begins with sk_ or rk_.", "sk_", "rk_")
	begins(stripeSecret, in.WebhookSecret, "A signing secret begins with whsec_.", "whsec_")
	return fields.Err()
}

func notInASecret(r rune) bool { return r <= ' ' || r > '~' }

// StripeKey gives the program's own key, empty without one; it is for who calls Stripe.
func (s *Service) StripeKey(ctx context.Context) (config.Secret, error) {
	g, err := loadStripe(ctx)
	if err != nil {
		return "", err
	}
	plain, err := s.open(ctx, keyStripe, stripeKey, g.SecretKeySealed)
	return config.Secret(plain), err
}

// StripeWebhookSecret gives what signs the program's events, empty without one; it is for who takes
// them.
func (s *Service) StripeWebhookSecret(ctx context.Context) (config.Secret, error) {
	g, err := loadStripe(ctx)
	if err != nil {
		return "", err
	}
	plain, err := s.open(ctx, keyStripe, stripeSecret, g.WebhookSecretSealed)
	return config.Secret(plain), err
}

// StripeExcludesTax says whether commissions are reckoned on what is paid without tax.
func (s *Service) StripeExcludesTax(ctx context.Context) (bool, error) {
	g, err := loadStripe(ctx)
	return g.ExcludeTax, err
}
