package billing

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openpartner/openpartner/app/pay"
)

func at(text string) time.Time {
	t, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		panic(err)
	}
	return t
}

// Whatever days sell and take back: what was sent, and what is still carried, is what the days with a
// subscription sold; and nothing negative is ever sent.
func TestReportOf_NothingLost(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var sent, sold, carried int64
		for range rapid.IntRange(1, 60).Draw(t, "days") {
			amount, covered := rapid.Int64Range(-100_000, 100_000).Draw(t, "amount"), rapid.Bool().Draw(t, "covered")
			r := reportOf(amount, carried, covered)
			if r.Value < 0 || r.CarriedOut > 0 {
				t.Fatalf("%+v", r)
			}
			if (r.Status == Skipped) != (r.Value == 0) || (r.Status == Skipped) != (r.Reason != nil) {
				t.Fatalf("a report of %d has the state %s", r.Value, r.Status)
			}
			if covered {
				sold += amount
			}
			sent, carried = sent+r.Value, r.CarriedOut
			if sent+carried != sold {
				t.Fatalf("sent %d and carries %d of %d", sent, carried, sold)
			}
			if carried < 0 && r.Value > 0 {
				t.Fatal("something is sent although more was taken back")
			}
		}
	})
}

func TestReportOf(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		amount, carried int64
		covered         bool
		value, out      int64
		reason          string
	}{
		"a day":                        {500, 0, true, 500, 0, ""},
		"more taken back than sold":    {-200, 0, true, 0, -200, NothingDue},
		"made up for in part":          {150, -200, true, 0, -50, NothingDue},
		"made up for":                  {150, -50, true, 100, 0, ""},
		"without a subscription":       {500, 0, false, 0, 0, NoSubscription},
		"without one, carried further": {500, -50, false, 0, -50, NoSubscription},
	} {
		r := reportOf(c.amount, c.carried, c.covered)
		reason := ""
		if r.Reason != nil {
			reason = *r.Reason
		}
		if r.Value != c.value || r.CarriedOut != c.out || reason != c.reason {
			t.Errorf("%s: %+v, %s", name, r, reason)
		}
	}
}

