package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// check holds the values against each other.
func (c Config) check() (faults []error) {
	oneOf := func(name, value string, allowed ...string) {
		if !slices.Contains(allowed, value) {
			faults = append(faults, fmt.Errorf("%s: %q is not one of %s", name, value, strings.Join(allowed, ", ")))
		}
	}
	oneOf("OPENPARTNER_ENV", c.Env, "production", "development")
	oneOf("OPENPARTNER_TENANCY", c.Tenancy, "single", "multi")
	oneOf("OPENPARTNER_MODE", c.Mode, "selfhost", "flat", "revshare")
	oneOf("LOG_LEVEL", c.Log.Level, "debug", "info", "warn", "error")
	oneOf("LOG_FORMAT", c.Log.Format, "", "json", "text")
	if c.SchedulerPeriod <= 0 {
		faults = append(faults, errors.New("OPENPARTNER_SCHEDULER_INTERVAL: must be longer than zero"))
	}
	faults = append(faults, c.checkPublicURL()...)
	faults = append(faults, c.checkDatabase()...)
	faults = append(faults, c.checkMail()...)
	faults = append(faults, c.checkStripe()...)
	if _, err := CheckNetworkURL(c.NetworkURL, c.Development()); c.NetworkURL != "" && err != nil {
		faults = append(faults, fmt.Errorf("NETWORK_URL: %w", err))
	}
	return append(faults, c.checkDevelopmentOnly()...)
}

func (c Config) checkPublicURL() []error {
	u, err := url.Parse(c.PublicURL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.User != nil || u.RawQuery != "" {
		return []error{fmt.Errorf("OPENPARTNER_PUBLIC_URL: %q is not an address such as https://partners.example.com", c.PublicURL)}
	}
	if u.Path != "" {
		return []error{fmt.Errorf("OPENPARTNER_PUBLIC_URL: %q must not have a path: the app lives at the root of its host", c.PublicURL)}
	}
	if u.Scheme == "http" && !c.Development() && !loopbackHost(u.Hostname()) {
		return []error{fmt.Errorf("OPENPARTNER_PUBLIC_URL: %q must be https in production", c.PublicURL)}
	}
	return nil
}

// CheckNetworkURL reads the address of a Network's hub: https, or http on this machine in
// development. It comes back without a slash at its end.
func CheckNetworkURL(text string, development bool) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") || u.User != nil || u.RawQuery != "" || u.Fragment != "" || len(text) > 500 {
		return "", fmt.Errorf("%q is not an address such as https://network.example.com", text)
	}
	if u.Scheme == "http" && (!development || !loopbackHost(u.Hostname())) {
		return "", fmt.Errorf("%q must be https", text)
	}
	return strings.TrimRight(u.String(), "/"), nil
}

func loopbackHost(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func (c Config) checkDatabase() (faults []error) {
	d := c.Database
	for name, value := range map[string]Secret{
		"DATABASE_URL": d.URL, "DATABASE_URL_APP": d.AppURL, "DATABASE_URL_SYSTEM": d.SystemURL,
	} {
		if value == "" {
			continue
		}
		if u, err := url.Parse(value.Reveal()); err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
			faults = append(faults, fmt.Errorf("%s: not an address such as postgres://user:password@host/database", name))
		}
	}
	if (d.AppURL == "") != (d.SystemURL == "") {
		faults = append(faults, errors.New("DATABASE_URL_APP, DATABASE_URL_SYSTEM: set both or none"))
	}
	if d.Embedded() && d.AppURL != "" {
		faults = append(faults, errors.New("DATABASE_URL: missing, although DATABASE_URL_APP is set"))
	}
	if (c.Multi() || !d.Embedded()) && c.EncryptionKey == "" {
		faults = append(faults, errors.New("SECRETS_ENCRYPTION_KEY: missing; make one with: echo \"k1:$(openssl rand -base64 32)\""))
	}
	return faults
}

