package stripeinbox

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/ids"
)

// The kinds of references.
const (
	refInvoice       = "invoice"
	refCharge        = "charge"
	refPaymentIntent = "payment_intent"
	refSubscription  = "subscription"
)

// object is something at Stripe that a sale came from.
type object struct{ Kind, Ref string }

type objects []object

func (o *objects) add(kind string, r ref) {
	one := object{kind, string(r)}
	if usable(one.Ref) && !slices.Contains(*o, one) {
		*o = append(*o, one)
	}
}

// paid are those that stand for the money of one sale; a subscription stands for many.
func (o objects) paid() (out objects) {
	for _, one := range o {
		if one.Kind != refSubscription {
			out = append(out, one)
		}
	}
	return out
}

func usable(id string) bool { return id != "" && len(id) <= maxRef && !strings.ContainsRune(id, 0) }

// clue is what any object may say about whose it is.
type clue struct {
	ID                string   `json:"id"`
	Object            string   `json:"object"`
	ClientReferenceID string   `json:"client_reference_id"`
	Customer          ref      `json:"customer"`
	Subscription      ref      `json:"subscription"`
	PaymentIntent     ref      `json:"payment_intent"`
	Charge            ref      `json:"charge"`
	LatestCharge      ref      `json:"latest_charge"`
	Invoice           ref      `json:"invoice"`
	TransferGroup     string   `json:"transfer_group"`
	Destination       ref      `json:"destination"`
	Metadata          metadata `json:"metadata"`
	Payment           payment  `json:"payment"`
	Parent            struct {
		SubscriptionDetails ofSubscription `json:"subscription_details"`
	} `json:"parent"`
}

// clueOf reads what it can: an object that is not as expected says less.
func clueOf(raw json.RawMessage) (c clue) {
	_ = json.Unmarshal(raw, &c)
	if c.Object == "customer" || strings.HasPrefix(c.ID, "cus_") {
		c.Customer = ref(c.ID)
	}
	return c
}

// refs are the ids of all objects that it names.
func (c clue) refs() []string {
	out := []string{}
	for _, id := range []string{
		c.ID, string(c.Customer), string(c.Subscription), string(c.Parent.SubscriptionDetails.Subscription), string(c.PaymentIntent), string(c.Charge),
		string(c.LatestCharge), string(c.Invoice), string(c.Payment.PaymentIntent), string(c.Payment.Charge), c.TransferGroup, string(c.Destination),
	} {
		if usable(id) && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// about names what the event is about, so that events about the same come in turn.
func (c clue) about() string {
	for _, id := range []string{string(c.Customer), string(c.PaymentIntent), c.ID} {
		if usable(id) {
			return id
		}
	}
	return ""
}

// crefs are the clicks that it names.
func (c clue) crefs() (out []uuid.UUID) {
	for _, text := range []string{c.ClientReferenceID, c.Metadata.cref(), c.Parent.SubscriptionDetails.Metadata.cref()} {
		if id, ok := crefOf(text); ok {
			out = append(out, id)
		}
	}
	return out
}

// crefOf reads a click's id, if the text is one: merchants may have other uses for the field.
func crefOf(text string) (uuid.UUID, bool) {
	if text == "" {
		return uuid.Nil, false
	}
	id, err := ids.Parse(text)
	return id, err == nil
}
