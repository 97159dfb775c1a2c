package webhooks

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/tenancy"
)

const endpointColumns = `id, url, label, events, status, failing_since, disabled_reason, previous_until, created_at, secret_ciphertext, previous_secret_ciphertext`

func absent(what string, err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fault.NotFound(what)
	}
	if err != nil {
		return fmt.Errorf("find %s: %w", what, err)
	}
	return nil
}

func findEndpoint(ctx context.Context, id uuid.UUID, lock bool) (Endpoint, error) {
	query := `select ` + endpointColumns + ` from webhook_endpoints where id = ?`
	if lock {
		query += ` for update`
	}
	var e Endpoint
	return e, absent("webhook", db.Tx(ctx).NewRaw(query, id).Scan(ctx, &e))
}

func listEndpoints(ctx context.Context, page paging.Page) ([]Endpoint, error) {
	query, args := `select `+endpointColumns+` from webhook_endpoints where true`, []any{page.Ask(), nil, nil}
	if page.After != nil {
		query += ` and (created_at, id) < (?1, ?2)`
		args[1], args[2] = page.After.At, page.After.ID
	}
	var rows []Endpoint
	if err := db.Tx(ctx).NewRaw(query+` order by created_at desc, id desc limit ?0`, args...).Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("list webhooks: %w", err)
	}
	return rows, nil
}

func lockEndpoints(ctx context.Context) ([]Endpoint, error) {
	var rows []Endpoint
	if err := db.Tx(ctx).NewRaw(`select `+endpointColumns+` from webhook_endpoints order by id for update`).Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("lock webhooks: %w", err)
	}
	return rows, nil
}

// activeEndpoints are those that are told what happens; the one question of a transaction that has
// something to tell.
func activeEndpoints(ctx context.Context) ([]Endpoint, error) {
	var rows []Endpoint
	if err := db.Hot(ctx, `select `+endpointColumns+` from webhook_endpoints where status = 'active' order by id`).Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("read active webhooks: %w", err)
	}
	return rows, nil
}

func countEndpoints(ctx context.Context) (n int, err error) {
	if err := db.Tx(ctx).NewRaw(`select count(*) from webhook_endpoints`).Scan(ctx, &n); err != nil {
		return 0, fmt.Errorf("count webhooks: %w", err)
	}
	return n, nil
}

func insertEndpoint(ctx context.Context, e Endpoint) error {
	_, err := db.Tx(ctx).NewRaw(`
		insert into webhook_endpoints (tenant_id, id, url, label, events, secret_ciphertext, status, created_at)
		values (?, ?, ?, ?, ?, ?, ?, ?)`,
		tenancy.ID(ctx), e.ID, e.URL, e.Label, pgdialect.Array(e.Events), e.SecretCiphertext, e.Status, e.CreatedAt).Exec(ctx)
	if err != nil {
		return fmt.Errorf("insert webhook: %w", err)
	}
	return nil
}

func updateEndpoint(ctx context.Context, e Endpoint) error {
	_, err := db.Tx(ctx).NewRaw(`
		update webhook_endpoints set url = ?, label = ?, events = ?, status = ?, failing_since = ?, disabled_reason = ?,
			secret_ciphertext = ?, previous_secret_ciphertext = ?, previous_until = ?
		where id = ?`,
		e.URL, e.Label, pgdialect.Array(e.Events), e.Status, e.FailingSince, e.DisabledReason,
		e.SecretCiphertext, e.PreviousSecretCiphertext, e.PreviousUntil, e.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("update webhook: %w", err)
	}
	return nil
}

// clearFailing forgets that an endpoint failed, when it has taken something.
func clearFailing(ctx context.Context, id uuid.UUID) error {
	_, err := db.Tx(ctx).NewRaw(`update webhook_endpoints set failing_since = null where id = ? and failing_since is not null`, id).Exec(ctx)
	if err != nil {
		return fmt.Errorf("note that a webhook works: %w", err)
	}
	return nil
}

func deleteEndpoint(ctx context.Context, id uuid.UUID) error {
	for _, statement := range []string{`delete from webhook_deliveries where endpoint_id = ?`, `delete from webhook_endpoints where id = ?`} {
		if _, err := db.Tx(ctx).NewRaw(statement, id).Exec(ctx); err != nil {
			return fmt.Errorf("delete webhook: %w", err)
		}
	}
	return nil
}

