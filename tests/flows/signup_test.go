package flows_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"

	"github.com/openpartner/openpartner/tests/testkit"
)

// letter waits for a mail and gives the page that shows the latest such.
func (p *program) letter(to, subject string) *goquery.Document {
	p.t.Helper()
	p.Await("mail to " + to + ": " + subject)
	doc := page(p.t, p.Visitor(), "/dev/mail")
	var found string
	doc.Find("tbody tr").EachWithBreak(func(_ int, row *goquery.Selection) bool {
		if text := row.Text(); strings.Contains(text, to) && strings.Contains(text, subject) {
			found = row.Find("a").AttrOr("href", "")
		}
		return found == ""
	})
	return page(p.t, p.Visitor(), found)
}

// token is that of the link in a mail.
func token(t *testing.T, mail *goquery.Document) string {
	t.Helper()
	link, err := url.Parse(mail.Find(`a[href*="/auth/verify?token="]`).AttrOr("href", ""))
	if err != nil || link.Query().Get("token") == "" {
		t.Fatalf("no link in %s", mail.Text())
	}
	return link.Query().Get("token")
}

// applicant is a sign-up form, with changes.
func applicant(email string, changes ...string) url.Values {
	f := url.Values{"name": {"Cleo Creator"}, "email": {email}}
	for i := 0; i+1 < len(changes); i += 2 {
		f.Set(changes[i], changes[i+1])
	}
	return f
}

// found is the partner with an address; nil without one.
func (p *program) found(email string) object {
	p.t.Helper()
	for _, one := range p.api("GET", "/partners?q="+url.QueryEscape(email), nil)["data"].([]any) {
		return one.(object)
	}
	return nil
}

const confirmSubject = "Confirm your address"

func TestSignup_AutoApprove(t *testing.T) {
	t.Parallel()
	p := start(t)
	campaign := p.promotion("Summer")
	p.api("PUT", "/config/partner-signup", object{"policy": "auto_approve", "campaign_ids": []string{campaign}})
	for name, htmx := range map[string]bool{"Plain": false, "HTMX": true} {
		t.Run(name, func(t *testing.T) {
			v, email := p.Visitor(), strings.ToLower(name)+"@example.com"
			v.HTMX = htmx
			to := led(t, v, v.Post("/partner-signup", applicant(email, "profile.website", "https://cleo.example.com")))
			says(t, page(t, v, to), "Check your inbox")
			link := token(t, p.letter(email, confirmSubject))
			if one := p.found(email); one["status"] != "unverified" || one["source"] != "self_signup" || one["website"] != "https://cleo.example.com" {
				t.Fatalf("before the link: %v", one)
			}
			for range 5 { // scanners
				says(t, page(t, p.Visitor(), "/auth/verify?token="+link), "Confirm my address", email)
				p.Call("", http.MethodHead, "/auth/verify?token="+link, nil)
			}
			if to := led(t, v, v.Post("/auth/verify", url.Values{"token": {link}})); to != "/partner" {
				t.Errorf("led to %s", to)
			}
			page(t, v, "/partner")
			one := p.api("GET", "/partners/"+idOf(p.found(email)), nil)
			if one["status"] != "active" || cmp.Diff([]any{campaign}, one["campaign_ids"]) != "" {
				t.Errorf("after the link: %v", one)
			}
			if got := p.Visitor().Post("/auth/verify", url.Values{"token": {link}}); got.Status != http.StatusForbidden {
				t.Errorf("once more: %d", got.Status)
			}
		})
	}
}

