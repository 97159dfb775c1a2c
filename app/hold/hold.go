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
}

// maxReason is what the column takes.
const maxReason = 500

// Read gives the state, to either role.
func Read(ctx context.Context) (State, error) {
	var s State
	if err := db.Tx(ctx).NewRaw(`select is_on, reason, set_by, set_at from platform.hold`).Scan(ctx, &s); err != nil {
		return State{}, fmt.Errorf("read the hold: %w", err)
	}
	return s, nil
}

// Set turns it on or off. It needs the system role or the owner, and whoever calls has seen to it
// that this is the operator.
func Set(ctx context.Context, on bool, reason, by string) error {
	reason = strings.TrimSpace(reason)
	if len([]rune(reason)) > maxReason {
		return fault.Invalid(fault.Fields{"reason": fmt.Sprintf("Use %d characters at most.", maxReason)})
	}
	_, err := db.Tx(ctx).NewRaw(`update platform.hold set is_on = ?, reason = ?, set_by = ?, set_at = now()`, on, reason, by).Exec(ctx)
	if err != nil {
		return fmt.Errorf("set the hold: %w", err)
	}
	action := "hold.off"
	if on {
		action = "hold.on"
	}
	return audit.RecordPlatform(ctx, tenancy.Tenant{}, audit.Entry{Action: action, Detail: map[string]string{"reason": reason, "by": by}})
}
