// Package hold is the operator's brake: while it is on, no money moves.
//
// It owns one row, which workers read whenever they look for work and people wherever jobs are
// shown. It stops nothing that is under way. Invariant: who turned it, when and why is in the
// platform's log.
package hold

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/tenancy"
)

// State is how the brake stands, and who left it so.
type State struct {
	On     bool `bun:"is_on"`
	Reason string
	By     string    `bun:"set_by"`
	At     time.Time `bun:"set_at"`
	// BooksOf is when the backup was made that the database was restored from, while nobody has
	// compared it with what was paid since; nil otherwise.
	BooksOf *time.Time
}

// maxReason is what the column takes.
const maxReason = 500

// Read gives the state, to either role.
func Read(ctx context.Context) (State, error) {
	var s State
	if err := db.Tx(ctx).NewRaw(`select is_on, reason, set_by, set_at, books_of from platform.hold`).Scan(ctx, &s); err != nil {
		return State{}, fmt.Errorf("read the hold: %w", err)
	}
	return s, nil
}

// AfterRestore turns it on since the database comes from a backup of that time: it may be behind what
// was paid. It needs the owner.
func AfterRestore(ctx context.Context, taken time.Time, by string) error {
	if _, err := db.Tx(ctx).NewRaw(`update platform.hold set books_of = ?`, taken).Exec(ctx); err != nil {
		return fmt.Errorf("note what the books are of: %w", err)
	}
	return Set(ctx, true, "Restored from the backup of "+taken.Format("2 Jan 2006, 15:04 MST")+": what was paid since is not in the books.", by)
}

// Set turns it on or off. It needs the system role or the owner, and whoever calls has seen to it
// that this is the operator, and before it goes off that the books are no longer behind.
func Set(ctx context.Context, on bool, reason, by string) error {
	reason = strings.TrimSpace(reason)
	if len([]rune(reason)) > maxReason {
		return fault.Invalid(fault.Fields{"reason": fmt.Sprintf("Use %d characters at most.", maxReason)})
	}
	_, err := db.Tx(ctx).NewRaw(`update platform.hold set is_on = ?0, reason = ?1, set_by = ?2, set_at = now(), books_of = case when ?0 then books_of end`, on, reason, by).Exec(ctx)
	if err != nil {
		return fmt.Errorf("set the hold: %w", err)
	}
	action := "hold.off"
	if on {
		action = "hold.on"
	}
	return audit.RecordPlatform(ctx, tenancy.Tenant{}, audit.Entry{Action: action, Detail: map[string]string{"reason": reason, "by": by}})
}
