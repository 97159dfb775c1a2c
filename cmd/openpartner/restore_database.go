package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"github.com/openpartner/openpartner/app/db"
)

// restorer is what the connections of a restore are called, after "openpartner ".
const restorer = "restore"

// mark is the table that says that a restore is not finished. It is no part of the schema: a backup of
// any version gets it in the same transaction as its rows.
const mark = "platform.unfinished_restore"

// errUnfinished keeps the program from serving half a restore.
var errUnfinished = errors.New("a restore of this database is not finished: run `openpartner restore FILE --replace` again")

// checkRestored refuses a database that bears the mark.
func checkRestored(ctx context.Context, pool *db.Pool) error {
	var unfinished bool
	if err := pool.Native().QueryRow(ctx, `select to_regclass('`+mark+`') is not null`).Scan(&unfinished); err != nil {
		return fmt.Errorf("look for an unfinished restore: %w", err)
	}
	if unfinished {
		return errUnfinished
	}
	return nil
}

func unmark(ctx context.Context) error {
	if _, err := db.Tx(ctx).NewRaw(`drop table ` + mark).Exec(ctx); err != nil {
		return fmt.Errorf("finish the restore: %w", err)
	}
	return nil
}

// others are the connections of this product, but those of the restore itself.
const others = `
	select string_agg(distinct application_name, ', ') from pg_stat_activity
	where datname = current_database() and application_name like 'openpartner%' and application_name <> 'openpartner ` + restorer + `'`

// othersConnected names who works with the database. Who has just left is given a moment.
func othersConnected(ctx context.Context, owner *db.Pool) (string, error) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for began := time.Now(); ; {
		var names *string
		if err := owner.Native().QueryRow(ctx, others).Scan(&names); err != nil {
			return "", fmt.Errorf("look who uses the database: %w", err)
		}
		if names == nil {
			return "", nil
		}
		if time.Since(began) > time.Second {
			return *names, nil
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-tick.C:
		}
	}
}

// holdsData names a table with rows that somebody may miss: of a program, of the operator's staff, or
// a second program. What a first start writes is none of these.
func holdsData(ctx context.Context, owner *db.Pool) (table string, err error) {
	err = owner.InTx(ctx, db.TxOptions{ReadOnly: true, Platform: true}, func(ctx context.Context) error {
		var names []string
		err := db.Tx(ctx).NewRaw(`
			select format('%I.%I', nspname, relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
			where c.relkind = 'r' and (nspname = 'public' and relname <> 'schema_migrations' or nspname = 'coordinator'
				or nspname = 'platform' and relname in ('tenants', 'platform_admins', 'unfinished_restore')) order by 1`).Scan(ctx, &names)
		if err != nil {
			return fmt.Errorf("list the tables: %w", err)
		}
		for _, name := range names {
			least := 0
			if name == "platform.tenants" {
				least = 1
			}
			var holds bool
			if err := db.Tx(ctx).NewRaw(`select exists (select from `+name+` offset ?)`, least).Scan(ctx, &holds); err != nil {
				return fmt.Errorf("look into %s: %w", name, err)
			}
			if holds {
				table = name
				return nil
			}
		}
		return nil
	})
	return table, err
}

// clearing opens the transaction of a restore and removes what is ours. Whoever holds a lock is not
// waited for.
const clearing = `
begin;
set local lock_timeout = '5s';
do $$
declare found record;
begin
	if not pg_try_advisory_xact_lock(hashtext('openpartner restore')) then
		raise exception 'another restore is under way';
	end if;
	for found in select format('%I.%I', 'public', relname) as name from pg_class c join pg_roles r on r.oid = c.relowner
		where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and r.rolname = current_user
	loop
		execute format('drop table if exists %s cascade', found.name);
	end loop;
	drop schema if exists coordinator cascade;
	drop schema if exists platform cascade;
end $$;
`

// closing counts the rows against the manifest, leaves the mark and commits, unless somebody has come
// meanwhile: who comes later finds the mark.
func closing(rows map[string]int64) (string, error) {
	var b strings.Builder
	b.WriteString("\nset row_security = on;\ndo $$\ndeclare expected record; n bigint;\nbegin\n\tfor expected in select * from (values ('', 0::bigint)")
	for _, name := range sortedKeys(rows) {
		if !tableName.MatchString(name) {
			return "", fmt.Errorf("the backup names a table %q", name)
		}
		fmt.Fprintf(&b, ", ('%s', %d)", name, rows[name])
	}
	b.WriteString(`) as v (name, rows) where name <> ''
	loop
		execute format('select count(*) from %s', expected.name) into n;
		if n <> expected.rows then
			raise exception '% came back with % rows of %', expected.name, n, expected.rows;
		end if;
	end loop;
	if exists (` + others + ` having count(*) > 0) then
		raise exception 'somebody has begun to use the database meanwhile';
	end if;
end $$;
create table ` + mark + ` (since timestamptz not null);
insert into ` + mark + ` values (now());
commit;
`)
	return b.String(), nil
}

var tableName = regexp.MustCompile(`^(public|platform|coordinator)\.[a-z_0-9]+$`)

// restore plays the dump in one transaction. Only a dump that pg_restore has read to its end is followed
// by the commit.
func (t pgTools) restore(ctx context.Context, dump io.Reader, rows map[string]int64) error {
	end, err := closing(rows)
	if err != nil {
		return err
	}
	from, said, err := t.command(ctx, false, "pg_restore", "--no-owner", "--file=-")
	if err != nil {
		return err
	}
	into, refused, err := t.command(ctx, true, "psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-")
	if err != nil {
		return err
	}
	from.Stdin = dump
	pipe, err := from.StdoutPipe()
	if err != nil {
		return err
	}
	if err := from.Start(); err != nil {
		return fmt.Errorf("pg_restore: %w", err)
	}
	script := &output{Reader: bufio.NewReader(pipe), of: from}
	into.Stdin = io.MultiReader(strings.NewReader(clearing), settingsFor(t.server, script.Reader), script, strings.NewReader(end))
	if err := into.Run(); err != nil {
		if failed := script.stop(); failed != nil {
			return complaint("pg_restore", failed, said)
		}
		return complaint("psql", err, refused)
	}
	return nil
}

// output is what a program prints. It ends only when the program has ended well.
type output struct {
	*bufio.Reader

	of    *exec.Cmd
	ended bool
	err   error
}

// Read is part of io.Reader.
func (o *output) Read(into []byte) (int, error) {
	n, err := o.Reader.Read(into)
	if !errors.Is(err, io.EOF) {
		return n, err
	}
	if !o.ended {
		o.ended, o.err = true, o.of.Wait()
	}
	if o.err != nil {
		return n, o.err
	}
	return n, io.EOF
}

// WriteTo would pass Read by.
func (o *output) WriteTo(to io.Writer) (int64, error) {
	return io.Copy(to, struct{ io.Reader }{o})
}

// stop ends a program that nobody reads any more, and gives the error that it ended with by itself.
func (o *output) stop() error {
	if !o.ended {
		_ = o.of.Process.Kill()
		_ = o.of.Wait()
	}
	return o.err
}

// settingsFor gives the settings at the head of a script, without the one that servers before
// PostgreSQL 17 don't know.
func settingsFor(server int, script *bufio.Reader) io.Reader {
	var head strings.Builder
	for {
		line, err := script.ReadString('\n')
		if server >= 17 || !strings.HasPrefix(line, "SET transaction_timeout") {
			head.WriteString(line)
		}
		if err != nil || strings.HasPrefix(line, "SET row_security") {
			return strings.NewReader(head.String())
		}
	}
}
