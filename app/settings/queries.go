package settings

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/tenancy"
)

// load reads a group into the value, which holds the defaults before.
func load(ctx context.Context, key string, into any) error {
	return scan(ctx, db.Tx(ctx).NewRaw(`select value from config where key = ?`, key), key, into)
}

// lock reads a group that is about to be changed, and keeps others from changing it meanwhile,
// so that two people who save different fields both keep theirs.
func lock(ctx context.Context, key string, at time.Time, into any) error {
	_, err := db.Tx(ctx).NewRaw(`
		insert into config (tenant_id, key, value, updated_at) values (?, ?, '{}', ?)
		on conflict (tenant_id, key) do nothing`, tenancy.ID(ctx), key, at).Exec(ctx)
	if err != nil {
		return fmt.Errorf("begin settings %s: %w", key, err)
	}
	return scan(ctx, db.Tx(ctx).NewRaw(`select value from config where key = ? for update`, key), key, into)
}

func scan(ctx context.Context, row *bun.RawQuery, key string, into any) error {
	var value []byte
	err := row.Scan(ctx, &value)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read settings %s: %w", key, err)
	}
	if err := json.Unmarshal(value, into); err != nil {
		return fmt.Errorf("decode settings %s: %w", key, err)
	}
	return nil
}

// store writes a group that lock has read.
func store(ctx context.Context, key string, value any, at time.Time) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode settings %s: %w", key, err)
	}
	_, err = db.Tx(ctx).NewRaw(`update config set value = ?, updated_at = ? where key = ?`, string(text), at, key).Exec(ctx)
	if err != nil {
		return fmt.Errorf("write settings %s: %w", key, err)
	}
	return nil
}

func displayName(ctx context.Context) (name string, err error) {
	err = db.Tx(ctx).NewRaw(`select display_name from platform.tenants where id = ?`, tenancy.ID(ctx)).Scan(ctx, &name)
	if err != nil {
		return "", fmt.Errorf("read the program's name: %w", err)
	}
	return name, nil
}

func rename(ctx context.Context, name string) error {
	_, err := db.Tx(ctx).NewRaw(`update platform.tenants set display_name = ? where id = ?`, name, tenancy.ID(ctx)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("rename the program: %w", err)
	}
	return nil
}

// countCampaigns tells how many of these exist.
func countCampaigns(ctx context.Context, ids []uuid.UUID) (n int, err error) {
	if len(ids) == 0 {
		return 0, nil
	}
	if err := db.Tx(ctx).NewRaw(`select count(*) from campaigns where id in (?)`, bun.List(ids)).Scan(ctx, &n); err != nil {
		return 0, fmt.Errorf("count campaigns: %w", err)
	}
	return n, nil
}
