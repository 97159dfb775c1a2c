package portability

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/tenancy"
)

// waitingRow is a row that is not settled.
type waitingRow struct {
	Turn     int
	Position int64
	Columns  []string `bun:",array"`
}

func nextRows(ctx context.Context, id uuid.UUID, table string, after waitingRow, limit int) (rows []waitingRow, err error) {
	err = db.Tx(ctx).NewRaw(`
		select turn, position, array(select jsonb_object_keys(content)) as columns from program_import_rows
		where import_id = ? and table_name = ? and outcome = 'waiting' and (turn, position) > (?, ?) order by turn, position limit ?`,
		id, table, after.Turn, after.Position, limit).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("read import rows: %w", err)
	}
	return rows, nil
}

// stagedRows reads waiting rows of a file as rows of their table, of the tenant who imports them, whatever
// tenant the file names, and as they may come back. The arguments are the import, the table, the positions and the tenant.
func stagedRows(t Table) string {
	return `staged as materialized (
			select r.position as import_position, p.*
			from program_import_rows r cross join jsonb_populate_record(null::` + quoted(t.Name) + `, r.content || jsonb_build_object('tenant_id', ?3::uuid)` + comesBackAs(t) + `) p
			where r.import_id = ?0 and r.table_name = ?1 and r.position in (?2) and r.outcome = 'waiting')`
}

// insertRows adds what nothing stands in the way of. Of rows of one key the first counts.
func insertRows(ctx context.Context, id uuid.UUID, t Table, columns []string, positions []int64) error {
	_, err := db.Tx(ctx).NewRaw(`
		with `+stagedRows(t)+`,
		inserted as (
			insert into `+quoted(t.Name)+` as here (tenant_id, `+list(columns)+`)
			select tenant_id, `+harmless(Table{Name: t.Name, Columns: columns})+` from staged order by import_position
			on conflict `+instead(t)+`
			returning `+list(t.Key)+`)
		update program_import_rows r set outcome = 'added'
		from (select distinct on (`+keyOf("staged", t)+`) import_position from staged join inserted here on `+sameKey(t)+` order by `+keyOf("staged", t)+`, import_position) i
		where r.import_id = ?0 and r.table_name = ?1 and r.position = i.import_position`,
		id, t.Name, bun.List(positions), tenancy.ID(ctx)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("add rows of %s: %w", t.Name, err)
	}
	return nil
}

// instead says what happens where a row is here already: nothing. Settings get what they do not
// say yet.
func instead(t Table) string {
	if t.Name != tableOfSettings {
		return `do nothing`
	}
	return `(tenant_id, key) do update set value = excluded.value || here.value, updated_at = excluded.updated_at
			where not jsonb_exists_all(here.value, array(select jsonb_object_keys(excluded.value)))`
}

// insertRow adds one row, or gives the error of what stands in its way.
func insertRow(ctx context.Context, id uuid.UUID, t Table, columns []string, position int64) error {
	_, err := db.Tx(ctx).NewRaw(`
		with `+stagedRows(t)+`
		insert into `+quoted(t.Name)+` (tenant_id, `+list(columns)+`)
		select tenant_id, `+harmless(Table{Name: t.Name, Columns: columns})+` from staged`,
		id, t.Name, bun.List([]int64{position}), tenancy.ID(ctx)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("add a row of %s: %w", t.Name, err)
	}
	return nil
}

// settleKnown settles rows whose key is here already: they are the same, or differ in some columns.
func settleKnown(ctx context.Context, id uuid.UUID, t Table, columns []string, positions []int64) error {
	_, err := db.Tx(ctx).NewRaw(`
		with `+stagedRows(t)+`
		update program_import_rows r set outcome = case when differing = '' then 'known' else 'refused' end,
			reason = case when differing <> '' then 'Differs from what is here: ' || differing || '.' end
		from (select import_position, coalesce(`+differences(t)+`, '') as differing
			from staged join `+quoted(t.Name)+` here on `+sameKey(t)+`) s
		where r.import_id = ?0 and r.table_name = ?1 and r.position = s.import_position and r.outcome = 'waiting'`,
		id, t.Name, bun.List(positions), tenancy.ID(ctx), bun.List(columns)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("compare rows of %s: %w", t.Name, err)
	}
	return nil
}

// sameKey is SQL for rows of one key. Of all keys only that of the clicks of a day may lack something:
// those by a coupon have no link.
func sameKey(t Table) string {
	same := make([]string, len(t.Key))
	for i, k := range t.Key {
		same[i] = `here.` + quoted(k) + ` = staged.` + quoted(k)
		if t.Name == tableOfClicks && k == "link_id" {
			same[i] = `here.link_id is not distinct from staged.link_id`
		}
	}
	return strings.Join(same, ` and `)
}

func keyOf(alias string, t Table) string {
	out := make([]string, len(t.Key))
	for i, k := range t.Key {
		out[i] = alias + `.` + quoted(k)
	}
	return strings.Join(out, `, `)
}

