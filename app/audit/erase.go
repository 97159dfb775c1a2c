package audit

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
)

// ErasePartner takes out of details what they say about a person: what was written about them in
// words, and everything that holds their address. What was done stays, and by whom.
func ErasePartner(ctx context.Context, id uuid.UUID, email, name string) error {
	_, err := db.Tx(ctx).NewRaw(`
		update audit_log set detail = detail - '{answer,subject,reason,note}'::text[]
		where subject_id = ? and jsonb_exists_any(detail, '{answer,subject,reason,note}'::text[])`, id).Exec(ctx)
	if err != nil {
		return fmt.Errorf("erase words about a partner: %w", err)
	}
	_, err = db.Tx(ctx).NewRaw(`
		update audit_log set detail = '{}'
		where position(lower(?1) in lower(detail::text)) > 0
			or (position(lower(?2) in lower(detail::text)) > 0
				and (detail->>'partner_id' = ?0::text or subject_id in (select id from commissions where partner_id = ?0)))`,
		id, email, name).Exec(ctx)
	if err != nil {
		return fmt.Errorf("erase a partner from details: %w", err)
	}
	return nil
}

// EraseUser takes a user of the merchant out of details.
func EraseUser(ctx context.Context, userID string) error {
	_, err := db.Tx(ctx).NewRaw(`update audit_log set detail = detail - 'user_id' where detail->>'user_id' = ?`, userID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("erase a user from details: %w", err)
	}
	return nil
}
