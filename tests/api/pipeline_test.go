package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestBatch(t *testing.T) {
	t.Parallel()
	p := start(t)
	_, partner, link := p.sell()
	cref := p.click(link)
	event := func(user, id string, more object) object {
		e := object{"user_id": user, "type": "purchase", "amount": 1000, "currency": "USD", "external_id": id}
		for k, v := range more {
			e[k] = v
		}
		return e
	}
	events := []object{
		event("u1", "o1", object{"cref": cref}),
		event("u1", "o2", object{"amount": "ten"}),
		{"user_id": "u1", "type": "refund", "external_id": "r1", "reverses": "o1", "amount": 500},
		event("u2", "o3", nil),
		event("u2", "o3", nil),
		event("u2", "o3", object{"amount": 7}),
		{"user_id": "u3", "type": "signup"},
		{"user_id": "u3", "type": "refund", "external_id": "r2", "reverses": "nothing"},
	}
	got := p.want(200, "POST", "/events/batch", object{"events": events})
	for i, want := range []string{"", "amount", "", "", "", "idempotency_mismatch", "external_id", "event_not_found"} {
		one := dig(got, "results", i)
		if dig(one, "index") != float64(i) {
			t.Fatalf("result %d: %v", i, one)
		}
		if want == "" {
			if dig(one, "id") == nil || dig(one, "error") != nil {
				t.Errorf("result %d: %v", i, one)
			}
			continue
		}
		if dig(one, "id") != nil || !strings.Contains(fmt.Sprint(dig(one, "error")), want) {
			t.Errorf("result %d: want %s, got %v", i, want, one)
		}
	}
	if dig(got, "results", 3, "id") != dig(got, "results", 4, "id") {
		t.Errorf("the repeat is another event: %v", got)
	}
	list := p.want(200, "GET", "/partners/"+partner+"/commissions?status=pending", nil)
	if n := len(list["data"].([]any)); n != 1 || dig(list, "data", 0, "amount") != float64(100) {
		t.Errorf("half of the sale was refunded: %v", list)
	}
	p.Command("verify-ledger")

	t.Run("Empty", func(*testing.T) { p.want(422, "POST", "/events/batch", object{"events": []object{}}) })
	t.Run("TooMany", func(*testing.T) {
		many := make([]object, 1001)
		for i := range many {
			many[i] = event("u9", fmt.Sprint("m", i), nil)
		}
		p.want(422, "POST", "/events/batch", object{"events": many})
	})
	t.Run("Thousand", func(t *testing.T) {
		many := make([]object, 1000)
		for i := range many {
			many[i] = event(fmt.Sprint("user", i%70), fmt.Sprint("t", i), nil)
		}
		for range 2 { // the second time all are repeats
			results := p.want(200, "POST", "/events/batch", object{"events": many})["results"].([]any)
			for i, one := range results {
				if dig(one, "id") == nil {
					t.Fatalf("result %d: %v", i, one)
				}
			}
		}
		p.Command("verify-ledger")
	})
}

