package coordinator

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
)

const (
	creatorColumns = `id, email, name, handle, bio, platforms, last_sign_in_at, created_at`
	linkColumns    = `id, email, name, handle, next_path, expires_at, consumed_at, created_at`
)

func findCreator(ctx context.Context, id uuid.UUID) (Creator, error) {
	var c Creator
	return c, absent("creator", db.Tx(ctx).NewRaw(`select `+creatorColumns+` from coordinator.creators where id = ?`, id).Scan(ctx, &c))
}

// handleTaken reports whether anybody else has a handle.
func handleTaken(ctx context.Context, handle, email string) (taken bool, err error) {
	err = db.Tx(ctx).NewRaw(`select exists (select from coordinator.creators where handle = ? and email <> ?)`, handle, email).Scan(ctx, &taken)
	if err != nil {
		return false, fmt.Errorf("look for a handle: %w", err)
	}
	return taken, nil
}

func insertCreator(ctx context.Context, c Creator) error {
	return exec(ctx, "insert creator", `
		insert into coordinator.creators (id, email, name, handle, last_sign_in_at, created_at) values (?, ?, ?, ?, ?, ?)`,
		c.ID, c.Email, c.Name, c.Handle, c.LastSignInAt, c.CreatedAt)
}

func updateCreator(ctx context.Context, c Creator) error {
	return exec(ctx, "update creator", `
		update coordinator.creators set name = ?, handle = ?, bio = ?, platforms = ?::jsonb where id = ?`, c.Name, c.Handle, c.Bio, string(c.Platforms), c.ID)
}

func noteSignIn(ctx context.Context, id uuid.UUID, now time.Time) (Creator, error) {
	var c Creator
	err := db.Tx(ctx).NewRaw(`update coordinator.creators set last_sign_in_at = ? where id = ? returning `+creatorColumns, now, id).Scan(ctx, &c)
	return c, absent("creator", err)
}

// linkRecords makes what vendors said of an address the creator's, who confirmed it.
func linkRecords(ctx context.Context, c Creator) error {
	return exec(ctx, "link partners", `update coordinator.vendor_partners set creator_id = ? where email = ? and creator_id is null`, c.ID, c.Email)
}

func insertLink(ctx context.Context, l CreatorLink) error {
	return exec(ctx, "insert link", `
		insert into coordinator.creator_links (id, email, name, handle, next_path, expires_at, created_at) values (?, ?, ?, ?, ?, ?, ?)`,
		l.ID, l.Email, l.Name, l.Handle, l.NextPath, l.ExpiresAt, l.CreatedAt)
}

func findLink(ctx context.Context, id uuid.UUID) (CreatorLink, error) {
	var l CreatorLink
	err := db.Tx(ctx).NewRaw(`select `+linkColumns+` from coordinator.creator_links where id = ? and consumed_at is null for update`, id).Scan(ctx, &l)
	return l, absent("link", err)
}

// mintLink gives a link its token and voids what was mailed before.
func mintLink(ctx context.Context, l CreatorLink, hash string, now, until time.Time) error {
	err := exec(ctx, "void older links", `
		update coordinator.creator_links set consumed_at = ? where email = ? and id <> ? and token_hash is not null and consumed_at is null`, now, l.Email, l.ID)
	if err != nil {
		return err
	}
	return exec(ctx, "mint link", `update coordinator.creator_links set token_hash = ?, expires_at = ? where id = ?`, hash, until, l.ID)
}

func openLink(ctx context.Context, hash string, now time.Time) (CreatorLink, error) {
	return oneLink(ctx, `select `+linkColumns+` from coordinator.creator_links where token_hash = ?0 and consumed_at is null and expires_at > ?1`, hash, now)
}

// consumeLink uses a link up; of many who try at once one succeeds.
func consumeLink(ctx context.Context, hash string, now time.Time) (CreatorLink, error) {
	return oneLink(ctx, `
		update coordinator.creator_links set consumed_at = ?1 where token_hash = ?0 and consumed_at is null and expires_at > ?1 returning `+linkColumns, hash, now)
}

func oneLink(ctx context.Context, query, hash string, now time.Time) (CreatorLink, error) {
	var l CreatorLink
	err := absent("link", db.Tx(ctx).NewRaw(query, hash, now).Scan(ctx, &l))
	if fault.Is(err, fault.KindNotFound) {
		return CreatorLink{}, auth.ErrLinkSpent
	}
	return l, err
}
