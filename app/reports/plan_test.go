package reports_test

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/reports"
	"github.com/openpartner/openpartner/tests/testkit"
)

// listener notes the statements that pass through a pool.
type listener struct {
	mu   sync.Mutex
	said []string
}

// BeforeQuery is part of bun.QueryHook.
func (l *listener) BeforeQuery(ctx context.Context, e *bun.QueryEvent) context.Context {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.said = append(l.said, e.Query)
	return ctx
}

// AfterQuery is part of bun.QueryHook.
func (*listener) AfterQuery(context.Context, *bun.QueryEvent) {}

// since gives what was said in the course of do.
func (l *listener) since(do func()) []string {
	l.mu.Lock()
	l.said = nil
	l.mu.Unlock()
	do()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.said
}

// eavesdrop listens to a transaction on a database of its own.
func eavesdrop(t *testing.T, d *testkit.Database) (context.Context, *listener) {
	t.Helper()
	ctx := testkit.Begin(t, d.App)
	l := &listener{}
	db.Tx(ctx).NewRaw("select 1").DB().AddQueryHook(l) //nolint:staticcheck // the transaction is begun already: a copy of the pool would not hear it
	return ctx, l
}

// node is a step of a plan.
type node struct {
	NodeType     string `json:"Node Type"`
	RelationName string `json:"Relation Name"`
	IndexCond    string `json:"Index Cond"`
	IndexName    string `json:"Index Name"`
	Plans        []node
}

// walk visits all steps.
func (n node) walk(visit func(node)) {
	visit(n)
	for _, inner := range n.Plans {
		inner.walk(visit)
	}
}

func explain(t *testing.T, ctx context.Context, statement string) node {
	t.Helper()
	var text string
	if err := db.Tx(ctx).NewRaw(`explain (format json) ?`, bun.Safe(statement)).Scan(ctx, &text); err != nil {
		t.Fatal(err)
	}
	var plans []struct{ Plan node }
	if err := json.Unmarshal([]byte(text), &plans); err != nil || len(plans) != 1 {
		t.Fatalf("%v: what plan is %s", err, text)
	}
	return plans[0].Plan
}

// fill gives several programs a past of 200 days, in which ours is one of many.
func fill(t *testing.T, d *testkit.Database) (partner, campaign uuid.UUID) {
	t.Helper()
	d.AsOwner(t, `
		insert into platform.tenants (id, slug, display_name, status)
		select ('10000000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid, 'shop-' || i, 'Shop', 'active' from generate_series(1, 7) i`)
	d.AsOwner(t, `
		create temp table cells on commit drop as
		select t.id as tenant_id, date '2026-03-01' - day as day, ('20000000-0000-7000-8000-' || lpad(p::text, 12, '0'))::uuid as partner_id,
			('30000000-0000-7000-8000-' || lpad(c::text, 12, '0'))::uuid as campaign_id
		from platform.tenants t, generate_series(0, 199) day, generate_series(1, 8) p, generate_series(1, 3) c;
		insert into partners (tenant_id, id, email, name, name_norm, status, source, platforms, answers, created_at)
		select id, ('20000000-0000-7000-8000-' || lpad(p::text, 12, '0'))::uuid, p || '@example.com', 'Partner', 'partner', 'active', 'admin',
			'[]'::jsonb, '{}'::jsonb, now() from platform.tenants, generate_series(1, 1000) p;
		insert into daily_clicks (tenant_id, day, partner_id, campaign_id, link_id, clicks)
		select tenant_id, day, partner_id, campaign_id, null, 5 from cells;
		insert into daily_money (tenant_id, partner_id, campaign_id, day, currency, slot, conversions, revenue, pending)
		select tenant_id, partner_id, campaign_id, day, 'USD', 0, 1, 1000, 100 from cells
		union all
		select tenant_id, '00000000-0000-0000-0000-000000000000', campaign_id, day, 'USD', 0, 8, 8000, 800 from cells group by 1, 3, 4
		union all
		select tenant_id, '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000', day, 'USD', 0, 24, 24000, 2400 from cells group by 1, 4`)
	d.AsOwner(t, `
		insert into campaigns (tenant_id, id, name, destination_url, created_at)
		select t.id, ('30000000-0000-7000-8000-' || lpad(c::text, 12, '0'))::uuid, 'Summer', 'https://shop.example.com/', now()
		from platform.tenants t, generate_series(1, 300) c;
		insert into clicks (tenant_id, id, partner_id, campaign_id, destination_url, occurred_at, created_at)
		select t.id, ('40000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, ('20000000-0000-7000-8000-' || lpad((n % 8 + 1)::text, 12, '0'))::uuid,
			('30000000-0000-7000-8000-' || lpad((n % 3 + 1)::text, 12, '0'))::uuid, 'https://shop.example.com/', at, at
		from platform.tenants t, generate_series(1, 2000) n, lateral (select timestamptz '2026-03-01Z' - n * interval '2 hours' as at) a;
		insert into identities (tenant_id, id, click_id, user_id, verified, occurred_at, created_at)
		select tenant_id, id, id, 'user-' || (extract(epoch from occurred_at)::bigint / 7200 % 50), true, occurred_at, occurred_at from clicks;
		insert into events (tenant_id, id, user_id, type, amount, currency, source, request_hash, occurred_at, created_at)
		select tenant_id, id, user_id, 'purchase', 1000, 'USD', 'api', '', occurred_at, occurred_at from identities;
		insert into decisions (tenant_id, event_id, status, decided_at, created_at)
		select tenant_id, id, 'attributed', occurred_at, occurred_at from events;
		insert into attributions (tenant_id, event_id, partner_id, click_id, campaign_id, weight_num, weight_den, position, created_at)
		select tenant_id, id, partner_id, id, campaign_id, 1, 1, 0, created_at from clicks`)
	for _, table := range []string{"daily_clicks", "daily_money", "partners", "campaigns", "clicks", "identities", "events", "decisions", "attributions"} {
		d.AsOwner(t, `analyze `+table)
	}
	return uuid.MustParse("20000000-0000-7000-8000-000000000003"), uuid.MustParse("30000000-0000-7000-8000-000000000002")
}

