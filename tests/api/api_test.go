// Package api_test holds the JSON API to what its users were told, through the real program.
package api_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/openpartner/openpartner/tests/testkit"
)

// object is any JSON object.
type object = map[string]any

// program is a running program with an admin key.
type program struct {
	*testkit.App

	t   *testing.T
	key string
}

func TestMain(m *testing.M) { testkit.Main(m) }

func start(t *testing.T) *program {
	t.Helper()
	a := testkit.Borrow(t)
	return &program{App: a, t: t, key: a.Key()}
}

// startNew is start on a program that has served nobody before.
func startNew(t *testing.T) *program {
	t.Helper()
	a := testkit.Start(t)
	return &program{App: a, t: t, key: a.Key()}
}

// want calls with the admin key and expects a status; it gives the answer's object.
func (p *program) want(status int, method, path string, body any, header ...string) object {
	p.t.Helper()
	got := p.Call(p.key, method, "/api/v1"+path, body, header...)
	if got.Status != status {
		p.t.Fatalf("%s %s: want %d, got %d\n%s", method, path, status, got.Status, got.Body)
	}
	var out object
	if got.Body != "" {
		got.JSON(p.t, &out)
	}
	return out
}

func text(t *testing.T, o object, path ...any) string {
	t.Helper()
	v, ok := dig(o, path...).(string)
	if !ok {
		t.Fatalf("no text at %v of %v", path, o)
	}
	return v
}

// dig follows names and positions into a JSON value; nil where there is nothing.
func dig(v any, path ...any) any {
	for _, step := range path {
		switch at := step.(type) {
		case string:
			o, _ := v.(object)
			v = o[at]
		case int:
			list, _ := v.([]any)
			if at >= len(list) {
				return nil
			}
			v = list[at]
		}
	}
	return v
}

// sell makes a campaign of 20 percent, a partner and a link, and gives their ids and the key.
func (p *program) sell() (campaign, partner, link string) {
	p.t.Helper()
	c := p.want(201, "POST", "/campaigns", object{
		"name": "Summer", "destination_url": "https://shop.example.com/", "rules": []object{{"kind": "percent", "rate": "20"}},
	})
	campaign = text(p.t, c, "id")
	partner = text(p.t, p.want(201, "POST", "/partners", object{
		"email": "zoe@example.com", "name": "Zoe", "send_invite": false, "campaign_ids": []string{campaign},
	}), "id")
	p.want(201, "POST", "/partners/"+partner+"/links", object{"key": "zoe", "campaign_id": campaign})
	return campaign, partner, "zoe"
}

