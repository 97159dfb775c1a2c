package isolation_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/tests/testkit"
)

// routes are those of this deployment whose path has an id in it.
func routes(t *testing.T) (api, pages, lists []testkit.Route) {
	t.Helper()
	for _, r := range testkit.MultiRoutes(t) {
		isAPI, ids := strings.Contains(r.Path, "/api/"), len(r.Placeholders()) > 1
		switch {
		case !strings.HasPrefix(r.Path, "/t/{slug}/") || strings.Contains(r.Path, "{key}"):
		case strings.Contains(r.Path, "/admin/network/"): // asks the hub, whose ids they are; tests/network does
		case ids && isAPI:
			api = append(api, r)
		case ids:
			pages = append(pages, r)
		case r.Method == http.MethodGet:
			lists = append(lists, r)
		}
	}
	return api, pages, lists
}

// path puts our slug and ids of the tables into a path: the segment before an id says of which.
func (w *world) path(t *testing.T, r testkit.Route, ids map[string]string) string {
	t.Helper()
	segments := strings.Split(r.Path, "/")
	for i, segment := range segments {
		switch {
		case segment == "{slug}":
			segments[i] = w.ours.Slug
		case strings.HasPrefix(segment, "{"):
			table := strings.ReplaceAll(segments[i-1], "-", "_")
			if segment == "{user_id}" {
				table = "users"
			}
			if named := map[string]string{
				"{campaign_id}": "campaigns", "{campaign}": "campaigns", "runs": "payout_runs", "webhooks": "webhook_endpoints", "deliveries": "webhook_deliveries", "outbox": "network_outbox",
			}; named[segment] != "" {
				table = named[segment]
			} else if named[table] != "" {
				table = named[table]
			}
			if ids[table] == "" {
				t.Fatalf("%s: no id of %s", r, table)
			}
			_, suffix, _ := strings.Cut(segment, "}")
			segments[i] = strings.TrimSuffix(ids[table], suffix) + suffix
		}
	}
	return strings.Join(segments, "/")
}

// missing are ids that nobody has.
func missing(like map[string]string) map[string]string {
	ids := map[string]string{}
	for table := range like {
		ids[table] = uuid.NewString()
	}
	return ids
}

// body is what a route needs to get as far as looking for the id.
func (w *world) body(r testkit.Route) any {
	if r.Safe() || r.Method == http.MethodDelete {
		return nil
	}
	_, path, _ := strings.Cut(r.Path, "/api/v1")
	switch r.Method + " " + path {
	case "PATCH /partners/{id}", "PATCH /campaigns/{id}":
		return object{"name": "Taken over"}
	case "PUT /partners/{id}/campaigns":
		return object{"campaign_ids": []string{w.ours.campaign}}
	case "PUT /partners/{id}/campaigns/{campaign_id}/rules":
		return object{"rules": []object{{"kind": "percent", "rate": "10"}}}
	case "POST /partners/{id}/links":
		return object{"campaign_id": w.ours.campaign}
	case "POST /commissions/{id}/reverse":
		return object{"note": "taken over"}
	case "POST /payouts/{id}/mark-paid":
		return object{"reference": "taken over"}
	case "POST /payouts/{id}/resolve":
		return object{"none": true}
	}
	return object{}
}

var requestID = regexp.MustCompile(`"request_id":"[^"]*"`)

// An id of another program is answered word for word as one that nobody has, whoever asks.
func (w *world) testAPI(t *testing.T) {
	api, _, _ := routes(t)
	if len(api) < 20 {
		t.Fatalf("only %d routes", len(api))
	}
	foreign := w.ids(t, w.other)
	for _, r := range api {
		for name, key := range map[string]string{"admin": w.ours.adminKey, "partner": w.ours.partnerKey, "nobody": ""} {
			body, nobodys := w.body(r), missing(foreign)
			got := w.Call(key, r.Method, w.path(t, r, foreign), body)
			want := w.Call(key, r.Method, w.path(t, r, nobodys), body)
			gotBody, wantBody := requestID.ReplaceAllString(got.Body, ""), requestID.ReplaceAllString(want.Body, "")
			if got.Status != want.Status || gotBody != wantBody {
				t.Errorf("%s as %s: a foreign id gives %d %s, a missing one %d %s", r, name, got.Status, gotBody, want.Status, wantBody)
			}
			if name == "admin" && got.Status != http.StatusNotFound {
				t.Errorf("%s as %s: got %d %s, want 404", r, name, got.Status, got.Body)
			}
			if got.Status < http.StatusBadRequest || strings.Contains(got.Body, secret) {
				t.Errorf("%s as %s: got %d %s", r, name, got.Status, got.Body)
			}
		}
	}
}

