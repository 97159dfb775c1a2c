package partners

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/tenancy"
)

type importRow struct {
	bun.BaseModel `bun:"table:partner_import_rows"`

	TenantID    uuid.UUID `bun:",pk"`
	ImportID    uuid.UUID `bun:",pk"`
	Line        int       `bun:",pk"`
	Email       string
	Name        string
	Company     *string
	Website     *string
	Country     *string
	CampaignIDs []string `bun:"campaign_ids,array"` // bun writes no arrays of ids
	Outcome     string
	Reason      *string
	PartnerID   *uuid.UUID
}

func (r importRow) row() (ImportRow, error) {
	out := ImportRow{
		Line: r.Line, Email: r.Email, Name: r.Name, Company: r.Company, Website: r.Website, Country: r.Country,
		Outcome: Outcome(r.Outcome), Reason: r.Reason, PartnerID: r.PartnerID,
	}
	for _, text := range r.CampaignIDs {
		id, err := uuid.Parse(text)
		if err != nil {
			return ImportRow{}, fmt.Errorf("read campaign of an import: %w", err)
		}
		out.CampaignIDs = append(out.CampaignIDs, id)
	}
	return out, nil
}

// rowsPerInsert keeps a statement small.
const rowsPerInsert = 500

func insertImport(ctx context.Context, i Import, rows []ImportRow) error {
	tenant := tenancy.ID(ctx)
	_, err := db.Tx(ctx).NewRaw(`
		insert into partner_imports (tenant_id, id, send_invite, total, job_id, created_at) values (?, ?, ?, ?, ?, ?)`,
		tenant, i.ID, i.SendInvite, i.Total, i.JobID, i.CreatedAt).Exec(ctx)
	if err != nil {
		return fmt.Errorf("insert import: %w", err)
	}
	for part := range slices.Chunk(rows, rowsPerInsert) {
		models := make([]importRow, 0, len(part))
		for _, r := range part {
			campaigns := make([]string, 0, len(r.CampaignIDs))
			for _, id := range r.CampaignIDs {
				campaigns = append(campaigns, id.String())
			}
			models = append(models, importRow{
				TenantID: tenant, ImportID: i.ID, Line: r.Line, Email: r.Email, Name: r.Name, Company: r.Company, Website: r.Website,
				Country: r.Country, CampaignIDs: campaigns, Outcome: string(r.Outcome), Reason: r.Reason,
			})
		}
		if _, err := db.Tx(ctx).NewInsert().Model(&models).Exec(ctx); err != nil {
			return fmt.Errorf("insert import rows: %w", err)
		}
	}
	return nil
}

func findImport(ctx context.Context, id uuid.UUID) (Import, error) {
	var i Import
	err := db.Tx(ctx).NewRaw(`select id, send_invite, total, job_id, created_at from partner_imports where id = ?`, id).Scan(ctx, &i)
	if errors.Is(err, sql.ErrNoRows) {
		return Import{}, fault.NotFound("import")
	}
	if err != nil {
		return Import{}, fmt.Errorf("find import: %w", err)
	}
	return i, nil
}

// nextImportRows locks the rows that it gives.
func nextImportRows(ctx context.Context, id uuid.UUID, limit int64) ([]ImportRow, error) {
	var models []importRow
	err := db.Tx(ctx).NewSelect().Model(&models).Where("import_id = ? and outcome = 'waiting'", id).OrderExpr("line").Limit(limit).For("update").Scan(ctx)
	return rowsOf(models, err)
}

func selectImportRows(ctx context.Context, id uuid.UUID, after int, limit int64, of []Outcome) ([]ImportRow, error) {
	var models []importRow
	q := db.Tx(ctx).NewSelect().Model(&models).Where("import_id = ? and line > ?", id, after).OrderExpr("line").Limit(limit)
	if len(of) > 0 {
		q = q.Where("outcome in (?)", bun.List(of))
	}
	return rowsOf(models, q.Scan(ctx))
}

func rowsOf(models []importRow, err error) ([]ImportRow, error) {
	if err != nil {
		return nil, fmt.Errorf("list import rows: %w", err)
	}
	out := make([]ImportRow, 0, len(models))
	for _, m := range models {
		r, err := m.row()
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

func settleImportRow(ctx context.Context, id uuid.UUID, r ImportRow) error {
	_, err := db.Tx(ctx).NewRaw(`
		update partner_import_rows set outcome = ?, reason = ?, partner_id = ? where import_id = ? and line = ?`,
		string(r.Outcome), r.Reason, r.PartnerID, id, r.Line).Exec(ctx)
	if err != nil {
		return fmt.Errorf("settle import row: %w", err)
	}
	return nil
}

func countImport(ctx context.Context, id uuid.UUID) (map[Outcome]int, error) {
	var rows []struct {
		Outcome string
		N       int
	}
	err := db.Tx(ctx).NewRaw(`select outcome, count(*) as n from partner_import_rows where import_id = ? group by outcome`, id).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("count import rows: %w", err)
	}
	out := map[Outcome]int{}
	for _, r := range rows {
		out[Outcome(r.Outcome)] = r.N
	}
	return out, nil
}

// statusesOf looks addresses up as they were typed, and in lower case.
func statusesOf(ctx context.Context, emails []string) (map[string]Status, error) {
	out := map[string]Status{}
	for part := range slices.Chunk(emails, rowsPerInsert) {
		asked := make([]string, 0, len(part))
		for _, email := range part {
			asked = append(asked, strings.ToLower(email))
		}
		var rows []struct{ Email, Status string }
		if err := db.Tx(ctx).NewRaw(`select email, status from partners where email in (?)`, bun.List(asked)).Scan(ctx, &rows); err != nil {
			return nil, fmt.Errorf("look addresses up: %w", err)
		}
		for _, r := range rows {
			out[r.Email] = Status(r.Status)
		}
	}
	return out, nil
}

// campaignsByName gives the campaigns that can be granted, by id and by name.
func campaignsByName(ctx context.Context) (map[string]uuid.UUID, error) {
	var names []Name
	if err := db.Tx(ctx).NewRaw(`select id, name from campaigns where status <> 'archived' order by created_at desc`).Scan(ctx, &names); err != nil {
		return nil, fmt.Errorf("list campaigns: %w", err)
	}
	out := map[string]uuid.UUID{}
	for _, n := range names {
		out[n.ID.String()], out[strings.ToLower(n.Name)] = n.ID, n.ID
	}
	return out, nil
}