// click opens a link as a visitor and gives the cref.
func (p *program) click(key string) string {
	p.t.Helper()
	got := p.Call("", "GET", "/r/"+key, nil, "User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
	_, cref, ok := strings.Cut(got.Header.Get("Location"), "cref=")
	if got.Status != http.StatusFound || !ok {
		p.t.Fatalf("click: %d to %q", got.Status, got.Header.Get("Location"))
	}
	return cref
}

func TestStory(t *testing.T) {
	t.Parallel()
	p := start(t)
	campaign, partner, link := p.sell()
	cref := p.click(link)

	stitched := p.Call("", "POST", "/api/v1/identify", object{"cref": cref, "user_id": "u1"}, "Origin", "https://shop.example.com")
	if stitched.Status != 200 || stitched.Header.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(stitched.Body, `"first_stitch":true`) {
		t.Fatalf("identify: %d %v\n%s", stitched.Status, stitched.Header, stitched.Body)
	}

	sale := object{"user_id": "u1", "type": "purchase", "amount": 4999, "currency": "USD", "external_id": "order-1"}
	first := p.want(201, "POST", "/events", sale)
	touch := dig(first, "attribution", "touches", 0)
	for path, want := range map[string]any{"click_id": cref, "partner_id": partner, "campaign_id": campaign, "weight": "1"} {
		if got := dig(touch, path); got != want {
			t.Errorf("touch %s: want %v, got %v", path, want, got)
		}
	}
	if got := dig(touch, "commissions", 0, "amount"); got != float64(1000) {
		t.Errorf("commission: want 1000, got %v", got)
	}
	if got := dig(first, "attribution", "status"); got != "attributed" || first["replayed"] != false {
		t.Errorf("status %v, replayed %v", got, first["replayed"])
	}

	again := p.want(200, "POST", "/events", sale)
	if again["id"] != first["id"] || again["replayed"] != true {
		t.Errorf("the repeat: %v", again)
	}
	sale["amount"] = 5000
	if got := p.want(409, "POST", "/events", sale); text(t, got, "error", "code") != "idempotency_mismatch" {
		t.Errorf("another amount: %v", got)
	}

	shown := p.want(200, "GET", "/events/"+text(t, first, "id"), nil)
	if dig(shown, "attribution", "touches", 0, "click_id") != cref || shown["external_id"] != "order-1" {
		t.Errorf("the event: %v", shown)
	}
	id := text(t, first, "attribution", "touches", 0, "commissions", 0, "id")
	approved := p.want(200, "POST", "/commissions/"+id+"/approve", nil)
	if approved["status"] != "approved" || approved["rate_ppm"] != float64(200000) || approved["base_amount"] != float64(4999) || approved["weight"] != "1" {
		t.Errorf("the commission: %v", approved)
	}
	overview := p.want(200, "GET", "/reports/overview", nil)
	if dig(overview, "clicks") != float64(1) || dig(overview, "money", 0, "revenue") != float64(4999) || dig(overview, "money", 0, "commission", "approved") != float64(1000) {
		t.Errorf("the overview: %v", overview)
	}
	if got := p.want(422, "POST", "/commissions/"+id+"/reverse", object{"note": " "}); dig(got, "error", "fields", "note") == nil {
		t.Errorf("a reversal without a note: %v", got)
	}
	reversed := p.want(200, "POST", "/commissions/"+id+"/reverse", object{"note": "Returned goods"})
	if reversed["status"] != "reversed" || reversed["reversed_reason"] != "rejected" {
		t.Errorf("reversed: %v", reversed)
	}
	if got := p.want(409, "POST", "/commissions/"+id+"/approve", nil); text(t, got, "error", "code") != "not_approvable" {
		t.Errorf("approve a reversed one: %v", got)
	}
}

// rejection is one bad request and what must be said about it.
type rejection struct {
	name, method, path, body string
	status                   int
	code, field              string
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	p := start(t)
	campaign, partner, _ := p.sell()
	before := p.counts()
	cases := []rejection{
		{"Unknown", "POST", "/events", `{"user_id":"u","type":"x","colour":"red"}`, 422, "invalid", "colour"},
		{"WrongType", "POST", "/events", `{"user_id":7,"type":"x"}`, 422, "invalid", "user_id"},
		{"TooLong", "POST", "/events", `{"user_id":"` + strings.Repeat("u", 201) + `","type":"x"}`, 422, "invalid", "user_id"},
		{"NUL", "POST", "/events", `{"user_id":"a\u0000b","type":"x"}`, 422, "invalid", "user_id"},
		{"InvalidUTF8", "POST", "/events", "{\"user_id\":\"a\xff\",\"type\":\"x\"}", 400, "malformed_json", ""},
		{"Twice", "POST", "/events", `{"user_id":"u","user_id":"v","type":"x"}`, 422, "invalid", "user_id"},
		{"OtherCase", "POST", "/events", `{"USER_ID":"u","type":"x"}`, 422, "invalid", "USER_ID"},
		{"Trailing", "POST", "/events", `{"user_id":"u","type":"x"} {}`, 400, "malformed_json", ""},
		{"NotJSON", "POST", "/events", `user_id=u`, 400, "malformed_json", ""},
		{"TooDeep", "POST", "/events", `{"user_id":"u","type":"x","metadata":{"a":` + strings.Repeat("[", 80) + strings.Repeat("]", 80) + `}}`, 400, "malformed_json", ""},
		{"NoCurrency", "POST", "/events", `{"user_id":"u","type":"x","amount":5}`, 422, "invalid", "currency"},
		{"UnknownCurrency", "POST", "/events", `{"user_id":"u","type":"x","amount":5,"currency":"XXQ"}`, 422, "invalid", "currency"},
		{"LowerCurrency", "POST", "/events", `{"user_id":"u","type":"x","amount":5,"currency":"usd"}`, 422, "invalid", "currency"},
		{"Negative", "POST", "/events", `{"user_id":"u","type":"x","amount":-5,"currency":"USD"}`, 422, "invalid", "amount"},
		{"TooMuch", "POST", "/events", `{"user_id":"u","type":"x","amount":9007199254740992,"currency":"USD"}`, 422, "invalid", "amount"},
		{"Overflow", "POST", "/events", `{"user_id":"u","type":"x","amount":99999999999999999999,"currency":"USD"}`, 422, "invalid", "amount"},
		{"Fraction", "POST", "/events", `{"user_id":"u","type":"x","amount":1.5,"currency":"USD"}`, 422, "invalid", "amount"},
		{"UnknownCref", "POST", "/events", `{"user_id":"u","type":"x","cref":"0198f0e0-0000-7000-8000-000000000000"}`, 422, "invalid", "cref"},
		{"TooOld", "POST", "/events", `{"user_id":"u","type":"x","occurred_at":"2001-01-01T00:00:00Z"}`, 422, "invalid", "occurred_at"},
		{"ReversesNothing", "POST", "/events", `{"user_id":"u","type":"refund","reverses":"nope"}`, 404, "event_not_found", "reverses"},
		{"WindowZero", "POST", "/campaigns", `{"name":"A","destination_url":"https://a.example","window_days":0,"rules":[{"kind":"percent","rate":"1"}]}`, 422, "invalid", "window_days"},
		{"WindowTooLong", "POST", "/campaigns", `{"name":"A","destination_url":"https://a.example","window_days":366,"rules":[{"kind":"percent","rate":"1"}]}`, 422, "invalid", "window_days"},
		{"Script", "POST", "/campaigns", `{"name":"A","destination_url":"javascript:alert(1)","rules":[{"kind":"percent","rate":"1"}]}`, 422, "invalid", "destination_url"},
		{"NoHost", "POST", "/campaigns", `{"name":"A","destination_url":"https:///x","rules":[{"kind":"percent","rate":"1"}]}`, 422, "invalid", "destination_url"},
		{"RateOver100", "POST", "/campaigns", `{"name":"A","destination_url":"https://a.example","rules":[{"kind":"percent","rate":"100.1"}]}`, 422, "invalid", "rules.0.rate"},
		{"FixedWithoutCurrency", "POST", "/campaigns", `{"name":"A","destination_url":"https://a.example","rules":[{"kind":"fixed","amount":5}]}`, 422, "invalid", "rules.0.currency"},
		{"NoRules", "POST", "/campaigns", `{"name":"A","destination_url":"https://a.example"}`, 422, "invalid", "rules"},
		{"BlankName", "POST", "/campaigns", `{"name":"  ","destination_url":"https://a.example","rules":[{"kind":"percent","rate":"1"}]}`, 422, "invalid", "name"},
		{"TakenEmail", "POST", "/partners", `{"email":"ZOE@example.com","name":"Z"}`, 409, "email_taken", "email"},
		{"NoEmail", "POST", "/partners", `{"email":"zoe","name":"Z"}`, 422, "invalid", "email"},
		{"TakenKey", "POST", "/partners/" + partner + "/links", `{"key":"ZOE","campaign_id":"` + campaign + `"}`, 409, "key_taken", "key"},
		{"ForeignCampaign", "POST", "/partners/" + partner + "/links", `{"campaign_id":"0198f0e0-0000-7000-8000-000000000000"}`, 422, "invalid", "campaign_id"},
		{"ForeignPartner", "GET", "/partners/0198f0e0-0000-7000-8000-000000000000", ``, 404, "not_found", ""},
		{"NoID", "GET", "/partners/1", ``, 404, "not_found", ""},
		{"Cursor", "GET", "/partners?cursor=x", ``, 422, "invalid", "cursor"},
		{"Limit", "GET", "/partners?limit=201", ``, 422, "invalid", "limit"},
		{"Date", "GET", "/events?from=yesterday", ``, 422, "invalid", "from"},
		{"Method", "PUT", "/partners", `{}`, 405, "method_not_allowed", ""},
		{"Nowhere", "GET", "/nowhere", ``, 404, "not_found", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var body any = c.body
			if c.body == "" {
				body = nil
			}
			got := p.Call(p.key, c.method, "/api/v1"+c.path, body)
			var answer struct {
				Error struct {
					Code, Message string
					Fields        map[string]string
					RequestID     string `json:"request_id"`
				}
			}
			got.JSON(t, &answer)
			if got.Status != c.status || answer.Error.Code != c.code || answer.Error.Message == "" || answer.Error.RequestID == "" {
				t.Fatalf("want %d %s, got %d\n%s", c.status, c.code, got.Status, got.Body)
			}
			if c.field != "" && answer.Error.Fields[c.field] == "" {
				t.Fatalf("the field %s is not named:\n%s", c.field, got.Body)
			}
		})
	}
	if after := p.counts(); after != before {
		t.Errorf("something was written:\nbefore %s\nafter  %s", before, after)
	}
}