func TestSignup_Review(t *testing.T) {
	t.Parallel()
	p := start(t)
	campaign, other := p.promotion("Summer"), p.promotion("Winter")
	p.api("POST", "/config/partner-signup", object{"campaign_ids": []string{campaign}})
	apply := func(t *testing.T, email string) string {
		t.Helper()
		v := p.Visitor()
		led(t, v, v.Post("/partner-signup", applicant(email)))
		link := token(t, p.letter(email, confirmSubject))
		// Not even next leads an applicant past the review.
		to := led(t, v, v.Post("/auth/verify", url.Values{"token": {link}, "next": {"/partner"}}))
		says(t, page(t, v, to), "Your application is with us")
		if got := v.Get("/partner"); got.Status != http.StatusSeeOther {
			t.Errorf("the portal of an applicant: %d", got.Status)
		}
		id := idOf(p.found(email))
		if got := p.status(id); got != "pending_review" {
			t.Fatalf("the link made them %v", got)
		}
		return id
	}
	t.Run("ApprovedWithTheCampaignsOfTheForm", func(t *testing.T) {
		id := apply(t, "yes@example.com")
		says(t, p.letter("ada@example.com", "Cleo Creator would like to become a partner"), "/admin/partners/"+id)
		led(t, p.admin, p.admin.Post("/admin/partners/"+id+"/approval", url.Values{"decision": {"approve"}}))
		says(t, p.letter("yes@example.com", "Welcome to the partner program"), "/signin")
		if one := p.api("GET", "/partners/"+id, nil); one["status"] != "active" || cmp.Diff([]any{campaign}, one["campaign_ids"]) != "" {
			t.Errorf("got %v", one)
		}
	})
	t.Run("ApprovedWithOthers", func(t *testing.T) {
		id := apply(t, "other@example.com")
		doc := page(t, p.admin, "/admin/partners/"+id+"/approval?decision=approve")
		has(t, doc, `[name="campaign_ids"][value="`+campaign+`"][checked]`, `[name="campaign_ids"][value="`+other+`"]:not([checked])`)
		led(t, p.admin, p.admin.Post("/admin/partners/"+id+"/approval", url.Values{"decision": {"approve"}, "chosen": {"true"}, "campaign_ids": {other}}))
		if one := p.api("GET", "/partners/"+id, nil); cmp.Diff([]any{other}, one["campaign_ids"]) != "" {
			t.Errorf("got %v", one)
		}
		id = apply(t, "none@example.com")
		if one := p.api("POST", "/partners/"+id+"/approve", object{"campaign_ids": []string{}}); one["status"] != "active" || one["campaign_ids"] != nil {
			t.Errorf("got %v", one)
		}
	})
	t.Run("DeclinedWithTheReasonOnlyIfTicked", func(t *testing.T) {
		for email, tell := range map[string]bool{"told@example.com": true, "untold@example.com": false} {
			id := apply(t, email)
			form := url.Values{"decision": {"decline"}, "reason": {"No audience"}}
			if tell {
				form.Set("notify", "true")
			}
			led(t, p.admin, p.admin.Post("/admin/partners/"+id+"/approval", form))
			if text := p.letter(email, "Your application for").Text(); strings.Contains(text, "No audience") != tell {
				t.Errorf("%s: %s", email, text)
			}
		}
	})
	t.Run("ClosedMeanwhile", func(t *testing.T) {
		v := p.Visitor()
		led(t, v, v.Post("/partner-signup", applicant("late@example.com")))
		link := token(t, p.letter("late@example.com", confirmSubject))
		p.api("PUT", "/config/partner-signup", object{"policy": "auto_approve", "disabled": true})
		led(t, v, v.Post("/auth/verify", url.Values{"token": {link}}))
		if one := p.found("late@example.com"); one["status"] != "pending_review" {
			t.Errorf("got %v", one)
		}
		p.api("PUT", "/config/partner-signup", object{"policy": "require_review", "disabled": false})
	})
}

