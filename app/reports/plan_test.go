package reports_test

import (
	"context"
	"encoding/json"
	"regexp"
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
	db.Tx(ctx).NewRaw("select 1").DB().AddQueryHook(l)
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
	d.AsOwner(t, `analyze daily_clicks`)
	d.AsOwner(t, `analyze daily_money`)
	d.AsOwner(t, `analyze partners`)
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
	if (n.RelationName == "daily_clicks" || n.RelationName == "daily_money") && n.NodeType != "Bitmap Heap Scan" && !dayRange.MatchString(n.IndexCond) {
		t.Errorf("%s: %s on %s does not go by the day: %s", what, n.NodeType, n.RelationName, n.IndexCond)
	}
	if n.NodeType == "Bitmap Index Scan" && !dayRange.MatchString(n.IndexCond) {
		t.Errorf("%s: %s does not go by the day: %s", what, n.IndexName, n.IndexCond)
	}
}
