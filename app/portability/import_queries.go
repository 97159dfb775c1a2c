package portability

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/tenancy"
)

func insertImport(ctx context.Context, id uuid.UUID, h head, at time.Time) error {
	own, err := json.Marshal(h.Program)
	if err != nil {
		return fmt.Errorf("encode the program: %w", err)
	}
	_, err = db.Tx(ctx).NewRaw(`insert into program_imports (tenant_id, id, program, exported_at, created_at) values (?, ?, ?, ?, ?)`,
		tenancy.ID(ctx), id, string(own), h.ExportedAt, at).Exec(ctx)
	if err != nil {
		return fmt.Errorf("insert import: %w", err)
	}
	return nil
}

// stage writes down rows of a file. One that the database can't hold is refused at once.
func stage(ctx context.Context, id uuid.UUID, rows []staged) error {
	if len(rows) == 0 {
		return nil
	}
	err := db.Run(ctx, func(ctx context.Context) error { return insertStaged(ctx, id, rows) })
	reason, refused := work{}.reason(err)
	switch {
	case !refused:
		return err
	case len(rows) == 1:
		return insertUnfit(ctx, id, rows[0], reason)
	}
	half := len(rows) / 2
	if err := stage(ctx, id, rows[:half]); err != nil {
		return err
	}
	return stage(ctx, id, rows[half:])
}

func insertStaged(ctx context.Context, id uuid.UUID, rows []staged) error {
	tables, positions, contents := make([]string, len(rows)), make([]int64, len(rows)), make([]string, len(rows))
	for i, r := range rows {
		tables[i], positions[i], contents[i] = r.table, r.position, r.content
	}
	err := db.Hot(ctx, `
		insert into program_import_rows (tenant_id, import_id, table_name, position, content)
		select $1::uuid, $2::uuid, r.table_name, r.position, r.content::jsonb
		from unnest($3::text[], $4::bigint[], $5::text[]) as r (table_name, position, content)`,
		tenancy.ID(ctx), id, tables, positions, contents).Exec(ctx)
	if err != nil {
		return fmt.Errorf("insert import rows: %w", err)
	}
	return nil
}

func insertUnfit(ctx context.Context, id uuid.UUID, r staged, reason string) error {
	_, err := db.Tx(ctx).NewRaw(`
		insert into program_import_rows (tenant_id, import_id, table_name, position, outcome, reason) values (?, ?, ?, ?, 'refused', ?)`,
		tenancy.ID(ctx), id, r.table, r.position, reason).Exec(ctx)
	if err != nil {
		return fmt.Errorf("insert import row: %w", err)
	}
	return nil
}

func closeImport(ctx context.Context, id uuid.UUID, counts map[string]int64) error {
	manifest, err := json.Marshal(counts)
	if err != nil {
		return fmt.Errorf("encode the manifest: %w", err)
	}
	// The order follows in the same transaction; until then no job has this id.
	if _, err := db.Tx(ctx).NewRaw(`update program_imports set manifest = ?, job_id = id where id = ?`, string(manifest), id).Exec(ctx); err != nil {
		return fmt.Errorf("close import: %w", err)
	}
	return nil
}

// orderRows gives rows that refer to others of their table a later turn than these.
func orderRows(ctx context.Context, id uuid.UUID, r reference) error {
	_, err := db.Tx(ctx).NewRaw(`
		with recursive referring as materialized (
			select position, `+members(r.Of)+` as own, `+members(r.Columns)+` as other from program_import_rows
			where import_id = ?0 and table_name = ?1 and content ->> ?2 is not null),
		line as (
			select position, own, 1 as turn from referring
			union all
			select c.position, c.own, p.turn + 1 from referring c join line p on c.other = p.own where p.turn < ?3)
		update program_import_rows r set turn = l.turn
		from (select position, max(turn) as turn from line group by position) l
		where r.import_id = ?0 and r.table_name = ?1 and r.position = l.position`, id, r.Child, r.Columns[0], longestLine).Exec(ctx)
	if err != nil {
		return fmt.Errorf("order the rows of %s: %w", r.Child, err)
	}
	return nil
}

// members is SQL for some values of a row of a file.
func members(columns []string) string {
	out := make([]string, len(columns))
	for i, column := range columns {
		out[i] = `content ->> '` + column + `'`
	}
	return `array[` + strings.Join(out, `, `) + `]`
}

// longestLine is how many rows may refer to one another in a row; what goes on is a circle.
const longestLine = 20

func deleteImport(ctx context.Context, id uuid.UUID) error {
	if _, err := db.Tx(ctx).NewRaw(`delete from program_imports where id = ?`, id).Exec(ctx); err != nil {
		return fmt.Errorf("delete import: %w", err)
	}
	return nil
}