// TestSignup_EverybodyIsAnsweredAlike sends the form for addresses of every kind. What differs is
// only the mail, which goes to the address itself.
func TestSignup_EverybodyIsAnsweredAlike(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.api("PUT", "/config/program", object{"name": "Tea Club"})
	subjects := map[string]string{
		"new@example.com": confirmSubject, "ada@example.com": "You already have an account", "active@example.com": "You already have an account",
		"invited@example.com": "Tea Club invites you to its partner program", "pending@example.com": "We have your application",
		"declined@example.com": "Your sign-up for", "revoked@example.com": "Your sign-up for", "again@example.com": confirmSubject,
	}
	for email := range subjects {
		if name, _, _ := strings.Cut(email, "@"); name != "new" && name != "ada" && name != "again" {
			id := idOf(p.api("POST", "/partners", object{"email": email, "name": name, "send_invite": name == "invited"}))
			if name != "invited" && name != "active" {
				p.setStatus(id, map[string]string{"pending": "pending_review", "declined": "declined", "revoked": "revoked"}[name])
			}
		}
	}
	led(t, p.Visitor(), p.Visitor().Post("/partner-signup", applicant("again@example.com", "name", "Before")))
	p.letter("again@example.com", confirmSubject)

	var first *testkit.Answer
	for email := range subjects {
		got := p.Call("", http.MethodPost, "/api/v1/partner-signup", object{"email": email, "name": "After"})
		for _, own := range []string{"X-Request-Id", "Date"} {
			got.Header.Del(own)
		}
		if first == nil {
			first = &got
		}
		if diff := cmp.Diff(*first, got); diff != "" || got.Status != http.StatusAccepted {
			t.Errorf("%s: %d %s %s", email, got.Status, got.Body, diff)
		}
	}
	for email, subject := range subjects {
		p.letter(email, subject)
	}
	for email, status := range map[string]string{"active@example.com": "active", "declined@example.com": "declined", "again@example.com": "unverified"} {
		one, want := p.found(email), map[bool]string{true: "After", false: strings.TrimSuffix(email, "@example.com")}[status == "unverified"]
		if one["status"] != status || one["name"] != want {
			t.Errorf("%s: %v", email, one)
		}
	}
	if p.found("ada@example.com") != nil {
		t.Error("an admin's address became a partner")
	}
}

