package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/edge"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/tenancy"
)

const (
	keptFor   = 24 * time.Hour
	maxKey    = 255
	secretKey = "api.secret"
)

// idempotent answers a POST that repeats an earlier one with the earlier answer. Everything
// happens in the request's own transaction: of two at once one waits for the other's commit
// and then finds its answer, and a failed request leaves nothing behind.
func (s *Server) idempotent(r edge.Route, next echo.HandlerFunc) echo.HandlerFunc {
	if r.Method != http.MethodPost || r.Group != edge.Pinned {
		return next
	}
	return func(c echo.Context) error {
		key := c.Request().Header.Get("Idempotency-Key")
		if key == "" {
			return next(c)
		}
		if len(key) > maxKey {
			return fault.InvalidField("Idempotency-Key", "A key has at most 255 characters.")
		}
		body, err := rawBody(c)
		if err != nil {
			return err
		}
		return s.once(c, key, hashOf(c.Request().URL.Path, body), next)
	}
}

func hashOf(path string, body []byte) string {
	sum := sha256.Sum256(append([]byte(path+"\n"), body...))
	return hex.EncodeToString(sum[:])
}

// stored is an earlier answer.
type stored struct {
	RequestHash string
	Status      *int
	Body        *string
}

func (s *Server) once(c echo.Context, key, hash string, next echo.HandlerFunc) error {
	ctx := c.Request().Context()
	p := auth.From(ctx)
	who, route := string(p.Kind)+":"+p.ID.String(), c.Request().Method+" "+c.Path()
	earlier, err := s.claim(ctx, who, route, key, hash)
	if err != nil {
		return err
	}
	if earlier != nil {
		if earlier.RequestHash != hash {
			return fault.Conflict("idempotency_mismatch", "This Idempotency-Key was used for another request.")
		}
		if earlier.Status == nil || earlier.Body == nil {
			return fault.Conflict("idempotency_in_progress", "The first request with this Idempotency-Key has not been answered.")
		}
		c.Response().Header().Set("Idempotent-Replayed", "true")
		return c.JSONBlob(*earlier.Status, []byte(*earlier.Body))
	}
	tee := &recorder{ResponseWriter: c.Response().Writer}
	c.Response().Writer = tee
	if err := next(c); err != nil {
		return err
	}
	if status := c.Response().Status; status >= 200 && status < 300 {
		return keep(ctx, who, route, key, status, tee.body.Bytes(), c.Get(secretKey))
	}
	return nil
}

// claim takes the key, or gives what it was used for before.
func (s *Server) claim(ctx context.Context, who, route, key, hash string) (*stored, error) {
	now := s.Now()
	_, err := db.Tx(ctx).NewRaw(`
		delete from idempotency_keys where principal = ? and route = ? and key = ? and expires_at <= ?`, who, route, key, now).Exec(ctx)
	if err != nil {
		return nil, fmt.Errorf("drop an old idempotency key: %w", err)
	}
	res, err := db.Tx(ctx).NewRaw(`
		insert into idempotency_keys (tenant_id, principal, route, key, request_hash, expires_at, created_at)
		values (?, ?, ?, ?, ?, ?, ?) on conflict (tenant_id, principal, route, key) do nothing`,
		tenancy.ID(ctx), who, route, key, hash, now.Add(keptFor), now).Exec(ctx)
	if err != nil {
		return nil, fmt.Errorf("take the idempotency key: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return nil, err
	}
	var earlier stored
	err = db.Tx(ctx).NewRaw(`
		select request_hash, status, body from idempotency_keys where principal = ? and route = ? and key = ?`, who, route, key).Scan(ctx, &earlier)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.Conflict("idempotency_in_progress", "Another request with this Idempotency-Key is under way.")
	}
	if err != nil {
		return nil, fmt.Errorf("read the idempotency key: %w", err)
	}
	return &earlier, nil
}

// keep stores the answer, without the member that holds a secret.
func keep(ctx context.Context, who, route, key string, status int, body []byte, secret any) error {
	if name, ok := secret.(string); ok {
		var members map[string]json.RawMessage
		if err := json.Unmarshal(body, &members); err != nil {
			return fmt.Errorf("read the answer: %w", err)
		}
		delete(members, name)
		var err error
		if body, err = json.Marshal(members); err != nil {
			return fmt.Errorf("encode the answer: %w", err)
		}
	}
	_, err := db.Tx(ctx).NewRaw(`
		update idempotency_keys set status = ?, body = ? where principal = ? and route = ? and key = ?`,
		status, string(body), who, route, key).Exec(ctx)
	if err != nil {
		return fmt.Errorf("keep the answer: %w", err)
	}
	return nil
}

// recorder copies what the handler writes.
type recorder struct {
	http.ResponseWriter

	body bytes.Buffer
}

// Write is part of http.ResponseWriter.
func (r *recorder) Write(p []byte) (int, error) {
	r.body.Write(p)
	return r.ResponseWriter.Write(p)
}