func TestCoupons(t *testing.T) {
	t.Parallel()
	p := start(t)
	campaign, partner, _ := p.sell()
	coupon := p.want(201, "POST", "/coupons", object{"code": "ZOE10", "partner_id": partner, "campaign_id": campaign})
	if got := p.want(409, "POST", "/coupons", object{"code": "zoe10", "partner_id": partner, "campaign_id": campaign}); text(t, got, "error", "code") != "code_taken" {
		t.Errorf("the same code: %v", got)
	}
	redeem := object{"code": "zoe10", "user_id": "u1", "event": object{"type": "purchase", "amount": 5000, "currency": "USD", "external_id": "o1"}}
	first := p.want(201, "POST", "/coupons/redeem", redeem)
	if dig(first, "attribution", "touches", 0, "partner_id") != partner || dig(first, "attribution", "touches", 0, "commissions", 0, "amount") != float64(1000) {
		t.Errorf("redeemed: %v", first)
	}
	again := p.want(200, "POST", "/coupons/redeem", redeem)
	if again["id"] != first["id"] || again["replayed"] != true {
		t.Errorf("the repeat: %v", again)
	}
	sale := p.want(201, "POST", "/events", object{"user_id": "u2", "type": "purchase", "amount": 100, "currency": "USD", "coupon": "ZOE10"})
	if dig(sale, "attribution", "touches", 0, "partner_id") != partner {
		t.Errorf("an event with a coupon: %v", sale)
	}
	p.want(404, "POST", "/coupons/redeem", object{"code": "nobody", "user_id": "u1", "event": object{"type": "purchase", "external_id": "o2"}})
	p.want(422, "POST", "/events", object{"user_id": "u2", "type": "purchase", "coupon": "nobody"})
	p.want(200, "PATCH", "/coupons/"+text(t, coupon, "id"), object{"active": false})
	p.want(404, "POST", "/coupons/redeem", object{"code": "zoe10", "user_id": "u5", "event": object{"type": "purchase", "external_id": "o5"}})
	p.want(422, "POST", "/coupons/redeem", object{"code": "zoe10", "user_id": "u5", "event": object{"type": "purchase"}})
	p.Command("verify-ledger")
}

func TestReviewOfClicks(t *testing.T) {
	t.Parallel()
	p := start(t)
	_, _, link := p.sell()
	cref := p.click(link)
	sale := p.want(201, "POST", "/events", object{"user_id": "u1", "type": "purchase", "amount": 1000, "currency": "USD", "cref": cref})
	flagged := p.want(200, "POST", "/clicks/"+cref+"/flag", nil)
	if flagged["flag"] != "manual" || flagged["rederived_events"] != float64(1) {
		t.Errorf("flagged: %v", flagged)
	}
	if got := p.want(409, "POST", "/clicks/"+cref+"/flag", nil); text(t, got, "error", "code") != "already_flagged" {
		t.Errorf("twice: %v", got)
	}
	if list := p.want(200, "GET", "/fraud/clicks", nil); dig(list, "data", 0, "id") != cref {
		t.Errorf("the list: %v", list)
	}
	shown := p.want(200, "GET", "/events/"+text(t, sale, "id"), nil)
	if dig(shown, "attribution", "status") != "flagged" || dig(shown, "attribution", "dropped", 0, "reason") != "flagged" {
		t.Errorf("the event: %v", shown)
	}
	p.want(200, "POST", "/clicks/"+cref+"/unflag", nil)
	if got := p.want(409, "POST", "/clicks/"+cref+"/unflag", nil); text(t, got, "error", "code") != "not_flagged" {
		t.Errorf("twice: %v", got)
	}
	shown = p.want(200, "GET", "/events/"+text(t, sale, "id"), nil)
	if dig(shown, "attribution", "touches", 0, "commissions", 0, "amount") != float64(200) {
		t.Errorf("the event: %v", shown)
	}
	p.Command("verify-ledger")
}

