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
