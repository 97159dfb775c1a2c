package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openpartner/openpartner/app/config"
)

func TestLoad(t *testing.T) {
	t.Parallel()

	t.Run("NothingSetIsACompleteInstall", func(t *testing.T) {
		t.Parallel()
		c, err := config.Load(nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.Listen != ":8080" || !c.Database.Embedded() || c.Multi() || c.SchedulerPeriod != 30*time.Second {
			t.Errorf("got %+v", c)
		}
	})
	t.Run("ReportsAllFaultsTogether", func(t *testing.T) {
		t.Parallel()
		_, err := config.Load([]string{
			"OPENPARTNER_ENV=prod", "OPENPARTNER_PUBLIC_URL=ftp://x", "NETWORK_URL=http://hub.example.com", "OPENPARTNER_TENANCY=many",
			"STRIPE_SECRET_KEY=pk_live_1", "STRIPE_WEBHOOK_SECRET=whsec_a,", "STRIPE_CONNECT_WEBHOOK_SECRET=abc", "STRIPE_API_BASE=http://stripe.example.com",
			"OPENPARTNER_CLOCK_OFFSET=soon", "OPENPARTNER_TRUSTED_PROXIES=10.0.0.0/33", "SMTP_URL=localhost:25",
			"DATABASE_URL=mysql://x", "LOG_LEVEL=loud",
		})
		if err == nil {
			t.Fatal("no error")
		}
		for _, name := range []string{
			"OPENPARTNER_ENV", "OPENPARTNER_PUBLIC_URL", "NETWORK_URL", "OPENPARTNER_TENANCY", "OPENPARTNER_CLOCK_OFFSET",
			"STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "STRIPE_CONNECT_WEBHOOK_SECRET", "STRIPE_API_BASE",
			"OPENPARTNER_TRUSTED_PROXIES", "SMTP_URL", "DATABASE_URL", "LOG_LEVEL", "SECRETS_ENCRYPTION_KEY",
		} {
			if !strings.Contains(err.Error(), name+":") {
				t.Errorf("%s is not reported in:\n%v", name, err)
			}
		}
	})
	t.Run("BillingNeedsItsSettings", func(t *testing.T) {
		t.Parallel()
		all := []string{"STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "STRIPE_PRICE_FLAT", "STRIPE_PRICE_USAGE"}
		for mode, missing := range map[string][]string{"selfhost": {}, "flat": all, "revshare": {all[0], all[1], all[3]}} {
			_, err := config.Load([]string{"OPENPARTNER_MODE=" + mode})
			for _, name := range all {
				if told := err != nil && strings.Contains(err.Error(), name+": missing"); told != slices.Contains(missing, name) {
					t.Errorf("%s, %s: %v", mode, name, err)
				}
			}
		}
		c, err := config.Load([]string{"OPENPARTNER_MODE=revshare", "STRIPE_SECRET_KEY=sk_test_1", "STRIPE_WEBHOOK_SECRET=whsec_1", "STRIPE_PRICE_USAGE=price_usd,price_eur"})
		if err != nil || !c.Bills() || len(c.Stripe.PricesUsage) != 2 {
			t.Errorf("got %+v, %v", c.Stripe, err)
		}
	})
	t.Run("ReadsFiles", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "token")
		if err := os.WriteFile(path, []byte("abc\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load([]string{"METRICS_TOKEN_FILE=" + path})
		if err != nil || c.MetricsToken.Reveal() != "abc" {
			t.Errorf("got %q, %v", c.MetricsToken.Reveal(), err)
		}
	})
	t.Run("ProductionRefusesPlainHTTPAndTestSettings", func(t *testing.T) {
		t.Parallel()
		_, err := config.Load([]string{
			"OPENPARTNER_PUBLIC_URL=http://partners.example.com", "OPENPARTNER_CLOCK_OFFSET=1h", "OPENPARTNER_OUTBOUND_ALLOW=127.0.0.1",
		})
		for _, name := range []string{"OPENPARTNER_PUBLIC_URL", "OPENPARTNER_CLOCK_OFFSET", "OPENPARTNER_OUTBOUND_ALLOW"} {
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s is not refused: %v", name, err)
			}
		}
	})
	t.Run("ProductionOnLoopbackStarts", func(t *testing.T) {
		t.Parallel()
		if _, err := config.Load([]string{"OPENPARTNER_PUBLIC_URL=http://127.0.0.1:9999"}); err != nil {
			t.Error(err)
		}
	})
}

func TestSecret(t *testing.T) {
	t.Parallel()
	s := struct{ Key config.Secret }{"hunter2"}
	for _, text := range []string{fmt.Sprint(s), fmt.Sprintf("%+v", s), fmt.Sprintf("%#v", s), fmt.Sprintf("%q", s.Key)} {
		if strings.Contains(text, "hunter2") {
			t.Errorf("printed in %s", text)
		}
	}
}
