package flows_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/tests/testkit"
)

// till is a program with a campaign whose partners bring customers.
type till struct {
	*program

	campaign string
}

// openTill makes a campaign that pays 20 percent of purchases; terms add to it or override it.
func openTill(t *testing.T, terms object, env ...string) *till {
	t.Helper()
	p := start(t, env...)
	campaign := object{
		"name": "Summer", "destination_url": "https://shop.example.com/",
		"rules": []object{{"kind": "percent", "rate": "20", "event_type": "purchase"}},
	}
	for name, value := range terms {
		campaign[name] = value
	}
	return &till{program: p, campaign: idOf(p.api("POST", "/campaigns", campaign))}
}

// promoter adds an active partner with a link of the same key.
func (s *till) promoter(key string) (id string) {
	s.t.Helper()
	id = idOf(s.api("POST", "/partners", object{
		"email": key + "@example.com", "name": strings.ToUpper(key[:1]) + key[1:], "send_invite": false, "campaign_ids": []string{s.campaign},
	}))
	s.api("POST", "/partners/"+id+"/links", object{"key": key, "campaign_id": s.campaign})
	return id
}

// click opens a link, as long ago as told, and gives the cref.
func (s *till) click(key string, ago time.Duration, agent string) (cref string) {
	s.t.Helper()
	got := s.Call("", "GET", "/r/"+key, nil, "User-Agent", agent)
	_, cref, ok := strings.Cut(got.Header.Get("Location"), "cref=")
	if got.Status != http.StatusFound || !ok {
		s.t.Fatalf("click: %d to %q", got.Status, got.Header.Get("Location"))
	}
	// On a machine that is slow enough the click goes to the disk first.
	s.DB.Await(s.t, `select exists (select from clicks where id = ?0::uuid)`, cref)
	if ago > 0 {
		s.inTenant(func(ctx context.Context) error {
			_, err := db.Tx(ctx).NewRaw(`update clicks set occurred_at = occurred_at - make_interval(secs => ?) where id = ?`, ago.Seconds(), cref).Exec(ctx)
			return err
		})
	}
	return cref
}

const (
	firefox = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
	crawler = "Googlebot/2.1 (+http://www.google.com/bot.html)"
)

// brings has a customer come through a link and be named by the shop.
func (s *till) brings(key, user string) (cref string) {
	s.t.Helper()
	cref = s.click(key, 0, firefox)
	s.name(cref, user)
	return cref
}

func (s *till) name(cref, user string) {
	s.t.Helper()
	s.api("POST", "/identify", object{"cref": cref, "user_id": user})
}

// sale reports a purchase of $49.99; more adds to it or overrides it. It gives the event's id
// and those of its commissions.
func (s *till) sale(user string, more object) (event string, rows []string) {
	s.t.Helper()
	body := object{"user_id": user, "type": "purchase", "amount": 4999, "currency": "USD"}
	for name, value := range more {
		if body[name] = value; value == nil {
			delete(body, name)
		}
	}
	answer := s.api("POST", "/events", body)
	told, _ := answer["attribution"].(object)
	touches, _ := told["touches"].([]any)
	for _, touch := range touches {
		earned, _ := touch.(object)["commissions"].([]any)
		for _, row := range earned {
			rows = append(rows, idOf(row.(object)))
		}
	}
	return idOf(answer), rows
}

// status is the present state of a commission.
func (s *till) status(commission string) string {
	s.t.Helper()
	status, _ := s.api("GET", "/commissions/"+commission, nil)["status"].(string)
	return status
}

// inTenant runs a piece of work on the program's database.
func (s *till) inTenant(work func(ctx context.Context) error) {
	s.t.Helper()
	if err := tenancy.Run(context.Background(), s.DB.App, testkit.Tenant(), work); err != nil {
		s.t.Fatal(err)
	}
}

// asPartner is a visitor who signed in as a partner.
func (s *till) asPartner(id, email string) *testkit.Visitor {
	s.t.Helper()
	var token string
	s.inTenant(func(ctx context.Context) (err error) {
		token, err = auth.NewMagicLinks(time.Now).Mint(ctx, auth.MagicLink{
			Purpose: auth.PurposeSignIn, PrincipalKind: auth.Partner, PrincipalID: uuid.MustParse(id), Email: email,
		})
		return err
	})
	v := s.Visitor()
	if got := v.Post("/auth/verify", url.Values{"token": {token}}); got.Status != http.StatusSeeOther {
		s.t.Fatalf("sign in: %d\n%s", got.Status, got.Body)
	}
	return v
}
