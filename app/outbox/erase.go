package outbox

import (
	"context"
	"fmt"

	"github.com/openpartner/openpartner/app/db"
)

// EraseUser gives a user of the merchant a pseudonym in this tenant's jobs, finished ones included.
func EraseUser(ctx context.Context, userID, pseudonym string) error {
	_, err := db.Tx(ctx).NewRaw(`
		update platform.jobs set args = jsonb_set(args, '{user_id}', to_jsonb(?::text))
		where args->>'user_id' = ?`, pseudonym, userID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("erase a user from jobs: %w", err)
	}
	return nil
}

// EraseAddress takes a mail address out of this tenant's jobs: what has not begun is cancelled, and
// none says any more whom it was for.
func EraseAddress(ctx context.Context, email string) error {
	_, err := db.Tx(ctx).NewRaw(`
		update platform.jobs set args = '{}', key = null, last_error = null, result = null,
			status = case status when 'pending' then 'cancelled' else status end,
			finished_at = case status when 'pending' then now() else finished_at end
		where position(lower(?0) in lower(concat_ws(' ', key, args::text, last_error, result::text))) > 0`, email).Exec(ctx)
	if err != nil {
		return fmt.Errorf("erase an address from jobs: %w", err)
	}
	return nil
}
