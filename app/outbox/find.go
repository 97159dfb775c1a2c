package outbox

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
)

// Row is a job as people may see it: how far it is, and why it failed last.
type Row struct {
	ID          uuid.UUID
	Kind        string
	Status      string // pending, running, done, dead or cancelled
	Attempts    int
	MaxAttempts int
	Args        json.RawMessage
	Progress    json.RawMessage
	Result      json.RawMessage // what it found out, for whoever asked for it
	LastError   *string
	RunAt       time.Time
	FinishedAt  *time.Time
	CreatedAt   time.Time
}

const rowColumns = `id, kind, status, attempts, max_attempts, args, coalesce(progress, 'null') as progress, result, last_error, run_at, finished_at, created_at`

// Progress is how far a job of many parts is.
type Progress struct {
	Total  int64 `json:"total"`
	Done   int64 `json:"done"`
	Queued int64 `json:"queued,omitempty"`
	Failed int64 `json:"failed"`
}

// Counted reads the progress; a job of one part counts as one.
func (r Row) Counted() Progress {
	var p Progress
	if err := json.Unmarshal(r.Progress, &p); err == nil && p.Total > 0 {
		return p
	}
	p = Progress{Total: 1}
	switch r.Status {
	case "done":
		p.Done = 1
	case "dead":
		p.Failed = 1
	}
	return p
}

// Found reads what the job found out so far; nothing leaves into as it is.
func (r Row) Found(into any) error {
	if len(r.Result) == 0 {
		return nil
	}
	if err := json.Unmarshal(r.Result, into); err != nil {
		return fmt.Errorf("read the result of %s: %w", r.Kind, err)
	}
	return nil
}

// Find gives one job of this tenant; another's does not exist. It asks for no right: the one
// surface that calls it lets only admins in.
func Find(ctx context.Context, id uuid.UUID) (Row, error) {
	var r Row
	err := db.Tx(ctx).NewRaw(`select `+rowColumns+` from platform.jobs where id = ?`, id).Scan(ctx, &r)
	if errors.Is(err, sql.ErrNoRows) {
		return Row{}, fault.NotFound("job")
	}
	if err != nil {
		return Row{}, fmt.Errorf("find job: %w", err)
	}
	return r, nil
}

// Report keeps how far a job of this tenant is and what it found out so far, in the caller's
// transaction.
func Report(ctx context.Context, id uuid.UUID, p Progress, result any) error {
	progress, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("encode progress: %w", err)
	}
	found, err := json.Marshal(result)
	if err != nil {
		return fmt.Errorf("encode result: %w", err)
	}
	_, err = db.Tx(ctx).NewRaw(`update platform.jobs set progress = ?, result = ? where id = ?`, string(progress), string(found), id).Exec(ctx)
	if err != nil {
		return fmt.Errorf("report progress: %w", err)
	}
	return nil
}
