package flows_test

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openpartner/openpartner/tests/testkit"
)

// earned is what a sale of 100.00 through a partner's link brings them.
func (p *program) earned(key, user string) any {
	p.t.Helper()
	got := p.Call("", "GET", "/r/"+key, nil, "User-Agent", "Mozilla/5.0 Firefox/140.0")
	_, cref, _ := strings.Cut(got.Header.Get("Location"), "cref=")
	p.api("POST", "/events", object{"user_id": user, "type": "purchase", "amount": 10000, "currency": "USD", "cref": cref})
	newest, _ := p.api("GET", "/commissions", nil)["data"].([]any)[0].(object)
	return newest["amount"]
}

func TestOverrides(t *testing.T) {
	t.Parallel()
	p := start(t)
	campaign := p.promotion("Summer")
	id := p.partner("Zoe", campaign)
	p.api("POST", "/partners/"+id+"/links", object{"key": "zoe", "campaign_id": campaign})
	show, own := "/admin/partners/"+id, "/admin/partners/"+id+"/overrides/"+campaign
	p.both(t, func(t *testing.T, v *testkit.Visitor) {
		has(t, page(t, v, show), `a[href="`+own+`"]`)
		doc := page(t, v, own)
		says(t, doc, "no rules of their own here")
		has(t, doc, `form[action="`+own+`"] [name="rules.0.rate"][value="20"]`, `!button:contains("Remove own rules")`)

		f := ruleFields(0, "rate", "30")
		f.Set("step", "add")
		doc = parsed(t, v.Post(own, f), http.StatusOK)
		has(t, doc, `[name="rules.0.rate"][value="30"]`, `[name="rules.1.rate"]`)
		if whole(doc) == v.HTMX {
			t.Errorf("a whole page: %v", whole(doc))
		}

		f = ruleFields(0, "rate", "30")
		maps.Copy(f, ruleFields(1, "kind", "fixed", "amount", "5.00", "event_type", "signup"))
		if to := led(t, v, v.Post(own, f)); to != own {
			t.Errorf("led to %s", to)
		}
		says(t, page(t, v, own), "30 % of every sale", "$5.00 for every signup")
		says(t, page(t, v, show), "2 own rules", "Own rules changed")
		if got := p.earned("zoe", t.Name()); got != float64(3000) {
			t.Errorf("by the own rules: %v", got)
		}

		led(t, v, v.Post(own, nil)) // what the button sends
		says(t, page(t, v, own), "no rules of their own here")
	})
}

func TestOverrides_Refused(t *testing.T) {
	t.Parallel()
	p := start(t)
	campaign := p.promotion("Summer")
	id := p.partner("Zoe", campaign)
	own := "/admin/partners/" + id + "/overrides/" + campaign
	many := url.Values{}
	for i := range 11 {
		maps.Copy(many, ruleFields(i, "rate", "1"))
	}
	p.both(t, func(t *testing.T, v *testkit.Visitor) {
		for name, c := range map[string]struct {
			changes []string
			fields  []string
		}{
			"NoRate":     {[]string{"rate", ""}, []string{"rules.0.rate"}},
			"Over100":    {[]string{"rate", "100.1"}, []string{"rules.0.rate"}},
			"Words":      {[]string{"rate", "half"}, []string{"rules.0.rate"}},
			"Kind":       {[]string{"kind", "gift", "rate", "1"}, []string{"rules.0.kind"}},
			"NoAmount":   {[]string{"kind", "fixed"}, []string{"rules.0.amount"}},
			"Currency":   {[]string{"kind", "fixed", "amount", "5", "currency", "XXQ"}, []string{"rules.0.currency"}},
			"FirstOfAny": {[]string{"rate", "1", "trigger", "first", "duration_months", "0"}, []string{"rules.0.event_type", "rules.0.duration_months"}},
		} {
			t.Run(name, func(t *testing.T) {
				_, fields := refused(t, v, v.Post(own, ruleFields(0, c.changes...)))
				if diff := cmp.Diff(c.fields, fields); diff != "" {
					t.Errorf("marked fields: %s", diff)
				}
			})
		}
		doc, _ := refused(t, v, v.Post(own, many))
		says(t, doc, "At most 10 rules.")
		says(t, page(t, v, own), "no rules of their own here")
		for _, path := range []string{"/admin/partners/" + nobody + "/overrides/" + campaign, "/admin/partners/" + id + "/overrides/" + nobody} {
			if got := v.Get(path); got.Status != http.StatusNotFound {
				t.Errorf("GET %s: got %d", path, got.Status)
			}
			if got := v.Post(path, nil); got.Status != http.StatusNotFound {
				t.Errorf("POST %s: got %d", path, got.Status)
			}
		}
	})
}
