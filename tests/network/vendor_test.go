// Package network_test runs a program against a hub of the test's own, over real HTTP.
package network_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openpartner/openpartner/app/protocol"
)

func TestConnect(t *testing.T) {
	t.Parallel()
	v := start(t)
	if s := v.stands(); s.State != "none" || s.HasToken {
		t.Fatalf("at first: %+v", s)
	}
	v.hub.set(func() { v.hub.fail = func(heard) int { return http.StatusInternalServerError } })
	v.call("POST", "/config/network/start-connect", map[string]string{"contact_email": "ada@tea.example", "display_name": "Tea Club"}, http.StatusBadGateway, nil)
	if s := v.stands(); s.State != "failed" || s.LastError == nil {
		t.Fatalf("after a hub that failed: %+v", s)
	}
	v.hub.set(func() { v.hub.fail = nil })
	v.call("POST", "/config/network/start-connect", map[string]string{"contact_email": "no address", "display_name": ""}, http.StatusUnprocessableEntity, nil)
	var begun struct {
		VendorID string `json:"vendor_id"`
		Status   string
	}
	got := v.Call(v.key, "POST", "/api/v1/config/network/start-connect", map[string]string{"contact_email": "ada@tea.example", "contact_name": "Ada", "display_name": "Tea Club"},
		"X-Forwarded-Host", "evil.example", "Origin", "https://evil.example")
	got.JSON(t, &begun)
	ask := v.hub.signUp
	want := protocol.SignUp{
		InstanceURL: v.URL + "/api/v1", CallbackKey: ask.CallbackKey, DisplayName: "Tea Club", Tier: "self_hosted",
		Contact: protocol.Contact{Email: "ada@tea.example", Name: "Ada"}, CallbackURL: v.URL + "/admin/network/complete", State: ask.State,
	}
	if diff := cmp.Diff(want, ask); got.Status != http.StatusAccepted || begun.VendorID != "vnd_1" || begun.Status != "pending" || diff != "" {
		t.Fatalf("%d %s\n%s", got.Status, got.Body, diff)
	}
	var who struct {
		Role   string
		Scopes []string
	}
	v.callAs(ask.CallbackKey, "GET", "/whoami", nil, http.StatusOK, &who)
	if who.Role != "scoped" || strings.Join(who.Scopes, " ") != strings.Join(protocol.CallbackScopes(), " ") {
		t.Errorf("the hub's key is %+v", who)
	}

	complete := func(state string, want int) {
		t.Helper()
		v.call("POST", "/config/network/complete-connect", map[string]string{"ntoken": "mailed", "state": state}, want, nil)
	}
	complete("another", http.StatusUnprocessableEntity)
	v.hub.set(func() { v.hub.vendor = "vnd_2" })
	complete(ask.State, http.StatusBadGateway)
	v.hub.set(func() { v.hub.vendor = "vnd_1" })
	complete(ask.State, http.StatusOK)
	complete(ask.State, http.StatusOK) // an answer that was lost
	if s := v.stands(); s.State != "connected" || !s.HasToken || *s.VendorID != "vnd_1" {
		t.Fatalf("connected: %+v", s)
	}
	v.callAs(ask.CallbackKey, "GET", "/whoami", nil, http.StatusOK, nil)

	v.call("POST", "/config/network/rotate-token", nil, http.StatusOK, nil)
	v.call("GET", "/admin/network/me", nil, http.StatusOK, nil) // with the new one
	v.connect()                                                 // again: the key before is worth nothing
	v.callAs(ask.CallbackKey, "GET", "/whoami", nil, http.StatusUnauthorized, nil)
	v.call("POST", "/config/network/disconnect", nil, http.StatusOK, nil)
	v.callAs(v.hub.signUp.CallbackKey, "GET", "/whoami", nil, http.StatusUnauthorized, nil)
	if s := v.stands(); s.State != "disconnected" || s.HasToken {
		t.Errorf("disconnected: %+v", s)
	}
	v.call("GET", "/admin/network/me", nil, http.StatusServiceUnavailable, nil)
	for _, page := range []string{"/export.json", "/config/network", "/api-keys"} {
		if body := v.call("GET", page, nil, http.StatusOK, nil).Body; strings.Contains(body, "vt_") || strings.Contains(body, ask.CallbackKey) {
			t.Errorf("%s shows a secret", page)
		}
	}
}

