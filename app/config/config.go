// Package config reads the environment once, at the start, into one value.
//
// It owns names, defaults and checks of the variables; it opens nothing. Every variable may
// also be given as NAME_FILE, the path of a file that holds the value. All faults are
// reported together, so that a person corrects them in one go.
package config

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// Config is what the environment says.
type Config struct {
	Env             string        `env:"OPENPARTNER_ENV" envDefault:"production"`
	PublicURL       string        `env:"OPENPARTNER_PUBLIC_URL" envDefault:"http://localhost:8080"`
	Listen          string        `env:"OPENPARTNER_LISTEN" envDefault:":8080"`
	Data            string        `env:"OPENPARTNER_DATA" envDefault:"./data"`
	PGBin           string        `env:"PG_BIN"`
	Tenancy         string        `env:"OPENPARTNER_TENANCY" envDefault:"single"`
	Mode            string        `env:"OPENPARTNER_MODE" envDefault:"selfhost"`
	EncryptionKey   Secret        `env:"SECRETS_ENCRYPTION_KEY"`
	MetricsToken    Secret        `env:"METRICS_TOKEN"`
	TrustedProxies  []string      `env:"OPENPARTNER_TRUSTED_PROXIES"`
	NetworkURL      string        `env:"NETWORK_URL"`
	OutboundAllow   []string      `env:"OPENPARTNER_OUTBOUND_ALLOW"`
	ClockOffset     time.Duration `env:"OPENPARTNER_CLOCK_OFFSET"`
	SchedulerPeriod time.Duration `env:"OPENPARTNER_SCHEDULER_INTERVAL" envDefault:"30s"`

	Database Database
	Mail     Mail
	Stripe   Stripe
	Log      Log

	trusted, outbound []netip.Prefix
}

// Database names the logins. Without URL a private cluster runs under Config.Data.
type Database struct {
	URL            Secret `env:"DATABASE_URL"`
	AppURL         Secret `env:"DATABASE_URL_APP"`
	SystemURL      Secret `env:"DATABASE_URL_SYSTEM"`
	AppPassword    Secret `env:"OPENPARTNER_APP_DB_PASSWORD"`
	SystemPassword Secret `env:"OPENPARTNER_SYSTEM_DB_PASSWORD"`
}

// Embedded reports whether we run PostgreSQL ourselves.
func (d Database) Embedded() bool { return d.URL == "" }

// Mail is the operator's transport, used while a tenant has none of its own.
type Mail struct {
	SMTPURL Secret `env:"SMTP_URL"`
	From    string `env:"MAIL_FROM"`
}

// Stripe is the operator's account there. It bills the tenants of a hosted installation; where there
// is one program alone, it is that program's account as well.
type Stripe struct {
	SecretKey             Secret   `env:"STRIPE_SECRET_KEY"`
	WebhookSecrets        []Secret `env:"STRIPE_WEBHOOK_SECRET"`
	ConnectWebhookSecrets []Secret `env:"STRIPE_CONNECT_WEBHOOK_SECRET"`
	APIBase               string   `env:"STRIPE_API_BASE"`
	PriceFlat             string   `env:"STRIPE_PRICE_FLAT"`
	PricesUsage           []string `env:"STRIPE_PRICE_USAGE"`
}

// Log says how much to write, and how.
type Log struct {
	Level  string `env:"LOG_LEVEL" envDefault:"info"`
	Format string `env:"LOG_FORMAT"`
}

// Development reports whether the rules for development apply.
func (c Config) Development() bool { return c.Env == "development" }

// Multi reports whether one deployment serves many tenants, each under /t/{slug}.
func (c Config) Multi() bool { return c.Tenancy == "multi" }

// Secure reports whether people reach us by https, which decides about cookies.
func (c Config) Secure() bool { return strings.HasPrefix(c.PublicURL, "https://") }

// Bills reports whether the tenants pay the operator.
func (c Config) Bills() bool { return c.Mode == "flat" || c.Mode == "revshare" }

// Host is the host, with port if any, of the public URL.
func (c Config) Host() string {
	u, err := url.Parse(c.PublicURL)
	if err != nil {
		return ""
	}
	return u.Host
}

// Trusted are the proxies whose X-Forwarded-For is believed.
func (c Config) Trusted() []netip.Prefix { return c.trusted }

// Outbound are the private ranges that outbound calls may reach.
func (c Config) Outbound() []netip.Prefix { return c.outbound }

// Now is the application's clock: the system's, moved by the offset that tests may set.
func (c Config) Now() time.Time { return time.Now().Add(c.ClockOffset) }

// Load reads the environment, given as "NAME=value" lines (os.Environ), and reports every
// fault in one error of several lines.
func Load(environ []string) (Config, error) {
	values := env.ToMap(environ)
	faults := readFiles(values)
	var c Config
	err := env.ParseWithOptions(&c, env.Options{Environment: values})
	if agg, ok := errors.AsType[env.AggregateError](err); ok {
		for _, e := range agg.Errors {
			faults = append(faults, describe(e))
		}
	} else if err != nil {
		faults = append(faults, err)
	}
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	c.NetworkURL = strings.TrimRight(c.NetworkURL, "/")
	c.Stripe.APIBase = strings.TrimRight(c.Stripe.APIBase, "/")
	c.trusted, faults = prefixes("OPENPARTNER_TRUSTED_PROXIES", c.TrustedProxies, faults)
	c.outbound, faults = prefixes("OPENPARTNER_OUTBOUND_ALLOW", c.OutboundAllow, faults)
	faults = append(faults, c.check()...)
	return c, errors.Join(faults...)
}

// readFiles replaces NAME by the contents of the file that NAME_FILE points to.
func readFiles(values map[string]string) (faults []error) {
	known := names(reflect.TypeFor[Config]())
	for _, name := range slices.Sorted(maps.Keys(values)) {
		base, isFile := strings.CutSuffix(name, "_FILE")
		if !isFile || !known[base] || values[name] == "" {
			continue
		}
		if values[base] != "" {
			faults = append(faults, fmt.Errorf("%s and %s are both set: keep one", base, name))
			continue
		}
		text, err := os.ReadFile(values[name])
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", name, err))
			continue
		}
		values[base] = strings.TrimSpace(string(text))
	}
	return faults
}

// names collects the variables that a struct reads.
func names(t reflect.Type) map[string]bool {
	out := map[string]bool{}
	for field := range t.Fields() {
		if name := field.Tag.Get("env"); name != "" {
			out[name] = true
		} else if field.Type.Kind() == reflect.Struct {
			maps.Copy(out, names(field.Type))
		}
	}
	return out
}

// describe names the variable in place of the struct's field.
func describe(err error) error {
	parse, ok := errors.AsType[env.ParseError](err)
	if !ok {
		return err
	}
	for _, t := range []reflect.Type{reflect.TypeFor[Config](), reflect.TypeFor[Database](), reflect.TypeFor[Mail](), reflect.TypeFor[Stripe](), reflect.TypeFor[Log]()} {
		if f, found := t.FieldByName(parse.Name); found {
			return fmt.Errorf("%s: %w", f.Tag.Get("env"), parse.Err)
		}
	}
	return err
}

func prefixes(name string, in []string, faults []error) ([]netip.Prefix, []error) {
	var out []netip.Prefix
	for _, text := range in {
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		if addr, err := netip.ParseAddr(text); err == nil {
			out = append(out, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(text)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %q is not an address range such as 10.0.0.0/8", name, text))
			continue
		}
		out = append(out, p.Masked())
	}
	return out, faults
}
