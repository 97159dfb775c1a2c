package settings

import (
	"context"

	"github.com/openpartner/openpartner/app/fault"
)

// Fraud is what a program takes for too much of a good thing: one address may open one link so
// often in so many seconds.
type Fraud struct {
	VelocityClicks  int `json:"velocity_clicks"`
	VelocitySeconds int `json:"velocity_seconds"`
}

// FraudInput is what is to change; nil fields stay as they are.
type FraudInput struct {
	VelocityClicks  *int
	VelocitySeconds *int
}

// The bounds of the velocity rule. The counts behind it are kept for a few hours.
const (
	MaxVelocityClicks  = 1000
	MaxVelocitySeconds = 3600
)

// defaultFraud counts while a program has chosen nothing; tracking says the same of links.
func defaultFraud() Fraud { return Fraud{VelocityClicks: 20, VelocitySeconds: 60} }

// Fraud gives the group.
func (s *Service) Fraud(ctx context.Context) (Fraud, error) {
	if err := mayRead(ctx); err != nil {
		return Fraud{}, err
	}
	f := defaultFraud()
	return f, load(ctx, keyFraud, &f)
}

// UpdateFraud changes the fields that were sent. Replicas hear of it from the database.
func (s *Service) UpdateFraud(ctx context.Context, in FraudInput) (Fraud, error) {
	if err := mayWrite(ctx); err != nil {
		return Fraud{}, err
	}
	if err := in.check(); err != nil {
		return Fraud{}, err
	}
	now := s.now()
	f := defaultFraud()
	if err := lock(ctx, keyFraud, now, &f); err != nil {
		return Fraud{}, err
	}
	var changed changes
	set(&changed, "velocity_clicks", &f.VelocityClicks, in.VelocityClicks)
	set(&changed, "velocity_seconds", &f.VelocitySeconds, in.VelocitySeconds)
	if err := store(ctx, keyFraud, f, now); err != nil {
		return Fraud{}, err
	}
	return f, record(ctx, keyFraud, changed)
}

func (in FraudInput) check() error {
	fields := fault.Fields{}
	if in.VelocityClicks != nil && (*in.VelocityClicks < 1 || *in.VelocityClicks > MaxVelocityClicks) {
		fields.Add("velocity_clicks", "A number from 1 to 1000.")
	}
	if in.VelocitySeconds != nil && (*in.VelocitySeconds < 1 || *in.VelocitySeconds > MaxVelocitySeconds) {
		fields.Add("velocity_seconds", "A number from 1 to 3600, which is an hour.")
	}
	return fields.Err()
}
