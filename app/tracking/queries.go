package tracking

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/tenancy"
)

// selectTarget gives what a link leads to, with the columns in the order of Target's fields.
const selectTarget = `
	select l.id, l.partner_id, p.status, l.campaign_id, coalesce(l.destination_url, c.destination_url), c.destination_url,
		c.deep_link_domains, l.archived_at is not null, c.status, c.starts_at, c.ends_at,
		coalesce((f.value->>'velocity_clicks')::int, 20), coalesce((f.value->>'velocity_seconds')::int, 60)
	from links l
	join partners p on p.tenant_id = l.tenant_id and p.id = l.partner_id
	join campaigns c on c.tenant_id = l.tenant_id and c.id = l.campaign_id
	left join config f on f.tenant_id = l.tenant_id and f.key = 'fraud'`

// fields are where a row of selectTarget goes.
func (t *Target) fields(domains any) []any {
	return []any{
		&t.LinkID, &t.PartnerID, &t.PartnerStatus, &t.CampaignID, &t.DestinationURL, &t.CampaignURL, domains, &t.Archived,
		&t.CampaignStatus, &t.StartsAt, &t.EndsAt, &t.Velocity.Clicks, &t.Velocity.Seconds,
	}
}

func findTarget(ctx context.Context, keyNorm string) (Target, error) {
	var t Target
	err := db.Tx(ctx).NewRaw(selectTarget+` where l.key_norm = ?`, keyNorm).Scan(ctx, t.fields(pgdialect.Array(&t.DeepLinkDomains))...)
	if errors.Is(err, sql.ErrNoRows) {
		return Target{}, fault.NotFound("link").WithCode("link_not_found")
	}
	if err != nil {
		return Target{}, fmt.Errorf("find link target: %w", err)
	}
	return t, nil
}

type clickRow struct {
	bun.BaseModel `bun:"table:clicks,alias:k"`

	TenantID       uuid.UUID `bun:",pk"`
	ID             uuid.UUID `bun:",pk"`
	LinkID         *uuid.UUID
	PartnerID      uuid.UUID
	CampaignID     uuid.UUID
	DestinationURL string
	IPHash         *string
	UserAgent      *string
	Referer        *string
	UTM            json.RawMessage `bun:"utm,type:jsonb"`
	SubIDs         json.RawMessage `bun:"sub_ids,type:jsonb"`
	Flag           *string
	ReviewedAt     *time.Time
	ReviewedBy     *uuid.UUID
	OccurredAt     time.Time
	CreatedAt      time.Time
	LinkKey        *string `bun:",scanonly"`
	PartnerName    string  `bun:",scanonly"`
	CampaignName   string  `bun:",scanonly"`
}

func (r clickRow) click() (Click, error) {
	c := Click{
		ID: r.ID, LinkID: r.LinkID, PartnerID: r.PartnerID, PartnerName: r.PartnerName, CampaignID: r.CampaignID,
		CampaignName: r.CampaignName, DestinationURL: r.DestinationURL, IPHash: r.IPHash, UserAgent: r.UserAgent,
		Referer: r.Referer, ReviewedAt: r.ReviewedAt, ReviewedBy: r.ReviewedBy, OccurredAt: r.OccurredAt, CreatedAt: r.CreatedAt,
	}
	if r.LinkKey != nil {
		c.LinkKey = *r.LinkKey
	}
	if r.Flag != nil {
		c.Flag = Flag(*r.Flag)
	}
	if err := errors.Join(json.Unmarshal(r.UTM, &c.UTM), json.Unmarshal(r.SubIDs, &c.SubIDs)); err != nil {
		return Click{}, fmt.Errorf("read click's parameters: %w", err)
	}
	return c, nil
}

// insertClick stores a click and counts it in the sums of its day. It reports whether the click
// was not there yet.
func insertClick(ctx context.Context, c Click) (bool, error) {
	utm, err := json.Marshal(c.UTM)
	if err != nil {
		return false, fmt.Errorf("encode utm: %w", err)
	}
	subIDs, err := json.Marshal(c.SubIDs)
	if err != nil {
		return false, fmt.Errorf("encode sub-ids: %w", err)
	}
	row := clickRow{
		TenantID: tenancy.ID(ctx), ID: c.ID, LinkID: c.LinkID, PartnerID: c.PartnerID, CampaignID: c.CampaignID,
		DestinationURL: c.DestinationURL, IPHash: c.IPHash, UserAgent: c.UserAgent, Referer: c.Referer, UTM: utm, SubIDs: subIDs,
		OccurredAt: c.OccurredAt, CreatedAt: c.CreatedAt,
	}
	if c.Flag != "" {
		flag := string(c.Flag)
		row.Flag = &flag
	}
	res, err := db.Tx(ctx).NewInsert().Model(&row).On("conflict do nothing").Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("insert click: %w", err)
	}
	n, err := res.RowsAffected()
	if err != nil || n == 0 {
		return false, err
	}
	return true, countDaily(ctx, c)
}

