package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/openpartner/openpartner/app/backup"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/db/cluster"
	"github.com/openpartner/openpartner/app/db/migrate"
	"github.com/openpartner/openpartner/app/spool"
)

// backupDatabase is the command `backup`: database and click spool in one file, beside a running server.
// The encryption keys stay out of it.
func backupDatabase(ctx context.Context, p program, args []string) (err error) {
	flags := flag.NewFlagSet("backup", flag.ContinueOnError)
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return errors.New("name the file: openpartner backup FILE, or - for the standard output")
	}
	d, err := connectExisting(ctx, p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	to := flags.Arg(0)
	place := filepath.Dir(to)
	if to == "-" {
		place = p.cfg.Data
		if err := os.MkdirAll(place, 0o700); err != nil {
			return fmt.Errorf("make the data directory: %w", err)
		}
	}
	// Beside its end, where there has to be room anyway, and closed to others.
	dir, err := os.MkdirTemp(place, ".openpartner-backup-*")
	if err != nil {
		return fmt.Errorf("make room for the backup: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	m, err := collect(ctx, p, d, dir)
	if err != nil {
		return err
	}
	if to == "-" {
		return backup.Write(p.stdout, m, dir)
	}
	size, err := writeWhole(to, func(w io.Writer) error { return backup.Write(w, m, dir) })
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "%s: schema %d, %s of %s, %s.%s\n", to, m.Schema, count(sumOf(m.Tables), "row"), count(len(m.Tables), "table"),
		megabytes(size), keyReminder(m))
	return err
}

// connectExisting is connect for those who don't want a database made.
func connectExisting(ctx context.Context, p program) (*database, error) {
	if p.cfg.Database.Embedded() {
		found, err := cluster.Look(cluster.Options{Data: p.cfg.Data, PGBin: p.cfg.PGBin, Log: p.log})
		if err != nil {
			return nil, err
		}
		if !found.Made {
			return nil, fmt.Errorf("there is no database in %s", found.Directory)
		}
	}
	return connect(ctx, p)
}

// collect puts what belongs into a backup into a directory. The spool comes first: a click that is
// stored meanwhile is then in the database, too, and counts once all the same.
func collect(ctx context.Context, p program, d *database, dir string) (m backup.Manifest, err error) {
	if err := copySpool(filepath.Join(p.cfg.Data, "spool"), filepath.Join(dir, backup.Spool)); err != nil {
		return m, err
	}
	owner, err := db.Open(ctx, d.ownerURL, db.PoolOptions{MaxConns: 2, Name: "backup"})
	if err != nil {
		return m, err
	}
	defer owner.Close()
	schema, err := migrate.Look(ctx, owner)
	if err != nil {
		return m, err
	}
	if schema.Applied == 0 {
		return m, errors.New("the database was never migrated: there is nothing to back up")
	}
	m = backup.Manifest{Format: backup.Format, Version: version, Schema: schema.Applied, Taken: p.now().UTC().Truncate(time.Second)}
	if m.Keys, err = d.sealingKeys(ctx, p, schema); err != nil {
		return m, err
	}
	// Counts and dump see the same moment.
	err = owner.InTx(ctx, db.TxOptions{ReadOnly: true, Snapshot: true, Platform: true}, func(ctx context.Context) error {
		var snapshot string
		var server int
		err := db.Tx(ctx).NewRaw(`
			select set_config('idle_in_transaction_session_timeout', '0', true), set_config('statement_timeout', '0', true), pg_export_snapshot(), current_setting('server_version'), current_setting('server_version_num')::int / 10000`).
			Scan(ctx, new(string), new(string), &snapshot, &m.PostgreSQL, &server)
		if err != nil {
			return fmt.Errorf("begin the backup: %w", err)
		}
		if m.Tables, err = countRows(ctx); err != nil {
			return err
		}
		tools := pgTools{bin: p.cfg.PGBin, server: server, name: "openpartner backup", owner: d.ownerURL}
		return tools.dump(db.Detach(ctx), snapshot, filepath.Join(dir, backup.Dump))
	})
	return m, err
}

// salts stay out: they are destroyed after two days, so that nobody can tell whose address a hash was,
// and a backup would keep them for ever.
const salts = "platform.daily_salts"

// dump leaves out salts, and what a crash would lose as well.
func (t pgTools) dump(ctx context.Context, snapshot, file string) error {
	cmd, said, err := t.command(ctx, true, "pg_dump", "--format=custom", "--enable-row-security", "--no-unlogged-table-data",
		"--exclude-table-data="+salts, "--snapshot="+snapshot, "--file="+file)
	if err != nil {
		return err
	}
	if err := cmd.Run(); err != nil {
		return complaint("pg_dump", err, said)
	}
	return nil
}

// countRows counts what is dumped, table by table.
func countRows(ctx context.Context) (map[string]int64, error) {
	var names []string
	err := db.Tx(ctx).NewRaw(`
		select format('%I.%I', nspname, relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where c.relkind = 'r' and c.relpersistence = 'p' and nspname in ('public', 'platform', 'coordinator') and nspname || '.' || relname <> ? order by 1`, salts).Scan(ctx, &names)
	if err != nil {
		return nil, fmt.Errorf("list the tables: %w", err)
	}
	rows := map[string]int64{}
	for _, name := range names {
		var n int64
		if err := db.Tx(ctx).NewRaw(`select count(*) from `+name).Scan(ctx, &n); err != nil {
			return nil, fmt.Errorf("count %s: %w", name, err)
		}
		rows[name] = n
	}
	return rows, nil
}

// sealingKeys are the fingerprints of the keys that open what is sealed: a key's id alone does not tell
// it from another of that id. Where an older schema can't be asked, they are all keys at hand.
func (d *database) sealingKeys(ctx context.Context, p program, schema migrate.Versions) (map[string]string, error) {
	ring, err := readKeyring(p)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]string{}, nil // nothing was ever sealed
	}
	if err != nil {
		return nil, err
	}
	var sealed map[string]int
	err = d.acrossTenants(ctx, func(ctx context.Context) (err error) {
		sealed, err = countSealed(ctx)
		return err
	})
	if err != nil && schema.Applied != schema.Known {
		return ring.Fingerprints(), nil
	}
	if err != nil {
		return nil, err
	}
	keys := map[string]string{}
	for id := range sealed {
		keys[id] = ring.Fingerprints()[id]
	}
	return keys, nil
}