func TestPush(t *testing.T) {
	t.Parallel()
	v := start(t)
	v.Admin()
	v.partner("before@example.com") // of whom the hub never hears by itself
	v.connect()
	v.hub.set(func() { v.hub.creators["late@example.com"] = true })
	p := v.partner("late@example.com")
	v.hub.until("an upsert", func() bool { return v.hub.known[p.ID].Status == protocol.Active })
	v.DB.Await(t, `select network_creator_id is not null and network_pre_existing from partners where id = ?`, p.ID)
	v.call("GET", "/partners/"+p.ID, nil, http.StatusOK, &p)
	if p.Network == nil || !p.Network.PreExisting || p.Network.CreatorID == "" {
		t.Errorf("the partner's network is %+v", p.Network)
	}
	if u := v.hub.known[p.ID]; u.Email != "late@example.com" || u.Metadata.Source != "admin_invite" || u.JoinedVendorAt == nil {
		t.Errorf("the hub heard %+v", u)
	}

	// Down, it hears nothing, and nobody notices but the queue. The newest state is what it hears in the end.
	v.hub.set(func() { v.hub.fail = func(heard) int { return http.StatusServiceUnavailable } })
	v.call("PATCH", "/partners/"+p.ID, map[string]string{"name": "Late Riser"}, http.StatusOK, nil)
	v.DB.Await(t, `select count(*) = 1 from network_outbox where status = 'pending' and attempts >= 1 and last_error is not null`)
	v.call("POST", "/partners/"+p.ID+"/revoke", map[string]string{"reason": "enough"}, http.StatusOK, nil)
	q := v.partner("other@example.com")
	v.DB.Await(t, `select count(*) = 2 from network_outbox where status = 'pending' and attempts >= 1`)
	v.hub.set(func() { v.hub.fail = nil })
	v.call("POST", "/network/outbox/retry-all", nil, http.StatusAccepted, nil)
	v.hub.until("the newest of both", func() bool {
		return v.hub.known[p.ID].Status == protocol.Revoked && v.hub.known[q.ID].Status == protocol.Active
	})
	if u := v.hub.known[p.ID]; u.Email != "" || u.RevokedAt == nil || u.Profile != nil {
		t.Errorf("of who is out the hub heard %+v", u)
	}
	v.DB.Await(t, `select count(*) = 0 from network_outbox`)

	// What it refuses for good is dead at once, and can be discarded.
	v.hub.set(func() { v.hub.fail = func(heard) int { return http.StatusUnprocessableEntity } })
	v.partner("refused@example.com")
	v.DB.Await(t, `select count(*) = 1 from network_outbox where status = 'dead'`)
	var outbox struct {
		Data []struct{ ID, Status, LastError string }
	}
	v.call("GET", "/network/outbox?status=dead", nil, http.StatusOK, &outbox)
	v.call("DELETE", "/network/outbox/"+outbox.Data[0].ID, nil, http.StatusNoContent, nil)

	// A token that it does not know any more pauses the queue; nothing dies of it.
	v.hub.set(func() { v.hub.fail, v.hub.token = nil, "vt_other" })
	v.partner("waiting@example.com")
	v.Await("/admin/network") // in the mail to the admin
	if s := v.stands(); s.State != "failed" || s.Pending != 1 || s.Dead != 0 {
		t.Errorf("after a 401: %+v", s)
	}
	v.connect()
	v.DB.Await(t, `select count(*) = 0 from network_outbox`)
	for _, c := range v.hub.calls {
		if c.Agent != protocol.VendorAgent || c.Version != "1" || (c.Method == http.MethodPost && c.Key == "") {
			t.Fatalf("%s %s came without what the protocol wants: %+v", c.Method, c.Path, c)
		}
	}
}

