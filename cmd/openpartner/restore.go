package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/openpartner/openpartner/app/backup"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/db/migrate"
	"github.com/openpartner/openpartner/app/hold"
	"github.com/openpartner/openpartner/app/spool"
)

// restoration is one run of the command `restore`.
type restoration struct {
	program
	*database

	file       *backup.File
	replace    bool // what the database holds
	withoutKey bool // secrets that no key at hand opens are accepted
}

// restoreBackup puts a backup in the place of an empty database, or of what the database holds. The
// rows come in one transaction that leaves a mark; while the mark is there nothing serves. It goes when
// the schema is this program's and money is held back.
func restoreBackup(ctx context.Context, p program, args []string) (err error) {
	r := restoration{program: p}
	flags := flag.NewFlagSet("restore", flag.ContinueOnError)
	flags.BoolVar(&r.replace, "replace", false, "delete what the database holds")
	flags.BoolVar(&r.withoutKey, "without-key", false, "restore although sealed secrets will stay closed")
	path, err := fileAndFlags(flags, args)
	if err != nil {
		return err
	}
	if r.file, err = backup.Open(path); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.file.Close()) }()
	if err := r.fits(); err != nil {
		return err
	}
	if r.database, err = connect(ctx, p); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	draft, err := r.draftSpool()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, draft.Discard()) }()
	if err := r.load(ctx); err != nil {
		return fmt.Errorf("nothing was changed: %w", err)
	}
	if err := r.finish(ctx, draft); err != nil {
		return fmt.Errorf("the restore is not finished, and nothing serves until it is; run it again with --replace: %w", err)
	}
	_, err = fmt.Fprintf(p.stdout, afterRestore, r.file.Taken.Format(time.RFC3339), count(sumOf(r.file.Tables), "row"))
	return err
}

const afterRestore = `Restored the backup of %s: %s. Money is held back.

Next:
  openpartner doctor          what else this machine needs
  openpartner verify-ledger   whether the books agree with themselves
  openpartner serve           what was revoked or changed after the backup is as it was: look at admins and keys
  openpartner hold off        compares the ledger with what Stripe paid since the backup, and lets money move when they agree
`

// fileAndFlags reads the one argument, on whichever side of the flags it stands.
func fileAndFlags(flags *flag.FlagSet, args []string) (string, error) {
	if err := flags.Parse(args); err != nil {
		return "", err
	}
	path := flags.Arg(0)
	if flags.NArg() > 1 {
		if err := flags.Parse(flags.Args()[1:]); err != nil {
			return "", err
		}
		if flags.NArg() > 0 {
			path = ""
		}
	}
	if path == "" {
		return "", fmt.Errorf("name one file: openpartner %s FILE", flags.Name())
	}
	return path, nil
}

// fits says whether this program and its keys can work with the backup.
func (r *restoration) fits() error {
	if known := migrate.Latest(); r.file.Schema > known {
		return fmt.Errorf("the backup has the schema %d and this program knows %d: use the version %s that made it, or a newer one",
			r.file.Schema, known, r.file.Version)
	}
	if len(r.file.Keys) == 0 || r.withoutKey {
		return nil
	}
	ring, err := readKeyring(r.program)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	have := map[string]string{}
	if err == nil {
		have = ring.Fingerprints()
	}
	var lacking []string
	for _, id := range sortedKeys(r.file.Keys) {
		if have[id] == "" || (r.file.Keys[id] != "" && have[id] != r.file.Keys[id]) {
			lacking = append(lacking, id)
		}
	}
	if len(lacking) == 0 {
		return nil
	}
	return fmt.Errorf("secrets in the backup are sealed with the encryption key %s, which is not at hand (another one of that id does not open them): "+
		"set SECRETS_ENCRYPTION_KEY or put it into %s; or give --without-key, and set mail passwords and webhooks anew", strings.Join(lacking, ", "), keyFile(r.cfg))
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// draftSpool brings the clicks of the backup to the disk, where nobody replays them yet.
func (r *restoration) draftSpool() (*spool.Draft, error) {
	draft := spool.NewDraft(filepath.Join(r.cfg.Data, "spool"), r.now())
	for _, name := range r.file.Names {
		below, waits := strings.CutPrefix(name, backup.Spool)
		if !waits {
			continue
		}
		content, err := r.file.Member(name)
		if err == nil {
			err = draft.Add(below, content)
		}
		if err != nil {
			return nil, errors.Join(err, draft.Discard())
		}
	}
	return draft, nil
}

// load replaces the database's contents, all or nothing.
func (r *restoration) load(ctx context.Context) error {
	if err := migrate.Roles(ctx, r.ownerURL, r.passwords(r.program)); err != nil {
		return err
	}
	owner, err := db.Open(ctx, r.ownerURL, db.PoolOptions{MaxConns: 1, Name: restorer})
	if err != nil {
		return err
	}
	defer owner.Close()
	if err := r.mayReplace(ctx, owner); err != nil {
		return err
	}
	var server int
	if err := owner.Native().QueryRow(ctx, `select current_setting('server_version_num')::int / 10000`).Scan(&server); err != nil {
		return fmt.Errorf("ask the server for its version: %w", err)
	}
	tools := pgTools{bin: r.cfg.PGBin, server: server, name: "openpartner " + restorer, owner: r.ownerURL}
	dump, err := r.file.Member(backup.Dump)
	if err != nil {
		return err
	}
	return tools.restore(ctx, dump, r.file.Tables)
}

// mayReplace refuses while somebody works with the database, and where data would be lost.
func (r *restoration) mayReplace(ctx context.Context, owner *db.Pool) error {
	others, err := othersConnected(ctx, owner)
	if err != nil {
		return err
	}
	if others != "" {
		return fmt.Errorf("the database is in use by %s: stop the server first, and a pooler that keeps its connections", others)
	}
	holds, err := holdsData(ctx, owner)
	if err != nil {
		return err
	}
	if holds != "" && !r.replace {
		return fmt.Errorf("the database holds data already, in %s: --replace deletes all of it", holds)
	}
	return nil
}

// finish makes the restored database this program's, gives the clicks back and holds money, and only
// then takes the mark away.
func (r *restoration) finish(ctx context.Context, draft *spool.Draft) error {
	if err := r.migrate(ctx, r.program); err != nil {
		return err
	}
	if err := draft.Keep(); err != nil {
		return err
	}
	owner, err := db.Open(ctx, r.ownerURL, db.PoolOptions{MaxConns: 1, Name: restorer})
	if err != nil {
		return err
	}
	defer owner.Close()
	// Until statistics are there the server plans as if all tables were empty.
	if _, err := owner.Native().Exec(ctx, `analyze`); err != nil {
		return fmt.Errorf("gather statistics: %w", err)
	}
	return owner.InTx(ctx, db.TxOptions{Platform: true}, func(ctx context.Context) error {
		if err := hold.AfterRestore(ctx, r.file.Taken, whoRuns()); err != nil {
			return err
		}
		return unmark(ctx)
	})
}