func selectClicks(ctx context.Context, rows any) *bun.SelectQuery {
	return db.Tx(ctx).NewSelect().Model(rows).
		Join("join partners as p on p.tenant_id = k.tenant_id and p.id = k.partner_id").
		Join("join campaigns as c on c.tenant_id = k.tenant_id and c.id = k.campaign_id").
		Join("left join links as l on l.tenant_id = k.tenant_id and l.id = k.link_id").
		ColumnExpr("k.id, k.link_id, k.partner_id, k.campaign_id, k.destination_url, k.ip_hash, k.user_agent, k.referer").
		ColumnExpr("k.utm, k.sub_ids, k.flag, k.reviewed_at, k.reviewed_by, k.occurred_at, k.created_at").
		ColumnExpr("p.name as partner_name, c.name as campaign_name, l.key as link_key")
}

func findClick(ctx context.Context, id uuid.UUID) (Click, error) {
	var row clickRow
	err := selectClicks(ctx, &row).Where("k.id = ?", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Click{}, fault.NotFound("click").WithCode("click_not_found")
	}
	if err != nil {
		return Click{}, fmt.Errorf("find click: %w", err)
	}
	return row.click()
}

func listClicks(ctx context.Context, f ClickFilter, page paging.Page) ([]Click, error) {
	var rows []clickRow
	q := selectClicks(ctx, &rows).OrderExpr("k.occurred_at desc, k.id desc").Limit(page.Ask())
	if f.PartnerID != nil {
		q = q.Where("k.partner_id = ?", *f.PartnerID)
	}
	if f.CampaignID != nil {
		q = q.Where("k.campaign_id = ?", *f.CampaignID)
	}
	if f.Flagged {
		q = q.Where("k.flag is not null")
	}
	if len(f.Flags) > 0 {
		q = q.Where("k.flag in (?)", bun.List(f.Flags))
	}
	if f.Reviewed != nil && *f.Reviewed {
		q = q.Where("k.reviewed_at is not null")
	} else if f.Reviewed != nil {
		q = q.Where("k.reviewed_at is null")
	}
	if page.After != nil {
		q = q.Where("(k.occurred_at, k.id) < (?, ?)", page.After.At, page.After.ID)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("list clicks: %w", err)
	}
	return clicksOf(rows)
}

func clicksOf(rows []clickRow) ([]Click, error) {
	out := make([]Click, 0, len(rows))
	for _, r := range rows {
		c, err := r.click()
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

func clicksByID(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]Click, error) {
	out := map[uuid.UUID]Click{}
	if len(ids) == 0 {
		return out, nil
	}
	var rows []clickRow
	if err := selectClicks(ctx, &rows).Where("k.id in (?)", bun.List(ids)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("find clicks: %w", err)
	}
	clicks, err := clicksOf(rows)
	for _, c := range clicks {
		out[c.ID] = c
	}
	return out, err
}

func identitiesOfClick(ctx context.Context, click uuid.UUID) ([]Identity, error) {
	var rows []Identity
	err := db.Tx(ctx).NewRaw(`
		select id, click_id, user_id, verified, occurred_at, created_at from identities
		where click_id = ? order by created_at, id limit 100`, click).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("list identities: %w", err)
	}
	return rows, nil
}

// upsertIdentity adds a stitch, or confirms an unverified one. It reports whether a row changed.
func upsertIdentity(ctx context.Context, i Identity) (bool, error) {
	res, err := db.Tx(ctx).NewRaw(`
		insert into identities (tenant_id, id, click_id, user_id, verified, occurred_at, created_at)
		values (?, ?, ?, ?, ?, ?, ?)
		on conflict (tenant_id, user_id, click_id) do update set verified = true
		where excluded.verified and not identities.verified`,
		tenancy.ID(ctx), i.ID, i.ClickID, i.UserID, i.Verified, i.OccurredAt, i.CreatedAt).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("insert identity: %w", db.Conflict(err))
	}
	n, err := res.RowsAffected()
	if err != nil {
		return false, fmt.Errorf("count identities: %w", err)
	}
	return n > 0, nil
}

func hasVerified(ctx context.Context, user string) (bool, error) {
	var found bool
	err := db.Tx(ctx).NewRaw(`select exists (select from identities where user_id = ? and verified)`, user).Scan(ctx, &found)
	if err != nil {
		return false, fmt.Errorf("look for verified identities: %w", err)
	}
	return found, nil
}

func touchesOf(ctx context.Context, users []string) (map[string][]Stitched, error) {
	var rows []struct {
		UserID string
		Stitched
	}
	err := db.Hot(ctx, `
		select i.user_id, i.id as identity_id, i.click_id, k.partner_id, k.campaign_id, k.occurred_at, coalesce(k.flag, '') as flag,
			k.reviewed_at is not null as reviewed, i.verified, i.created_at as stitched_at
		from identities i join clicks k on k.tenant_id = i.tenant_id and k.id = i.click_id
		where i.user_id = any($1::text[]) order by k.occurred_at, k.id`, users).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("list the users' touches: %w", err)
	}
	out := map[string][]Stitched{}
	for _, r := range rows {
		out[r.UserID] = append(out[r.UserID], r.Stitched)
	}
	return out, nil
}

