package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/edge"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/app/verify"
)

// connected runs one piece of work on everything there is, beside a running server or without.
func connected(ctx context.Context, p program, work func(ctx context.Context, a *application) error) (err error) {
	d, err := openDatabase(ctx, p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	a, err := wire(p, d)
	if err != nil {
		return err
	}
	return work(auth.With(ctx, auth.SystemPrincipal("command")), a)
}

// inTenant runs one piece of work on the rows of one tenant.
func inTenant(ctx context.Context, p program, slug string, work func(ctx context.Context, a *application) error) error {
	return connected(ctx, p, func(ctx context.Context, a *application) error {
		tenant, err := a.edge.Tenants.BySlug(ctx, slug)
		if fault.Is(err, fault.KindNotFound) {
			return fmt.Errorf("there is no open program %q", slug)
		}
		if err != nil {
			return err
		}
		return tenancy.Run(ctx, a.database.app, tenant, func(ctx context.Context) error { return work(ctx, a) })
	})
}

// tenantFlag asks which program a command is about.
func tenantFlag(flags *flag.FlagSet) *string {
	return flags.String("tenant", tenancy.DefaultSlug, "slug of the program")
}

// createAdmin adds an admin, or finds the one with that address, and prints a sign-in link: the
// way back in when no mail arrives.
func createAdmin(ctx context.Context, p program, args []string) error {
	flags := flag.NewFlagSet("create-admin", flag.ContinueOnError)
	email, name := flags.String("email", "", "e-mail address"), flags.String("name", "", "name")
	tenant := tenantFlag(flags)
	if err := flags.Parse(args); err != nil {
		return err
	}
	return inTenant(ctx, p, *tenant, func(ctx context.Context, a *application) error {
		admin, err := a.services.admins.FindByEmail(ctx, strings.ToLower(strings.TrimSpace(*email)))
		if err != nil {
			admin, err = a.services.admins.Found(ctx, auth.AdminInput{Email: *email, Name: *name})
		}
		if err != nil {
			return err
		}
		token, err := a.services.links.Mint(ctx, auth.MagicLink{
			Purpose: auth.PurposeSignIn, PrincipalKind: auth.AdminKind, PrincipalID: admin.ID, Email: admin.Email,
		})
		if err != nil {
			return err
		}
		u := urlsOf(p, tenancy.From(ctx))
		_, err = fmt.Fprintln(p.stdout, u.Absolute(u.Verify(token)))
		return err
	})
}

// createKey makes an API key and prints it alone, for scripts: an admin key, or a scoped one.
func createKey(ctx context.Context, p program, args []string) error {
	flags := flag.NewFlagSet("create-key", flag.ContinueOnError)
	name, scopes := flags.String("name", "", "what the key is for"), flags.String("scopes", "", "comma-separated; empty for an admin key")
	tenant := tenantFlag(flags)
	if err := flags.Parse(args); err != nil {
		return err
	}
	in := auth.APIKeyInput{Name: *name, Kind: "admin"}
	if *scopes != "" {
		in.Kind, in.Scopes = "scoped", strings.Split(*scopes, ",")
	}
	return inTenant(ctx, p, *tenant, func(ctx context.Context, a *application) error {
		_, plain, err := a.services.keys.Create(ctx, in)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(p.stdout, plain)
		return err
	})
}

// verifyLedger checks every invariant of the money, of all tenants, in one snapshot. It prints what
// it checked, and fails with the first breach.
func verifyLedger(ctx context.Context, p program, _ []string) error {
	d, err := openDatabase(ctx, p)
	if err != nil {
		return err
	}
	var breaches []verify.Breach
	err = d.atLeisure(ctx, func(ctx context.Context) (err error) {
		breaches, err = verify.Ledger(ctx)
		return err
	})
	if err = errors.Join(err, d.close()); err != nil {
		return err
	}
	if len(breaches) > 0 {
		return fmt.Errorf("the ledger is not right: %s", breaches[0])
	}
	for _, name := range verify.Invariants() {
		if _, err := fmt.Fprintln(p.stdout, "ok:", name); err != nil {
			return err
		}
	}
	return nil
}

// routeRow is one route as `routes --json` prints it.
type routeRow struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Group  string `json:"group"`
	Auth   string `json:"auth"`
	Role   string `json:"role"`
	Scope  string `json:"scope"`
	Limit  int    `json:"limit,omitempty"` // how often an address may come at once
}

var placeholder = regexp.MustCompile(`:(\w+)`)

// listRoutes prints the table of routes. It needs no database.
func listRoutes(_ context.Context, p program, args []string) error {
	flags := flag.NewFlagSet("routes", flag.ContinueOnError)
	asJSON := flags.Bool("json", false, "as JSON")
	ofHub := flags.Bool("coordinator", false, "those of the Network's hub")
	if err := flags.Parse(args); err != nil {
		return err
	}
	table, full, err := tableOf(p, *ofHub)
	if err != nil {
		return err
	}
	var rows []routeRow
	for _, r := range table {
		path := strings.ReplaceAll(placeholder.ReplaceAllString(full(r), "{$1}"), "*", "{path}")
		rows = append(rows, routeRow{r.Method, path, string(r.Group), string(r.Auth), r.Role, r.Scope, r.Limit.Burst})
	}
	slices.SortFunc(rows, func(a, b routeRow) int {
		return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method)
	})
	if *asJSON {
		out := json.NewEncoder(p.stdout)
		out.SetIndent("", "  ")
		return out.Encode(rows)
	}
	for _, r := range rows {
		if _, err := fmt.Fprintf(p.stdout, "%-6s %-50s %-9s %-8s %s%s\n", r.Method, r.Path, r.Group, r.Auth, r.Role, r.Scope); err != nil {
			return err
		}
	}
	return nil
}

// table is every route of the program.
func (a *application) table() []edge.Route {
	all := slices.Concat(a.pages.Routes(), a.api.Routes(), a.api.StripeRoutes(), a.redirect.Routes(), systemRoutes(a.metrics, func() bool { return true }))
	if a.platform != nil {
		all = append(all, a.platform.Routes()...)
	}
	return all
}

// tableOf connects everything without a database, to read the table of a program's routes, or of the
// hub's, and how their paths read in full.
func tableOf(p program, ofHub bool) ([]edge.Route, func(edge.Route) string, error) {
	p.cfg.EncryptionKey = "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	if ofHub {
		h, err := wireHub(p, &database{})
		if err != nil {
			return nil, nil, err
		}
		return h.table(), h.edge.FullPath, nil
	}
	a, err := wire(p, &database{})
	if err != nil {
		return nil, nil, err
	}
	return a.table(), a.edge.FullPath, nil
}

// healthcheck asks the server on this machine whether it is ready.
func healthcheck(ctx context.Context, p program, _ []string) error {
	_, port, err := net.SplitHostPort(p.cfg.Listen)
	if err != nil {
		return fmt.Errorf("OPENPARTNER_LISTEN: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort("127.0.0.1", port)+"/readyz", nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("the server does not answer: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	text, _ := io.ReadAll(io.LimitReader(res.Body, 1<<10))
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the server is not ready: %s", strings.TrimSpace(string(text)))
	}
	return nil
}
