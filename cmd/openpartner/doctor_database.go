package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/db/cluster"
	"github.com/openpartner/openpartner/app/db/migrate"
)

// schema compares the database with this binary. Without any schema there is nothing more to
// ask. An embedded database that is behind is no defect: serve migrates it.
func (x *examination) schema(ctx context.Context, owner *db.Pool) (made bool) {
	v, err := migrate.Look(ctx, owner)
	if err != nil {
		x.defect("schema", err)
		return false
	}
	err = v.Fit()
	switch {
	case errors.Is(err, migrate.ErrBehind) && x.cfg.Database.Embedded():
		x.warn("schema", "version %d of %d; `openpartner serve` migrates it", v.Applied, v.Known)
	case v.Applied == 0:
		x.defect("schema", errors.New("the database was never migrated: run `openpartner migrate`"))
	case err != nil:
		x.defect("schema", fmt.Errorf("version %d, this program has %d: %w", v.Applied, v.Known, err))
	default:
		x.ok("schema", "version %d, this program has %d", v.Applied, v.Known)
	}
	if err := checkRestored(ctx, owner); err != nil {
		x.defect("schema", err)
	}
	return v.Applied > 0
}

// roles holds the two roles against what row-level security needs, and says what they are.
func (x *examination) roles(ctx context.Context, d *database, owner *db.Pool) {
	ownLogin := x.cfg.Database.Embedded() || x.cfg.Database.AppURL != ""
	for _, r := range []struct {
		name string
		pool *db.Pool
	}{{migrate.RoleApp, d.app}, {migrate.RoleSystem, d.system}} {
		if err := r.pool.CheckRole(ctx, r.name, ownLogin); err != nil {
			x.defect("role", err)
			continue
		}
		var flags string
		err := owner.Native().QueryRow(ctx, `
			select concat_ws(', ', case when rolcanlogin then 'login' else 'no login' end,
				case when rolsuper then 'superuser' else 'no superuser' end,
				case when rolbypassrls then 'bypassrls' else 'no bypassrls' end)
			from pg_roles where rolname = $1`, r.name).Scan(&flags)
		if err != nil {
			x.defect("role", fmt.Errorf("look at %s: %w", r.name, err))
			continue
		}
		x.ok("role", "%s: %s, owns nothing", r.name, flags)
		x.timeouts(ctx, r.name, r.pool)
	}
	x.owner(ctx, owner)
}

// timeouts checks that the server ends what a role's connections would hold for ever.
func (x *examination) timeouts(ctx context.Context, role string, pool *db.Pool) {
	missing, err := pool.TimeoutsMissing(ctx)
	switch {
	case err != nil:
		x.defect("role", err)
	case len(missing) > 0:
		x.warn("role", "%s has no %s: run `openpartner migrate`, or set it by `alter role`", role, strings.Join(missing, ", no "))
	}
}

// owner checks that migrations and backups see rows: under FORCE the owner is blind but for its
// membership.
func (x *examination) owner(ctx context.Context, owner *db.Pool) {
	var name string
	var super, creates, member bool
	err := owner.Native().QueryRow(ctx, `
		select rolname, rolsuper, rolcreaterole, pg_has_role(oid, $1, 'usage')
		from pg_roles where rolname = current_user`, migrate.RoleSystem).Scan(&name, &super, &creates, &member)
	switch {
	case err != nil:
		x.defect("role", fmt.Errorf("look at the owner: %w", err))
	case !member:
		x.defect("role", fmt.Errorf("the owner %s is no member of %s: migrations and backups would see no rows; run `openpartner migrate`", name, migrate.RoleSystem))
	case super:
		x.warn("role", "the owner %s is a superuser; CREATEROLE and its own database would do", name)
	case !creates:
		x.warn("role", "the owner %s lacks CREATEROLE and can't set the logins' passwords", name)
	default:
		x.ok("role", "%s: owner, createrole, no superuser, sees rows as a member of %s", name, migrate.RoleSystem)
	}
}

// catalog holds tables, policies and constraints against what keeps tenants apart.
func (x *examination) catalog(ctx context.Context, owner *db.Pool) {
	breaches, err := owner.Lint(ctx)
	if err != nil {
		x.defect("catalog", err)
		return
	}
	for _, b := range breaches {
		x.defect("catalog", errors.New(b))
	}
	if len(breaches) == 0 {
		x.ok("catalog", "every tenant table forces row-level security and has exactly its two policies")
	}
}

