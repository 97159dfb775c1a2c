package settings

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"regexp"
	"slices"

	"github.com/openpartner/openpartner/app/fault"
)

// Tracking is how users of the merchant are told apart.
type Tracking struct {
	RequireSignature bool     `json:"require_signature"`
	LinkParameters   []string `json:"link_parameters,omitempty"` // names in which a site hands over a link's key

	IdentifySecretSealed string `json:"identify_secret_sealed,omitempty"`
}

// HasIdentifySecret says that a secret is kept.
func (t Tracking) HasIdentifySecret() bool { return t.IdentifySecretSealed != "" }

// TrackingInput is what is to change; nil fields stay as they are. An empty secret removes it.
type TrackingInput struct {
	IdentifySecret   *string
	RequireSignature *bool
	LinkParameters   *[]string
}

const (
	minIdentifySecret = 16 // characters
	maxParameters     = 10
)

// Tracking gives the group.
func (s *Service) Tracking(ctx context.Context) (Tracking, error) {
	if err := mayRead(ctx); err != nil {
		return Tracking{}, err
	}
	var t Tracking
	return t, load(ctx, keyTracking, &t)
}

// UpdateTracking changes the fields that were sent.
func (s *Service) UpdateTracking(ctx context.Context, in TrackingInput) (Tracking, error) {
	if err := mayWrite(ctx); err != nil {
		return Tracking{}, err
	}
	if err := in.check(); err != nil {
		return Tracking{}, err
	}
	now := s.now()
	var t Tracking
	if err := lock(ctx, keyTracking, now, &t); err != nil {
		return Tracking{}, err
	}
	var changed changes
	set(&changed, "require_signature", &t.RequireSignature, in.RequireSignature)
	set(&changed, "link_parameters", &t.LinkParameters, in.LinkParameters)
	if in.IdentifySecret != nil {
		sealed, err := s.seal(ctx, keyTracking, "identify_secret", *in.IdentifySecret)
		if err != nil {
			return Tracking{}, err
		}
		set(&changed, "identify_secret", &t.IdentifySecretSealed, &sealed)
	}
	if t.RequireSignature && !t.HasIdentifySecret() {
		return Tracking{}, fault.InvalidField("require_signature", "Signatures need an identify secret first.")
	}
	if err := store(ctx, keyTracking, t, now); err != nil {
		return Tracking{}, err
	}
	return t, record(ctx, keyTracking, changed)
}

// NewIdentifySecret makes a secret of 256 random bits and keeps it. This is the only time it is
// told.
func (s *Service) NewIdentifySecret(ctx context.Context) (secret string, err error) {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	secret = hex.EncodeToString(b[:])
	_, err = s.UpdateTracking(ctx, TrackingInput{IdentifySecret: &secret})
	return secret, err
}

// IdentifySignature gives the secret that signs user ids, and whether a signature is needed; it
// is for attribution alone.
func (s *Service) IdentifySignature(ctx context.Context) (secret string, required bool, err error) {
	var t Tracking
	if err := load(ctx, keyTracking, &t); err != nil {
		return "", false, err
	}
	secret, err = s.open(ctx, keyTracking, "identify_secret", t.IdentifySecretSealed)
	return secret, t.RequireSignature, err
}

// parameterName is what a site may call the parameter: nothing that we or ad networks use.
var parameterName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,29}$`)

func (in *TrackingInput) check() error {
	fields := fault.Fields{}
	if in.IdentifySecret != nil && *in.IdentifySecret != "" {
		if n := len(*in.IdentifySecret); n < minIdentifySecret || n > maxSecret {
			fields.Add("identify_secret", "A secret has 16 to 500 characters.")
		}
	}
	if in.LinkParameters != nil {
		names := *in.LinkParameters
		if len(names) > maxParameters {
			fields.Add("link_parameters", "At most 10 names.")
		}
		for i, name := range names {
			if !parameterName.MatchString(name) || name == "cref" {
				fields.Add("link_parameters", "A name has lower-case letters, digits, _ and -, begins with a letter and is not cref.")
			}
			if slices.Contains(names[:i], name) {
				fields.Add("link_parameters", "Each name once.")
			}
		}
	}
	return fields.Err()
}
