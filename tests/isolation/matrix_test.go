package isolation_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/openpartner/openpartner/tests/testkit"
)

// caller is somebody of our program, or nobody.
type caller struct {
	name    string
	key     string           // of an API client
	visitor *testkit.Visitor // of a browser
}

func (w *world) callers() []caller {
	return []caller{
		{name: "admin", visitor: w.ours.admin}, {name: "partner", visitor: w.ours.partner}, {name: "nobody", visitor: w.Visitor()},
		{name: "admin's key", key: w.ours.adminKey}, {name: "partner's key", key: w.ours.partnerKey}, {name: "no key"},
	}
}

// fields are the names that ids go by in queries, forms and bodies, with the table of each.
func fields() map[string]string {
	return map[string]string{
		"partner_id": "partners", "campaign_id": "campaigns", "campaign_ids": "campaigns", "campaign": "campaigns", "partner": "partners",
		"link_id": "links", "click_id": "clicks", "cref": "clicks", "event_id": "events", "reverses": "events", "commission_id": "commissions",
		"ids": "commissions", "id": "partners", "selected": "commissions", "subject_id": "partners", "actor_id": "admins", "job_id": "jobs", "partner_ids": "partners",
		"exclude_partner_ids": "partners", "q": "", "user_id": "", "email": "", "key": "", "link_key": "", "code": "", "external_id": "",
	}
}

// foreign gives the other program's value for a field: an id, or the word that stands in all it has.
func (w *world) foreign(ids map[string]string, field string) string {
	if table := fields()[field]; table != "" {
		return ids[table]
	}
	return secret
}

// unused are routes that would end the sessions and keys that the rest of the matrix needs.
func unused(r testkit.Route) bool {
	return slices.Contains([]string{"/signout", "/admin/sessions/end", "/partner/sessions/end"}, strings.TrimPrefix(r.Path, "/t/{slug}"))
}

// testMatrix sends every request there is, as everybody there is, with the other program's ids in
// the path, the query and the body. Nothing of the other's may come back; whether anything of it
// changed is looked at when all is over.
func (w *world) testMatrix(t *testing.T) {
	ours, theirs := w.ids(t, w.ours), w.ids(t, w.other)
	bodies := w.bodies(t)
	sent := 0
	for _, r := range testkit.MultiRoutes(t) {
		if !strings.HasPrefix(r.Path, "/t/{slug}/") || unused(r) {
			continue
		}
		isAPI := strings.Contains(r.Path, "/api/")
		for _, c := range w.callers() {
			if isAPI != (c.visitor == nil) {
				continue
			}
			for _, path := range []string{w.fillPath(r, theirs), w.fillPath(r, ours)} {
				w.send(t, r, c, path, theirs, bodies[r.Method+" "+strings.TrimPrefix(r.Path, "/t/{slug}/api/v1")])
				sent++
			}
		}
	}
	if sent < 500 {
		t.Errorf("only %d requests", sent)
	}
	t.Logf("%d requests", sent)
}

// fillPath puts ids into a path; what is no id is the other's word.
func (w *world) fillPath(r testkit.Route, ids map[string]string) string {
	segments := strings.Split(r.Path, "/")
	for i, segment := range segments {
		if !strings.HasPrefix(segment, "{") {
			continue
		}
		name := strings.Trim(segment, "{}")
		table := strings.ReplaceAll(segments[i-1], "-", "_")
		if known := fields()[name]; known != "" && name != "id" {
			table = known
		}
		if named := map[string]string{"webhooks": "webhook_endpoints", "deliveries": "webhook_deliveries", "outbox": "network_outbox"}[table]; named != "" {
			table = named
		}
		switch {
		case name == "slug":
			segments[i] = w.ours.Slug
		case ids[table] != "":
			segments[i] = ids[table]
		default:
			segments[i] = secret
		}
	}
	return strings.Join(segments, "/")
}