// refuseParts refuses rows whose whole, in the file, was refused.
func refuseParts(ctx context.Context, id uuid.UUID, r reference, positions []int64) error {
	_, err := db.Tx(ctx).NewRaw(`
		update program_import_rows r set outcome = 'refused', reason = ?4
		from program_import_rows p
		where r.import_id = ?0 and r.table_name = ?1 and r.position in (?2) and r.outcome = 'waiting'
			and p.import_id = ?0 and p.table_name = ?3 and p.outcome = 'refused' and `+joined(r, "r", "p"),
		id, r.Child, bun.List(positions), r.Parent, "The row of "+r.Parent+" that it is a part of was refused.").Exec(ctx)
	if err != nil {
		return fmt.Errorf("refuse parts of %s: %w", r.Parent, err)
	}
	return nil
}

// joined is SQL for rows of a file of which one refers to the other.
func joined(r reference, child, parent string) string {
	links := make([]string, len(r.Columns))
	for i, column := range r.Columns {
		links[i] = fmt.Sprintf(`%s.content ->> '%s' = %s.content ->> '%s'`, child, column, parent, r.Of[i])
	}
	return strings.Join(links, ` and `)
}

// differences is SQL for the names of what differs between a row of the file and the one here; null
// for nothing. Access is never restored to what it was, and sums are computed anew.
func differences(t Table) string {
	in, here := `to_jsonb(staged)`, `to_jsonb(here)`
	wanted := `f.key in (?4)`
	switch t.Name {
	case tableOfAdmins, tableOfClicks:
		return `null`
	case tableOfSettings:
		in, here, wanted = `staged.value`, `here.value`, `f.key !~ '`+secretNames+`'`
	}
	return `(select string_agg(f.key, ', ' order by f.key) from jsonb_each(` + in + `) f join jsonb_each(` + here + `) h on h.key = f.key
				where ` + wanted + ` and f.value is distinct from h.value)`
}

func waitingOf(ctx context.Context, id uuid.UUID, table string, positions []int64) (left []int64, err error) {
	err = db.Tx(ctx).NewRaw(`
		select position from program_import_rows
		where import_id = ? and table_name = ? and position in (?) and outcome = 'waiting' order by turn, position`, id, table, bun.List(positions)).Scan(ctx, &left)
	if err != nil {
		return nil, fmt.Errorf("read import rows: %w", err)
	}
	return left, nil
}

func refuse(ctx context.Context, id uuid.UUID, table string, position int64, reason string) error {
	return settle(ctx, id, table, position, outcomeRefused, &reason)
}

func settle(ctx context.Context, id uuid.UUID, table string, position int64, outcome string, reason *string) error {
	_, err := db.Tx(ctx).NewRaw(`
		update program_import_rows set outcome = ?, reason = ? where import_id = ? and table_name = ? and position = ?`,
		outcome, reason, id, table, position).Exec(ctx)
	if err != nil {
		return fmt.Errorf("settle an import row: %w", err)
	}
	return nil
}

// tellOutcomes counts what became of rows, and gives those that were refused.
func tellOutcomes(ctx context.Context, id uuid.UUID, table string, positions []int64) (map[string]int64, []Refusal, error) {
	var rows []struct {
		Refusal
		Outcome string
	}
	err := db.Tx(ctx).NewRaw(`
		select table_name as "table", position, content ->> 'id' as id, coalesce(reason, '') as reason, outcome
		from program_import_rows where import_id = ? and table_name = ? and position in (?) order by position`, id, table, bun.List(positions)).Scan(ctx, &rows)
	if err != nil {
		return nil, nil, fmt.Errorf("read import rows: %w", err)
	}
	counts, refused := map[string]int64{}, []Refusal(nil)
	for _, r := range rows {
		counts[r.Outcome]++
		if r.Outcome == outcomeRefused {
			refused = append(refused, r.Refusal)
		}
	}
	return counts, refused, nil
}

// restoreProgram gives the program the name in the file, and its logo when that has come back. Its
// address and its standing are the operator's.
func restoreProgram(ctx context.Context, id uuid.UUID) error {
	_, err := db.Tx(ctx).NewRaw(`
		update platform.tenants t set display_name = i.program ->> 'display_name',
			logo = coalesce(t.logo, (select left(i.program ->> 'logo', 16) from assets where kind = 'logo'))
		from program_imports i
		where t.id = ? and i.id = ?`, tenancy.ID(ctx), id).Exec(ctx)
	if err != nil {
		return fmt.Errorf("restore the program: %w", err)
	}
	return nil
}

// listDays gives the days whose figures change by what was added.
func listDays(ctx context.Context, id uuid.UUID) (days []time.Time, err error) {
	err = db.Tx(ctx).NewRaw(`
		select distinct (at::timestamptz at time zone 'UTC')::date as day from (
			select content ->> 'occurred_at' as at from program_import_rows
			where import_id = ?0 and table_name in ('events', 'clicks', 'commissions') and outcome = 'added'
			union all
			select content ->> 'day' || 'T00:00:00Z' from program_import_rows where import_id = ?0 and table_name = ?1 and outcome = 'added'
			union all
			select e.content ->> 'occurred_at' from program_import_rows d
			join program_import_rows e on e.import_id = d.import_id and e.table_name = 'events' and e.content ->> 'id' = d.content ->> 'event_id'
			where d.import_id = ?0 and d.table_name in ('decisions', 'attributions') and d.outcome = 'added' and e.outcome = 'known') as times
		order by 1`, id, tableOfClicks).Scan(ctx, &days)
	if err != nil {
		return nil, fmt.Errorf("list the days of an import: %w", err)
	}
	return days, nil
}