// The same for pages and forms, for people who are signed in.
func (w *world) testPages(t *testing.T) {
	_, pages, _ := routes(t)
	if len(pages) < 8 {
		t.Fatalf("only %d routes", len(pages))
	}
	foreign := w.ids(t, w.other)
	nobodys := missing(foreign)
	for _, r := range pages {
		for name, who := range map[string]*testkit.Visitor{"admin": w.ours.admin, "partner": w.ours.partner} {
			status, text := w.ask(t, who, r, foreign)
			if wantStatus, wantText := w.ask(t, who, r, nobodys); status != wantStatus || text != wantText {
				t.Errorf("%s as %s: a foreign id gives %d, a missing one %d, or another page", r, name, status, wantStatus)
			}
			want := http.StatusNotFound
			if (name == "partner") != (r.Role == "partner") {
				want = http.StatusForbidden
			}
			if status != want || strings.Contains(text, secret) {
				t.Errorf("%s as %s: got %d, want %d\n%s", r, name, status, want, text)
			}
		}
	}
}

// ask opens a page or sends its form, and gives the answer without what names the request.
func (w *world) ask(t *testing.T, who *testkit.Visitor, r testkit.Route, ids map[string]string) (status int, text string) {
	t.Helper()
	path := w.path(t, r, ids)
	var got testkit.Answer
	if r.Method == http.MethodGet {
		got = who.Get(path)
	} else {
		got = who.Post(path, url.Values{"name": {"Taken over"}, "email": {"taken@example.com"}, "reason": {"taken over"}, "campaign_id": {w.ours.campaign}})
	}
	text = strings.ReplaceAll(got.Body, got.Header.Get("X-Request-Id"), "")
	for table, id := range ids {
		text = strings.ReplaceAll(text, id, table)
	}
	return got.Status, text
}

// Nothing of the other program is on any list, page or report.
func (w *world) testLists(t *testing.T) {
	_, _, lists := routes(t)
	foreign := w.ids(t, w.other)
	seen := 0
	for _, r := range lists {
		path := w.path(t, r, nil)
		answers := []testkit.Answer{w.ours.admin.Get(path), w.ours.partner.Get(path)}
		if strings.Contains(path, "/api/") {
			answers = []testkit.Answer{w.Call(w.ours.adminKey, r.Method, path, nil), w.Call(w.ours.partnerKey, r.Method, path, nil)}
		}
		for _, got := range answers {
			if got.Status == http.StatusOK {
				seen++
			}
			if got.Status >= http.StatusInternalServerError || strings.Contains(got.Body, secret) {
				t.Errorf("%s: got %d\n%s", r, got.Status, got.Body)
			}
			for table, id := range foreign {
				if strings.Contains(got.Body, id) {
					t.Errorf("%s shows an id of the other's %s", r, table)
				}
			}
		}
	}
	if seen < 20 {
		t.Errorf("only %d lists were shown", seen)
	}
}

// What we take out is ours alone, whether whole or table by table.
func (w *world) testExport(t *testing.T) {
	var names []string
	for _, x := range w.tables {
		if name, public := strings.CutPrefix(x.name, "public."); public {
			names = append(names, "/export/"+name+".csv")
		}
	}
	foreign, taken := w.ids(t, w.other), 0
	for _, path := range append(names, "/export.json") {
		for _, got := range []testkit.Answer{
			w.Call(w.ours.adminKey, http.MethodGet, w.ours.prefix+"/api/v1"+path, nil), w.ours.admin.Get(w.ours.prefix + "/admin" + path),
		} {
			if got.Status == http.StatusOK {
				taken++
			}
			if strings.Contains(got.Body, canary) || strings.Contains(got.Body, w.other.ID.String()) || strings.Contains(got.Body, foreign["partners"]) {
				t.Errorf("%s shows the other program:\n%.2000s", path, got.Body)
			}
		}
	}
	if taken < 40 {
		t.Errorf("only %d files", taken)
	}
}

// reference is a request that names something by its id in the body.
type reference struct {
	method, path string
	body         func(id string) object
	table        string
}

func (w *world) references(partner string) []reference {
	return []reference{
		{"POST", "/partners", func(id string) object {
			return object{"email": "new@example.com", "name": "New", "send_invite": false, "campaign_ids": []string{id}}
		}, "campaigns"},
		{"PUT", "/partners/" + partner + "/campaigns", func(id string) object { return object{"campaign_ids": []string{id}} }, "campaigns"},
		{"POST", "/partners/" + partner + "/links", func(id string) object { return object{"campaign_id": id} }, "campaigns"},
		{"POST", "/api-keys", func(id string) object { return object{"name": "k", "kind": "partner", "partner_id": id} }, "partners"},
		{"POST", "/identify", func(id string) object { return object{"cref": id, "user_id": "u"} }, "clicks"},
		{"POST", "/events", func(id string) object { return object{"user_id": "u", "type": "sale", "cref": id} }, "clicks"},
		{"POST", "/coupons", func(id string) object {
			return object{"code": "NEW", "partner_id": id, "campaign_id": w.ours.campaign}
		}, "partners"},
		{"POST", "/coupons", func(id string) object { return object{"code": "NEW", "partner_id": partner, "campaign_id": id} }, "campaigns"},
		{"POST", "/commissions/adjustments", func(id string) object {
			return object{"partner_id": id, "amount": 100, "currency": "USD", "note": "taken over"}
		}, "partners"},
	}
}

