package jobs

import (
	"context"

	"github.com/openpartner/openpartner/app/attribution"
)

// Rederivation decides a customer's events anew where they are too many for one request.
func Rederivation(a *attribution.Service) Registration {
	return Registration{Kind: attribution.KindRederive, InTx: true, Run: func(ctx context.Context, j Job) error {
		var args attribution.Rederive
		if err := j.Decode(&args); err != nil {
			return err
		}
		return a.Rederive(ctx, args)
	}}
}
