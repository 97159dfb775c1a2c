package portability

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
)

// staying are the tables that do not go out: what lets people in, and what is of use to this
// deployment alone, for some days. (Jobs, rate limits and salts are the platform's, in a schema of
// its own.)
func staying() []string {
	return []string{"sessions", "magic_links", "idempotency_keys", "recent_clicks", "program_imports", "program_import_rows"}
}

// secretNames end the names of columns, and of members of settings, that never leave.
const secretNames = `(_ciphertext|_sealed|token_hash|key_hash)$`

// listTables reads from the catalog which tables are a program's: those that isolate tenants.
func listTables(ctx context.Context) ([]Table, error) {
	var rows []struct {
		Name, About  string
		Columns, Key []string `bun:",array"`
	}
	err := db.Tx(ctx).NewRaw(`
		select c.relname as name, coalesce(obj_description(c.oid, 'pg_class'), '') as about,
			array_agg(a.attname::text order by a.attnum) as columns,
			(select array_agg(k.attname::text order by array_position(i.indkey::int2[], k.attnum))
				from (select * from pg_index where indrelid = c.oid and indisunique and indpred is null order by indisprimary desc, indexrelid limit 1) as i
					join pg_attribute k on k.attrelid = i.indrelid and k.attnum = any (i.indkey)) as key
		from pg_policy p
			join pg_class c on c.oid = p.polrelid
			join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attname !~ ?
		where p.polname = 'tenant_isolation' and c.relnamespace = 'public'::regnamespace and c.relname not in (?)
		group by c.oid, c.relname
		order by c.relname`, secretNames, bun.List(staying())).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("list the tables of a program: %w", err)
	}
	tables := make([]Table, len(rows))
	for i, r := range rows {
		tables[i] = Table{r.Name, r.About, r.Columns, r.Key}
	}
	return tables, nil
}

// findTable finds one that goes out by its name.
func findTable(ctx context.Context, name string) (Table, error) {
	tables, err := listTables(ctx)
	if err != nil {
		return Table{}, err
	}
	i := slices.IndexFunc(tables, func(t Table) bool { return t.Name == name })
	if i < 0 {
		return Table{}, fault.NotFound("table")
	}
	return tables[i], nil
}

// countUpTo counts each table as far as the limit.
func countUpTo(ctx context.Context, tables []Table, limit int) (map[string]int, error) {
	counts := make([]string, len(tables))
	for i, t := range tables {
		counts[i] = fmt.Sprintf(`select '%s' as name, (select count(*) from (select from %s limit %d) as counted) as n`, t.Name, quoted(t.Name), limit)
	}
	var rows []struct {
		Name string
		N    int
	}
	if err := db.Tx(ctx).NewRaw(strings.Join(counts, "\nunion all ")).Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("count the rows of a program: %w", err)
	}
	out := map[string]int{}
	for _, r := range rows {
		out[r.Name] = r.N
	}
	return out, nil
}

// findProgram gives the program's own row as JSON.
func findProgram(ctx context.Context) (string, error) {
	var row string
	err := inUTC(ctx)
	if err == nil {
		err = db.Tx(ctx).NewRaw(`select row_to_json(t)::text from platform.tenants t where id = platform.current_tenant()`).Scan(ctx, &row)
	}
	if err != nil {
		return "", fmt.Errorf("find the program: %w", err)
	}
	return row, nil
}

// addUp gives the sums of a table's amounts by currency, as a JSON object.
func addUp(ctx context.Context, t Table) (json.RawMessage, error) {
	var sums string
	err := db.Tx(ctx).NewRaw(`
		select coalesce(json_object_agg(currency, total order by currency), '{}')::text
		from (select currency, sum(amount) as total from `+quoted(t.Name)+` where amount is not null group by currency) as totals`).Scan(ctx, &sums)
	if err != nil {
		return nil, fmt.Errorf("add up %s: %w", t.Name, err)
	}
	return json.RawMessage(sums), nil
}

// eachRow visits the rows of a table as JSON objects.
func eachRow(ctx context.Context, t Table, visit func(row string) error) error {
	return each(ctx, t, `row_to_json(r)::text`, func(rows *sql.Rows) error {
		var row string
		if err := rows.Scan(&row); err != nil {
			return err
		}
		return visit(row)
	})
}

// eachCells visits the rows of a table as texts, column by column.
func eachCells(ctx context.Context, t Table, visit func(cells []sql.Null[string]) error) error {
	texts, cells, into := make([]string, len(t.Columns)), make([]sql.Null[string], len(t.Columns)), make([]any, len(t.Columns))
	for i, column := range t.Columns {
		texts[i] = `to_jsonb(r.` + quoted(column) + `) #>> '{}'` // the same text that stands in the JSON
		into[i] = &cells[i]
	}
	return each(ctx, t, strings.Join(texts, ", "), func(rows *sql.Rows) error {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		return visit(cells)
	})
}

// each visits the rows of a table one by one, as they come from the database; it never holds more
// than one of them.
func each(ctx context.Context, t Table, as string, visit func(rows *sql.Rows) error) (err error) {
	if err := inUTC(ctx); err != nil {
		return err
	}
	rows, err := db.Tx(ctx).QueryContext(ctx, `select `+as+` from (select `+harmless(t)+` from `+quoted(t.Name)+` order by `+list(t.Key)+`) as r`)
	if err != nil {
		return fmt.Errorf("read %s: %w", t.Name, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := visit(rows); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read %s: %w", t.Name, err)
	}
	return nil
}

// harmless lists the columns of a table for a select; settings leave their sealed members behind.
func harmless(t Table) string {
	if t.Name != "config" {
		return list(t.Columns)
	}
	open := `value - array(select name from jsonb_object_keys(value) as name where name ~ '` + secretNames + `') as value`
	return strings.Replace(list(t.Columns), quoted("value"), open, 1)
}

func list(columns []string) string {
	out := make([]string, len(columns))
	for i, column := range columns {
		out[i] = quoted(column)
	}
	return strings.Join(out, ", ")
}

func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }

// inUTC has the database write times in UTC until the transaction ends.
func inUTC(ctx context.Context) error {
	if _, err := db.Tx(ctx).NewRaw(`select set_config('TimeZone', 'UTC', true)`).Exec(ctx); err != nil {
		return fmt.Errorf("write times in UTC: %w", err)
	}
	return nil
}
