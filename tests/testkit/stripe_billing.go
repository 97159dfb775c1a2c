package testkit

import (
	"maps"
	"net/http"
	"strconv"
	"strings"
)

// StripeBilling are the variables of an installation whose tenants pay in a mode, flat or revshare.
func (s *Stripe) StripeBilling(mode string) []string {
	return append(s.Env(), "OPENPARTNER_MODE="+mode, "STRIPE_PRICE_FLAT=price_flat", "STRIPE_PRICE_USAGE=price_usd,price_eur")
}

// billingHandlers are the calls about what customers pay.
func billingHandlers() map[string]StripeHandler {
	return map[string]StripeHandler{
		"POST /v1/customers":                       stripeOpenCustomer,
		"POST /v1/checkout/sessions":               stripeCheckout,
		"GET /v1/checkout/sessions/*":              StripeFind("checkout.session"),
		"POST /v1/billing_portal/sessions":         stripePortal,
		"GET /v1/subscriptions":                    StripeList("subscription", "customer"),
		"GET /v1/invoices/*":                       StripeFind("invoice"),
		"POST /v1/billing/meter_events":            stripeMeterEvent,
		"GET /v1/billing/meters":                   StripeList("billing.meter"),
		"GET /v1/billing/meters/*/event_summaries": stripeSummaries,
	}
}

func stripeOpenCustomer(s *Stripe, c StripeCall) (map[string]any, error) {
	return s.add(c.Account, "customer", "cus", map[string]any{"description": c.Form.Get("description"), "tenant": c.Form.Get("metadata[openpartner_tenant_id]")}), nil
}

func stripeCheckout(s *Stripe, c StripeCall) (map[string]any, error) {
	if o := s.objects[c.Form.Get("customer")]; o == nil || o["owner"] != c.Account {
		return nil, missing("customer", c.Form.Get("customer"))
	}
	var prices []string
	for i := 0; c.Form.Get("line_items["+strconv.Itoa(i)+"][price]") != ""; i++ {
		prices = append(prices, c.Form.Get("line_items["+strconv.Itoa(i)+"][price]"))
	}
	o := s.add(c.Account, "checkout.session", "cs", map[string]any{
		"status": "open", "mode": c.Form.Get("mode"), "customer": c.Form.Get("customer"), "prices": prices, "success_url": c.Form.Get("success_url"),
	})
	o["url"] = s.URL + "/pay/" + text(o, "id")
	return o, nil
}

func stripePortal(s *Stripe, c StripeCall) (map[string]any, error) {
	if o := s.objects[c.Form.Get("customer")]; o == nil || o["owner"] != c.Account {
		return nil, missing("customer", c.Form.Get("customer"))
	}
	return map[string]any{"object": "billing_portal.session", "id": "bps_1", "url": s.URL + "/portal/" + c.Form.Get("customer")}, nil
}

// stripeMeterEvent counts an identifier once, and takes events of a meter that is there alone.
func stripeMeterEvent(s *Stripe, c StripeCall) (map[string]any, error) {
	name, id := c.Form.Get("event_name"), c.Form.Get("identifier")
	known := false
	for _, m := range s.of(c.Account, "billing.meter") {
		known = known || m["event_name"] == name
	}
	if !known {
		return nil, &StripeError{http.StatusBadRequest, "invalid_request_error", "", "No active meter found matching event name " + name}
	}
	for _, e := range s.of(c.Account, "billing.meter_event") {
		if e["identifier"] == id {
			return nil, &StripeError{http.StatusBadRequest, "invalid_request_error", "", "An event already exists with identifier " + id}
		}
	}
	value, err := strconv.ParseInt(c.Form.Get("payload[value]"), 10, 64)
	at, wrong := strconv.ParseInt(c.Form.Get("timestamp"), 10, 64)
	if err != nil || wrong != nil || value < 0 {
		return nil, &StripeError{http.StatusBadRequest, "invalid_request_error", "parameter_invalid_integer", "Invalid integer"}
	}
	return s.add(c.Account, "billing.meter_event", "mev", map[string]any{
		"event_name": name, "identifier": id, "customer": c.Form.Get("payload[stripe_customer_id]"), "value": value, "timestamp": at,
	}), nil
}

func stripeSummaries(s *Stripe, c StripeCall) (map[string]any, error) {
	id := strings.Split(c.Path, "/")[4]
	m := s.objects[id]
	if m == nil || m["owner"] != c.Account {
		return nil, missing("billing.meter", id)
	}
	from, _ := strconv.ParseInt(c.Form.Get("start_time"), 10, 64)
	to, _ := strconv.ParseInt(c.Form.Get("end_time"), 10, 64)
	if from%60 != 0 || to%60 != 0 {
		return nil, &StripeError{http.StatusBadRequest, "invalid_request_error", "", "The times must align with minute boundaries."}
	}
	data := []map[string]any{}
	var total int64
	for _, e := range s.of(text(m, "owner"), "billing.meter_event") {
		at := number(e, "timestamp")
		if e["event_name"] == m["event_name"] && e["customer"] == c.Form.Get("customer") && at >= from && at < to {
			total += number(e, "value")
		}
	}
	if total > 0 {
		data = append(data, map[string]any{"id": "mtrusg_1", "object": "billing.meter_event_summary", "meter": id, "aggregated_value": float64(total), "start_time": from, "end_time": to})
	}
	return map[string]any{"object": "list", "url": c.Path, "has_more": false, "data": data}, nil
}

// Meter makes a meter of the operator's that counts what was sold in a currency.
func (s *Stripe) Meter(currency string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(StripeOperator, "billing.meter", "mtr", map[string]any{"event_name": "openpartner_revenue_" + strings.ToLower(currency), "status": "active"})
}

// Subscribe does what Stripe does when somebody has gone through a checkout, and gives the id of the
// subscription.
func (s *Stripe) Subscribe(customer string, change map[string]any) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	prices := []string{"price_usd"}
	for _, o := range s.of(StripeOperator, "checkout.session") {
		if o["customer"] == customer && o["status"] == "open" {
			prices, _ = o["prices"].([]string)
			s.objects[text(o, "id")]["status"] = "complete"
		}
	}
	items := []map[string]any{}
	for _, p := range prices {
		items = append(items, map[string]any{"id": "si_" + p, "object": "subscription_item", "price": map[string]any{"id": p, "object": "price"}})
	}
	now := s.now().Unix()
	o := s.add(StripeOperator, "subscription", "sub", map[string]any{
		"customer": customer, "status": "active", "start_date": now, "current_period_start": now, "current_period_end": now + 30*24*3600,
		"cancel_at_period_end": false, "items": map[string]any{"object": "list", "data": items},
	})
	maps.Copy(o, change)
	return text(o, "id")
}
