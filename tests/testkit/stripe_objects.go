package testkit

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// stripeHandlers are the calls that it knows from the start.
func stripeHandlers() map[string]StripeHandler {
	return map[string]StripeHandler{
		"GET /v1/account":                stripeSelf,
		"POST /v1/accounts":              stripeOpenAccount,
		"GET /v1/accounts/*":             StripeFind("account"),
		"POST /v1/account_links":         stripeAccountLink,
		"POST /v1/transfers":             stripeTransfer,
		"GET /v1/transfers":              StripeList("transfer", "transfer_group"),
		"GET /v1/transfers/*":            StripeFind("transfer"),
		"POST /v1/transfers/*/reversals": stripeReverse,
		"GET /v1/events":                 StripeList("event", "type"),
	}
}

// missing is the answer to an id that nobody has.
func missing(kind, id string) *StripeError {
	return &StripeError{http.StatusNotFound, "invalid_request_error", "resource_missing", "No such " + kind + ": '" + id + "'"}
}

// StripeFind answers with one object of the account's.
func StripeFind(kind string) StripeHandler {
	return func(s *Stripe, c StripeCall) (map[string]any, error) {
		id := c.Path[strings.LastIndex(c.Path, "/")+1:]
		if o := s.objects[id]; o != nil && o["owner"] == c.Account && o["object"] == kind {
			return o, nil
		}
		return nil, missing(kind, id)
	}
}

// StripeList answers with the account's objects of a kind, newest first, in pages: those that have
// the asked value in a field, and are not older than created[gte].
func StripeList(kind string, fields ...string) StripeHandler {
	return func(s *Stripe, c StripeCall) (map[string]any, error) {
		since, _ := strconv.ParseInt(c.Form.Get("created[gte]"), 10, 64)
		all := slices.DeleteFunc(s.of(c.Account, kind), func(o map[string]any) bool {
			for _, field := range fields {
				if want := c.Form.Get(field); want != "" && o[field] != want {
					return true
				}
			}
			return number(o, "created") < since
		})
		slices.Reverse(all)
		if after := c.Form.Get("starting_after"); after != "" {
			at := slices.IndexFunc(all, func(o map[string]any) bool { return o["id"] == after })
			all = all[at+1:]
		}
		limit, err := strconv.Atoi(c.Form.Get("limit"))
		if err != nil {
			limit = 10
		}
		more := len(all) > limit
		all = all[:min(limit, len(all))]
		return map[string]any{"object": "list", "url": c.Path, "has_more": more, "data": append([]map[string]any{}, all...)}, nil
	}
}

func stripeSelf(_ *Stripe, c StripeCall) (map[string]any, error) {
	return map[string]any{"id": c.Account, "object": "account", "type": "standard", "charges_enabled": true, "payouts_enabled": true, "details_submitted": true}, nil
}

func stripeOpenAccount(s *Stripe, c StripeCall) (map[string]any, error) {
	return s.add(c.Account, "account", "acct", map[string]any{
		"type": c.Form.Get("type"), "email": c.Form.Get("email"), "country": c.Form.Get("country"), "charges_enabled": false,
		"payouts_enabled": false, "details_submitted": false, "capabilities": map[string]any{"transfers": "inactive"},
	}), nil
}

func stripeAccountLink(s *Stripe, c StripeCall) (map[string]any, error) {
	id := c.Form.Get("account")
	if o := s.objects[id]; o == nil || o["owner"] != c.Account {
		return nil, missing("account", id)
	}
	return map[string]any{"object": "account_link", "created": s.now().Unix(), "expires_at": s.now().Unix() + 300, "url": s.URL + "/setup/" + id}, nil
}

// Account makes an account that is connected to another one.
func (s *Stripe) Account(owner string, ready bool) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.add(owner, "account", "acct", map[string]any{"type": "express", "charges_enabled": ready, "details_submitted": ready})
	settle(o, ready)
	return text(o, "id")
}

// Settle says whether money can be sent to an account.
func (s *Stripe) Settle(account string, ready bool) {
	s.Object(account, func(o map[string]any) { settle(o, ready) })
}

func settle(o map[string]any, ready bool) {
	state := "inactive"
	if ready {
		state = "active"
	}
	o["payouts_enabled"], o["details_submitted"], o["capabilities"], o["transfers"] = ready, ready, map[string]any{"transfers": state}, state
}

func stripeTransfer(s *Stripe, c StripeCall) (map[string]any, error) {
	amount, err := strconv.ParseInt(c.Form.Get("amount"), 10, 64)
	to := s.objects[c.Form.Get("destination")]
	switch {
	case err != nil || amount <= 0:
		return nil, &StripeError{400, "invalid_request_error", "parameter_invalid_integer", "Invalid integer: amount"}
	case to == nil || to["owner"] != c.Account:
		return nil, &StripeError{400, "invalid_request_error", "resource_missing", "No such destination: '" + c.Form.Get("destination") + "'"}
	case to["transfers"] != "active":
		return nil, &StripeError{400, "invalid_request_error", "insufficient_capabilities_for_transfer", "Your destination account needs to have at least one of the following capabilities enabled: transfers"}
	}
	return s.add(c.Account, "transfer", "tr", map[string]any{
		"amount": amount, "amount_reversed": int64(0), "currency": c.Form.Get("currency"), "destination": c.Form.Get("destination"),
		"transfer_group": c.Form.Get("transfer_group"), "reversed": false, "description": c.Form.Get("description"), "key": c.Key,
	}), nil
}

func stripeReverse(s *Stripe, c StripeCall) (map[string]any, error) {
	id := strings.Split(c.Path, "/")[3]
	o := s.objects[id]
	if o == nil || o["owner"] != c.Account {
		return nil, missing("transfer", id)
	}
	takeBack(o)
	return map[string]any{"id": "trr_" + id, "object": "transfer_reversal", "amount": o["amount"], "transfer": id}, nil
}

// Reverse takes a transfer back whole, as people do on Stripe's pages.
func (s *Stripe) Reverse(transfer string) { s.Object(transfer, takeBack) }

func takeBack(o map[string]any) { o["amount_reversed"], o["reversed"] = o["amount"], true }
