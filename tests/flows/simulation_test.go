package flows_test

import (
	"maps"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/openpartner/openpartner/tests/testkit"
)

// proposal is the form of a simulation with one rule for purchases, with changes to the rule.
func proposal(model string, changes ...string) url.Values {
	f := url.Values{"attribution_model": {model}, "from": {""}}
	maps.Copy(f, ruleFields(0, append([]string{"rate", "20", "event_type", "purchase"}, changes...)...))
	return f
}

func TestSimulation_Compares(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	s.promoter("zoe")
	s.promoter("ada")
	s.name(s.click("zoe", time.Hour, firefox), "u1")
	s.brings("ada", "u1")
	_, rows := s.sale("u1", nil)
	path := "/admin/campaigns/" + s.campaign + "/simulation"
	s.both(t, func(t *testing.T, v *testkit.Visitor) {
		doc := page(t, v, path)
		has(t, doc, `form[method=post][action="`+path+`"]`, `[name="rules.0.rate"][value="20"]`, `[name=attribution_model] [value=last_click][selected]`)

		doc = parsed(t, v.Post(path, proposal("last_click")), http.StatusOK)
		says(t, doc, "No difference", "Ada", "$10.00", "Together in USD")
		if whole(doc) == v.HTMX {
			t.Errorf("a whole page: %v", whole(doc))
		}
		doc = parsed(t, v.Post(path, proposal("last_click", "rate", "30")), http.StatusOK)
		says(t, doc, "These terms would have paid $5.00 more.", "+$5.00", "$15.00")
		has(t, doc, `[name="rules.0.rate"][value="30"]`)
		doc = parsed(t, v.Post(path, proposal("linear")), http.StatusOK)
		says(t, doc, "Altogether the same", "Zoe", "-$5.00", "+$5.00")

		later := proposal("linear")
		later.Set("from", time.Now().AddDate(0, 0, 2).UTC().Format(time.DateOnly))
		says(t, parsed(t, v.Post(path, later), http.StatusOK), "Nothing was earned in this time")
	})
	if got := s.status(rows[0]); got != "pending" {
		t.Errorf("the commission is %s", got)
	}
	if list, _ := s.api("GET", "/commissions", nil)["data"].([]any); len(list) != 1 {
		t.Errorf("%d rows are in the ledger", len(list))
	}
}

func TestSimulation_Refused(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	path := "/admin/campaigns/" + s.campaign + "/simulation"
	s.both(t, func(t *testing.T, v *testkit.Visitor) {
		soon := proposal("linear")
		soon.Set("from", "soon")
		for field, f := range map[string]url.Values{
			"rules.0.rate": proposal("linear", "rate", "200"), "attribution_model": proposal("best"), "from": soon,
		} {
			doc := parsed(t, v.Post(path, f), http.StatusUnprocessableEntity)
			has(t, doc, `[name="`+field+`"][aria-invalid="true"]`)
			if whole(doc) == v.HTMX {
				t.Errorf("%s: a whole page: %v", field, whole(doc))
			}
		}
		if got := v.Post("/admin/campaigns/nonsense/simulation", proposal("linear")); got.Status != http.StatusNotFound {
			t.Errorf("of no campaign: %d", got.Status)
		}
	})
}

func TestSimulation_LeadsToTheForm(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	path := "/admin/campaigns/" + s.campaign
	s.both(t, func(t *testing.T, v *testkit.Visitor) {
		add := proposal("linear")
		add.Set("step", "add")
		has(t, parsed(t, v.Post(path+"/simulation", add), http.StatusOK), `form[action="`+path+`/simulation"] [name="rules.1.rate"]`)

		edit := proposal("linear", "rate", "35")
		edit.Set("step", "edit")
		got := v.Post(path+"/simulation", edit)
		doc := parsed(t, got, http.StatusOK)
		has(t, doc, `form[action="`+path+`"] [name="rules.0.rate"][value="35"]`, `[name=attribution_model][value=linear][checked]`,
			`[name=name][value=Summer]`, "h1")
		if (got.Header.Get("HX-Retarget") == "#main") != v.HTMX {
			t.Errorf("goes to %q", got.Header.Get("HX-Retarget"))
		}
	})
	says(t, page(t, s.admin, path), "20 % of every purchase")
}

func TestSimulation_ViewerMayAsk(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	s.promoter("zoe")
	s.brings("zoe", "u1")
	s.sale("u1", nil)
	v := s.viewer()
	path := "/admin/campaigns/" + s.campaign
	has(t, page(t, v, path), `a[href="`+path+`/simulation"]`)
	doc := parsed(t, v.Post(path+"/simulation", proposal("last_click", "rate", "10")), http.StatusOK)
	says(t, doc, "$5.00 less")
	has(t, doc, `!button[value=edit]`)
}