const deliveryColumns = `id, endpoint_id, message_id, event_type, payload, status, attempts, next_attempt_at, attempted_at,
	response_status, response_ms, response_body, error, created_at`

func findDelivery(ctx context.Context, id uuid.UUID, lock bool) (Delivery, error) {
	query := `select ` + deliveryColumns + ` from webhook_deliveries where id = ?`
	if lock {
		query += ` for update`
	}
	var d Delivery
	return d, absent("delivery", db.Tx(ctx).NewRaw(query, id).Scan(ctx, &d))
}

func listDeliveries(ctx context.Context, f DeliveryFilter, page paging.Page) ([]Delivery, error) {
	query := `select ` + deliveryColumns + ` from webhook_deliveries where endpoint_id = ?0`
	args := []any{f.EndpointID, f.Status, page.Ask(), nil, nil}
	if f.Status != "" {
		query += ` and status = ?1`
	}
	if page.After != nil {
		query += ` and (created_at, id) < (?3, ?4)`
		args[3], args[4] = page.After.At, page.After.ID
	}
	var rows []Delivery
	if err := db.Tx(ctx).NewRaw(query+` order by created_at desc, id desc limit ?2`, args...).Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("list deliveries: %w", err)
	}
	return rows, nil
}

func lockFailed(ctx context.Context, endpoint uuid.UUID, limit int) ([]Delivery, error) {
	var rows []Delivery
	err := db.Tx(ctx).NewRaw(`
		select `+deliveryColumns+` from webhook_deliveries
		where endpoint_id = ? and status in ('failed', 'dead') order by id limit ? for update`, endpoint, limit).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("lock failed deliveries: %w", err)
	}
	return rows, nil
}

// insertDeliveries has one shape whatever their number.
func insertDeliveries(ctx context.Context, all []Delivery) error {
	n := len(all)
	deliveries, endpoints := make([]uuid.UUID, n), make([]uuid.UUID, n)
	messages, types, payloads := make([]string, n), make([]string, n), make([]string, n)
	for i, d := range all {
		deliveries[i], endpoints[i], messages[i], types[i], payloads[i] = d.ID, d.EndpointID, d.MessageID, d.EventType, string(d.Payload)
	}
	err := db.Hot(ctx, `
		insert into webhook_deliveries (tenant_id, id, endpoint_id, message_id, event_type, payload, created_at)
		select $1::uuid, d.id, d.endpoint_id, d.message_id, d.event_type, d.payload, $7::timestamptz
		from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::jsonb[]) as d (id, endpoint_id, message_id, event_type, payload)`,
		tenancy.ID(ctx), deliveries, endpoints, messages, types, payloads, all[0].CreatedAt).Exec(ctx)
	if err != nil {
		return fmt.Errorf("insert deliveries: %w", err)
	}
	return nil
}

// resetDeliveries has messages begin anew.
func resetDeliveries(ctx context.Context, all []Delivery) error {
	ids := make([]uuid.UUID, len(all))
	for i, d := range all {
		ids[i] = d.ID
	}
	_, err := db.Tx(ctx).NewRaw(`update webhook_deliveries set status = 'pending', attempts = 0, next_attempt_at = null where id in (?)`, bun.List(ids)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("reset deliveries: %w", err)
	}
	return nil
}

func updateDelivery(ctx context.Context, d Delivery) error {
	_, err := db.Tx(ctx).NewRaw(`
		update webhook_deliveries set status = ?, attempts = ?, next_attempt_at = ?, attempted_at = ?, response_status = ?,
			response_ms = ?, response_body = ?, error = ?
		where id = ?`,
		d.Status, d.Attempts, d.NextAttemptAt, d.AttemptedAt, d.ResponseStatus, d.ResponseMS, d.ResponseBody, d.Error, d.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("update delivery: %w", err)
	}
	return nil
}

// CountSealed counts the secrets in sight by the id of the key that sealed them.
func CountSealed(ctx context.Context) (map[string]int, error) {
	var rows []struct {
		Key string
		N   int
	}
	err := db.Tx(ctx).NewRaw(`
		select split_part(secret, '.', 2) as key, count(*) as n
		from webhook_endpoints, unnest(array[secret_ciphertext, previous_secret_ciphertext]) secret
		where secret is not null group by 1`).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("count sealed webhook secrets: %w", err)
	}
	counts := map[string]int{}
	for _, r := range rows {
		counts[r.Key] = r.N
	}
	return counts, nil
}
