package flows_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/tests/testkit"
)

const day = 24 * time.Hour

func TestEvent_ExplainsALastClickSale(t *testing.T) {
	t.Parallel()
	s := openTill(t, object{"hold_days": 30})
	s.promoter("zoe")
	s.promoter("ada")
	for _, c := range []struct {
		key   string
		ago   time.Duration
		agent string
	}{{"ada", 75 * day, firefox}, {"zoe", 2 * day, firefox}, {"ada", 0, crawler}} {
		s.name(s.click(c.key, c.ago, c.agent), "u1")
	}
	event, rows := s.sale("u1", object{"external_id": "order-1", "metadata": object{"plan": "pro"}})
	s.both(t, func(t *testing.T, v *testkit.Visitor) {
		doc := page(t, v, "/admin/activity/events/"+event)
		if whole(doc) == v.HTMX {
			t.Error("htmx gets a part, others the whole page")
		}
		says(t, doc, "Purchase: $49.99", "Zoe earns $10.00.",
			"Clicked 75 days before the event. The window was 60 days.", "Dropped: too old",
			"Clicked 2 days before the event, within the window of 60 days.", "Counts",
			"A program opened the link", "Dropped: flagged", "The shop itself said whose clicks these were.",
			"Model: last click", "Share: 1", "20 % of $49.99 × 1 = $10.00", "from $9.998", "order-1", `"plan": "pro"`)
		has(t, doc, `.trace a[href="/admin/commissions/`+rows[0]+`"]`)
	})
}

func TestEvent_NamesTheLockOfTheCustomer(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	s.promoter("zoe")
	s.promoter("ada")
	s.name(s.click("zoe", 2*day, firefox), "u1")
	first, _ := s.sale("u1", object{"occurred_at": time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)})
	s.brings("ada", "u1")
	second, _ := s.sale("u1", nil)
	doc := page(t, s.admin, "/admin/activity/events/"+second)
	says(t, doc, "Zoe earns $10.00.", "Customer lock", "An earlier event settled who earns from this customer", "Not asked", "Won the customer")
	has(t, doc, `.trace a[href="/admin/activity/events/`+first+`"]`)
	says(t, page(t, s.admin, "/admin/activity/events/"+first), "1 later event of this customer")
}

func TestEvent_SaysWhyNobodyEarns(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	s.promoter("zoe")
	s.brings("zoe", "norule")
	s.brings("zoe", "late")
	s.name(s.click("zoe", 75*day, firefox), "old")
	s.name(s.click("zoe", 0, crawler), "bot")
	s.brings("zoe", "own")
	for name, c := range map[string]struct {
		user string
		more object
		want []string
	}{
		"UnknownUser":   {"nobody", nil, []string{"No click known", "no click was ever tied to this user", "send the cref along with the event", "No click to judge"}},
		"NoRule":        {"norule", object{"type": "renewal"}, []string{"Attributed", "Nobody earns from this event.", "Nothing: no rule pays for it"}},
		"NoTouch":       {"late", object{"occurred_at": time.Now().Add(-3 * time.Hour).UTC().Format(time.RFC3339)}, []string{"Clicks came later", "all clicks of this user came after it", "Dropped: after the event"}},
		"OutsideWindow": {"old", nil, []string{"Clicks too old", "the user's clicks were too old", "Dropped: too old"}},
		"Flagged":       {"bot", nil, []string{"Flagged", "every click of this user is flagged", "Dropped: flagged"}},
		"SelfReferral":  {"own", object{"email": "zoe@example.com"}, []string{"Own purchase", "the customer is the partner who sent them", "Dropped: own purchase"}},
	} {
		t.Run(name, func(t *testing.T) {
			event, rows := s.sale(c.user, c.more)
			if len(rows) != 0 {
				t.Fatalf("it earned %v", rows)
			}
			says(t, page(t, s.admin, "/admin/activity/events/"+event), c.want...)
		})
	}
}