// CheckLogins says what is missing for everything but `migrate`, which makes the logins and so can't
// ask for them.
func (c Config) CheckLogins() error {
	if !c.Database.Embedded() && c.Multi() && c.Database.AppURL == "" {
		return errors.New("DATABASE_URL_APP, DATABASE_URL_SYSTEM: needed with OPENPARTNER_TENANCY=multi and an external database")
	}
	return nil
}

func (c Config) checkMail() []error {
	if c.Mail.SMTPURL == "" {
		return nil
	}
	u, err := url.Parse(c.Mail.SMTPURL.Reveal())
	if err != nil || (u.Scheme != "smtp" && u.Scheme != "smtps") || u.Hostname() == "" {
		return []error{errors.New("SMTP_URL: not an address such as smtp://user:password@host:587")}
	}
	if tls := u.Query().Get("tls"); !slices.Contains([]string{"", "required", "none"}, tls) {
		return []error{fmt.Errorf("SMTP_URL: tls=%s is neither required nor none", tls)}
	}
	if c.Mail.From == "" {
		return []error{errors.New("MAIL_FROM: missing, although SMTP_URL is set")}
	}
	return nil
}

func (c Config) checkStripe() (faults []error) {
	s := c.Stripe
	if key := s.SecretKey.Reveal(); key != "" && !strings.HasPrefix(key, "sk_") && !strings.HasPrefix(key, "rk_") {
		faults = append(faults, errors.New("STRIPE_SECRET_KEY: not a secret or restricted key, which begin with sk_ or rk_"))
	}
	for name, list := range map[string][]Secret{"STRIPE_WEBHOOK_SECRET": s.WebhookSecrets, "STRIPE_CONNECT_WEBHOOK_SECRET": s.ConnectWebhookSecrets} {
		for _, secret := range list {
			if !strings.HasPrefix(secret.Reveal(), "whsec_") { // an empty one would be a key that everybody has
				faults = append(faults, fmt.Errorf("%s: not a signing secret, which begins with whsec_; several are separated by commas", name))
			}
		}
	}
	u, err := url.Parse(s.APIBase)
	switch {
	case s.APIBase == "":
	case err != nil || u.Hostname() == "" || u.User != nil || (u.Scheme != "https" && u.Scheme != "http"):
		faults = append(faults, fmt.Errorf("STRIPE_API_BASE: %q is not an address such as https://api.stripe.com", s.APIBase))
	case u.Scheme == "http" && !(c.Development() && loopbackHost(u.Hostname())):
		faults = append(faults, fmt.Errorf("STRIPE_API_BASE: %q must be https", s.APIBase))
	}
	return append(faults, c.checkBilling()...)
}

// checkBilling says what is missing to bill the tenants.
func (c Config) checkBilling() (faults []error) {
	s := c.Stripe
	if !c.Bills() {
		return nil
	}
	for _, need := range []struct {
		name    string
		missing bool
	}{
		{"STRIPE_SECRET_KEY", s.SecretKey == ""},
		{"STRIPE_WEBHOOK_SECRET", len(s.WebhookSecrets) == 0},
		{"STRIPE_PRICE_FLAT", s.PriceFlat == "" && c.Mode == "flat"},
		{"STRIPE_PRICE_USAGE", len(s.PricesUsage) == 0},
	} {
		if need.missing {
			faults = append(faults, fmt.Errorf("%s: missing, although OPENPARTNER_MODE is %s", need.name, c.Mode))
		}
	}
	return faults
}

// checkDevelopmentOnly refuses in production what only tests may have.
func (c Config) checkDevelopmentOnly() (faults []error) {
	if c.Development() {
		return nil
	}
	if c.ClockOffset != 0 {
		faults = append(faults, errors.New("OPENPARTNER_CLOCK_OFFSET: refused with OPENPARTNER_ENV=production"))
	}
	for _, p := range c.outbound {
		if p.Addr().IsLoopback() || p.Overlaps(netip.MustParsePrefix("127.0.0.0/8")) || p.Overlaps(netip.MustParsePrefix("::1/128")) {
			faults = append(faults, fmt.Errorf("OPENPARTNER_OUTBOUND_ALLOW: loopback range %s refused with OPENPARTNER_ENV=production", p))
		}
	}
	return faults
}
