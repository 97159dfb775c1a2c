package main_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/tracking"
	"github.com/openpartner/openpartner/tests/testkit"
)

// counts gives a number for each text that a query of two columns finds.
func counts(t *testing.T, ctx context.Context, query string) map[string]int64 {
	t.Helper()
	var rows []struct {
		Name string
		N    int64
	}
	if err := db.Tx(ctx).NewRaw(query).Scan(ctx, &rows); err != nil {
		t.Fatal(err)
	}
	out := map[string]int64{}
	for _, r := range rows {
		out[r.Name] = r.N
	}
	return out
}

// The months are played once; everything that has to be true of them is asked afterwards.
func TestSeedDemo(t *testing.T) {
	t.Parallel()
	a := testkit.Start(t)
	printed := a.Command("seed-demo")
	if !strings.Contains(printed, "40 partners, 6 campaigns") || strings.Count(printed, "/auth/verify?token=") != 2 {
		t.Fatalf("printed:\n%s", printed)
	}
	ctx := testkit.Begin(t, a.DB.App)

	for what, kinds := range map[string][]string{
		`select status as name, count(*) as n from partners group by 1`:                                              {"active", "invited", "revoked"},
		`select status as name, count(*) as n from campaigns group by 1`:                                             {"active", "paused"},
		`select status as name, count(*) as n from commissions group by 1`:                                           {"pending", "approved", "held", "reversed"},
		`select kind as name, count(*) as n from commissions group by 1`:                                             {"earned", "reversal", "adjustment", "bonus"},
		`select currency::text as name, count(*) as n from commissions group by 1`:                                   {"USD", "EUR", "JPY"},
		`select status as name, count(*) as n from decisions group by 1`:                                             {"attributed", "recorded", "unknown_user"},
		`select coalesce(flag, 'none') as name, count(*) as n from clicks group by 1`:                                {"none", "bot", "revoked", "manual"},
		`select case when active then 'coupon' else 'old coupon' end as name, count(*) as n from coupons group by 1`: {"coupon", "old coupon"},
		`select type as name, count(*) as n from events group by 1`:                                                  {"signup", "purchase", "invoice_paid", "refund", "dispute"},
		`select 'sub-ids' as name, count(*) as n from clicks where sub_ids ? 'sub1' having count(*) > 9`:             {"sub-ids"},
	} {
		found := counts(t, ctx, what)
		for _, kind := range kinds {
			if found[kind] == 0 {
				t.Errorf("no %s in %v", kind, found)
			}
		}
	}

	t.Run("LedgerSaysWhatTheTermsSay", func(t *testing.T) {
		s := attribution.NewService(tracking.NewService(nil, time.Now), campaigns.NewService(nil, time.Now), commissions.NewService(nil, time.Now), nil, nil, time.Now)
		users, last := int64(0), ""
		for {
			step, err := s.RederiveStep(ctx, attribution.Rederive{DryRun: true}, last)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range step.Differences {
				t.Errorf("deciding again would change %+v", d)
			}
			users += step.Users
			if last = step.Last; last == "" {
				break
			}
		}
		if users < 100 {
			t.Errorf("only %d users were decided again", users)
		}
	})

	t.Run("MoneyKeepsItsInvariants", func(*testing.T) {
		a.Command("verify-ledger") // fails on the first breach
	})

	t.Run("FiguresAreRepaired", func(t *testing.T) {
		a.DB.AsOwner(t, `update daily_money set revenue = revenue + 1, leads = 7`)
		a.DB.AsOwner(t, `delete from daily_clicks`)
		if _, complaint, code := testkit.Run(t, a.Env(), "verify-ledger"); code != 1 {
			t.Fatalf("exit %d: %s", code, complaint)
		}
		from := time.Now().AddDate(0, -8, 0).Format(time.DateOnly)
		if said := a.Command("rebuild-figures", "--from", from); strings.Contains(said, " 0 figures") {
			t.Errorf("said %s", said)
		}
		a.Command("verify-ledger")
		if said := a.Command("rebuild-figures", "--from", from); !strings.Contains(said, " 0 figures") {
			t.Errorf("said %s", said)
		}
	})

	t.Run("GoesIntoAnEmptyProgramOnly", func(t *testing.T) {
		_, complaint, code := testkit.Run(t, a.Env(), "seed-demo")
		if code != 1 || !strings.Contains(complaint, "already") {
			t.Errorf("exit %d: %s", code, complaint)
		}
		if again := a.Command("seed-demo", "--if-empty"); strings.Contains(again, "Six months") || !strings.Contains(again, "/auth/verify?token=") {
			t.Errorf("printed:\n%s", again)
		}
	})
}
