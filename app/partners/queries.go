package partners

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/tenancy"
)

type partnerRow struct {
	bun.BaseModel `bun:"table:partners"`

	TenantID     uuid.UUID `bun:",pk"`
	ID           uuid.UUID `bun:",pk"`
	Email        string
	Name         string
	NameNorm     string
	Status       string
	Source       string
	Company      *string
	Website      *string
	Country      *string
	Bio          *string
	Platforms    json.RawMessage `bun:"type:jsonb"`
	Answers      json.RawMessage `bun:"type:jsonb"`
	TermsVersion *string
	ActivatedAt  *time.Time
	RevokedAt    *time.Time
	RevokeReason *string
	ErasedAt     *time.Time
	CreatedAt    time.Time

	NetworkCreatorID   *string
	NetworkPreExisting *bool
	NetworkSyncedAt    *time.Time
}

func (r partnerRow) partner() (Partner, error) {
	p := Partner{
		ID: r.ID, Email: r.Email, Name: r.Name, Status: Status(r.Status), Source: Source(r.Source),
		Profile:      Profile{Company: r.Company, Website: r.Website, Country: r.Country, Bio: r.Bio},
		TermsVersion: r.TermsVersion, ActivatedAt: r.ActivatedAt, RevokedAt: r.RevokedAt, RevokeReason: r.RevokeReason, ErasedAt: r.ErasedAt, CreatedAt: r.CreatedAt,
	}
	if r.NetworkCreatorID != nil && r.NetworkSyncedAt != nil {
		p.Network = &NetworkStanding{CreatorID: *r.NetworkCreatorID, PreExisting: r.NetworkPreExisting != nil && *r.NetworkPreExisting, SyncedAt: *r.NetworkSyncedAt}
	}
	if err := json.Unmarshal(r.Platforms, &p.Profile.Platforms); err != nil {
		return Partner{}, fmt.Errorf("read platforms: %w", err)
	}
	if err := json.Unmarshal(r.Answers, &p.Profile.Answers); err != nil {
		return Partner{}, fmt.Errorf("read answers: %w", err)
	}
	return p, nil
}

func rowOf(ctx context.Context, p Partner) (partnerRow, error) {
	if p.Profile.Platforms == nil {
		p.Profile.Platforms = []Platform{}
	}
	if p.Profile.Answers == nil {
		p.Profile.Answers = map[string]string{}
	}
	platforms, err := json.Marshal(p.Profile.Platforms)
	if err != nil {
		return partnerRow{}, fmt.Errorf("encode platforms: %w", err)
	}
	answers, err := json.Marshal(p.Profile.Answers)
	if err != nil {
		return partnerRow{}, fmt.Errorf("encode answers: %w", err)
	}
	return partnerRow{
		TenantID: tenancy.ID(ctx), ID: p.ID, Email: p.Email, Name: p.Name, NameNorm: normalise(p.Name), Status: string(p.Status),
		Source: string(p.Source), Company: p.Profile.Company, Website: p.Profile.Website, Country: p.Profile.Country,
		Bio: p.Profile.Bio, Platforms: platforms, Answers: answers, TermsVersion: p.TermsVersion, ActivatedAt: p.ActivatedAt, RevokedAt: p.RevokedAt,
		RevokeReason: p.RevokeReason, ErasedAt: p.ErasedAt, CreatedAt: p.CreatedAt,
	}, nil
}

// normalise is how names are compared in search.
func normalise(text string) string { return strings.ToLower(strings.TrimSpace(text)) }

func insertPartner(ctx context.Context, p Partner) error {
	row, err := rowOf(ctx, p)
	if err != nil {
		return err
	}
	if _, err := db.Tx(ctx).NewInsert().Model(&row).Exec(ctx); err != nil {
		return fmt.Errorf("insert partner: %w", db.Conflict(err))
	}
	return nil
}

func updatePartner(ctx context.Context, p Partner) error {
	row, err := rowOf(ctx, p)
	if err != nil {
		return err
	}
	_, err = db.Tx(ctx).NewUpdate().Model(&row).WherePK().
		Column("email", "name", "name_norm", "company", "website", "country", "bio", "platforms", "answers").Exec(ctx)
	if err != nil {
		return fmt.Errorf("update partner: %w", db.Conflict(err))
	}
	return nil
}

// replacePartner writes all over a row that nobody has confirmed.
func replacePartner(ctx context.Context, p Partner) error {
	row, err := rowOf(ctx, p)
	if err != nil {
		return err
	}
	if _, err = db.Tx(ctx).NewUpdate().Model(&row).WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("replace partner: %w", db.Conflict(err))
	}
	return nil
}

// erasePartner writes everything about a partner who is nobody any more.
func erasePartner(ctx context.Context, p Partner) error {
	if err := updatePartner(ctx, p); err != nil {
		return err
	}
	if err := updateStatus(ctx, p); err != nil {
		return err
	}
	if _, err := db.Tx(ctx).NewRaw(`update partners set erased_at = ? where id = ?`, p.ErasedAt, p.ID).Exec(ctx); err != nil {
		return fmt.Errorf("note that a partner is erased: %w", err)
	}
	return nil
}

// eraseFromLists takes a person out of the lists that admins brought along.
func eraseFromLists(ctx context.Context, id uuid.UUID, email string) error {
	_, err := db.Tx(ctx).NewRaw(`
		update partner_import_rows set email = '', name = '', company = null, website = null, country = null, reason = null
		where partner_id = ? or lower(email) = ?`, id, email).Exec(ctx)
	if err != nil {
		return fmt.Errorf("erase a partner from lists: %w", err)
	}
	return nil
}

