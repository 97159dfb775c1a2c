package flows_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/tests/testkit"
)

func bulk(action string, more ...string) url.Values {
	f := url.Values{"action": {action}}
	for i := 0; i+1 < len(more); i += 2 {
		f.Add(more[i], more[i+1])
	}
	return f
}

// sales are the commissions of a number of sales.
func (s *till) sales(user string, n int, more object) (rows []string) {
	s.t.Helper()
	for range n {
		_, made := s.sale(user, more)
		rows = append(rows, made...)
	}
	return rows
}

func TestBulk_IsTiedToTheList(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	s.promoter("zoe")
	s.brings("zoe", "u1")
	rows := s.sales("u1", 3, nil)
	s.both(t, func(t *testing.T, v *testkit.Visitor) {
		doc := page(t, v, "/admin/commissions?status=pending")
		has(t, doc, `#commissions form#bulk[method=get][action="/admin/commissions/bulk"]`, `!#commissions input[name=ids]:checked`,
			`#commissions input[name=ids][form=bulk][value="`+rows[0]+`"]`)
		all := doc.Find(`a[data-tick-all=bulk]`).AttrOr("href", "")
		doc = page(t, v, all)
		if n := doc.Find(`input[name=ids][checked]`).Length(); n != 3 {
			t.Errorf("%s ticks %d", all, n)
		}
		if none := doc.Find(`a[data-tick-all=bulk]`).AttrOr("href", ""); none != "/admin/commissions?status=pending" {
			t.Errorf("back by %s", none)
		}
		has(t, doc, `form#bulk input[name=back][value="/admin/commissions?status=pending"]`)
	})
}

func TestBulk_Approve(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	s.promoter("zoe")
	s.brings("zoe", "u1")
	const list = "/admin/commissions?status=ready"
	s.both(t, func(t *testing.T, v *testkit.Visitor) {
		rows := append(s.sales("u1", 2, nil), s.sales("u1", 1, object{"amount": 2000, "currency": "EUR"})...)
		f := bulk("approve", "back", list, "ids", rows[0], "ids", rows[1], "ids", rows[2])
		doc := page(t, v, "/admin/commissions/bulk?"+f.Encode())
		says(t, doc, "Approve 3 commissions?", "3 commissions, $20.00 and €4.00")
		has(t, doc, `form[method=post][action="/admin/commissions/bulk"] input[name=ids][value="`+rows[2]+`"]`, "!textarea")
		if dialog := doc.Find("dialog").Length() > 0; dialog != v.HTMX {
			t.Errorf("a dialog: %v", dialog)
		}
		if to := led(t, v, v.Post("/admin/commissions/bulk", f)); to != list {
			t.Errorf("led to %s", to)
		}
		v.HTMX = false
		says(t, page(t, v, list), "3 commissions approved: $20.00 and €4.00.")
		for _, id := range rows {
			if got := s.status(id); got != "approved" {
				t.Errorf("one is %s", got)
			}
		}
	})
}

func TestBulk_Hold(t *testing.T) {
	t.Parallel()
	s := openTill(t, object{"hold_days": 30})
	s.promoter("zoe")
	s.brings("zoe", "u1")
	s.both(t, func(t *testing.T, v *testkit.Visitor) {
		rows := s.sales("u1", 2, nil)
		f := bulk("approve", "ids", rows[0], "ids", rows[1])
		doc := page(t, v, "/admin/commissions/bulk?"+f.Encode())
		says(t, doc, "On hold", "2 commissions, $20.00", "Approve the 2 on hold, too")

		f.Set("force", "true")
		doc = parsed(t, v.Post("/admin/commissions/bulk", f), http.StatusUnprocessableEntity)
		has(t, doc, `textarea[name=note][aria-invalid=true]`, `input[name=force][checked]`, "!dialog")
		if whole(doc) == v.HTMX {
			t.Error("htmx gets the form alone, others the whole page")
		}
		f.Del("force")
		doc = parsed(t, v.Post("/admin/commissions/bulk", f), http.StatusOK)
		says(t, doc, "Nothing was changed.", "This commission is on hold until")
		if got := s.status(rows[0]); got != "pending" {
			t.Fatalf("it is %s", got)
		}
		f.Set("force", "true")
		f.Set("note", "An old friend")
		led(t, v, v.Post("/admin/commissions/bulk", f))
		says(t, page(t, v, "/admin/commissions/"+rows[1]), "Approved on", "An old friend")
	})
}

func TestBulk_ListsWhatCouldNotBeDone(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	s.promoter("zoe")
	s.brings("zoe", "u1")
	s.both(t, func(t *testing.T, v *testkit.Visitor) {
		rows := s.sales("u1", 2, nil)
		s.api("POST", "/commissions/"+rows[0]+"/approve", nil)
		f := bulk("approve", "ids", rows[0], "ids", rows[1])
		says(t, page(t, v, "/admin/commissions/bulk?"+f.Encode()), "To approve", "Stay as they are", "1 commission, $10.00")
		got := v.Post("/admin/commissions/bulk", f)
		doc := parsed(t, got, http.StatusOK)
		says(t, doc, "1 commission approved: $10.00.", "Only a pending or held commission can be approved; this one is approved.")
		has(t, doc, `tbody a[href="/admin/commissions/`+rows[0]+`"]`, `!tbody a[href="/admin/commissions/`+rows[1]+`"]`)
		if target := got.Header.Get("HX-Retarget"); (target == "#main") != v.HTMX || whole(doc) == v.HTMX {
			t.Errorf("goes to %q", target)
		}
		if got := s.status(rows[1]); got != "approved" {
			t.Errorf("the other one is %s", got)
		}
	})
}