// dropImports deletes all but the last files, and those that are worked on.
func dropImports(ctx context.Context, keep int) error {
	_, err := db.Tx(ctx).NewRaw(`
		delete from program_imports i where job_id is not null
			and id not in (select id from program_imports where job_id is not null order by created_at desc, id desc limit ?)
			and not exists (select from platform.jobs j where j.id = i.job_id and j.status in ('pending', 'running'))`, keep).Exec(ctx)
	if err != nil {
		return fmt.Errorf("drop old imports: %w", err)
	}
	return nil
}

const importColumns = `id, program ->> 'display_name' as name, exported_at, job_id, created_at`

func findImport(ctx context.Context, id uuid.UUID, lock bool) (Import, error) {
	query := `select ` + importColumns + ` from program_imports where id = ? and job_id is not null`
	if lock {
		query += ` for update`
	}
	var i Import
	err := db.Tx(ctx).NewRaw(query, id).Scan(ctx, &i)
	if errors.Is(err, sql.ErrNoRows) {
		return Import{}, fault.NotFound("import")
	}
	if err != nil {
		return Import{}, fmt.Errorf("find import: %w", err)
	}
	return i, nil
}

func listImports(ctx context.Context) (found []Import, err error) {
	err = db.Tx(ctx).NewRaw(`select `+importColumns+` from program_imports where job_id is not null order by created_at desc, id desc limit 10`).Scan(ctx, &found)
	if err != nil {
		return nil, fmt.Errorf("list imports: %w", err)
	}
	return found, nil
}

// beginAnew has all rows wait but those that are here by this file already, and those that no
// repeat would help.
func beginAnew(ctx context.Context, i Import) error {
	if _, err := db.Tx(ctx).NewRaw(`update program_imports set job_id = ? where id = ?`, i.JobID, i.ID).Exec(ctx); err != nil {
		return fmt.Errorf("order import: %w", err)
	}
	_, err := db.Tx(ctx).NewRaw(`
		update program_import_rows set outcome = 'waiting', reason = null
		where import_id = ? and outcome in ('known', 'refused') and content is not null`, i.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("begin import: %w", err)
	}
	return nil
}

func findManifest(ctx context.Context, id uuid.UUID) (map[string]int64, error) {
	var text []byte
	if err := db.Tx(ctx).NewRaw(`select manifest from program_imports where id = ?`, id).Scan(ctx, &text); err != nil {
		return nil, fmt.Errorf("find the manifest: %w", err)
	}
	manifest := map[string]int64{}
	if err := json.Unmarshal(text, &manifest); err != nil {
		return nil, fmt.Errorf("read the manifest: %w", err)
	}
	return manifest, nil
}

// countSettled counts the rows that do not wait, by table and outcome.
func countSettled(ctx context.Context, id uuid.UUID) (map[string]map[string]int64, error) {
	var rows []struct {
		TableName, Outcome string
		N                  int64
	}
	err := db.Tx(ctx).NewRaw(`
		select table_name, outcome, count(*) as n from program_import_rows where import_id = ? and outcome <> 'waiting' group by 1, 2`, id).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("count import rows: %w", err)
	}
	out := map[string]map[string]int64{}
	for _, r := range rows {
		if out[r.TableName] == nil {
			out[r.TableName] = map[string]int64{}
		}
		out[r.TableName][r.Outcome] = r.N
	}
	return out, nil
}

func listRefusals(ctx context.Context, id uuid.UUID, after Refusal, limit int) (found []Refusal, err error) {
	err = db.Tx(ctx).NewRaw(`
		select table_name as "table", position, content ->> 'id' as id, coalesce(reason, '') as reason
		from program_import_rows
		where import_id = ?0 and outcome = 'refused' and (table_name, position) > (?1, ?2)
		order by table_name, position limit ?3`, id, after.Table, after.Position, limit).Scan(ctx, &found)
	if err != nil {
		return nil, fmt.Errorf("list refused rows: %w", err)
	}
	return found, nil
}

// findPicture reads the bytes of a picture; none when they are not written as bytes are.
func findPicture(ctx context.Context, id uuid.UUID, position int64) ([]byte, error) {
	var text sql.Null[string]
	err := db.Tx(ctx).NewRaw(`
		select content ->> 'bytes' from program_import_rows where import_id = ? and table_name = ? and position = ?`, id, tableOfPictures, position).Scan(ctx, &text)
	if err != nil {
		return nil, fmt.Errorf("read a picture: %w", err)
	}
	picture, _ := hex.DecodeString(strings.TrimPrefix(text.V, `\x`))
	return picture, nil
}
