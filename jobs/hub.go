package jobs

import (
	"context"

	"github.com/openpartner/openpartner/app/coordinator"
)

// Hub are the jobs of the Network's hub but for its mails.
func Hub(s *coordinator.Service) []Registration {
	return []Registration{
		{Kind: coordinator.KindSweep, InTx: true, Run: func(ctx context.Context, _ Job) error { return s.Sweep(ctx) }},
	}
}
