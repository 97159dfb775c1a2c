package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/db/cluster"
)

// examination is one run of the doctor. A check reports what it found and never stops the
// others; one that can't be made is itself a defect.
type examination struct {
	program
	defects  int
	warnings int
}

// doctor looks at everything that has to be right for the program to work, one line each, and
// fails when something is not.
func doctor(ctx context.Context, p program, _ []string) error {
	x := &examination{program: p}
	x.settings()
	x.mail(ctx)
	x.outbound()
	x.directory()
	x.disk()
	x.spool()
	x.encryption()
	if x.postgres() {
		x.database(ctx)
	}
	if x.defects > 0 {
		return fmt.Errorf("the doctor found %s", count(x.defects, "defect"))
	}
	x.line("", "", "No defects, "+count(x.warnings, "warning")+".")
	return nil
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (x *examination) line(level, check, text string) {
	text = strings.ReplaceAll(strings.TrimSpace(text), "\n", "; ")
	_, _ = fmt.Fprintf(x.stdout, "%-8s %-11s %s\n", level, check, text) // nobody reads a broken pipe
}

func (x *examination) ok(check, format string, args ...any) {
	x.line("ok", check, fmt.Sprintf(format, args...))
}

func (x *examination) warn(check, format string, args ...any) {
	x.warnings++
	x.line("warning", check, fmt.Sprintf(format, args...))
}

func (x *examination) defect(check string, err error) {
	x.defects++
	x.line("DEFECT", check, err.Error())
}

// postgres says which server there is, and whether it can be asked. An embedded one that is
// down is started for as long as the examination takes.
func (x *examination) postgres() bool {
	if !x.cfg.Database.Embedded() {
		x.ok("postgres", "external, by DATABASE_URL")
		return true
	}
	found, err := cluster.Look(cluster.Options{Data: x.cfg.Data, PGBin: x.cfg.PGBin, Log: x.log})
	switch {
	case err != nil:
		x.defect("postgres", err)
		return false
	case !found.Made:
		x.warn("postgres", "embedded, PostgreSQL %s in %s; no database yet, `openpartner serve` makes it in %s",
			found.Version, found.Binaries, found.Directory)
		return false
	case found.Running:
		x.ok("postgres", "embedded, PostgreSQL %s in %s, running on %s", found.Version, found.Binaries, found.Directory)
	default:
		x.ok("postgres", "embedded, PostgreSQL %s in %s, started for this examination on %s", found.Version, found.Binaries, found.Directory)
	}
	return true
}

// How long the database may take for its first answer, and for all of them: one that hangs is a defect, too.
const (
	firstPatience = 5 * time.Second
	patience      = 15 * time.Second
)

// database makes the checks that ask the database.
func (x *examination) database(ctx context.Context) {
	d, err := connect(ctx, x.program)
	if err != nil {
		x.defect("database", err)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	defer func() {
		if err := d.close(); err != nil {
			x.defect("database", err)
		}
	}()
	owner, err := db.Open(ctx, d.ownerURL, db.PoolOptions{MaxConns: 1, Name: "doctor"})
	if err != nil {
		x.defect("database", err)
		return
	}
	defer owner.Close()
	if !x.answers(ctx, owner) {
		return
	}
	x.clock(ctx, owner)
	x.tools(ctx, owner)
	if !x.schema(ctx, owner) {
		return
	}
	x.hold(ctx, d)
	x.roles(ctx, d, owner)
	x.catalog(ctx, owner)
	x.secrets(ctx, d)
	x.transports(ctx, d)
	x.jobs(ctx, d)
}

// answers reports whether the server can be asked at all, and says which one it is.
func (x *examination) answers(ctx context.Context, owner *db.Pool) bool {
	ctx, cancel := context.WithTimeout(ctx, firstPatience)
	defer cancel()
	var version, name string
	var number int
	err := owner.Native().QueryRow(ctx, `
		select current_setting('server_version'), current_setting('server_version_num')::int, current_database()`).
		Scan(&version, &number, &name)
	if err != nil {
		x.defect("database", fmt.Errorf("does not answer: %w", err))
		return false
	}
	if number < oldestServer {
		x.defect("database", fmt.Errorf("the server is PostgreSQL %s; at least 15 is needed", version))
		return false
	}
	x.ok("database", "%s on PostgreSQL %s answers", name, version)
	return true
}

// oldestServer is the first version with unique indexes that treat nulls as alike, and with
// views that respect the policies of who asks.
const oldestServer = 150000

// clock compares this machine with the database: leases go by its clock, business times by ours. What
// was written in the future says that the database's clock was put back.
func (x *examination) clock(ctx context.Context, owner *db.Pool) {
	var theirs time.Time
	before := time.Now()
	if err := owner.Native().QueryRow(ctx, `select clock_timestamp()`).Scan(&theirs); err != nil {
		x.defect("clock", err)
		return
	}
	took := time.Since(before)
	switch apart := theirs.Sub(before.Add(took / 2)).Round(time.Millisecond); judgeClock(apart, took) {
	case bad:
		x.defect("clock", fmt.Errorf("the database's clock is %s apart from this machine's: let both be set by NTP", apart))
	case doubtful:
		x.warn("clock", "the database's clock is %s apart from this machine's: let both be set by NTP", apart)
	default:
		x.ok("clock", "the database's clock agrees to %s", max(apart.Abs(), time.Millisecond))
	}
}

// verdict is what a measure says.
type verdict int

const (
	fine verdict = iota
	doubtful
	bad
)

// judgeClock leaves out what the question itself took.
func judgeClock(apart, took time.Duration) verdict {
	switch off := apart.Abs() - took; {
	case off > 30*time.Second:
		return bad
	case off > 2*time.Second:
		return doubtful
	default:
		return fine
	}
}