func (w *world) send(t *testing.T, r testkit.Route, c caller, path string, theirs map[string]string, body object) {
	t.Helper()
	query := url.Values{}
	for field := range fields() {
		query.Set(field, w.foreign(theirs, field))
	}
	for _, with := range []string{"", "?" + query.Encode()} {
		if with != "" && !r.Safe() {
			continue
		}
		var got testkit.Answer
		switch {
		case c.visitor != nil && r.Safe():
			got = c.visitor.Get(path + with)
		case c.visitor != nil:
			form := url.Values{"name": {"n"}, "reason": {"r"}, "note": {"n"}, "to": {"paused"}, "force": {"true"}, "action": {"reverse"}}
			for field := range fields() {
				form.Set(field, w.foreign(theirs, field))
			}
			got = c.visitor.Post(path, form)
		default:
			got = w.Call(c.key, r.Method, path+with, w.withForeign(theirs, body))
		}
		// What we sent may come back as it was typed; what only the other program knows may not.
		text := strings.ReplaceAll(got.Body, url.QueryEscape(secret), "")
		if got.Status >= http.StatusInternalServerError && got.Status != http.StatusServiceUnavailable {
			t.Errorf("%s as %s: %d\n%s", r, c.name, got.Status, got.Body)
		}
		for _, known := range []string{canary, secret + "@example.com", secret + "-admin@example.com", secret + ".example.com"} {
			if strings.Contains(text, known) {
				t.Errorf("%s as %s shows %q of the other program (%d)\n%s", r, c.name, known, got.Status, got.Body)
			}
		}
	}
}

// canary stands in texts that only the other program has and that no request here sends.
const canary = "canary-in-the-mine"

// bodies are the members of each endpoint's body, from the API's own document.
func (w *world) bodies(t *testing.T) map[string]object {
	t.Helper()
	var doc struct {
		Paths      map[string]map[string]json.RawMessage
		Components struct {
			Schemas map[string]struct{ Properties map[string]json.RawMessage }
		}
	}
	w.Call("", http.MethodGet, "/api/openapi.json", nil).JSON(t, &doc)
	out := map[string]object{}
	for path, methods := range doc.Paths {
		for method, raw := range methods {
			var op struct {
				RequestBody *struct {
					Content map[string]struct {
						Schema struct {
							Ref string `json:"$ref"`
						}
					}
				} `json:"requestBody"`
			}
			if json.Unmarshal(raw, &op) != nil || op.RequestBody == nil {
				continue
			}
			name := strings.TrimPrefix(op.RequestBody.Content["application/json"].Schema.Ref, "#/components/schemas/")
			members := object{}
			for member, described := range doc.Components.Schemas[name].Properties {
				members[member] = described
			}
			out[strings.ToUpper(method)+" "+strings.TrimPrefix(path, "/api/v1")] = members
		}
	}
	if len(out) < 20 {
		t.Errorf("only %d endpoints with a body", len(out))
	}
	return out
}

// withForeign fills a body: ids are the other's, everything else is something plausible.
func (w *world) withForeign(theirs map[string]string, members object) any {
	if members == nil {
		return nil
	}
	body := object{}
	for name, described := range members {
		raw, _ := described.(json.RawMessage)
		var s struct {
			Type any
			Enum []string
		}
		if json.Unmarshal(raw, &s) != nil {
			continue
		}
		kind, _ := s.Type.(string)
		if list, ok := s.Type.([]any); ok && len(list) > 0 {
			kind, _ = list[0].(string)
		}
		_, isField := fields()[name]
		switch {
		case isField && kind == "array":
			body[name] = []string{w.foreign(theirs, name)}
		case isField:
			body[name] = w.foreign(theirs, name)
		case len(s.Enum) > 0:
			body[name] = s.Enum[0]
		case kind == "string":
			body[name] = "reverse"
		case kind == "integer":
			body[name] = 1
		case kind == "boolean":
			body[name] = false
		}
	}
	return body
}
