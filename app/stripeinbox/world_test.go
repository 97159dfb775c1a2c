package stripeinbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/config"
	"github.com/openpartner/openpartner/app/coupons"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/facts"
	"github.com/openpartner/openpartner/app/links"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/app/pay"
	"github.com/openpartner/openpartner/app/stripeinbox"
	"github.com/openpartner/openpartner/app/tracking"
	"github.com/openpartner/openpartner/tests/testkit"
)

// world is a program in a rolled-back transaction, with a partner, their link and an inbox.
type world struct {
	t           *testing.T
	now         time.Time
	untaxed     bool
	bus         *facts.Bus
	campaigns   *campaigns.Service
	partners    *partners.Service
	links       *links.Service
	tracking    *tracking.Service
	commissions *commissions.Service
	attribution *attribution.Service
	coupons     *coupons.Service
	inbox       *stripeinbox.Service

	campaign uuid.UUID
	partner  uuid.UUID
	link     links.Link
	cref     uuid.UUID
}

func setup(t *testing.T) (context.Context, *world) {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 1, 10, 12, 0, 0, 0, time.UTC), bus: &facts.Bus{}}
	ctx := testkit.Begin(t, testkit.DB(t).App)
	clock := func() time.Time { return w.now }
	w.campaigns = campaigns.NewService(nil, clock)
	w.partners = partners.NewService(w.bus, clock)
	w.links = links.NewService(w.campaigns, w.partners, clock)
	w.tracking = tracking.NewService(w.bus, clock)
	w.commissions = commissions.NewService(nil, clock)
	unsigned := func(context.Context) (string, bool, error) { return "", false, nil }
	w.attribution = attribution.NewService(w.tracking, w.campaigns, w.commissions, unsigned, w.bus, clock)
	w.coupons = coupons.NewService(w.campaigns, w.partners, w.attribution, clock)
	w.inbox = stripeinbox.NewService(stripeinbox.Options{
		Attribution: w.attribution, Tracking: w.tracking, Now: clock, Promotion: w.coupons.Promotion,
		Accounts:   pay.NewAccounts(pay.NewBackend(""), "", false, func(context.Context) (config.Secret, error) { return "", nil }),
		Secret:     func(context.Context) (config.Secret, error) { return secret, nil },
		ExcludeTax: func(context.Context) (bool, error) { return w.untaxed, nil },
	})
	facts.Listen(w.bus, w.inbox.Erased)

	rules := []campaigns.RuleInput{{Kind: "percent", Rate: "10"}, {Kind: "fixed", Amount: ptr(int64(700)), Currency: "USD", EventType: "signup"}}
	c := must(w.campaigns.Create(ctx, campaigns.Input{Name: ptr("Summer"), DestinationURL: ptr("https://shop.example.com/"), Rules: &rules}))(t)
	w.campaign = c.ID
	w.partner, w.link = w.join(ctx, "Ada")
	w.cref = w.click(ctx, w.link)
	w.now = w.now.Add(time.Hour)
	return ctx, w
}

const secret = "whsec_test"

func ptr[T any](v T) *T { return &v }

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// join adds an active partner with a link to the campaign.
func (w *world) join(ctx context.Context, name string) (uuid.UUID, links.Link) {
	w.t.Helper()
	in := partners.CreateInput{Email: strings.ToLower(name) + "@example.com", Name: name, CampaignIDs: []uuid.UUID{w.campaign}}
	p := must(w.partners.Create(ctx, in))(w.t)
	return p.ID, must(w.links.Create(ctx, p.ID, links.Input{CampaignID: w.campaign}))(w.t)
}

func (w *world) click(ctx context.Context, l links.Link) uuid.UUID {
	w.t.Helper()
	return must(w.tracking.Open(ctx, tracking.Visit{Key: l.Key, Query: url.Values{}}))(w.t).ClickID
}

// object is any JSON object.
type object = map[string]any

