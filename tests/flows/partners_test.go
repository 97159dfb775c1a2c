package flows_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/tests/testkit"
)

// nobody is an id that no row has.
const nobody = "0198f0e0-0000-7000-8000-000000000000"

// promotion is a campaign of 20 percent by the API; it gives the id.
func (p *program) promotion(name string, changes ...object) string {
	p.t.Helper()
	body := object{"name": name, "destination_url": "https://shop.example.com/", "rules": []object{{"kind": "percent", "rate": "20"}}}
	for _, c := range changes {
		for field, value := range c {
			body[field] = value
		}
	}
	return idOf(p.api("POST", "/campaigns", body))
}

// partner is an active one by the API; it gives the id.
func (p *program) partner(name string, campaigns ...string) string {
	p.t.Helper()
	email := strings.ToLower(strings.ReplaceAll(name, " ", ".")) + "@example.com"
	return idOf(p.api("POST", "/partners", object{"name": name, "email": email, "send_invite": false, "campaign_ids": campaigns}))
}

// setStatus brings a partner into a state that no page leads to.
func (p *program) setStatus(partner, status string) {
	p.t.Helper()
	err := p.DB.App.InTx(context.Background(), db.TxOptions{Tenant: tenancy.DefaultID()}, func(ctx context.Context) error {
		_, err := db.Tx(ctx).NewRaw(`update partners set status = ? where id = ?`, status, partner).Exec(ctx)
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

// status is what the API says about a partner.
func (p *program) status(partner string) any {
	return p.api("GET", "/partners/"+partner, nil)["status"]
}

// rows counts what a list of the API holds.
func (p *program) rows(path string) int {
	p.t.Helper()
	list, _ := p.api("GET", path, nil)["data"].([]any)
	return len(list)
}

// refused gives the names of the inputs that a refused form marks, and checks that htmx got the
// form alone.
func refused(t *testing.T, v *testkit.Visitor, got testkit.Answer) (doc *goquery.Document, fields []string) {
	t.Helper()
	doc = parsed(t, got, http.StatusUnprocessableEntity)
	if whole(doc) == v.HTMX {
		t.Errorf("a whole page: %v", whole(doc))
	}
	fields = doc.Find(`[aria-invalid="true"]`).Map(func(_ int, s *goquery.Selection) string { return s.AttrOr("name", "") })
	return doc, slices.Compact(fields)
}

// partnerForm is the form of a new partner, with changes.
func partnerForm(changes ...string) url.Values {
	f := url.Values{"name": {"Zoe Winter"}, "email": {"zoe@example.com"}, "send_invite": {"true"}}
	for i := 0; i+1 < len(changes); i += 2 {
		f.Set(changes[i], changes[i+1])
	}
	return f
}

func TestPartners_Create(t *testing.T) {
	t.Parallel()
	p := start(t)
	campaign := p.promotion("Summer")
	has(t, page(t, p.admin, "/admin/partners"), `.empty a[href="/admin/partners/new"]`)
	p.both(t, func(t *testing.T, v *testkit.Visitor) {
		email := strings.ToLower(strings.ReplaceAll(t.Name(), "/", ".")) + "@example.com"
		has(t, page(t, v, "/admin/partners/new"), `form[action="/admin/partners"][method="post"]`, `[name="campaign_ids"][value="`+campaign+`"]`)

		show := led(t, v, v.Post("/admin/partners", partnerForm("email", " "+strings.ToUpper(email), "campaign_ids", campaign)))
		doc := page(t, v, show)
		says(t, doc, "Zoe Winter", email, "Invited", "Summer", "Added by Ada Admin")
		has(t, doc, `form[action="`+show+`/invitation"]`, `a[href="`+show+`/revocation"][aria-haspopup="dialog"]`)

		p.Await("mail to " + email)
		says(t, page(t, v, "/dev/mail"), email)

		show = led(t, v, v.Post("/admin/partners", partnerForm("email", "now."+email, "send_invite", "false")))
		doc = page(t, v, show)
		says(t, doc, "Active", "No campaign granted")
		has(t, doc, `!form[action$="/invitation"]`)
	})
}

func TestPartners_Refused(t *testing.T) {
	t.Parallel()
	p := start(t)
	campaign := p.promotion("Summer")
	p.partner("Taken")
	p.both(t, func(t *testing.T, v *testkit.Visitor) {
		for name, c := range map[string]struct {
			changes []string
			fields  []string
		}{
			"Blank":           {[]string{"name", " ", "email", ""}, []string{"name", "email"}},
			"TooLong":         {[]string{"name", strings.Repeat("n", 121)}, []string{"name"}},
			"NoAddress":       {[]string{"email", "zoe"}, []string{"email"}},
			"TakenAddress":    {[]string{"email", "TAKEN@example.com"}, []string{"email"}},
			"ForeignCampaign": {[]string{"campaign_ids", nobody}, []string{"campaign_ids"}},
			"NoCampaign":      {[]string{"campaign_ids", "summer"}, []string{"campaign_ids"}},
		} {
			t.Run(name, func(t *testing.T) {
				f := partnerForm(c.changes...)
				doc, fields := refused(t, v, v.Post("/admin/partners", f))
				if diff := cmp.Diff(c.fields, fields); diff != "" {
					t.Errorf("marked fields: %s", diff)
				}
				if got := doc.Find(`[name="email"]`).AttrOr("value", ""); got != strings.TrimSpace(f.Get("email")) {
					t.Errorf("the address is not kept: %q", got)
				}
				has(t, doc, `[name="campaign_ids"][value="`+campaign+`"]`)
			})
		}
		if got := v.Post("/admin/partners", partnerForm("name", "Zoe\x00")); got.Status != http.StatusUnprocessableEntity {
			t.Errorf("NUL: got %d", got.Status)
		}
		if n := p.rows("/partners"); n != 1 {
			t.Errorf("%d partners are stored", n)
		}
	})
}

// editForm is the form of a partner with a profile, with changes.
func editForm(changes ...string) url.Values {
	f := url.Values{
		"name": {"Zoe Winter"}, "email": {"zoe@example.com"}, "profile.company": {"Winter GmbH"}, "profile.website": {"https://zoe.example.com"},
		"profile.country": {"de"}, "profile.bio": {"Hikes.\r\nWrites."},
		"profile.platforms.0.platform": {"YouTube"}, "profile.platforms.0.url": {"https://youtube.com/@zoe"}, "profile.platforms.0.followers": {"12400"},
		"profile.platforms.1.platform": {""}, "profile.platforms.1.url": {""}, "profile.platforms.1.followers": {""},
		"profile.platforms.2.platform": {"Letter"}, "profile.platforms.2.url": {"https://letter.example.com"},
	}
	for i := 0; i+1 < len(changes); i += 2 {
		f.Set(changes[i], changes[i+1])
	}
	return f
}

func TestPartners_Edit(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.both(t, func(t *testing.T, v *testkit.Visitor) {
		show := "/admin/partners/" + p.partner("Zoe "+t.Name()[len("TestPartners_Edit/"):])
		has(t, page(t, v, show+"/edit"), `form[action="`+show+`"]`, `[name="profile.platforms.1.url"]`, `![name="profile.platforms.2.url"]`)
		email := strings.ToLower(t.Name()[len("TestPartners_Edit/"):]) + "@example.com"
		if to := led(t, v, v.Post(show, editForm("email", email))); to != show {
			t.Errorf("led to %s", to)
		}
		doc := page(t, v, show)
		says(t, doc, "Zoe Winter", email, "Winter GmbH", "DE", "Hikes.", "youtube.com/@zoe", "12 400 followers", "letter.example.com", "Details changed")
		has(t, doc, `a[href="https://zoe.example.com"]`)
		has(t, page(t, v, show+"/edit"), `[name="profile.platforms.1.platform"][value="Letter"]`, `[name="profile.platforms.3.url"]`)

		led(t, v, v.Post(show, url.Values{"name": {"Zoe"}, "email": {email}}))
		has(t, page(t, v, show+"/edit"), `[name="profile.company"][value=""]`, `[name="profile.platforms.0.url"][value=""]`)
	})
}

func TestPartners_EditRefused(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.partner("Taken")
	id := p.partner("Zoe")
	show := "/admin/partners/" + id
	before := p.api("GET", "/partners/"+id, nil)
	p.both(t, func(t *testing.T, v *testkit.Visitor) {
		for name, c := range map[string]struct {
			changes []string
			fields  []string
		}{
			"Person":       {[]string{"name", "", "email", "x"}, []string{"name", "email"}},
			"TakenAddress": {[]string{"email", "taken@example.com"}, []string{"email"}},
			"Website":      {[]string{"profile.website", "javascript:alert(1)"}, []string{"profile.website"}},
			"Country":      {[]string{"profile.country", "Germany"}, []string{"profile.country"}},
			"Bio":          {[]string{"profile.bio", strings.Repeat("b", 2001)}, []string{"profile.bio"}},
			// The empty row between is left out, so what was the third is the second.
			"Platform":  {[]string{"profile.platforms.2.url", "letter"}, []string{"profile.platforms.1.url"}},
			"Nameless":  {[]string{"profile.platforms.0.platform", " "}, []string{"profile.platforms.0.platform"}},
			"Followers": {[]string{"profile.platforms.0.followers", "many"}, []string{"profile.platforms.0.followers"}},
			"Negative":  {[]string{"profile.platforms.0.followers", "-1"}, []string{"profile.platforms.0.followers"}},
		} {
			t.Run(name, func(t *testing.T) {
				doc, fields := refused(t, v, v.Post(show, editForm(c.changes...)))
				if diff := cmp.Diff(c.fields, fields); diff != "" {
					t.Errorf("marked fields: %s", diff)
				}
				has(t, doc, `[name="profile.company"][value="Winter GmbH"]`, `[name="profile.platforms.1.platform"][value="Letter"]`)
			})
		}
		if diff := cmp.Diff(before, p.api("GET", "/partners/"+id, nil)); diff != "" {
			t.Errorf("something was stored: %s", diff)
		}
	})
}

func TestPartners_Grants(t *testing.T) {
	t.Parallel()
	p := start(t)
	summer, winter, old := p.promotion("Summer"), p.promotion("Winter"), p.promotion("Old")
	id := p.partner("Zoe", summer, old)
	p.api("PATCH", "/campaigns/"+old, object{"status": "archived"})
	show := "/admin/partners/" + id
	granted := func() []any { list, _ := p.api("GET", "/partners/"+id, nil)["campaign_ids"].([]any); return list }
	p.both(t, func(t *testing.T, v *testkit.Visitor) {
		led(t, v, v.Post(show+"/campaigns", url.Values{"campaign_ids": {summer, old}}))
		box := func(id string) string { return `[name="campaign_ids"][value="` + id + `"]` }
		has(t, page(t, v, show+"/campaigns"), box(summer)+"[checked]", box(old)+"[checked]", box(winter)+":not([checked])")

		for _, wrong := range []string{nobody, "winter"} {
			_, fields := refused(t, v, v.Post(show+"/campaigns", url.Values{"campaign_ids": {winter, wrong}}))
			if diff := cmp.Diff([]string{"campaign_ids"}, fields); diff != "" {
				t.Errorf("%s: marked fields: %s", wrong, diff)
			}
		}
		if got := granted(); len(got) != 2 || !slices.Contains(got, any(summer)) || !slices.Contains(got, any(old)) {
			t.Errorf("a refused form changed the grants: %v", got)
		}
		led(t, v, v.Post(show+"/campaigns", url.Values{"campaign_ids": {winter}}))
		if got := granted(); len(got) != 1 || got[0] != winter {
			t.Errorf("granted: %v", got)
		}
		led(t, v, v.Post(show+"/campaigns", url.Values{}))
		says(t, page(t, v, show), "No campaign granted", "Campaigns changed")
	})
}

func TestPartners_List(t *testing.T) {
	t.Parallel()
	p := start(t)
	for _, name := range []string{"Zoe Winter", "Zora Noon", "Bo Lind", "Ada May"} {
		p.partner(name, p.promotion("For "+name))
	}
	p.api("POST", "/partners", object{"name": "Zoltan", "email": "invited@example.com"})
	names := func(doc *goquery.Document) []string {
		return doc.Find("#partner-list tbody .row-title").Map(func(_ int, s *goquery.Selection) string { return s.Text() })
	}
	p.both(t, func(t *testing.T, v *testkit.Visitor) {
		for query, want := range map[string][]string{
			"":                   {"Zoltan", "Ada May", "Bo Lind", "Zora Noon", "Zoe Winter"},
			"?q=+ZO":             {"Zoltan", "Zora Noon", "Zoe Winter"},
			"?q=bo.lind%40":      {"Bo Lind"},
			"?q=oe":              {},
			"?status=invited":    {"Zoltan"},
			"?q=z&status=active": {"Zora Noon", "Zoe Winter"},
		} {
			doc := page(t, v, "/admin/partners"+query)
			if diff := cmp.Diff(want, names(doc)); diff != "" {
				t.Errorf("%q: %s", query, diff)
			}
			if whole(doc) == v.HTMX {
				t.Errorf("%q: a whole page: %v", query, whole(doc))
			}
		}
		var all []string
		for path := "/admin/partners?limit=2&status=active"; path != ""; {
			doc := page(t, v, path)
			all = append(all, names(doc)...)
			path = doc.Find(`.pager a[hx-target="#partner-list"]:contains("Next")`).AttrOr("href", "")
		}
		if diff := cmp.Diff([]string{"Ada May", "Bo Lind", "Zora Noon", "Zoe Winter"}, all); diff != "" {
			t.Errorf("page by page: %s", diff)
		}
		for _, bad := range []string{"?status=happy", "?cursor=x", "?limit=0", "?q=%00", "?q=%ff"} {
			if got := v.Get("/admin/partners" + bad); got.Status != http.StatusUnprocessableEntity {
				t.Errorf("%s: got %d", bad, got.Status)
			}
		}
	})
}

// tokenForm is the link in a mail.
var tokenForm = regexp.MustCompile(`/auth/verify\?token=[\w-]+`)

func TestPartners_JoinByMail(t *testing.T) {
	t.Parallel()
	p := start(t)
	show := led(t, p.admin, p.admin.Post("/admin/partners", partnerForm()))
	p.Await("mail to zoe@example.com")
	mail := page(t, p.admin, page(t, p.admin, "/dev/mail").Find("tbody a").First().AttrOr("href", ""))
	link := tokenForm.FindString(mail.Text())
	if link == "" {
		t.Fatalf("no link in %s", mail.Text())
	}
	zoe := p.Visitor()
	_, token, _ := strings.Cut(link, "token=")
	if to := led(t, zoe, zoe.Post("/auth/verify", url.Values{"token": {token}})); to != "/partner" {
		t.Errorf("led to %s", to)
	}
	says(t, page(t, p.admin, show), "Active since", "Joined by a link in a mail")

	if got := zoe.Get("/admin/partners"); got.Status != http.StatusForbidden {
		t.Errorf("a partner on the page of partners: got %d", got.Status)
	}
}
