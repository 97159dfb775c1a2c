package webhooks

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/openpartner/openpartner/app/db"
)

// ForgetPartner takes out of the log what it says about a person who was erased.
func (s *Service) ForgetPartner(ctx context.Context, partner uuid.UUID) error {
	return forget(ctx, `event_type in (?) and payload->'data'->>'id' = ?`,
		bun.List([]string{PartnerCreated, PartnerActivated, PartnerRevoked}), partner.String())
}

// ForgetUser takes out of the log what it says about a user who was erased, and about their visits.
func (s *Service) ForgetUser(ctx context.Context, userID string, clicks []uuid.UUID) error {
	if err := forget(ctx, `event_type = ? and payload->'data'->>'user_id' = ?`, EventAttributed, userID); err != nil {
		return err
	}
	if len(clicks) == 0 {
		return nil
	}
	texts := make([]string, len(clicks))
	for i, id := range clicks {
		texts[i] = id.String()
	}
	return forget(ctx, `event_type = ? and payload->'data'->>'id' in (?)`, ClickFlagged, bun.List(texts))
}

func forget(ctx context.Context, which string, args ...any) error {
	if _, err := db.Tx(ctx).NewRaw(`delete from webhook_deliveries where `+which, args...).Exec(ctx); err != nil {
		return fmt.Errorf("erase deliveries: %w", err)
	}
	return nil
}