func updateStatus(ctx context.Context, p Partner) error {
	_, err := db.Tx(ctx).NewRaw(`
		update partners set status = ?, activated_at = ?, revoked_at = ?, revoke_reason = ? where id = ?`,
		string(p.Status), p.ActivatedAt, p.RevokedAt, p.RevokeReason, p.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("update partner's status: %w", err)
	}
	return nil
}

func findPartner(ctx context.Context, id uuid.UUID, lock bool) (Partner, error) {
	var row partnerRow
	q := db.Tx(ctx).NewSelect().Model(&row).Where("id = ?", id)
	if lock {
		q = q.For("update")
	}
	err := q.Scan(ctx)
	return one(&row, err)
}

func findPartnerByEmail(ctx context.Context, email string, lock bool) (Partner, error) {
	var row partnerRow
	q := db.Tx(ctx).NewSelect().Model(&row).Where("email = ?", email)
	if lock {
		q = q.For("update")
	}
	err := q.Scan(ctx)
	return one(&row, err)
}

func one(row *partnerRow, err error) (Partner, error) {
	if errors.Is(err, sql.ErrNoRows) {
		return Partner{}, fault.NotFound("partner")
	}
	if err != nil {
		return Partner{}, fmt.Errorf("find partner: %w", err)
	}
	return row.partner()
}

func listPartners(ctx context.Context, f Filter, page paging.Page) ([]Partner, error) {
	var rows []partnerRow
	q := db.Tx(ctx).NewSelect().Model(&rows).OrderExpr("created_at desc, id desc").Limit(page.Ask())
	if f.only != nil {
		q = q.Where("id = ?", *f.only)
	}
	if f.Status != "" {
		q = q.Where("status = ?", f.Status)
	}
	if f.Source != "" {
		q = q.Where("source = ?", f.Source)
	}
	if text := normalise(f.Query); text != "" {
		// A range compares with leakproof operators and so uses the indexes under row-level
		// security, which LIKE on an expression would not.
		end := text + "\U0010ffff"
		q = q.Where("((name_norm ~>=~ ? and name_norm ~<~ ?) or (email ~>=~ ? and email ~<~ ?))", text, end, text, end)
	}
	if page.After != nil {
		q = q.Where("(created_at, id) < (?, ?)", page.After.At, page.After.ID)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("list partners: %w", err)
	}
	out := make([]Partner, 0, len(rows))
	for _, r := range rows {
		p, err := r.partner()
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

func selectNames(ctx context.Context) ([]Name, error) {
	var names []Name
	err := db.Tx(ctx).NewRaw(`
		select id, name || ' (' || email || ')' as name from partners
		where status in ('active', 'invited') order by name_norm, id limit 1000`).Scan(ctx, &names)
	if err != nil {
		return nil, fmt.Errorf("list partner names: %w", err)
	}
	return names, nil
}

func namesOf(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]string, error) {
	out := map[uuid.UUID]string{}
	if len(ids) == 0 {
		return out, nil
	}
	var names []Name
	if err := db.Tx(ctx).NewRaw(`select id, name from partners where id in (?)`, bun.List(ids)).Scan(ctx, &names); err != nil {
		return nil, fmt.Errorf("read partner names: %w", err)
	}
	for _, n := range names {
		out[n.ID] = n.Name
	}
	return out, nil
}

func countByStatus(ctx context.Context, status Status) (n int, err error) {
	if err := db.Tx(ctx).NewRaw(`select count(*) from partners where status = ?`, string(status)).Scan(ctx, &n); err != nil {
		return 0, fmt.Errorf("count partners: %w", err)
	}
	return n, nil
}

func selectGrants(ctx context.Context, id uuid.UUID) ([]uuid.UUID, error) {
	var found []uuid.UUID
	err := db.Tx(ctx).NewRaw(`select campaign_id from partner_campaigns where partner_id = ? order by campaign_id`, id).Scan(ctx, &found)
	if err != nil {
		return nil, fmt.Errorf("list grants: %w", err)
	}
	return found, nil
}

func hasGrant(ctx context.Context, id, campaign uuid.UUID) (bool, error) {
	var granted bool
	err := db.Tx(ctx).NewRaw(`
		select exists (select from partner_campaigns where partner_id = ? and campaign_id = ?)`, id, campaign).Scan(ctx, &granted)
	if err != nil {
		return false, fmt.Errorf("look for the grant: %w", err)
	}
	return granted, nil
}

func countGranted(ctx context.Context, campaign uuid.UUID) (n int, err error) {
	if err := db.Tx(ctx).NewRaw(`select count(*) from partner_campaigns where campaign_id = ?`, campaign).Scan(ctx, &n); err != nil {
		return 0, fmt.Errorf("count grants: %w", err)
	}
	return n, nil
}

func insertGrant(ctx context.Context, id, campaign uuid.UUID, source string, now time.Time) error {
	_, err := db.Tx(ctx).NewRaw(`
		insert into partner_campaigns (tenant_id, partner_id, campaign_id, source, created_at)
		values (?, ?, ?, ?, ?) on conflict (tenant_id, partner_id, campaign_id) do nothing`,
		tenancy.ID(ctx), id, campaign, source, now).Exec(ctx)
	if err != nil {
		return fmt.Errorf("grant campaign: %w", db.Conflict(err))
	}
	return nil
}

func deleteGrantsBut(ctx context.Context, id uuid.UUID, keep []uuid.UUID) error {
	q := db.Tx(ctx).NewDelete().TableExpr("partner_campaigns").Where("partner_id = ?", id)
	if len(keep) > 0 {
		q = q.Where("campaign_id not in (?)", bun.List(keep))
	}
	if _, err := q.Exec(ctx); err != nil {
		return fmt.Errorf("take grants away: %w", err)
	}
	return nil
}
