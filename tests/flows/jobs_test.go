package flows_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/tests/testkit"
)

// job adds a job that no worker will take on before tomorrow.
func (s *till) job(kind, status string) (id, path string) {
	s.t.Helper()
	id = uuid.NewString()
	s.inTenant(func(ctx context.Context) error {
		_, err := db.Tx(ctx).NewRaw(`
			insert into platform.jobs (id, tenant_id, kind, status, args, run_at, attempts, finished_at, last_error)
			select ?0, platform.current_tenant(), ?1, ?2, '{"partner_id": "`+uuid.NewString()+`"}', now() + interval '1 day',
				case ?2 when 'dead' then 12 else 3 end, case ?2 when 'pending' then null else now() end, case ?2 when 'done' then null else 'no route to host' end`,
			id, kind, status).Exec(ctx)
		return err
	})
	return id, "/admin/jobs/" + id
}

func (s *till) jobIs(id, question string) {
	s.t.Helper()
	var is bool
	s.DB.Read(s.t, &is, `select `+question+` from platform.jobs where id = ?`, id)
	if !is {
		s.t.Errorf("the job %s is not %s", id, question)
	}
}

func TestJobs_List(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	_, waits := s.job("signin.requested", "pending")
	_, dead := s.job("partners.invited", "dead")
	_, done := s.job("partners.told", "done")
	doc := page(t, s.admin, "/admin/jobs")
	says(t, doc, "Mail a sign-in link", "Tries again", "3 of 12", "Invite a partner", "Failed for good", "no route to host", "By the clock", "Delete what has served its time", "Every hour")
	has(t, doc, `#jobs a[href="`+waits+`"]`, `#jobs a[href="`+dead+`"]`, `!#jobs a[href="`+done+`"]`, `nav a[href="/admin/jobs"][aria-current]`)
	if text := doc.Find("#nav-jobs").First().Text(); !strings.Contains(text, "1") {
		t.Errorf("the counter says %q", text)
	}
	says(t, page(t, s.admin, "/admin"), "Jobs that failed for good")
	for query, want := range map[string]string{"state=dead": dead, "state=pending&kind=signin.requested": waits, "state=done&kind=partners.told": done} {
		found := page(t, s.admin, "/admin/jobs?"+query).Find("#jobs tbody a.row-title")
		if found.Length() != 1 || found.AttrOr("href", "") != want {
			t.Errorf("%s: %d rows, the first %s", query, found.Length(), found.AttrOr("href", ""))
		}
	}
	for _, query := range []string{"state=lost", "kind=none", "cursor=none"} {
		if got := s.admin.Get("/admin/jobs?" + query); got.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", query, got.Status)
		}
	}
	next := page(t, s.admin, "/admin/jobs?limit=1").Find(`#jobs a:contains("Next")`).AttrOr("href", "")
	has(t, page(t, s.admin, next), `#jobs a[href="`+waits+`"]`, `!#jobs a[href="`+dead+`"]`)
}

func TestJobs_TriedAgain(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	s.both(t, func(t *testing.T, v *testkit.Visitor) {
		// Nobody has such a partner, so the worker can't do the job, and doesn't try for long.
		for _, status := range []string{"pending", "dead"} {
			id, path := s.job("partners.invited", status)
			has(t, page(t, v, path), `form[action="`+path+`/retry"]`, `a[href="`+path+`/discard"]`)
			if to := led(t, v, v.Post(path+"/retry", nil)); to != path {
				t.Errorf("led to %s", to)
			}
			s.jobIs(id, "run_at <= now() and attempts < 12")
		}
		id, _ := s.job("partners.invited", "dead")
		led(t, v, v.Post("/admin/jobs/retry", url.Values{"kind": {"partners.invited"}}))
		s.jobIs(id, "run_at <= now() and attempts < 12")
	})
	led(t, s.admin, s.admin.Post("/admin/jobs/retry", url.Values{"kind": {"clicks.flagged"}}))
	says(t, page(t, s.admin, "/admin/jobs"), "There is nothing to try again.")
	_, done := s.job("partners.told", "done")
	if got := s.admin.Post(done+"/retry", nil); got.Status != http.StatusConflict {
		t.Errorf("a job that is done: %d", got.Status)
	}
	says(t, page(t, s.admin, "/admin/audit"), "had tried again a job", "had tried again all failed jobs of a kind")
}

func TestJobs_Discarded(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	s.both(t, func(t *testing.T, v *testkit.Visitor) {
		id, path := s.job("partners.invited", "dead")
		says(t, page(t, v, path+"/discard"), "Discard this job?", "“Invite a partner” will not be done.")
		s.jobIs(id, "status = 'dead'")
		led(t, v, v.Post(path+"/discard", nil))
		s.jobIs(id, "status = 'cancelled' and finished_at is not null")
		has(t, page(t, v, path), `!form[action="`+path+`/retry"]`, `!a[href="`+path+`/discard"]`)
		if got := v.Post(path+"/discard", nil); got.Status != http.StatusConflict {
			t.Errorf("twice: %d", got.Status)
		}
	})
	says(t, page(t, s.admin, "/admin/audit"), "discarded a job")
}

func TestJobs_ViewersOnlyLook(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	_, path := s.job("partners.invited", "dead")
	v := s.viewer()
	has(t, page(t, v, "/admin/jobs"), `#jobs a[href="`+path+`"]`, `!form[action="/admin/jobs/retry"]`)
	has(t, page(t, v, path), `!form[action="`+path+`/retry"]`, `!a[href="`+path+`/discard"]`)
	for _, to := range []string{path + "/retry", path + "/discard", "/admin/jobs/retry"} {
		if got := v.Post(to, nil); got.Status != http.StatusForbidden {
			t.Errorf("%s: %d", to, got.Status)
		}
	}
}

// What serves pages alone adds jobs and claims none; they are done as soon as a worker comes.
func TestJobs_NoneAreClaimedByWebOnly(t *testing.T) {
	t.Parallel()
	a := testkit.StartWeb(t, "OPENPARTNER_SCHEDULER_INTERVAL=5ms")
	v := a.Admin()
	v.Post("/signin", url.Values{"email": {"ada@example.com"}})
	for range 20 {
		v.Get("/admin/jobs")
	}
	var n struct{ Untouched, All int }
	a.DB.Read(t, &n, `select count(*) filter (where status = 'pending' and attempts = 0 and kind = 'signin.requested') as untouched, count(*) as all from platform.jobs`)
	if n.Untouched == 0 || n.Untouched != n.All {
		t.Errorf("%d of %d jobs are as they were added", n.Untouched, n.All)
	}
	a.Replica(nil)
	a.DB.Await(t, `select count(*) > 1 and count(*) = count(*) filter (where attempts > 0) from platform.jobs`)
}
