package stripeinbox

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"
)

// What is read of Stripe's objects, in the layout that they had up to 2025-03-31 and in the one that
// came with it ("basil"): an endpoint speaks the API version of the day it was made.
// https://docs.stripe.com/changelog/basil/2025-03-31/adds-new-parent-field-to-invoicing-objects

// basil is the first version of the newer layout.
const basil = "2025-03-31"

// maxRef is more than any id of Stripe's.
const maxRef = 255

// ref is the id of an object; where Stripe sends the object itself, its id.
type ref string

// UnmarshalJSON is part of json.Unmarshaler.
func (r *ref) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '{' {
		var o struct {
			ID string `json:"id"`
		}
		err := json.Unmarshal(text, &o)
		*r = ref(o.ID)
		return err
	}
	return json.Unmarshal(text, (*string)(r))
}

// metadata is what the merchant wrote onto an object.
type metadata map[string]any

func (m metadata) text(names ...string) string {
	for _, name := range names {
		if text, ok := m[name].(string); ok && text != "" {
			return text
		}
	}
	return ""
}

// user is the merchant's own name for the customer, if it may be one.
func (m metadata) user() string {
	user := strings.TrimSpace(m.text("openpartner_user_id"))
	if len(user) > 200 || strings.ContainsFunc(user, unicode.IsControl) {
		return ""
	}
	return user
}

func (m metadata) cref() string { return m.text("openpartner_cref", "cref") }

// discount is a use of a coupon of Stripe's, maybe by a promotion code.
type discount struct {
	PromotionCode ref `json:"promotion_code"`
}

// UnmarshalJSON is part of json.Unmarshaler; a discount that is not expanded says nothing.
func (d *discount) UnmarshalJSON(text []byte) error {
	if len(text) == 0 || text[0] != '{' {
		return nil
	}
	type plain discount
	return json.Unmarshal(text, (*plain)(d))
}

type customer struct {
	ID       string   `json:"id"`
	Email    string   `json:"email"`
	Metadata metadata `json:"metadata"`
}

type session struct {
	ID                string `json:"id"`
	Mode              string `json:"mode"`
	PaymentStatus     string `json:"payment_status"`
	ClientReferenceID string `json:"client_reference_id"`
	Customer          ref    `json:"customer"`
	PaymentIntent     ref    `json:"payment_intent"`
	Invoice           ref    `json:"invoice"`
	CustomerEmail     string `json:"customer_email"`
	CustomerDetails   struct {
		Email string `json:"email"`
	} `json:"customer_details"`
	AmountTotal  int64  `json:"amount_total"`
	Currency     string `json:"currency"`
	TotalDetails struct {
		AmountTax int64 `json:"amount_tax"`
		Breakdown struct {
			Discounts []struct {
				Discount discount `json:"discount"`
			} `json:"discounts"`
		} `json:"breakdown"`
	} `json:"total_details"`
	Discounts []discount `json:"discounts"`
	Metadata  metadata   `json:"metadata"`
}

func (s session) email() string {
	if s.CustomerDetails.Email != "" {
		return s.CustomerDetails.Email
	}
	return s.CustomerEmail
}

// paid says that money came, or will: what is paid by a slow method tells so when it has.
func (s session) paid() bool { return s.PaymentStatus != "unpaid" }

func (s session) promotions() (codes []string) {
	for _, d := range s.Discounts {
		codes = append(codes, string(d.PromotionCode))
	}
	for _, d := range s.TotalDetails.Breakdown.Discounts {
		codes = append(codes, string(d.Discount.PromotionCode))
	}
	return codes
}

type subscription struct {
	ID        string     `json:"id"`
	Customer  ref        `json:"customer"`
	Discount  discount   `json:"discount"`  // before basil
	Discounts []discount `json:"discounts"` // only where they are expanded
	Metadata  metadata   `json:"metadata"`
}

func (s subscription) promotions() (codes []string) {
	for _, d := range append(s.Discounts, s.Discount) {
		codes = append(codes, string(d.PromotionCode))
	}
	return codes
}

// ofSubscription is what an invoice knows of its subscription.
type ofSubscription struct {
	Subscription ref      `json:"subscription"`
	Metadata     metadata `json:"metadata"`
}

type taxes []struct {
	Amount int64 `json:"amount"`
}

func (t taxes) sum() (sum int64) {
	for _, one := range t {
		sum += one.Amount
	}
	return sum
}

type payment struct {
	PaymentIntent ref `json:"payment_intent"`
	Charge        ref `json:"charge"`
}