// copySpool copies what waits on the disk; what goes meanwhile is in the database by then.
func copySpool(root, to string) error {
	files, err := spool.Files(root)
	if err != nil {
		return err
	}
	for _, f := range files {
		from, err := os.Open(filepath.Join(root, filepath.FromSlash(f.Name)))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("copy the spool: %w", err)
		}
		if err := errors.Join(copyTo(filepath.Join(to, filepath.FromSlash(f.Name)), from), from.Close()); err != nil {
			return fmt.Errorf("copy the spool: %w", err)
		}
	}
	return nil
}

func copyTo(path string, from io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	return errors.Join(err, f.Close())
}

// writeWhole writes a file that gets its name only when it is on the disk from end to end.
func writeWhole(path string, write func(io.Writer) error) (size int64, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".openpartner-backup-*") // closed to others
	if err != nil {
		return 0, fmt.Errorf("write the backup: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	if err := errors.Join(write(f), f.Sync()); err != nil {
		return 0, errors.Join(fmt.Errorf("write the backup: %w", err), f.Close())
	}
	info, err := f.Stat()
	if err := errors.Join(err, f.Close()); err != nil {
		return 0, fmt.Errorf("write the backup: %w", err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return 0, fmt.Errorf("name the backup: %w", err)
	}
	return info.Size(), nil
}

func sumOf(rows map[string]int64) (sum int) {
	for _, n := range rows {
		sum += int(n)
	}
	return sum
}

func megabytes(size int64) string { return fmt.Sprintf("%.1f MB", float64(size)/(1<<20)) }

// keyReminder names the keys without which some of it can't be read.
func keyReminder(m backup.Manifest) string {
	if len(m.Keys) == 0 {
		return ""
	}
	return " Keep the encryption key elsewhere, too: " + strings.Join(sortedKeys(m.Keys), ", ") + "."
}
