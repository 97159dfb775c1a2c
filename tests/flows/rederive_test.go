package flows_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/tests/testkit"
)

const rederivePath = "/admin/activity/rederive"

// finished loads a job's page after the worker has done the job.
func (s *till) finished(path string) testkit.Answer {
	s.t.Helper()
	s.Await(`"msg":"job done","job_id":"` + path[len("/admin/jobs/"):] + `"`)
	return s.admin.Get(path)
}

// drift flags a click behind the engine's back, so that the ledger no longer says what the rules
// do.
func (s *till) drift(click string) {
	s.t.Helper()
	s.inTenant(func(ctx context.Context) error {
		_, err := db.Tx(ctx).NewRaw(`update clicks set flag = 'manual', reviewed_at = now() where id = ?`, click).Exec(ctx)
		return err
	})
}

func TestRederive_ShowsThenApplies(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	s.promoter("zoe")
	s.both(t, func(t *testing.T, v *testkit.Visitor) {
		user := "u" + uuid.NewString()
		click := s.brings("zoe", user)
		event, rows := s.sale(user, nil)
		s.drift(click)

		has(t, page(t, v, rederivePath), `form[method=post][action="`+rederivePath+`"]`, `[name=user_id]`, `[name=campaign_id]`, `[name=from]`)
		job := led(t, v, v.Post(rederivePath, url.Values{"user_id": {user}, "campaign_id": {""}, "from": {""}, "to": {""}}))
		doc := parsed(t, s.finished(job), http.StatusOK)
		says(t, doc, "1 amount would change. Nothing is written yet.", "Customer "+user, "Zoe", "Summer", "$10.00", "$0.00")
		has(t, doc, `a[href="/admin/activity/events/`+event+`"]`, `!#job[hx-get]`, `form[action="`+rederivePath+`"] input[name=apply][value=true]`)
		if got := s.status(rows[0]); got != "pending" {
			t.Fatalf("the dry run left it %s", got)
		}

		order := url.Values{}
		doc.Find(`form[action="` + rederivePath + `"] input`).Each(func(_ int, input *goquery.Selection) {
			order.Set(input.AttrOr("name", ""), input.AttrOr("value", ""))
		})
		job = led(t, v, v.Post(rederivePath, order))
		doc = parsed(t, s.finished(job), http.StatusOK)
		says(t, doc, "1 amount was changed.")
		has(t, doc, `!input[name=apply]`)
		if got := s.status(rows[0]); got != "reversed" {
			t.Errorf("it is %s", got)
		}
		job = led(t, v, v.Post(rederivePath, url.Values{"user_id": {user}}))
		says(t, parsed(t, s.finished(job), http.StatusOK), "The ledger says what the rules say.")
	})
}

func TestRederive_OfACampaignAndPeriod(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	s.promoter("zoe")
	click := s.brings("zoe", "u1")
	s.sale("u1", nil)
	s.drift(click)
	job := led(t, s.admin, s.admin.Post(rederivePath, url.Values{"campaign_id": {s.campaign}, "from": {"2020-01-01"}, "to": {"2099-12-31"}}))
	doc := parsed(t, s.finished(job), http.StatusOK)
	says(t, doc, "Customers who clicked in Summer", "1 Jan 2020 to 31 Dec 2099", "1 amount would change")
	has(t, doc, `input[name=campaign_id][value="`+s.campaign+`"]`, `input[name=from][value="2020-01-01"]`, `input[name=to][value="2099-12-31"]`)
	job = led(t, s.admin, s.admin.Post(rederivePath, url.Values{"to": {"2020-01-01"}}))
	says(t, parsed(t, s.finished(job), http.StatusOK), "All customers", "until 1 Jan 2020", "Nothing has to change.")
}

func TestRederive_PollsWhileItGoesOn(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	var waiting string
	s.inTenant(func(ctx context.Context) error {
		return db.Tx(ctx).NewRaw(`
			insert into platform.jobs (id, tenant_id, kind, args, run_at, max_attempts, progress, result)
			select gen_random_uuid(), platform.current_tenant(), 'attribution.rederive', '{"dry_run": true}', now() + interval '1 day', 3,
				'{"total": 40, "done": 10, "failed": 0}', '{"dry_run": true, "changed": 2, "differences": [], "after": "u10"}'
			returning id`).Scan(ctx, &waiting)
	})
	path := "/admin/jobs/" + waiting
	s.both(t, func(t *testing.T, v *testkit.Visitor) {
		doc := page(t, v, path)
		says(t, doc, "10 of 40 customers", "25 %")
		has(t, doc, `#job[hx-get="`+path+`"][hx-trigger="every 2s"][hx-select="#job"]`, `form[method=get][action="`+path+`"] button.no-script`, `!input[name=apply]`)
	})
}

func TestRederive_Refused(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	s.both(t, func(t *testing.T, v *testkit.Visitor) {
		for field, f := range map[string]url.Values{
			"from":        {"from": {"soon"}},
			"to":          {"from": {"2026-02-01"}, "to": {"2026-01-01"}},
			"campaign_id": {"user_id": {"u1"}, "campaign_id": {s.campaign}},
			"user_id":     {"user_id": {strings.Repeat("u", 201)}},
		} {
			doc := parsed(t, v.Post(rederivePath, f), http.StatusUnprocessableEntity)
			has(t, doc, `[name="`+field+`"][aria-invalid="true"]`)
			if whole(doc) == v.HTMX {
				t.Errorf("%s: a whole page: %v", field, whole(doc))
			}
		}
		doc := parsed(t, v.Post(rederivePath, url.Values{"campaign_id": {uuid.NewString()}}), http.StatusUnprocessableEntity)
		says(t, doc, "There is no such campaign.")
		if got := v.Get("/admin/jobs/" + uuid.NewString()); got.Status != http.StatusNotFound {
			t.Errorf("no job: %d", got.Status)
		}
	})
	v := s.viewer()
	if got := v.Post(rederivePath, url.Values{}); got.Status != http.StatusForbidden {
		t.Errorf("a viewer: %d", got.Status)
	}
	has(t, page(t, v, "/admin/activity"), `!a[href="`+rederivePath+`"]`)
	has(t, page(t, s.admin, "/admin/activity?user_id=u1"), `a[href="`+rederivePath+`?user_id=u1"]`)
}