type invoice struct {
	ID            string   `json:"id"`
	Customer      ref      `json:"customer"`
	CustomerEmail string   `json:"customer_email"`
	AmountPaid    int64    `json:"amount_paid"`
	Total         int64    `json:"total"`
	Currency      string   `json:"currency"`
	AttemptCount  int64    `json:"attempt_count"`
	Metadata      metadata `json:"metadata"`

	// Before basil.
	Subscription        ref            `json:"subscription"`
	SubscriptionDetails ofSubscription `json:"subscription_details"`
	Charge              ref            `json:"charge"`
	PaymentIntent       ref            `json:"payment_intent"`
	Tax                 int64          `json:"tax"`
	TotalTaxAmounts     taxes          `json:"total_tax_amounts"`

	// Since basil.
	Parent struct {
		SubscriptionDetails ofSubscription `json:"subscription_details"`
	} `json:"parent"`
	TotalTaxes taxes `json:"total_taxes"`
	Payments   struct {
		Data []struct {
			Payment payment `json:"payment"`
		} `json:"data"`
	} `json:"payments"`
}

func (i invoice) user() string {
	for _, m := range []metadata{i.Parent.SubscriptionDetails.Metadata, i.SubscriptionDetails.Metadata, i.Metadata} {
		if user := m.user(); user != "" {
			return user
		}
	}
	return ""
}

func (i invoice) cref() string {
	for _, m := range []metadata{i.Parent.SubscriptionDetails.Metadata, i.SubscriptionDetails.Metadata, i.Metadata} {
		if cref := m.cref(); cref != "" {
			return cref
		}
	}
	return ""
}

// tax is the tax in what was paid: where less than the total was paid, its part of it.
func (i invoice) tax() int64 {
	tax := max(i.Tax, i.TotalTaxAmounts.sum(), i.TotalTaxes.sum())
	if i.Total > 0 && i.AmountPaid < i.Total {
		return share(tax, i.AmountPaid, i.Total)
	}
	return min(tax, i.AmountPaid)
}

func (i invoice) refs() objects {
	o := objects{}
	o.add(refInvoice, ref(i.ID))
	o.add(refSubscription, i.Subscription)
	o.add(refSubscription, i.Parent.SubscriptionDetails.Subscription)
	o.add(refPaymentIntent, i.PaymentIntent)
	o.add(refCharge, i.Charge)
	for _, p := range i.Payments.Data {
		o.add(refPaymentIntent, p.Payment.PaymentIntent)
		o.add(refCharge, p.Payment.Charge)
	}
	return o
}

// invoicePayment ties a payment to its invoice, which since basil neither of them does by itself.
type invoicePayment struct {
	Invoice ref     `json:"invoice"`
	Payment payment `json:"payment"`
}

type paymentIntent struct {
	ID             string          `json:"id"`
	AmountReceived int64           `json:"amount_received"`
	Currency       string          `json:"currency"`
	Customer       ref             `json:"customer"`
	Invoice        json.RawMessage `json:"invoice"` // whether it is there at all tells the layout
	LatestCharge   ref             `json:"latest_charge"`
	ReceiptEmail   string          `json:"receipt_email"`
	Metadata       metadata        `json:"metadata"`
	PaymentDetails struct {
		OrderReference string `json:"order_reference"`
	} `json:"payment_details"`
}

// ofInvoice says that the payment is an invoice's, as far as it tells.
func (p paymentIntent) ofInvoice() bool {
	return (len(p.Invoice) > 0 && !bytes.Equal(p.Invoice, []byte("null"))) || strings.HasPrefix(p.PaymentDetails.OrderReference, "in_")
}

// tellsInvoice says that the payment would name an invoice if it had one.
func (p paymentIntent) tellsInvoice(version *string) bool {
	return len(p.Invoice) > 0 || (version != nil && *version != "" && *version < basil)
}

type charge struct {
	ID             string `json:"id"`
	AmountRefunded int64  `json:"amount_refunded"`
	PaymentIntent  ref    `json:"payment_intent"`
	Invoice        ref    `json:"invoice"` // before basil
}

type refund struct {
	ID            string `json:"id"`
	Amount        int64  `json:"amount"`
	Charge        ref    `json:"charge"`
	PaymentIntent ref    `json:"payment_intent"`
	Status        string `json:"status"`
}

type dispute struct {
	ID            string `json:"id"`
	Amount        int64  `json:"amount"`
	Charge        ref    `json:"charge"`
	PaymentIntent ref    `json:"payment_intent"`
	Status        string `json:"status"`
	Created       int64  `json:"created"`
}

type creditNote struct {
	ID      string `json:"id"`
	Invoice ref    `json:"invoice"`
	Amount  int64  `json:"amount"`
	Type    string `json:"type"`
	Status  string `json:"status"`

	Refund            ref    `json:"refund"` // before basil
	PostPaymentAmount *int64 `json:"post_payment_amount"`
	Refunds           []struct {
		Refund         ref   `json:"refund"`
		AmountRefunded int64 `json:"amount_refunded"`
	} `json:"refunds"`
}

// credited is what the note takes back beside refunds, which tell of themselves. What it took off an
// invoice before that was paid was never paid.
func (n creditNote) credited() int64 {
	after := n.Amount
	if n.Type == "pre_payment" {
		after = 0
	}
	if n.PostPaymentAmount != nil {
		after = *n.PostPaymentAmount
	}
	if n.Refund != "" && len(n.Refunds) == 0 {
		return 0
	}
	for _, r := range n.Refunds {
		after -= r.AmountRefunded
	}
	return max(0, after)
}