// counts tells how many rows of each kind there are.
func (p *program) counts() string {
	p.t.Helper()
	var out strings.Builder
	for _, path := range []string{"/partners", "/campaigns", "/links", "/events", "/commissions"} {
		fmt.Fprintf(&out, "%s %d ", path, len(dig(p.want(200, "GET", path+"?limit=200", nil), "data").([]any)))
	}
	return out.String()
}

func TestContentTypes(t *testing.T) {
	t.Parallel()
	p := start(t)
	for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "application/jsonp"} {
		if got := p.Call(p.key, "POST", "/api/v1/events", `{}`, "Content-Type", kind); got.Status != 415 {
			t.Errorf("%s: got %d", kind, got.Status)
		}
	}
	if got := p.Call(p.key, "POST", "/api/v1/partners", `{"email":"a@b.example","name":"`+strings.Repeat("x", 1<<20)+`"}`); got.Status != 413 {
		t.Errorf("2 MB: got %d", got.Status)
	}
	if got := p.Call(p.key, "POST", "/api/v1/events", `{}`, "Content-Encoding", "gzip"); got.Status != 415 {
		t.Errorf("compressed: got %d", got.Status)
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	p := start(t)
	campaign, partner, _ := p.sell()
	own := text(t, p.want(201, "POST", "/api-keys", object{"name": "Zoe", "kind": "partner", "partner_id": partner}), "key")
	scoped := p.Key("partners:read", "events:write")
	other := text(t, p.want(201, "POST", "/partners", object{"email": "bo@example.com", "name": "Bo", "send_invite": false, "campaign_ids": []string{campaign}}), "id")

	for _, c := range []struct {
		name, key, method, path string
		body                    any
		status                  int
		code                    string
	}{
		{"Nobody", "", "GET", "/partners", nil, 401, "unauthorized"},
		{"Nonsense", "op_live_nonsense", "GET", "/partners", nil, 401, "unauthorized"},
		{"ScopeHeld", scoped, "GET", "/partners", nil, 200, ""},
		{"ScopeMissing", scoped, "POST", "/partners", object{"email": "x@example.com", "name": "X"}, 403, "forbidden_scope"},
		{"ScopedIsNoAdmin", scoped, "POST", "/api-keys", object{"name": "x", "kind": "admin"}, 403, "forbidden"},
		{"OwnRow", own, "GET", "/partners/" + partner, nil, 200, ""},
		{"OthersRow", own, "GET", "/partners/" + other, nil, 404, "not_found"},
		{"OthersLinks", own, "GET", "/partners/" + other + "/links", nil, 404, "not_found"},
		{"OwnLink", own, "POST", "/partners/" + partner + "/links", object{"campaign_id": campaign}, 201, ""},
		{"OthersLink", own, "POST", "/partners/" + other + "/links", object{"campaign_id": campaign}, 404, "not_found"},
		{"OwnCommissions", own, "GET", "/commissions", nil, 200, ""},
		{"PartnerIsNoAdmin", own, "GET", "/campaigns", nil, 403, "forbidden"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := p.Call(c.key, c.method, "/api/v1"+c.path, c.body)
			if got.Status != c.status || (c.code != "" && !strings.Contains(got.Body, `"code":"`+c.code+`"`)) {
				t.Fatalf("want %d %s, got %d\n%s", c.status, c.code, got.Status, got.Body)
			}
		})
	}
	t.Run("OwnListHoldsOnlyOneself", func(t *testing.T) {
		got := p.Call(own, "GET", "/api/v1/partners", nil)
		if !strings.Contains(got.Body, partner) || strings.Contains(got.Body, other) {
			t.Fatal(got.Body)
		}
	})
	t.Run("RequiredScopeIsNamed", func(t *testing.T) {
		got := p.Call(scoped, "POST", "/api/v1/partners", object{"email": "x@example.com", "name": "X"})
		if !strings.Contains(got.Body, `"required":"partners:write"`) {
			t.Fatal(got.Body)
		}
	})
	t.Run("RevokedKey", func(t *testing.T) {
		made := p.want(201, "POST", "/api-keys", object{"name": "short", "kind": "admin"})
		p.want(204, "DELETE", "/api-keys/"+text(t, made, "id"), nil)
		if got := p.Call(text(t, made, "key"), "GET", "/api/v1/whoami", nil); got.Status != 401 {
			t.Fatalf("got %d", got.Status)
		}
	})
	t.Run("LimitsAreTold", func(t *testing.T) {
		got := p.Call(p.key, "GET", "/api/v1/whoami", nil)
		if got.Header.Get("RateLimit-Limit") != "600" || got.Header.Get("RateLimit-Remaining") == "" || got.Header.Get("RateLimit-Reset") == "" {
			t.Fatal(got.Header)
		}
	})
}

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	p := start(t)
	body := object{"email": "ivy@example.com", "name": "Ivy", "send_invite": false}
	first := p.Call(p.key, "POST", "/api/v1/partners", body, "Idempotency-Key", "one")
	second := p.Call(p.key, "POST", "/api/v1/partners", body, "Idempotency-Key", "one")
	if first.Status != 201 || second.Status != 201 || second.Header.Get("Idempotent-Replayed") != "true" {
		t.Fatalf("%d %d %v", first.Status, second.Status, second.Header)
	}
	var a, b object
	first.JSON(t, &a)
	second.JSON(t, &b)
	if a["id"] != b["id"] {
		t.Errorf("two partners: %v and %v", a["id"], b["id"])
	}
	body["name"] = "Eve"
	if got := p.Call(p.key, "POST", "/api/v1/partners", body, "Idempotency-Key", "one"); got.Status != 409 || !strings.Contains(got.Body, "idempotency_mismatch") {
		t.Errorf("another body: %d\n%s", got.Status, got.Body)
	}
	t.Run("FailuresAreNotKept", func(t *testing.T) {
		bad := object{"email": "no", "name": "Ivy"}
		if got := p.Call(p.key, "POST", "/api/v1/partners", bad, "Idempotency-Key", "two"); got.Status != 422 {
			t.Fatalf("got %d", got.Status)
		}
		bad["email"] = "ivy2@example.com"
		if got := p.Call(p.key, "POST", "/api/v1/partners", bad, "Idempotency-Key", "two"); got.Status != 201 {
			t.Fatalf("got %d\n%s", got.Status, got.Body)
		}
	})
	t.Run("SecretsAreLeftOut", func(t *testing.T) {
		in := object{"name": "k", "kind": "admin"}
		made := p.want(201, "POST", "/api-keys", in, "Idempotency-Key", "three")
		again := p.want(201, "POST", "/api-keys", in, "Idempotency-Key", "three")
		if made["id"] != again["id"] || made["key"] == nil || again["key"] != nil {
			t.Fatalf("%v\n%v", made, again)
		}
	})
	t.Run("AtOnce", func(t *testing.T) {
		answers := make(chan testkit.Answer, 8)
		for range cap(answers) {
			go func() {
				answers <- p.Call(p.key, "POST", "/api/v1/partners", object{"email": "sam@example.com", "name": "Sam"}, "Idempotency-Key", "four")
			}()
		}
		for range cap(answers) {
			if got := <-answers; got.Status != 201 {
				t.Errorf("got %d\n%s", got.Status, got.Body)
			}
		}
	})
}

