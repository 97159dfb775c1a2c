package webhooks

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/secrets"
	"github.com/openpartner/openpartner/app/tenancy"
)

// The columns that hold secrets.
const (
	columnSecret   = "secret_ciphertext"
	columnPrevious = "previous_secret_ciphertext"
)

func place(ctx context.Context, column string, endpoint uuid.UUID) secrets.Place {
	return secrets.Place{Tenant: tenancy.ID(ctx), Table: "webhook_endpoints", Column: column, Row: endpoint.String()}
}

func (s *Service) seal(ctx context.Context, endpoint uuid.UUID, secret string) (string, error) {
	return s.ring.Seal([]byte(secret), place(ctx, columnSecret, endpoint))
}

func (s *Service) open(ctx context.Context, column string, endpoint uuid.UUID, sealed string) ([]byte, error) {
	plain, err := s.ring.Open(sealed, place(ctx, column, endpoint))
	if err != nil {
		return nil, fmt.Errorf("open the secret of a webhook: %w", err)
	}
	return plain, nil
}

// Reseal seals the tenant's secrets with the first key, and counts what it changed.
func (s *Service) Reseal(ctx context.Context) (int, error) {
	endpoints, err := lockEndpoints(ctx)
	if err != nil {
		return 0, err
	}
	changed := 0
	for _, e := range endpoints {
		before := e
		if e.SecretCiphertext, err = s.ring.Reseal(e.SecretCiphertext, place(ctx, columnSecret, e.ID)); err != nil {
			return changed, err
		}
		if e.PreviousSecretCiphertext != nil {
			sealed, err := s.ring.Reseal(*e.PreviousSecretCiphertext, place(ctx, columnPrevious, e.ID))
			if err != nil {
				return changed, err
			}
			if sealed != *e.PreviousSecretCiphertext {
				changed++
			}
			e.PreviousSecretCiphertext = &sealed
		}
		if e.SecretCiphertext != before.SecretCiphertext {
			changed++
		}
		if err := updateEndpoint(ctx, e); err != nil {
			return changed, err
		}
	}
	return changed, nil
}