// A day without the hub: work goes on, and what waited is told when its time has come, the newest of
// each partner.
func TestOutage(t *testing.T) {
	t.Parallel()
	v := start(t)
	v.connect()
	v.hub.set(func() { v.hub.fail = func(heard) int { return http.StatusBadGateway } })
	one, two := v.partner("one@example.com"), v.partner("two@example.com")
	v.DB.Await(t, `select count(*) = 2 from network_outbox where status = 'pending' and attempts >= 1`)
	v.call("PATCH", "/partners/"+one.ID, map[string]string{"name": "One More"}, http.StatusOK, nil)
	v.call("POST", "/partners/"+two.ID+"/revoke", map[string]string{"reason": "enough"}, http.StatusOK, nil)
	if s := v.stands(); s.State != "connected" || s.Pending != 2 || s.Dead != 0 {
		t.Errorf("while the hub is away: %+v", s)
	}
	v.hub.set(func() { v.hub.fail = nil })
	v.Replica(nil, "OPENPARTNER_CLOCK_OFFSET=25h")
	v.DB.Await(t, `select count(*) = 0 from network_outbox`)
	if v.hub.known[one.ID].Name != "One More" || v.hub.known[two.ID].Status != protocol.Revoked {
		t.Errorf("the hub knows %+v and %+v", v.hub.known[one.ID], v.hub.known[two.ID])
	}

	// An order that came while nobody was told comes again, however the membership went on.
	v.call("POST", "/config/network", map[string]bool{"paused": true}, http.StatusOK, nil)
	three := v.partner("three@example.com")
	v.DB.Await(t, `select bool_and(status = 'done') from platform.jobs where key = 'network:' || ?`, three.ID)
	v.DB.AsOwner(t, `update network_memberships set state = 'connected'`)
	v.hub.until("the third", func() bool { return v.hub.known[three.ID].Status == protocol.Active })
}

func TestBackfill(t *testing.T) {
	t.Parallel()
	v := start(t)
	v.DB.AsOwner(t, `insert into partners (tenant_id, id, email, name, name_norm, status, source, created_at)
		select id, gen_random_uuid(), 'p' || i || '@example.com', 'P', 'p', 'active', 'import', now() from platform.tenants, generate_series(1, 450) i`)
	v.partner("odd@example.com")
	v.connect()
	var job struct {
		JobID string `json:"job_id"`
		Total int
	}
	v.call("POST", "/config/network/backfill", nil, http.StatusAccepted, &job)
	if job.Total != 451 {
		t.Errorf("total %d", job.Total)
	}
	v.hub.until("everybody", func() bool { return len(v.hub.known) == 451 })
	v.DB.Await(t, `select status = 'done' from platform.jobs where id = ?`, job.JobID)
	var row struct {
		Progress struct{ Total, Done, Queued, Failed int }
	}
	v.call("GET", "/jobs/"+job.JobID, nil, http.StatusOK, &row)
	if row.Progress.Done != 450 || row.Progress.Queued != 1 {
		t.Errorf("progress %+v", row.Progress)
	}
	v.DB.Await(t, `select count(*) = 451 from partners where network_creator_id is not null`) // the odd one by the outbox
}