func TestAccount_Covers(t *testing.T) {
	t.Parallel()
	day := at("2026-03-10 00:00")
	began, ended, later := at("2026-03-10 18:00"), at("2026-03-10 20:00"), at("2026-03-11 00:00")
	for name, c := range map[string]struct {
		account Account
		want    bool
	}{
		"no subscription":         {Account{Status: None}, false},
		"since that evening":      {Account{Status: Active, SubscribedAt: &began}, true},
		"who does not pay":        {Account{Status: PastDue, SubscribedAt: &began}, true},
		"ended that evening":      {Account{Status: Canceled, SubscribedAt: &began, EndedAt: &ended}, false},
		"ended after it":          {Account{Status: Canceled, SubscribedAt: &began, EndedAt: &later}, true},
		"since the day after":     {Account{Status: Active, SubscribedAt: &later}, false},
		"not paid for even once":  {Account{Status: Incomplete, SubscribedAt: &began}, false},
		"never came about":        {Account{Status: Expired, SubscribedAt: &began}, false},
		"tries it out for a time": {Account{Status: Trialing, SubscribedAt: &began}, true},
	} {
		if got := c.account.covers(day); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestAccount_NextDay(t *testing.T) {
	t.Parallel()
	now := at("2026-03-10 00:30")
	reported, subscribed := at("2026-03-05 00:00"), at("2026-03-07 15:00")
	for name, c := range map[string]struct {
		account Account
		now     time.Time
		day     string
		over    bool
	}{
		"the first look":             {Account{}, now, "2026-03-09", true},
		"a subscription before it":   {Account{SubscribedAt: &subscribed}, now, "2026-03-07", true},
		"days were missed":           {Account{ReportedDay: &reported, SubscribedAt: &subscribed}, now, "2026-03-06", true},
		"what is under way may end":  {Account{ReportedDay: &reported}, at("2026-03-07 00:05"), "2026-03-06", false},
		"nothing before tomorrow is": {Account{ReportedDay: &reported}, at("2026-03-06 23:59"), "2026-03-06", false},
	} {
		day, over := c.account.nextDay(c.now)
		if day.Format(time.DateOnly) != c.day || over != c.over {
			t.Errorf("%s: %s, %t", name, day, over)
		}
	}
}

func TestAccount_CountedAt(t *testing.T) {
	t.Parallel()
	day, now := at("2026-03-10 00:00"), at("2026-03-11 00:30")
	begun, closed := at("2026-03-01 12:00"), at("2026-03-11 00:10")
	for name, c := range map[string]struct {
		account Account
		now     time.Time
		want    time.Time
	}{
		"its day":                     {Account{PaidFrom: &begun}, now, at("2026-03-11 00:00").Add(-time.Second)},
		"its day is on a closed bill": {Account{PaidFrom: &closed}, now, closed},
		"Stripe looks no further":     {Account{PaidFrom: &begun}, at("2026-06-01 00:30"), at("2026-05-02 00:30")},
	} {
		if got := c.account.countedAt(day, c.now); !got.Equal(c.want) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestAccount_Take(t *testing.T) {
	t.Parallel()
	asked, ended := at("2026-03-10 00:00"), at("2026-03-01 00:00")
	over := pay.Subscription{ID: "sub_over", Status: "canceled", Ended: &ended}
	lives := pay.Subscription{ID: "sub_lives", Status: "past_due", Prices: []string{"price_usd"}}
	second := pay.Subscription{ID: "sub_second", Status: "active"}
	for name, c := range map[string]struct {
		all    []pay.Subscription
		id     string
		status Status
		living int
	}{
		"none":                    {nil, "", None, 0},
		"one that is over":        {[]pay.Subscription{over}, "sub_over", Canceled, 0},
		"one that lives is older": {[]pay.Subscription{over, lives}, "sub_lives", PastDue, 1},
		"two live":                {[]pay.Subscription{second, over, lives}, "sub_second", Active, 2},
	} {
		before, invoice := "sub_before", "in_1"
		a := Account{Customer: &before, Subscription: &before, Status: Active, FailedInvoice: &invoice, Living: 3}
		a.take(c.all, asked)
		id := ""
		if a.Subscription != nil {
			id = *a.Subscription
		}
		if id != c.id || a.Status != c.status || a.Living != c.living || a.FailedInvoice == nil || a.Customer == nil || !a.ReadAt.Equal(asked) {
			t.Errorf("%s: %s, %+v", name, id, a)
		}
	}
}

func TestSubjectOf(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind, object string
		want         subject
	}{
		"a subscription":    {"customer.subscription.updated", `{"id":"sub_1","object":"subscription","customer":"cus_1"}`, subject{"sub_1", "cus_1"}},
		"a whole customer":  {"invoice.paid", `{"id":"in_1","object":"invoice","customer":{"id":"cus_1"}}`, subject{"in_1", "cus_1"}},
		"the customer":      {"customer.updated", `{"id":"cus_1","object":"customer"}`, subject{"cus_1", "cus_1"}},
		"nobody":            {"charge.refunded", `{"id":"ch_1","object":"charge","customer":null}`, subject{"ch_1", ""}},
		"something else":    {"transfer.created", `{"id":"tr_1","object":"transfer"}`, subject{"tr_1", ""}},
		"no object at all":  {"v1.billing.meter.no_meter_found", `null`, subject{}},
		"what is no object": {"invoice.paid", `[]`, subject{}},
	} {
		if got := subjectOf(pay.Event{Type: c.kind, Object: json.RawMessage(c.object)}); got != c.want {
			t.Error(name, cmp.Diff(c.want, got, cmp.AllowUnexported(subject{})))
		}
	}
}

func TestService_Address(t *testing.T) {
	t.Parallel()
	s := NewService(Options{})
	for text, ok := range map[string]bool{
		"https://checkout.stripe.com/c/pay/cs_1": true, "https://stripe.com/x": true, "http://checkout.stripe.com/": false, "https://stripe.com.example.com/": false,
		"https://evilstripe.com/": false, "https://stripe.com@example.com/": false, "javascript:alert(1)": false, "//stripe.com": false, "": false,
	} {
		if _, err := s.address(text); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
	other := NewService(Options{AnyAddress: true})
	if _, err := other.address("http://127.0.0.1:9/pay"); err != nil {
		t.Error(err)
	}
	if _, err := other.address("javascript:alert(1)"); err == nil {
		t.Error("a script is an address")
	}
}