func TestEvent_TiesARefundToItsSale(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	s.promoter("zoe")
	s.brings("zoe", "u1")
	sale, _ := s.sale("u1", object{"amount": 10_000})
	refund, _ := s.sale("u1", object{"type": "refund", "amount": 2500, "reverses": sale})
	doc := page(t, s.admin, "/admin/activity/events/"+sale)
	says(t, doc, "Zoe earns $15.00.", "20 % of $100.00 × 3/4 × 1 = $15.00", "$75.00 of $100.00", "Earned: $20.00", "Taken back because of a refund", "Refund: $25.00")
	has(t, doc, `.trace a[href="/admin/activity/events/`+refund+`"]`)
	doc = page(t, s.admin, "/admin/activity/events/"+refund)
	says(t, doc, "Recorded", "This event takes back another one; nobody earns from it.", "Takes back Purchase: $100.00")
	has(t, doc, `.trace a[href="/admin/activity/events/`+sale+`"]`)
}

func TestEvents_AreNarrowed(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	s.sale("u1", nil)
	s.sale("u2", object{"type": "signup", "amount": nil, "currency": nil})
	today := time.Now().UTC().Format(time.DateOnly)
	for query, want := range map[string]int{
		"": 2, "?user_id=u1": 1, "?type=signup": 1, "?user_id=u1&type=signup": 0, "?from=" + today: 2, "?to=" + today: 2, "?to=2020-01-01": 0,
	} {
		t.Run(query, func(t *testing.T) {
			doc := page(t, s.admin, "/admin/activity"+query)
			if got := doc.Find("#events tbody tr").Length(); got != want {
				t.Errorf("got %d rows, want %d", got, want)
			}
		})
	}
	t.Run("NotADay", func(t *testing.T) {
		doc := parsed(t, s.admin.Get("/admin/activity?from=yesterday"), http.StatusUnprocessableEntity)
		has(t, doc, `input[name=from][aria-invalid=true]`)
		says(t, doc, "Give a day such as")
	})
}

func TestEvents_PageByPage(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	for range 3 {
		s.sale("u1", nil)
	}
	doc := page(t, s.admin, "/admin/activity?limit=2&user_id=u1")
	next := doc.Find(".pager a:not([download])").AttrOr("href", "")
	if got := doc.Find("#events tbody tr").Length(); got != 2 || next == "" {
		t.Fatalf("got %d rows and the next page %q", got, next)
	}
	doc = page(t, s.admin, next)
	if got := doc.Find("#events tbody tr").Length(); got != 1 {
		t.Errorf("got %d rows on the second page", got)
	}
}

func TestClicks(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	zoe := s.promoter("zoe")
	ada := s.promoter("ada")
	cref := s.brings("zoe", "u1")
	bot := s.click("zoe", 0, crawler)
	event, _ := s.sale("u1", nil)
	for query, want := range map[string]int{
		"": 2, "?partner_id=" + zoe: 2, "?partner_id=" + ada: 0, "?campaign_id=" + s.campaign: 2, "?flagged=true": 1,
	} {
		t.Run("List"+query, func(t *testing.T) {
			doc := page(t, s.admin, "/admin/activity/clicks"+query)
			if got := doc.Find("#clicks tbody tr").Length(); got != want {
				t.Errorf("got %d rows, want %d", got, want)
			}
		})
	}
	t.Run("ListNamesTheWrongFilter", func(t *testing.T) {
		doc := parsed(t, s.admin.Get("/admin/activity/clicks?partner_id=zoe"), http.StatusUnprocessableEntity)
		has(t, doc, `select[name=partner_id][aria-invalid=true]`)
	})
	t.Run("ShowsWhoseItWas", func(t *testing.T) {
		doc := page(t, s.admin, "/admin/activity/clicks/"+cref)
		says(t, doc, "Click on zoe", "Zoe", "Summer", "u1", "the shop", "https://shop.example.com/")
		has(t, doc, `a[href="/admin/activity/events/`+event+`"]`, `a[href="/admin/activity?user_id=u1"]`, "!.banner")
	})
	t.Run("ExplainsItsFlag", func(t *testing.T) {
		says(t, page(t, s.admin, "/admin/activity/clicks/"+bot), "A program opened the link", "it earns nobody anything", "Nobody yet")
	})
}

func TestActivity_Unknown(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, path := range []string{"/admin/activity/events/", "/admin/activity/clicks/", "/admin/commissions/"} {
		for _, id := range []string{uuid.NewString(), "order-1", url.PathEscape("' or 1=1")} {
			if got := s.admin.Get(path + id); got.Status != http.StatusNotFound {
				t.Errorf("%s%s: %d", path, id, got.Status)
			}
		}
	}
}
