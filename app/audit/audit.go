// Package audit writes down who did what, in the transaction that did it. Rows are never
// changed.
package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/tenancy"
)

// Entry says what was done, and to what.
type Entry struct {
	Action      string // such as "partner.revoked"
	SubjectKind string
	SubjectID   uuid.UUID
	Detail      any // small, without secrets
}

// Actor is who does it, as the edge or a worker put it into the context.
type Actor struct {
	Kind   string
	ID     uuid.UUID
	Name   string
	IPHash string
	Now    time.Time
}

type ctxKey struct{}

// With puts the actor of this request or job into the context.
func With(ctx context.Context, a Actor) context.Context { return context.WithValue(ctx, ctxKey{}, a) }

func actor(ctx context.Context) Actor {
	a, ok := ctx.Value(ctxKey{}).(Actor)
	if !ok {
		a = Actor{Kind: "system"}
	}
	if a.Now.IsZero() {
		a.Now = time.Now()
	}
	return a
}

func (e Entry) detail() (string, error) {
	if e.Detail == nil {
		return "{}", nil
	}
	text, err := json.Marshal(e.Detail)
	if err != nil {
		return "", fmt.Errorf("encode audit detail: %w", err)
	}
	return string(text), nil
}

// Record writes one entry into the log of the tenant in the context.
func Record(ctx context.Context, e Entry) error {
	a := actor(ctx)
	detail, err := e.detail()
	if err != nil {
		return err
	}
	_, err = db.Tx(ctx).NewRaw(`
		insert into audit_log (tenant_id, id, actor_kind, actor_id, action, subject_kind, subject_id, detail, ip_hash, created_at)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		tenancy.ID(ctx), ids.NewAt(a.Now), a.Kind, orNil(a.ID), e.Action, e.SubjectKind, orNil(e.SubjectID),
		detail, orNilText(a.IPHash), a.Now).Exec(ctx)
	if err != nil {
		return fmt.Errorf("record %s: %w", e.Action, err)
	}
	return nil
}

func orNil(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}

func orNilText(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