func usersOfClick(ctx context.Context, click uuid.UUID) ([]string, error) {
	var users []string
	err := db.Tx(ctx).NewRaw(`select user_id from identities where click_id = ? order by user_id`, click).Scan(ctx, &users)
	if err != nil {
		return nil, fmt.Errorf("list the click's users: %w", err)
	}
	return users, nil
}

// lockClick makes two people's reviews of a click wait for each other.
func lockClick(ctx context.Context, id uuid.UUID) error {
	if _, err := db.Tx(ctx).NewRaw(`select from clicks where id = ? for update`, id).Exec(ctx); err != nil {
		return fmt.Errorf("lock click: %w", err)
	}
	return nil
}

func updateReview(ctx context.Context, c Click) error {
	_, err := db.Tx(ctx).NewRaw(`update clicks set flag = nullif(?, ''), reviewed_at = ?, reviewed_by = ? where id = ?`,
		string(c.Flag), c.ReviewedAt, c.ReviewedBy, c.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("record the click's review: %w", err)
	}
	return nil
}

func flagUnreviewed(ctx context.Context, clicks []uuid.UUID, flag Flag) ([]uuid.UUID, error) {
	var flagged []uuid.UUID
	err := db.Tx(ctx).NewRaw(`
		update clicks set flag = ? where id in (?) and flag is null and reviewed_at is null returning id`,
		string(flag), bun.List(clicks)).Scan(ctx, &flagged)
	if err != nil {
		return nil, fmt.Errorf("flag clicks: %w", err)
	}
	return flagged, nil
}

func findCredit(ctx context.Context, partner, campaign uuid.UUID) (destination, status string, err error) {
	err = db.Tx(ctx).NewRaw(`
		select c.destination_url, p.status from campaigns c join partners p on p.tenant_id = c.tenant_id
		where c.id = ? and p.id = ?`, campaign, partner).Scan(ctx, &destination, &status)
	if errors.Is(err, sql.ErrNoRows) {
		return "", "", fault.NotFound("partner or campaign")
	}
	if err != nil {
		return "", "", fmt.Errorf("find whom to credit: %w", err)
	}
	return destination, status, nil
}

// eraseVisits leaves of the visits that are tied to a user which link they came through, and when;
// what an address says behind its page goes as well.
func eraseVisits(ctx context.Context, userID string) error {
	_, err := db.Tx(ctx).NewRaw(`
		update clicks set ip_hash = null, user_agent = null, referer = null, country = null, utm = '{}', sub_ids = '{}',
			destination_url = split_part(split_part(destination_url, '#', 1), chr(63), 1) -- up to the question mark
		where id in (select click_id from identities where user_id = ?)`, userID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("erase visits: %w", err)
	}
	return nil
}

func renameUser(ctx context.Context, userID, pseudonym string) error {
	_, err := db.Tx(ctx).NewRaw(`update identities set user_id = ? where user_id = ?`, pseudonym, userID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("rename the user of identities: %w", err)
	}
	return nil
}

// mergeUser leaves behind what both users were tied to; the other's word for it is as good as either.
func mergeUser(ctx context.Context, from, to string) (bool, error) {
	confirmed, err := db.Tx(ctx).NewRaw(`
		update identities mine set verified = true
		where user_id = ?1 and not verified and exists (
			select from identities i where i.tenant_id = mine.tenant_id and i.user_id = ?0 and i.click_id = mine.click_id and i.verified)`, from, to).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("confirm identities: %w", err)
	}
	moved, err := db.Tx(ctx).NewRaw(`
		update identities theirs set user_id = ?1
		where user_id = ?0 and not exists (
			select from identities i where i.tenant_id = theirs.tenant_id and i.user_id = ?1 and i.click_id = theirs.click_id)`, from, to).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("move identities: %w", err)
	}
	c, err := confirmed.RowsAffected()
	if err != nil {
		return false, fmt.Errorf("count identities: %w", err)
	}
	m, err := moved.RowsAffected()
	return c+m > 0, err
}

func wasCredited(ctx context.Context, user string, in CreditInput) (found bool, err error) {
	err = db.Tx(ctx).NewRaw(`
		select exists (select from identities i join clicks c on c.tenant_id = i.tenant_id and c.id = i.click_id
			where i.user_id = ? and c.link_id is null and c.partner_id = ? and c.campaign_id = ?
				and c.occurred_at between ? and ?)`,
		user, in.PartnerID, in.CampaignID, in.OccurredAt.Add(-time.Hour), in.OccurredAt.Add(time.Hour)).Scan(ctx, &found)
	if err != nil {
		return false, fmt.Errorf("look for credits: %w", err)
	}
	return found, nil
}