func TestOfferingsAndRequests(t *testing.T) {
	t.Parallel()
	v := start(t)
	v.call("GET", "/admin/network/offerings", nil, http.StatusServiceUnavailable, nil)
	v.connect()
	campaign := v.campaign()
	v.call("POST", "/admin/network/offerings", map[string]any{"title": "x"}, http.StatusUnprocessableEntity, nil)
	var o protocol.Offering
	v.call("POST", "/admin/network/offerings", map[string]any{
		"title": "Finest tea", "product_url": "https://tea.example/", "campaign_id": campaign, "commission_summary": "a million", "cookie_window_days": 365,
	}, http.StatusCreated, &o)
	if o.CommissionSummary != "20 % of every purchase" || o.CookieWindowDays == 365 {
		t.Errorf("the terms are %q, %d days", o.CommissionSummary, o.CookieWindowDays)
	}
	v.call("PATCH", "/campaigns/"+campaign, map[string]any{"window_days": 45}, http.StatusOK, nil)
	v.hub.until("new terms", func() bool { return v.hub.offerings[0].CookieWindowDays == 45 })
	v.call("PATCH", "/admin/network/offerings/none", map[string]any{"title": "Other"}, http.StatusNotFound, nil)

	v.hub.set(func() {
		v.hub.requests = []protocol.Request{{
			ID: "req_1", Status: "pending", Offering: protocol.RequestOffering{ID: o.ID, Title: o.Title}, Creator: protocol.Creator{Name: "Cleo", Handle: "cleo"},
		}}
	})
	fed := v.hub.signUp.CallbackKey
	someone := map[string]any{"email": "cleo@example.com", "name": "Cleo", "external_ref": "network:req_1", "send_invite": false}
	v.callAs(fed, "POST", "/partners", someone, http.StatusUnprocessableEntity, nil) // nobody has approved it
	v.call("POST", "/partners", someone, http.StatusUnprocessableEntity, nil)        // not for an admin's key
	v.call("POST", "/admin/network/requests/other/approve", nil, http.StatusNotFound, nil)
	v.call("POST", "/admin/network/requests/req_1/approve", map[string]string{"note": "welcome"}, http.StatusAccepted, nil)

	var p, again partner
	v.callAs(fed, "POST", "/partners", someone, http.StatusCreated, &p)
	v.callAs(fed, "POST", "/partners", someone, http.StatusOK, &again)
	if p.ID != again.ID || p.Status != "active" {
		t.Errorf("made %+v and then %+v", p, again)
	}
	v.callAs(fed, "POST", "/partners", map[string]any{"email": "evil@example.com", "name": "Evil", "external_ref": "network:req_1"}, http.StatusUnprocessableEntity, nil)
	var l, l2 struct{ ID, Key string }
	link := map[string]any{"campaign_id": campaign, "key": "cleo"}
	v.callAs(fed, "POST", "/partners/"+p.ID+"/links", link, http.StatusCreated, &l)
	v.callAs(fed, "POST", "/partners/"+p.ID+"/links", link, http.StatusOK, &l2)
	if l.ID != l2.ID || l.Key != "cleo" {
		t.Errorf("links %+v and %+v", l, l2)
	}
	v.callAs(fed, "GET", "/partners/"+p.ID+"/dashboard", nil, http.StatusOK, nil)
	stranger := v.partner("stranger@example.com")
	v.hub.until("the stranger", func() bool { return v.hub.known[stranger.ID].Sequence > 0 })
	v.DB.Await(t, `select network_creator_id is not null from partners where id = ?`, stranger.ID)
	v.callAs(fed, "GET", "/partners/"+stranger.ID+"/dashboard", nil, http.StatusOK, nil) // the hub named them
	v.DB.AsOwner(t, `update partners set network_creator_id = null where id = $1`, stranger.ID)
	for method, path := range map[string]string{"GET": "/partners/" + stranger.ID + "/dashboard", "POST": "/partners/" + stranger.ID + "/links"} {
		v.callAs(fed, method, path, map[string]any{"campaign_id": campaign}, http.StatusNotFound, nil)
	}
	for _, path := range []string{"/partners", "/commissions", "/partners/" + p.ID + "/links"} {
		v.callAs(fed, "GET", path, nil, http.StatusForbidden, nil)
	}
}