func TestLists(t *testing.T) {
	t.Parallel()
	p := start(t)
	for i := range 5 {
		p.want(201, "POST", "/partners", object{"email": fmt.Sprintf("p%d@example.com", i), "name": fmt.Sprintf("P%d", i), "send_invite": false})
	}
	seen := map[any]bool{}
	cursor := ""
	for range 10 {
		page := p.want(200, "GET", "/partners?limit=2&cursor="+cursor, nil)
		for _, one := range page["data"].([]any) {
			seen[dig(one, "id")] = true
		}
		next, more := page["next_cursor"].(string)
		if !more {
			break
		}
		cursor = next
	}
	if len(seen) != 5 {
		t.Errorf("want 5 partners, saw %d", len(seen))
	}
	if got := p.want(200, "GET", "/partners?q=p3", nil); len(got["data"].([]any)) != 1 {
		t.Errorf("q: %v", got)
	}
	if got := p.Call(p.key, "GET", "/api/v1/links", nil); !strings.Contains(got.Body, `{"data":[],"next_cursor":null}`) {
		t.Errorf("an empty list: %s", got.Body)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	p := start(t)
	mail := p.want(200, "PUT", "/config/mail", object{
		"transport": "smtp", "host": "smtp.example.com", "username": "u", "password": "swordfish", "from_email": "shop@example.com",
	})
	if mail["has_password"] != true || mail["host"] != "smtp.example.com" {
		t.Errorf("mail: %v", mail)
	}
	if got := p.Call(p.key, "GET", "/api/v1/config/mail", nil); strings.Contains(got.Body, "swordfish") {
		t.Error("the password is told")
	}
	merged := p.want(200, "POST", "/config/mail", object{"from_name": "Shop"})
	if merged["has_password"] != true || merged["from_name"] != "Shop" {
		t.Errorf("merged: %v", merged)
	}
	p.want(200, "PUT", "/config/program", object{"name": "Tea club", "accent_color": "#aa3300"})
	if got := p.want(200, "GET", "/whoami", nil); text(t, got, "tenant", "name") != "Tea club" {
		t.Errorf("renamed: %v", got)
	}
	p.want(200, "PUT", "/config/tracking", object{"identify_secret": "0123456789abcdef", "require_signature": true})
	_, _, link := p.sell()
	cref := p.click(link)
	if got := p.Call("", "POST", "/api/v1/identify", object{"cref": cref, "user_id": "u"}); got.Status != 403 || !strings.Contains(got.Body, "signature_required") {
		t.Errorf("unsigned: %d %s", got.Status, got.Body)
	}
	if got := p.Call("", "POST", "/api/v1/identify", object{"cref": cref, "user_id": "u", "signature": strings.Repeat("0", 64)}); got.Status != 403 || !strings.Contains(got.Body, "signature_invalid") {
		t.Errorf("wrongly signed: %d %s", got.Status, got.Body)
	}
	signed := object{"cref": cref, "user_id": "u"}
	signed["signature"] = signature("0123456789abcdef", "u")
	if got := p.Call("", "POST", "/api/v1/identify", signed); got.Status != 200 || !strings.Contains(got.Body, `"verified":true`) {
		t.Errorf("signed: %d %s", got.Status, got.Body)
	}
}

// TestDescription checks the OpenAPI document against the routes and reads it strictly.
func TestDescription(t *testing.T) {
	t.Parallel()
	p := start(t)
	got := p.Call("", "GET", "/api/openapi.json", nil)
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]json.RawMessage
	}
	got.JSON(t, &doc)
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("version %q", doc.OpenAPI)
	}
	var routes []struct{ Method, Path string }
	if err := json.Unmarshal([]byte(p.Command("routes", "--json")), &routes); err != nil {
		t.Fatal(err)
	}
	for _, r := range routes {
		if !strings.HasPrefix(r.Path, "/api/v1/") || r.Method == http.MethodOptions {
			continue
		}
		if doc.Paths[r.Path][strings.ToLower(r.Method)] == nil {
			t.Errorf("%s %s is not described", r.Method, r.Path)
		}
	}
	reference := p.Call("", "GET", "/docs/api", nil)
	if reference.Status != 200 || !strings.Contains(reference.Body, "/api/v1/partners/{id}/links") {
		t.Errorf("the reference: %d", reference.Status)
	}
}

// signature is the lower-case hex HMAC-SHA256 that a merchant makes.
func signature(secret, user string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(user))
	return hex.EncodeToString(mac.Sum(nil))
}