// secrets looks for sealed texts whose key is not at hand, as after a restore without it, and says
// how many still need a key that no longer seals.
func (x *examination) secrets(ctx context.Context, d *database) {
	ring, err := readKeyring(x.program)
	if err != nil {
		return // reported before
	}
	var sealed map[string]int
	err = d.acrossTenants(ctx, func(ctx context.Context) (err error) {
		sealed, err = countSealed(ctx)
		return err
	})
	if err != nil {
		x.defect("secrets", err)
		return
	}
	fine := true
	for _, id := range slices.Sorted(maps.Keys(sealed)) {
		switch {
		case !ring.Holds(id):
			x.defect("secrets", fmt.Errorf("%s sealed with the encryption key %s, which is not at hand", count(sealed[id], "secret"), id))
		case id != ring.First():
			x.warn("secrets", "%s still sealed with the key %s: run `openpartner rotate-secrets` before you drop it", count(sealed[id], "secret"), id)
		default:
			continue
		}
		fine = false
	}
	if fine {
		x.ok("secrets", "%s, all sealed with the first key, %s", count(sealed[ring.First()], "secret"), ring.First())
	}
}

// transports counts the programs whose mails wait because nobody takes them.
func (x *examination) transports(ctx context.Context, d *database) {
	if x.cfg.Mail.SMTPURL != "" || x.cfg.Development() {
		return
	}
	var without int
	err := d.acrossTenants(ctx, func(ctx context.Context) error {
		return db.Tx(ctx).NewRaw(`
			select count(*) from platform.tenants t
			where status = 'active' and not exists (
				select from config c where c.tenant_id = t.id and c.key = 'mail' and c.value->>'transport' in ('smtp', 'postmark'))`).
			Scan(ctx, &without)
	})
	switch {
	case err != nil:
		x.defect("mail", fmt.Errorf("count programs without mail: %w", err))
	case without > 0:
		x.warn("mail", "%s without a mail server: set SMTP_URL, or one under Settings, Mail", count(without, "program"))
	default:
		x.ok("mail", "every program has a mail server of its own")
	}
}

// longWait is when somebody should have been there to do the work.
const longWait = 10 * time.Minute

// jobs says how much waits and since when, and what was given up.
func (x *examination) jobs(ctx context.Context, d *database) {
	depth, err := d.measure(ctx)
	waiting, oldest := depth.Pending+depth.Running, depth.Oldest.Round(time.Second)
	switch {
	case err != nil:
		x.defect("jobs", err)
		return
	case depth.Dead > 0:
		x.warn("jobs", "%d waiting, the oldest due one for %s; %d given up: look at Jobs in the admin, or in the console", waiting, oldest, depth.Dead)
	case depth.Oldest > longWait:
		x.warn("jobs", "%d waiting, the oldest due one for %s: does `openpartner serve` run?", waiting, oldest)
	default:
		x.ok("jobs", "%d waiting, none given up", waiting)
	}
	x.future(ctx, d)
}

// future looks for jobs that were written later than now, which only a clock that was put back explains:
// leases and due times are wrong since.
func (x *examination) future(ctx context.Context, d *database) {
	var seconds float64
	err := d.acrossTenants(ctx, func(ctx context.Context) error {
		return db.Tx(ctx).NewRaw(`select coalesce(extract(epoch from max(created_at) - clock_timestamp()), 0) from platform.jobs`).Scan(ctx, &seconds)
	})
	ahead := time.Duration(seconds * float64(time.Second)).Round(time.Second)
	switch {
	case err != nil:
		x.defect("clock", err)
	case judgeClock(max(ahead, 0), 0) != fine:
		x.defect("clock", fmt.Errorf("the database's clock ran backwards: a job was written %s from now; run `openpartner hold on` until it has caught up", ahead))
	}
}

// hold says whether money may move.
func (x *examination) hold(ctx context.Context, d *database) {
	state, err := d.hold(ctx)
	if pgErr, is := errors.AsType[*pgconn.PgError](err); is && pgErr.Code == "42P01" {
		return // the schema is older, as was said
	}
	switch {
	case err != nil:
		x.defect("money", err)
	case state.On:
		x.warn("money", "held back since %s, by %s: %s", state.At.UTC().Format(time.RFC3339), state.By, because(state.Reason))
	default:
		x.ok("money", "may move")
	}
}

// tools looks for what `backup` and `restore` run.
func (x *examination) tools(ctx context.Context, owner *db.Pool) {
	var server int
	if err := owner.Native().QueryRow(ctx, `select current_setting('server_version_num')::int / 10000`).Scan(&server); err != nil {
		x.defect("backup", err)
		return
	}
	for _, name := range []string{"pg_dump", "pg_restore", "psql"} {
		if _, err := cluster.FindTool(ctx, x.cfg.PGBin, name, server); err != nil {
			x.warn("backup", "`openpartner backup` can't work: %v", err)
			return
		}
	}
	x.ok("backup", "pg_dump, pg_restore and psql fit the server")
}