// Ids in bodies and queries reach no further than ids in paths.
func (w *world) testBodies(t *testing.T) {
	ours, foreign := w.ids(t, w.ours), w.ids(t, w.other)
	for _, c := range w.references(ours["partners"]) {
		got := w.Call(w.ours.adminKey, c.method, w.ours.prefix+"/api/v1"+c.path, c.body(foreign[c.table]))
		want := w.Call(w.ours.adminKey, c.method, w.ours.prefix+"/api/v1"+c.path, c.body(uuid.NewString()))
		if got.Status < http.StatusBadRequest || got.Status != want.Status || requestID.ReplaceAllString(got.Body, "") != requestID.ReplaceAllString(want.Body, "") {
			t.Errorf("%s %s: a foreign id gives %d %s, a missing one %d %s", c.method, c.path, got.Status, got.Body, want.Status, want.Body)
		}
	}
	bulk := w.Call(w.ours.adminKey, http.MethodPost, w.ours.prefix+"/api/v1/commissions/bulk", object{"action": "approve", "force": true, "ids": []string{foreign["commissions"]}})
	if !strings.Contains(bulk.Body, `"not_found"`) {
		t.Errorf("bulk: got %d %s", bulk.Status, bulk.Body)
	}
	for _, path := range []string{
		"/links?partner_id=" + foreign["partners"], "/commissions?campaign_id=" + foreign["campaigns"],
		"/coupons?partner_id=" + foreign["partners"], "/events?user_id=" + secret,
	} {
		if got := w.Call(w.ours.adminKey, http.MethodGet, w.ours.prefix+"/api/v1"+path, nil); !strings.Contains(got.Body, `"data":[]`) {
			t.Errorf("%s: got %d %s", path, got.Status, got.Body)
		}
	}
}

// The key of another program's link or coupon is none of ours.
func (w *world) testWords(t *testing.T) {
	link := func(key string) (int, string) {
		got := w.Call("", http.MethodGet, w.ours.prefix+"/r/"+key, nil)
		return got.Status, got.Header.Get("Location")
	}
	foreignStatus, foreignPlace := link(secret)
	if status, place := link("nobody"); foreignStatus != status || foreignPlace != place {
		t.Errorf("a foreign link gives %d %s, a missing one %d %s", foreignStatus, foreignPlace, status, place)
	}
	coupon := func(code string) testkit.Answer {
		return w.Call(w.ours.adminKey, http.MethodPost, w.ours.prefix+"/api/v1/coupons/redeem",
			object{"code": code, "user_id": "u", "event": object{"type": "sale", "external_id": "x-" + code}})
	}
	if got := coupon(secret); got.Status != http.StatusNotFound || got.Status != coupon("nobody").Status {
		t.Errorf("a foreign coupon: got %d %s", got.Status, got.Body)
	}
}

// A key or session of one program opens no other, and a program that is not there is not told
// from one that is closed.
func (w *world) testCredentials(t *testing.T) {
	if got := w.Call(w.ours.adminKey, http.MethodGet, w.other.prefix+"/api/v1/whoami", nil); got.Status != http.StatusUnauthorized {
		t.Errorf("our key in the other program: got %d %s", got.Status, got.Body)
	}
	if got := w.ours.admin.Get(w.other.prefix + "/admin"); got.Status != http.StatusSeeOther || !strings.Contains(got.Header.Get("Location"), "/signin") {
		t.Errorf("our session in the other program: got %d", got.Status)
	}
	token := w.ours.admin.Cookie(t, "op_session_"+w.ours.Slug)
	if got := w.Call("", http.MethodGet, w.other.prefix+"/admin", nil, "Cookie", "op_session_other="+token); got.Status != http.StatusSeeOther {
		t.Errorf("our session under the other's name: got %d", got.Status)
	}
	if got := w.Call("", http.MethodGet, w.ours.prefix+"/admin", nil, "Cookie", "op_session_default="+token); got.Status != http.StatusOK {
		t.Errorf("our session at home: got %d", got.Status)
	}
	w.DB.AsOwner(t, `insert into platform.tenants (id, slug, display_name, status) values ($1, 'closed', 'Closed', 'suspended')`, uuid.New())
	for _, path := range []string{"/signin", "/api/v1/whoami"} {
		closed, unknown := w.Call("", http.MethodGet, "/t/closed"+path, nil), w.Call("", http.MethodGet, "/t/nobody"+path, nil)
		hide := func(a testkit.Answer, slug string) string {
			return strings.ReplaceAll(strings.ReplaceAll(a.Body, a.Header.Get("X-Request-Id"), ""), slug, "")
		}
		if closed.Status != http.StatusNotFound || unknown.Status != http.StatusNotFound || hide(closed, "closed") != hide(unknown, "nobody") {
			t.Errorf("%s: a closed program gives %d, an unknown one %d, or another page", path, closed.Status, unknown.Status)
		}
	}
}
