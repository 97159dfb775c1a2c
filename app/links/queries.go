package links

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/tenancy"
)

func insertLink(ctx context.Context, l Link) error {
	_, err := db.Tx(ctx).NewRaw(`
		insert into links (tenant_id, id, key, key_norm, partner_id, campaign_id, destination_url, created_at)
		values (?, ?, ?, ?, ?, ?, ?, ?)`,
		tenancy.ID(ctx), l.ID, l.Key, Normalise(l.Key), l.PartnerID, l.CampaignID, l.DestinationURL, l.CreatedAt).Exec(ctx)
	if err != nil {
		return fmt.Errorf("insert link: %w", db.Conflict(err))
	}
	return nil
}

func archiveLink(ctx context.Context, id uuid.UUID, at time.Time) error {
	if _, err := db.Tx(ctx).NewRaw(`update links set archived_at = ? where id = ?`, at, id).Exec(ctx); err != nil {
		return fmt.Errorf("archive link: %w", err)
	}
	return nil
}

func selectLinks(ctx context.Context) *bun.SelectQuery {
	return db.Tx(ctx).NewSelect().TableExpr("links as l").
		Join("join partners as p on p.tenant_id = l.tenant_id and p.id = l.partner_id").
		Join("join campaigns as c on c.tenant_id = l.tenant_id and c.id = l.campaign_id").
		ColumnExpr("l.id, l.key, l.partner_id, p.name as partner_name, l.campaign_id, c.name as campaign_name").
		ColumnExpr("l.destination_url, l.archived_at, l.created_at")
}

func findLink(ctx context.Context, id uuid.UUID) (Link, error) {
	var l Link
	err := selectLinks(ctx).Where("l.id = ?", id).Scan(ctx, &l)
	if errors.Is(err, sql.ErrNoRows) {
		return Link{}, fault.NotFound("link")
	}
	if err != nil {
		return Link{}, fmt.Errorf("find link: %w", err)
	}
	return l, nil
}

func listLinks(ctx context.Context, f Filter, page paging.Page) ([]Link, error) {
	var rows []Link
	q := selectLinks(ctx).OrderExpr("l.created_at desc, l.id desc").Limit(page.Ask())
	if f.PartnerID != nil {
		q = q.Where("l.partner_id = ?", *f.PartnerID)
	}
	if f.CampaignID != nil {
		q = q.Where("l.campaign_id = ?", *f.CampaignID)
	}
	if text := Normalise(f.Query); text != "" {
		// A range compares with leakproof operators, which may use indexes under row-level security.
		q = q.Where("l.key_norm ~>=~ ? and l.key_norm ~<~ ?", text, text+"\U0010ffff")
	}
	if !f.Archived {
		q = q.Where("l.archived_at is null")
	}
	if page.After != nil {
		q = q.Where("(l.created_at, l.id) < (?, ?)", page.After.At, page.After.ID)
	}
	if err := q.Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("list links: %w", err)
	}
	return rows, nil
}

func countLinks(ctx context.Context, campaign uuid.UUID) (n int, err error) {
	err = db.Tx(ctx).NewRaw(`select count(*) from links where campaign_id = ? and archived_at is null`, campaign).Scan(ctx, &n)
	if err != nil {
		return 0, fmt.Errorf("count links: %w", err)
	}
	return n, nil
}