// event is one of Stripe's, some seconds after the click.
func (w *world) event(id, kind, version string, after int, of object) string {
	w.t.Helper()
	text, err := json.Marshal(object{
		"id": id, "object": "event", "type": kind, "api_version": version, "created": w.now.Unix() - 3000 + int64(after), "livemode": false, "data": object{"object": of},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// The API versions with the two layouts.
const (
	older = "2023-10-16"
	newer = "2025-08-27.basil"
)

// take receives an event and does all that is due after it.
func (w *world) take(ctx context.Context, body string) {
	w.t.Helper()
	err := w.inbox.Receive(ctx, stripeinbox.Delivery{
		Endpoint: stripeinbox.EndpointPlatform, Body: []byte(body), Signature: testkit.SignStripe([]byte(body), secret, w.now),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.work(ctx)
}

// work does the jobs that are due, as a worker does.
func (w *world) work(ctx context.Context) {
	w.t.Helper()
	for {
		var job struct {
			ID   uuid.UUID
			Args json.RawMessage
		}
		err := db.Tx(ctx).NewRaw(`select id, args from platform.jobs where kind = ? and status = 'pending' order by id limit 1`, stripeinbox.KindProcess).Scan(ctx, &job)
		if err != nil {
			return
		}
		var order stripeinbox.Order
		if err := json.Unmarshal(job.Args, &order); err != nil {
			w.t.Fatal(err)
		}
		if err := w.inbox.Process(ctx, order.ID); err != nil {
			w.t.Fatal(err)
		}
		if _, err := db.Tx(ctx).NewRaw(`update platform.jobs set status = 'done' where id = ?`, job.ID).Exec(ctx); err != nil {
			w.t.Fatal(err)
		}
	}
}

// apart runs fn on the world as it is, and forgets what it did.
func (w *world) apart(ctx context.Context, fn func(ctx context.Context)) {
	w.t.Helper()
	forget := errors.New("forget it")
	err := db.Run(ctx, func(ctx context.Context) error {
		fn(ctx)
		return forget
	})
	if !errors.Is(err, forget) {
		w.t.Fatal(err)
	}
}

// ledger is what all sales came to: who bought, what is left of it, and who has how much of it.
func (w *world) ledger(ctx context.Context) []string {
	w.t.Helper()
	var rows []string
	err := db.Tx(ctx).NewRaw(`
		select concat_ws(' ', e.external_id, e.type, e.user_id, e.amount, e.currency, 'less',
			(select coalesce(sum(r.amount), 0) from events r where r.reverses_event_id = e.id and r.type = 'refund'),
			(select string_agg(r.type, ' ' order by r.type) from events r where r.reverses_event_id = e.id and r.type <> 'refund'),
			'earns', (select string_agg(c.line, ', ' order by c.line) from (
				select concat_ws(' ', p.name, x.status, sum(x.amount), x.currency) as line
				from commissions x join partners p on p.id = x.partner_id where x.event_id = e.id and x.status <> 'reversed'
				group by p.name, x.status, x.currency having sum(x.amount) <> 0) as c))
		from events e where e.reverses_event_id is null order by 1`).Scan(ctx, &rows)
	if err != nil {
		w.t.Fatal(err)
	}
	return rows
}

// states are those of the inbox, by the event's id.
func (w *world) states(ctx context.Context) map[string]string {
	w.t.Helper()
	found := must(w.inbox.List(ctx, stripeinbox.Filter{}, page()))(w.t)
	out := map[string]string{}
	for _, e := range found.Items {
		text := string(e.Status)
		if e.Reason != nil {
			text += " " + string(*e.Reason)
		}
		if e.Error != nil {
			text += ": " + *e.Error
		}
		out[e.StripeEventID] = text
	}
	return out
}

// orders are all in which things can come.
func orders[T any](all []T) [][]T {
	if len(all) <= 1 {
		return [][]T{all}
	}
	var out [][]T
	for i := range all {
		rest := slices.Delete(slices.Clone(all), i, i+1)
		for _, o := range orders(rest) {
			out = append(out, append([]T{all[i]}, o...))
		}
	}
	return out
}

// sameInAllOrders takes the events in all orders, each of them twice, and gives the ledger, which
// must be the same.
func (w *world) sameInAllOrders(ctx context.Context, events ...string) []string {
	w.t.Helper()
	var want []string
	for _, order := range orders(events) {
		w.apart(ctx, func(ctx context.Context) {
			for i, e := range order {
				w.take(ctx, e)
				if i > 0 {
					w.take(ctx, order[i-1])
				}
			}
			got := w.ledger(ctx)
			if want == nil {
				want = got
			}
			if !slices.Equal(got, want) {
				w.t.Errorf("in the order %v:\n%s\nand not\n%s\n%v", names(order), strings.Join(got, "\n"), strings.Join(want, "\n"), w.states(ctx))
			}
		})
		if w.t.Failed() {
			break
		}
	}
	return want
}

func names(events []string) (out []string) {
	for _, text := range events {
		var e struct{ ID, Type string }
		_ = json.Unmarshal([]byte(text), &e)
		out = append(out, fmt.Sprint(e.ID, " ", e.Type))
	}
	return out
}