// On filled tables every report takes one statement and reads ranges of indexes.
func TestService_Plans(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	partner, campaign := fill(t, d)
	ctx, heard := eavesdrop(t, d)
	s := reports.NewService(func() time.Time { return time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC) })
	filters := map[string]reports.Filter{
		"All": {}, "Partner": {PartnerID: &partner}, "Campaign": {CampaignID: &campaign}, "Both": {PartnerID: &partner, CampaignID: &campaign},
	}
	asked := map[string]func(f reports.Filter) error{
		"Overview": func(f reports.Filter) error {
			got, err := s.Overview(ctx, f)
			if got.Clicks == 0 || got.Conversions == 0 || got.In("USD").Revenue == 0 {
				t.Errorf("nothing was added up: %+v", got)
			}
			return err
		},
		"Weeks": func(f reports.Filter) error {
			_, err := s.Timeseries(ctx, f, reports.Week)
			return err
		},
		"Partners": func(f reports.Filter) error {
			f.PartnerID = nil
			got, err := s.Partners(ctx, f, reports.Ranking{By: reports.ByRevenue, Currency: "USD", Limit: 5})
			if len(got.Items) != 5 || got.Next == "" {
				t.Errorf("got %d partners", len(got.Items))
			}
			return err
		},
		"Funnel": func(f reports.Filter) error {
			got, err := s.Funnel(ctx, f)
			if got.Paid == 0 {
				t.Errorf("nothing was added up: %+v", got)
			}
			return err
		},
		"FunnelByPartner": func(f reports.Filter) error {
			got, err := s.FunnelByPartner(ctx, f, 20)
			if len(got) == 0 || got[0].Paid == 0 {
				t.Errorf("nothing was added up: %+v", got)
			}
			return err
		},
		"FunnelByCampaign": func(f reports.Filter) error {
			got, err := s.FunnelByCampaign(ctx, f, 20)
			if len(got) == 0 || got[0].Paid == 0 {
				t.Errorf("nothing was added up: %+v", got)
			}
			return err
		},
		"FiguresOf": func(f reports.Filter) error {
			got, err := s.FiguresOf(ctx, f, []uuid.UUID{partner})
			if got[partner].Clicks == 0 || got[partner].In("USD").Revenue == 0 {
				t.Errorf("nothing was added up: %+v", got)
			}
			return err
		},
		"Start": func(reports.Filter) error {
			_, err := s.Start(ctx)
			return err
		},
	}
	for report, ask := range asked {
		for filter, f := range filters {
			statements := heard.since(func() {
				if err := ask(f); err != nil {
					t.Errorf("%s of %s: %v", report, filter, err)
				}
			})
			if len(statements) != 1 {
				t.Errorf("%s of %s: %d statements", report, filter, len(statements))
			}
			for _, statement := range statements {
				explain(t, ctx, statement).walk(func(n node) { n.check(t, report+" of "+filter) })
			}
		}
	}
}

var dayRange = regexp.MustCompile(`day >= .* AND .*day < `)

// check refuses what reads a whole table, and what reads a daily sum without an index on its day.
func (n node) check(t *testing.T, what string) {
	t.Helper()
	if n.NodeType == "Seq Scan" {
		t.Errorf("%s: Seq Scan on %s", what, n.RelationName)
	}
	ofDays := strings.HasPrefix(n.RelationName, "daily_") && n.NodeType != "Bitmap Heap Scan" || strings.HasPrefix(n.IndexName, "daily_")
	if ofDays && !dayRange.MatchString(n.IndexCond) {
		t.Errorf("%s: %s of %s%s does not go by the day: %s", what, n.NodeType, n.RelationName, n.IndexName, n.IndexCond)
	}
}
