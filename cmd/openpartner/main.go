// Command openpartner is the whole product: server, jobs and the operator's tools.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/openpartner/openpartner/app/config"
	"github.com/openpartner/openpartner/app/edge"
)

// version is set by the linker, which can only set a variable.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "openpartner:", err)
		os.Exit(1)
	}
}

const usage = `OpenPartner runs partner programs.

  openpartner [command]

  serve              run the web server and the jobs (the default; --only web|jobs)
  coordinator        run the Network's hub, on a database of its own or a shared one
  migrate            bring the database to this version's schema
  create-admin       add an admin and print a sign-in link (--email, --name, --tenant)
  create-tenant      add a program and print its address (--slug, --name; multi tenancy)
  create-platform-admin
                     add staff of the operator and print a sign-in link (--email, --name, --role admin|support)
  create-key         print a new API key (--name, --scopes a,b, --tenant)
  doctor             check everything and name every defect; exit 1 when there is one
  verify-ledger      check every invariant of the money; exit 1 on the first breach
  backup FILE        put database and click spool into one file; - for the standard output
  restore FILE       put a backup in the place of an empty database (--replace: of any; --without-key)
  hold               keep money from moving: on, off or status (--reason)
  rotate-secrets     seal every secret with the first key of SECRETS_ENCRYPTION_KEY
  rebuild-figures    repair the daily sums that reports read (--from, --to, --tenant)
  seed-demo          fill an empty program with six months of a made-up shop (--if-empty)
  routes --json      list every route with who may call it (--coordinator: of the Network's hub)
  healthcheck        exit 0 when the server on this machine is ready
  version            print the version

Settings come from the environment; see .env.example.
`

// command is one subcommand; args are what follows its name.
type command func(ctx context.Context, p program, args []string) error

// program is what every command gets.
type program struct {
	cfg    config.Config
	faults error // of the settings; only the doctor gets to see any
	now    func() time.Time
	log    *slog.Logger
	stdout io.Writer
}

func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) error {
	name := "serve"
	if len(args) > 0 {
		name, args = args[0], args[1:]
	}
	switch name {
	case "help", "-h", "--help":
		_, err := io.WriteString(stdout, usage)
		return err
	case "version", "--version":
		_, err := fmt.Fprintln(stdout, version)
		return err
	}
	commands := map[string]command{
		"serve": serve, "coordinator": coordinate, "migrate": migrateDatabase, "create-admin": createAdmin, "create-key": createKey,
		"create-tenant": createTenant, "create-platform-admin": createPlatformAdmin,
		"doctor": doctor, "verify-ledger": verifyLedger, "rebuild-figures": rebuildFigures, "rotate-secrets": rotateSecrets,
		"seed-demo": seedDemo, "hold": holdMoney, "backup": backupDatabase, "restore": restoreBackup, "routes": listRoutes, "healthcheck": healthcheck,
	}
	cmd, known := commands[name]
	if !known {
		return fmt.Errorf("there is no command %q\n\n%s", name, usage)
	}
	cfg, err := config.Load(environ)
	if name != "migrate" {
		err = errors.Join(err, cfg.CheckLogins())
	}
	if err != nil && name != "doctor" {
		return fmt.Errorf("the settings are not right:\n%w", err)
	}
	return cmd(ctx, program{cfg: cfg, faults: err, now: cfg.Now, log: newLogger(cfg, stderr), stdout: stdout}, args)
}

// newLogger writes JSON, or text where a person reads along.
func newLogger(cfg config.Config, w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.Log.Level)); err != nil {
		level = slog.LevelInfo
	}
	options := &slog.HandlerOptions{Level: level}
	asText := cfg.Log.Format == "text"
	if f, ok := w.(*os.File); ok && cfg.Log.Format == "" {
		info, err := f.Stat()
		asText = cfg.Development() || (err == nil && info.Mode()&os.ModeCharDevice != 0)
	}
	if asText {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}

// proxies tells the edge which of them to believe.
func proxies(cfg config.Config) edge.Network { return edge.Network{Trusted: cfg.Trusted()} }