func TestBulk_Reverse(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	s.promoter("zoe")
	s.brings("zoe", "u1")
	s.both(t, func(t *testing.T, v *testkit.Visitor) {
		rows := s.sales("u1", 2, nil)
		f := bulk("reverse", "ids", rows[0], "ids", rows[1])
		says(t, page(t, v, "/admin/commissions/bulk?"+f.Encode()), "Reverse 2 commissions?", "This can't be undone.")
		doc := parsed(t, v.Post("/admin/commissions/bulk", f), http.StatusUnprocessableEntity)
		says(t, doc, "Say why the commissions are reversed.")
		f.Set("note", "Returned")
		led(t, v, v.Post("/admin/commissions/bulk", f))
		if got := s.status(rows[0]) + s.status(rows[1]); got != "reversedreversed" {
			t.Errorf("they are %s", got)
		}
	})
}

func TestBulk_Refused(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	s.promoter("zoe")
	s.brings("zoe", "u1")
	rows := s.sales("u1", 1, nil)
	s.both(t, func(t *testing.T, v *testkit.Visitor) {
		for name, f := range map[string]url.Values{
			"None": bulk("approve"), "Unknown": bulk("approve", "ids", uuid.NewString()), "Nonsense": bulk("approve", "ids", "x"),
			"Action": bulk("pay", "ids", rows[0]),
		} {
			t.Run(name, func(t *testing.T) {
				if got := v.Get("/admin/commissions/bulk?" + f.Encode()); got.Status != http.StatusUnprocessableEntity {
					t.Errorf("GET: %d", got.Status)
				}
				if got := v.Post("/admin/commissions/bulk", f); got.Status != http.StatusUnprocessableEntity {
					t.Errorf("POST: %d", got.Status)
				}
			})
		}
	})
	v := s.viewer()
	has(t, page(t, v, "/admin/commissions"), "#commission-"+rows[0], "!form#bulk", "!input[name=ids]")
	if got := v.Post("/admin/commissions/bulk", bulk("approve", "ids", rows[0])); got.Status != http.StatusForbidden {
		t.Errorf("a viewer: %d", got.Status)
	}
	if got := s.status(rows[0]); got != "pending" {
		t.Errorf("it is %s", got)
	}
}

func TestAdjustment(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	zoe := s.promoter("zoe")
	const form, action = "/admin/commissions/adjustments/new", "/admin/commissions/adjustments"
	right := func(changes ...string) url.Values {
		f := url.Values{"partner_id": {zoe}, "kind": {"bonus"}, "amount": {"1,025.50"}, "currency": {"usd"}, "note": {"A good spring"}}
		for i := 0; i+1 < len(changes); i += 2 {
			f.Set(changes[i], changes[i+1])
		}
		return f
	}
	has(t, page(t, s.admin, "/admin/partners/"+zoe), `a[href="`+form+`?partner_id=`+zoe+`"]`)
	has(t, page(t, s.admin, "/admin/commissions"), `a[href="`+form+`"]`)
	has(t, page(t, s.admin, form+"?partner_id="+zoe), `option[value="`+zoe+`"][selected]`)
	s.both(t, func(t *testing.T, v *testkit.Visitor) {
		for name, c := range map[string]struct {
			changes []string
			field   string
		}{
			"NoPartner":     {[]string{"partner_id", ""}, "partner_id"},
			"WrongPartner":  {[]string{"partner_id", uuid.NewString()}, "partner_id"},
			"Kind":          {[]string{"kind", "earned"}, "kind"},
			"Zero":          {[]string{"amount", "0"}, "amount"},
			"TooManyDigits": {[]string{"amount", "1.005"}, "amount"},
			"NegativeBonus": {[]string{"amount", "-5"}, "amount"},
			"Currency":      {[]string{"currency", "XXQ"}, "currency"},
			"Note":          {[]string{"note", " "}, "note"},
			"LongNote":      {[]string{"note", strings.Repeat("x", 1001)}, "note"},
		} {
			t.Run(name, func(t *testing.T) {
				doc := parsed(t, v.Post(action, right(c.changes...)), http.StatusUnprocessableEntity)
				has(t, doc, `[name="`+c.field+`"][aria-invalid=true]`)
				if whole(doc) == v.HTMX {
					t.Errorf("a whole page: %v", whole(doc))
				}
			})
		}
		doc := page(t, v, led(t, v, v.Post(action, right())))
		says(t, doc, "$1,025.50 for Zoe", "Given by hand", "A good spring", "Bonus", "Approved")
		doc = page(t, v, led(t, v, v.Post(action, right("kind", "adjustment", "amount", "-5"))))
		says(t, doc, "-$5.00 for Zoe", "Adjustment")
	})
	if list, _ := s.api("GET", "/commissions", nil)["data"].([]any); len(list) != 4 {
		t.Errorf("%d rows are in the ledger", len(list))
	}
	v := s.viewer()
	if got := v.Post(action, right()); got.Status != http.StatusForbidden {
		t.Errorf("a viewer: %d", got.Status)
	}
}
