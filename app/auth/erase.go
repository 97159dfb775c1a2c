package auth

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
)

// ErasePartner ends all that lets a partner in, and forgets which browsers and addresses they
// came with. It asks for no right: partners does, which erases the rest.
func ErasePartner(ctx context.Context, id uuid.UUID, at time.Time) error {
	if err := endSessions(ctx, Partner, id, at); err != nil {
		return err
	}
	for what, statement := range map[string]string{
		"browsers": `update sessions set user_agent = null, ip_hash = null where principal_kind = 'partner' and principal_id = ?1`,
		"links":    `update magic_links set email = '', consumed_at = coalesce(consumed_at, ?0) where principal_kind = 'partner' and principal_id = ?1`,
		"keys":     `update api_keys set name = 'Erased', revoked_at = coalesce(revoked_at, ?0) where partner_id = ?1`,
	} {
		if _, err := db.Tx(ctx).NewRaw(statement, at, id).Exec(ctx); err != nil {
			return fmt.Errorf("erase the %s of a partner: %w", what, err)
		}
	}
	return nil
}
