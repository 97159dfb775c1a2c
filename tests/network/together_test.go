package network_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/openpartner/openpartner/app/protocol"
	"github.com/openpartner/openpartner/tests/testkit"
)

// joined is a program beside a real hub.
type joined struct {
	*vendor

	prefix string // of its paths
	name   string
}

func (j *joined) do(method, path string, body any, want int, into any) testkit.Answer {
	j.t.Helper()
	return j.doAs(j.key, method, path, body, want, into)
}

func (j *joined) doAs(key, method, path string, body any, want int, into any) testkit.Answer {
	j.t.Helper()
	got := j.Call(key, method, j.prefix+"/api/v1"+path, body)
	if got.Status != want {
		j.t.Fatalf("%s: %s %s: %d, want %d\n%s", j.name, method, path, got.Status, want, got.Body)
	}
	if into != nil {
		got.JSON(j.t, into)
	}
	return got
}

// connectTo asks a hub, reads its mail, and completes; the hub dies in between.
func (j *joined) connectTo(hub *testkit.App) {
	j.t.Helper()
	j.do("POST", "/config/network/start-connect", map[string]string{"contact_email": "ada@" + j.name + ".example", "display_name": j.name}, http.StatusAccepted, nil)
	line := hub.Await(j.URL + j.prefix + "/admin/network/complete?ntoken=")
	_, rest, _ := strings.Cut(line, "/admin/network/complete?")
	rest, _, _ = strings.Cut(rest, "\"")
	link, err := url.ParseQuery(strings.TrimSpace(rest))
	if err != nil {
		j.t.Fatal(err)
	}
	hub.Crash()
	exchange := map[string]string{"ntoken": link.Get("ntoken"), "state": link.Get("state")}
	j.do("POST", "/config/network/complete-connect", exchange, http.StatusOK, nil)
	hub.Crash()
	j.do("POST", "/config/network/complete-connect", exchange, http.StatusOK, nil) // as after a lost answer
}

// A creator's way through two programs and the hub, each a process of its own, with the hub killed
// between every two steps.
func TestTogether(t *testing.T) {
	t.Parallel()
	hub := testkit.StartHub(t, "OPENPARTNER_SCHEDULER_INTERVAL=100ms")
	env := []string{"NETWORK_URL=" + hub.URL, "OPENPARTNER_OUTBOUND_ALLOW=127.0.0.0/8,::1/128", "OPENPARTNER_SCHEDULER_INTERVAL=100ms"}
	one := &joined{vendor: &vendor{App: testkit.Start(t, env...), t: t}, name: "tea"}
	one.key = one.Key()
	two := &joined{vendor: &vendor{App: testkit.Start(t, append(env, "OPENPARTNER_TENANCY=multi")...), t: t}, name: "cake", prefix: "/t/cake"}
	two.Command("create-tenant", "--slug", "cake", "--name", "Cake")
	two.key = two.Command("create-key", "--name", "test", "--tenant", "cake")
	for _, j := range []*joined{one, two} {
		j.connectTo(hub)
	}

	// A partner of both, whom the hub may not know as one before they say so.
	ids := map[*joined]string{}
	for _, j := range []*joined{one, two} {
		var p partner
		j.do("POST", "/partners", map[string]any{"email": "cleo@example.com", "name": "Cleo", "send_invite": false}, http.StatusCreated, &p)
		ids[j] = p.ID
		hub.DB.Await(t, `select count(*) > 0 from coordinator.vendor_partners where vendor_partner_id = ? and status = 'active'`, p.ID)
		j.DB.Await(t, `select network_creator_id is not null and not network_pre_existing from partners where id = ?`, p.ID)
	}
	hub.Crash()
	cleo := hub.Visitor()
	if got := cleo.Post("/creators/signup", url.Values{"name": {"Cleo"}, "handle": {"cleo"}, "email": {"cleo@example.com"}}); got.Status != http.StatusSeeOther {
		t.Fatalf("sign up: %d\n%s", got.Status, got.Body)
	}
	if got := cleo.Post("/creators/verify", url.Values{"token": {hub.MailedToken("/creators/verify", 1)}}); got.Status != http.StatusSeeOther {
		t.Fatalf("verify: %d\n%s", got.Status, got.Body)
	}
	hub.Crash()
	two.do("PATCH", "/partners/"+ids[two], map[string]string{"name": "Cleo C."}, http.StatusOK, nil)
	two.DB.Await(t, `select network_pre_existing from partners where id = ?`, ids[two])

	campaign := struct{ ID string }{}
	one.do("POST", "/campaigns", map[string]any{
		"name": "Tea", "destination_url": "https://tea.example/", "rules": []map[string]any{{"kind": "percent", "rate": "20"}},
	}, http.StatusCreated, &campaign)
	var o protocol.Offering
	one.do("POST", "/admin/network/offerings", map[string]any{
		"title": "Finest tea", "product_url": "https://tea.example/", "campaign_id": campaign.ID, "published": true,
	}, http.StatusCreated, &o)
	hub.Crash()
	if got := cleo.Post("/offerings/"+o.ID+"/apply", url.Values{"pitch": {"I drink tea."}, "preferred_key": {"cleo"}}); got.Status != http.StatusSeeOther {
		t.Fatalf("apply: %d\n%s", got.Status, got.Body)
	}
	hub.Crash()
	var requests protocol.List[protocol.Request]
	one.do("GET", "/admin/network/requests?status=pending", nil, http.StatusOK, &requests)
	if len(requests.Data) != 1 || requests.Data[0].Creator.Handle != "cleo" {
		t.Fatalf("requests %+v", requests)
	}
	one.do("POST", "/admin/network/requests/"+requests.Data[0].ID+"/approve", map[string]string{"note": "Welcome!"}, http.StatusAccepted, nil)
	hub.Crash()
	one.DB.Await(t, `select exists (select from links where partner_id = ? and key = 'cleo')`, ids[one]) // of the partner that there was
	hub.DB.Await(t, `select status = 'approved' from coordinator.requests where id = ?`, requests.Data[0].ID)

	// What happens on the vendor's own instance shows at the hub.
	clicked := one.Call("", http.MethodGet, "/r/cleo", nil, "User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
	_, cref, _ := strings.Cut(clicked.Header.Get("Location"), "cref=")
	one.do("POST", "/identify", map[string]string{"cref": cref, "user_id": "u1"}, http.StatusOK, nil)
	one.do("POST", "/events", map[string]any{"user_id": "u1", "type": "sale", "amount": 10000, "currency": "USD", "external_id": "s1"}, http.StatusCreated, nil)
	hub.Crash()
	page := cleo.Get("/creators/me/partnerships").Body
	for _, want := range []string{"tea", "cake", "$20.00", one.URL + "/r/cleo"} {
		if !strings.Contains(page, want) {
			t.Errorf("the creator does not see %q", want)
		}
	}
	one.do("POST", "/partners/"+ids[one]+"/revoke", map[string]string{"reason": "enough"}, http.StatusOK, nil)
	hub.DB.Await(t, `select status = 'revoked' from coordinator.vendor_partners where vendor_partner_id = ?`, ids[one])
	one.DB.Await(t, `select count(*) = 0 from network_outbox`)
}