func TestDecisionsOfPeople(t *testing.T) {
	t.Parallel()
	p := start(t)
	_, partner, link := p.sell()
	cref := p.click(link)
	var ids []any
	for i := range 3 {
		sale := p.want(201, "POST", "/events", object{"user_id": "u1", "type": "purchase", "amount": 1000 * (i + 1), "currency": "USD", "cref": cref})
		ids = append(ids, dig(sale, "attribution", "touches", 0, "commissions", 0, "id"))
	}
	bulk := p.want(200, "POST", "/commissions/bulk", object{"action": "approve", "ids": append(ids[:2:2], "0198f0e0-0000-7000-8000-000000000000")})
	if dig(bulk, "results", 0, "status") != "approved" || dig(bulk, "results", 1, "status") != "approved" || dig(bulk, "results", 2, "error", "code") != "not_found" {
		t.Errorf("bulk: %v", bulk)
	}
	bulk = p.want(200, "POST", "/commissions/bulk", object{"action": "reverse", "ids": ids[2:]})
	if dig(bulk, "results", 0, "status") != "reversed" {
		t.Errorf("bulk: %v", bulk)
	}
	p.want(422, "POST", "/commissions/bulk", object{"action": "burn", "ids": ids})
	bonus := object{"partner_id": partner, "amount": -250, "currency": "USD", "note": "Paid twice by hand"}
	if got := p.want(201, "POST", "/commissions/adjustments", bonus); got["kind"] != "adjustment" || got["status"] != "approved" || got["amount"] != float64(-250) {
		t.Errorf("the adjustment: %v", got)
	}
	for field, value := range map[string]any{"amount": 0, "currency": "usd", "note": " "} {
		bad := object{"partner_id": partner, "amount": 5, "currency": "USD", "note": "x"}
		bad[field] = value
		if got := p.want(422, "POST", "/commissions/adjustments", bad); dig(got, "error", "fields", field) == nil {
			t.Errorf("%s: %v", field, got)
		}
	}
	p.want(422, "POST", "/commissions/adjustments", object{"partner_id": "0198f0e0-0000-7000-8000-000000000000", "amount": 5, "currency": "USD", "note": "x"})
	p.Command("verify-ledger")
}

func TestSimulateAndRederive(t *testing.T) {
	t.Parallel()
	p := start(t)
	campaign, partner, link := p.sell()
	cref := p.click(link)
	p.want(201, "POST", "/events", object{"user_id": "u1", "type": "purchase", "amount": 10000, "currency": "USD", "cref": cref})
	same := p.want(200, "POST", "/campaigns/"+campaign+"/simulate", object{})
	if dig(same, "partners", 0, "was") != float64(2000) || dig(same, "partners", 0, "would_be") != float64(2000) {
		t.Errorf("as it is: %v", same)
	}
	more := p.want(200, "POST", "/campaigns/"+campaign+"/simulate", object{"rules": []object{{"kind": "fixed", "amount": 700, "currency": "EUR"}}})
	if dig(more, "partners", 0, "partner_id") != partner || len(more["partners"].([]any)) != 2 {
		t.Errorf("another rule: %v", more)
	}
	p.want(422, "POST", "/campaigns/"+campaign+"/simulate", object{"attribution_model": "best_click"})

	ordered := p.want(202, "POST", "/rederive", object{"campaign_id": campaign, "dry_run": true})
	job := p.job(text(t, ordered, "job_id"))
	if job["status"] != "done" || dig(job, "progress", "total") != float64(1) || dig(job, "progress", "done") != float64(1) || dig(job, "result", "changed") != float64(0) {
		t.Errorf("the job: %v", job)
	}
	p.want(422, "POST", "/rederive", object{"campaign_id": campaign, "user_id": "u1"})
	p.want(404, "POST", "/rederive", object{"campaign_id": "0198f0e0-0000-7000-8000-000000000000"})
}

// job waits for a job to end.
func (p *program) job(id string) object {
	p.t.Helper()
	deadline := time.NewTimer(20 * time.Second)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		j := p.want(200, "GET", "/jobs/"+id, nil)
		if j["status"] != "pending" && j["status"] != "running" {
			return j
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			p.t.Fatalf("the job does not end: %v", j)
		}
	}
}

func TestAutomaticApproval(t *testing.T) {
	t.Parallel()
	p := start(t)
	_, _, link := p.sell()
	campaign := text(t, p.want(200, "GET", "/campaigns", nil), "data", 0, "id")
	p.want(200, "PATCH", "/campaigns/"+campaign, object{"auto_approve": true})
	cref := p.click(link)
	sale := p.want(201, "POST", "/events", object{"user_id": "u1", "type": "purchase", "amount": 1000, "currency": "USD", "cref": cref})
	id := text(t, sale, "attribution", "touches", 0, "commissions", 0, "id")
	p.Await(`"kind":"commissions.approve_matured"`)
	if got := p.want(200, "GET", "/commissions/"+id, nil); got["status"] != "approved" {
		t.Errorf("got %v", got)
	}
	p.Command("verify-ledger")
}