// TestSignup_WhatTheFormAsks holds both surfaces to the program's questions and terms.
func TestSignup_WhatTheFormAsks(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.api("PUT", "/config/partner-signup", object{"questions": []object{{"key": "audience", "label": "Where is your audience?", "required": true}, {"key": "why", "label": "Why us?"}}})
	p.api("PUT", "/config/program", object{"terms": "Be kind."})
	version, _ := p.api("GET", "/config/program", nil)["terms_version"].(string)
	v := p.Visitor()
	has(t, page(t, v, "/partner-signup"), `[name="profile.answers.audience"][required]`, `[name="profile.answers.why"]:not([required])`, `[name="terms_version"][value="`+version+`"]`)

	_, fields := refused(t, v, v.Post("/partner-signup", applicant("cleo@example.com")))
	if diff := cmp.Diff([]string{"profile.answers.audience", "terms_version"}, fields); diff != "" {
		t.Error(diff)
	}
	_, fields = refused(t, v, v.Post("/partner-signup", applicant("cleo", "name", "Cleo\r\nBcc: eve@example.com", "profile.answers.audience", "Film", "terms_version", version)))
	if diff := cmp.Diff([]string{"name", "email"}, fields); diff != "" {
		t.Error(diff)
	}
	for name, body := range map[string]object{
		"profile.answers.audience": {"email": "cleo@example.com", "name": "Cleo", "terms_version": version},
		"terms_version":            {"email": "cleo@example.com", "name": "Cleo", "terms_version": "older", "profile": object{"answers": object{"audience": "Film"}}},
	} {
		got := p.Call("", http.MethodPost, "/api/v1/partner-signup", body)
		if got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, `"`+name+`"`) {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	if n := p.count(`select count(*) from partner_applications`) + p.count(`select count(*) from partners`); n != 0 {
		t.Errorf("%d rows of refused forms", n)
	}
	led(t, v, v.Post("/partner-signup", applicant("cleo@example.com", "profile.answers.audience", "Film", "terms_version", version)))
	p.letter("cleo@example.com", confirmSubject)
	one := p.found("cleo@example.com")
	if one["terms_version"] != version || cmp.Diff(object{"audience": "Film"}, one["answers"]) != "" {
		t.Errorf("kept: %v", one)
	}
	says(t, page(t, p.admin, "/admin/partners/"+idOf(one)), "Where is your audience?", "Film", "Version "+version)
}

func TestSignup_TrapAndClosedDoor(t *testing.T) {
	t.Parallel()
	p := start(t)
	v := p.Visitor()
	people, program := v.Post("/partner-signup", applicant("cleo@example.com")), v.Post("/partner-signup", applicant("bot@example.com", "second_name", "Robot"))
	if led(t, v, people) != led(t, v, program) || people.Body != program.Body {
		t.Errorf("%+v\n%+v", people, program)
	}
	p.letter("cleo@example.com", confirmSubject)
	if p.found("bot@example.com") != nil || p.count(`select count(*) from partner_applications`) != 0 {
		t.Error("the program got in")
	}
	p.api("PUT", "/config/partner-signup", object{"disabled": true})
	says(t, page(t, v, "/partner-signup"), "Sign-up is not open at the moment")
	says(t, page(t, v, "/"), "Sign-up is not open at the moment")
	says(t, parsed(t, v.Post("/partner-signup", applicant("late@example.com")), http.StatusForbidden), "Sign-up is not open at the moment")
	if got := p.Call("", http.MethodPost, "/api/v1/partner-signup", object{"email": "late@example.com", "name": "Late"}); got.Status != http.StatusForbidden || !strings.Contains(got.Body, `"signup_disabled"`) {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	last := 0
	for range 11 {
		last = p.Call("", http.MethodPost, "/api/v1/partner-signup", object{"email": "late@example.com", "name": "Late"}).Status
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("after too many: %d", last)
	}
}

func TestSignup_AnInvitationTakesItOver(t *testing.T) {
	t.Parallel()
	p := start(t)
	led(t, p.Visitor(), p.Visitor().Post("/partner-signup", applicant("cleo@example.com", "name", "Not Cleo")))
	link := token(t, p.letter("cleo@example.com", confirmSubject))
	one := p.api("POST", "/partners", object{"email": "cleo@example.com", "name": "Cleo", "send_invite": true})
	if one["status"] != "invited" || one["source"] != "admin" || one["name"] != "Cleo" {
		t.Errorf("got %v", one)
	}
	if got := p.Visitor().Post("/auth/verify", url.Values{"token": {link}}); got.Status != http.StatusForbidden || p.status(idOf(one)) != "invited" {
		t.Errorf("the old link: %d, %v", got.Status, p.status(idOf(one)))
	}
}

func TestSettings_Signup(t *testing.T) {
	t.Parallel()
	p := start(t)
	campaign := p.promotion("Summer")
	form := url.Values{
		"open": {"true"}, "policy": {"auto_approve"}, "campaign_ids": {campaign},
		"questions.0.label": {"Where is your audience?"}, "questions.0.required": {"true"}, "questions.1.label": {" "}, "questions.2.label": {"Where is your audience!"},
	}
	p.both(t, func(t *testing.T, v *testkit.Visitor) {
		wrong := url.Values{"policy": {"perhaps"}, "questions.0.label": {strings.Repeat("x", 201)}}
		if _, fields := refused(t, v, v.Post("/admin/settings/signup", wrong)); len(fields) == 0 {
			t.Error("nothing is marked")
		}
		doc := page(t, v, led(t, v, v.Post("/admin/settings/signup", form)))
		has(t, doc, `[name="policy"][value="auto_approve"][checked]`, `[name="campaign_ids"][checked]`, `[name="questions.0.key"][value="where_is_your_audience"]`, `[name="questions.1.key"][value="where_is_your_audience_2"]`)
	})
	for name, change := range map[string]object{
		"policy": {"policy": "perhaps"}, "campaign_ids": {"campaign_ids": []string{nobody}},
		"questions.1.key":   {"questions": []object{{"key": "a", "label": "A"}, {"key": "a", "label": "B"}}},
		"questions.0.label": {"questions": []object{{"key": "a", "label": ""}}},
	} {
		if got := p.Call(p.key, "PUT", "/api/v1/config/partner-signup", change); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, `"`+name+`"`) {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	if kept := p.api("PUT", "/config/partner-signup", object{"disabled": true}); kept["policy"] != "auto_approve" || kept["disabled"] != true || len(kept["questions"].([]any)) != 2 {
		t.Errorf("kept: %v", kept)
	}
}
