package isolation_test

import (
	"net/http"
	"strings"
	"testing"
)

// rivals stands in the names of all that another partner of our own program has.
const rivals = "rivals"

// rival adds that partner. It returns the ids of what is theirs.
func (w *world) rival(t *testing.T) map[string]string {
	t.Helper()
	p, word := w.ours, rivals
	partner := p.post(t, "/partners", object{"email": word + "@example.com", "name": word, "send_invite": false, "campaign_ids": []string{p.campaign}})
	link := p.post(t, "/partners/"+partner+"/links", object{"key": word, "campaign_id": p.campaign})
	key := p.post(t, "/api-keys", object{"name": word, "kind": "partner", "partner_id": partner})
	clicked := w.Call("", http.MethodGet, p.prefix+"/r/"+word, nil, "User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
	_, cref, _ := strings.Cut(clicked.Header.Get("Location"), "cref=")
	var made struct {
		ID          string
		Attribution struct {
			Touches []struct{ Commissions []struct{ ID string } }
		}
	}
	p.call(t, p.adminKey, http.MethodPost, "/events", object{"user_id": word, "type": "sale", "amount": 1000, "currency": "USD", "cref": cref}).JSON(t, &made)
	p.post(t, "/commissions/adjustments", object{"partner_id": partner, "amount": 500, "currency": "USD", "note": word})
	var run struct{ Payouts []struct{ ID string } }
	p.call(t, p.adminKey, http.MethodPost, "/payouts/runs", object{"partner_ids": []string{partner}}).JSON(t, &run)
	ids := w.ids(t, p)
	ids["partners"], ids["links"], ids["clicks"], ids["events"] = partner, link, cref, made.ID
	ids["commissions"], ids["api_keys"] = made.Attribution.Touches[0].Commissions[0].ID, key
	ids["payouts"] = run.Payouts[0].ID
	return ids
}

// Within one program a partner sees their own rows. What another partner has is answered as
// what nobody has.
func (w *world) testPartners(t *testing.T) {
	theirs := w.rival(t)
	nobodys := missing(theirs)
	api, pages, lists := routes(t)
	for _, r := range api {
		got := w.Call(w.ours.partnerKey, r.Method, w.path(t, r, theirs), w.body(r))
		want := w.Call(w.ours.partnerKey, r.Method, w.path(t, r, nobodys), w.body(r))
		if got.Status < http.StatusBadRequest || got.Status != want.Status || requestID.ReplaceAllString(got.Body, "") != requestID.ReplaceAllString(want.Body, "") {
			t.Errorf("%s: another partner's id gives %d %s, a missing one %d %s", r, got.Status, got.Body, want.Status, want.Body)
		}
	}
	for _, r := range pages {
		status, text := w.ask(t, w.ours.partner, r, theirs)
		if wantStatus, wantText := w.ask(t, w.ours.partner, r, nobodys); status < http.StatusBadRequest || status != wantStatus || text != wantText {
			t.Errorf("%s: another partner's id gives %d, a missing one %d, or another page", r, status, wantStatus)
		}
	}
	for _, r := range lists {
		path := w.path(t, r, nil)
		for _, query := range []string{"", "?partner_id=" + theirs["partners"]} {
			got := w.ours.partner.Get(path + query)
			if strings.Contains(path, "/api/") {
				got = w.Call(w.ours.partnerKey, r.Method, path+query, nil)
			}
			if strings.Contains(got.Body, rivals) {
				t.Errorf("%s%s tells of another partner: %d\n%s", r, query, got.Status, got.Body)
			}
		}
	}
}
