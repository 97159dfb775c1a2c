// Package attribution turns what users of a merchant did into who earns from it.
//
// It owns events, decisions and shares. Decide is a pure rule over facts; Service collects the
// facts, stores the decision and has the ledger agree with it. Invariant: there is one live
// decision per event, and deciding again on the same facts changes nothing.
package attribution

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/money"
	"github.com/openpartner/openpartner/app/person"
)

// Event is something that a user of the merchant did.
type Event struct {
	ID              uuid.UUID
	UserID          string
	Type            string
	Amount          *int64 // minor units
	Currency        *string
	ExternalID      *string
	Source          string
	RequestHash     string
	ReversesEventID *uuid.UUID
	EmailHash       *string
	Metadata        json.RawMessage
	OccurredAt      time.Time
	CreatedAt       time.Time
}

// Money is the amount with its currency, if the event has one.
func (e Event) Money() (money.Amount, bool) {
	if e.Amount == nil || e.Currency == nil {
		return money.Amount{}, false
	}
	return money.Amount{Minor: *e.Amount, Currency: *e.Currency}, true
}

// The types that correct another event instead of earning.
const (
	TypeRefund        = "refund"
	TypeDispute       = "dispute"
	TypeDisputeWon    = "dispute_won"
	TypeDisputeLost   = "dispute_lost"
	TypePaymentFailed = "payment_failed"
)

// corrective reports whether events of a type correct another one.
func corrective(eventType string) bool {
	switch eventType {
	case TypeRefund, TypeDispute, TypeDisputeWon, TypeDisputeLost, TypePaymentFailed:
		return true
	default:
		return false
	}
}

// EventInput is an event as it is written.
type EventInput struct {
	UserID     string
	Type       string
	Amount     *int64
	Currency   *string
	Cref       *uuid.UUID
	ExternalID *string
	OccurredAt *time.Time
	Metadata   json.RawMessage
	Email      *string
	Reverses   *string // id or external id of the event that this one corrects
	Source     string  // defaults to api; the same for all events of one call
	Credit     *Credit // a partner to credit without a visit
}

// Credit stands in for a visit: somebody redeemed a partner's coupon.
type Credit struct {
	PartnerID, CampaignID uuid.UUID
	Code                  string
}

const (
	maxUserID   = 200
	maxType     = 80
	maxExternal = 200
	maxMetadata = 8 << 10
	oldest      = 400 * 24 * time.Hour
	newest      = 5 * time.Minute
)

// check normalises the input and names what is wrong with it.
func (in *EventInput) check(now time.Time) error {
	fields := fault.Fields{}
	in.UserID = person.Line(fields, "user_id", in.UserID, maxUserID)
	in.Type = person.Line(fields, "type", in.Type, maxType)
	in.checkMoney(fields)
	if in.ExternalID != nil {
		id := person.Line(fields, "external_id", *in.ExternalID, maxExternal)
		in.ExternalID = &id
	}
	if in.OccurredAt == nil {
		in.OccurredAt = &now
	} else if in.OccurredAt.Before(now.Add(-oldest)) || in.OccurredAt.After(now.Add(newest)) {
		fields.Add("occurred_at", "An event may lie at most 400 days back and 5 minutes ahead.")
	}
	if len(in.Metadata) > maxMetadata {
		fields.Add("metadata", "At most 8 kB of metadata.")
	}
	if in.Email != nil {
		email := person.Email(fields, "email", *in.Email)
		in.Email = &email
	}
	if corrective(in.Type) && in.Type != TypePaymentFailed && in.Reverses == nil {
		fields.Add("reverses", "Name the event that this one corrects, by its id or external_id.")
	}
	if !corrective(in.Type) && in.Reverses != nil {
		fields.Add("reverses", "Only a refund or dispute corrects another event.")
	}
	return fields.Err()
}

func (in *EventInput) checkMoney(fields fault.Fields) {
	if in.Amount != nil && in.Currency == nil && in.Type != TypeRefund {
		fields.Add("currency", "An amount needs its currency.")
	}
	if in.Currency != nil && !money.Valid(*in.Currency) {
		fields.Add("currency", "Give a currency as its three-letter code in capitals, such as USD.")
	}
	if in.Amount != nil && (*in.Amount < 0 || *in.Amount > money.Max) {
		fields.Add("amount", "Give an amount in minor units from 0 to 9007199254740991.")
	}
}

// hash identifies the request, to tell a repeat from another event under the same external id.
// A time that was not sent does not count: it is different at each try.
func (in EventInput) hash(sentTime bool) string {
	plain := struct {
		UserID, Type string
		Amount       *int64
		Currency     *string
		Cref         *uuid.UUID
		OccurredAt   *time.Time
		Metadata     any
		Email        *string
		Reverses     *string
		Code         string `json:",omitempty"`
	}{UserID: in.UserID, Type: in.Type, Amount: in.Amount, Currency: in.Currency, Cref: in.Cref, Email: in.Email, Reverses: in.Reverses}
	if in.Credit != nil {
		plain.Code = in.Credit.Code
	}
	if sentTime {
		at := in.OccurredAt.UTC()
		plain.OccurredAt = &at
	}
	_ = json.Unmarshal(in.Metadata, &plain.Metadata) // its order of keys must not count
	text, _ := json.Marshal(plain)                   // plain values always encode
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// hashEmail is what is kept of a customer's address: enough to recognise a partner who buys
// through their own link, and nobody else.
func hashEmail(email string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(email)))
	return hex.EncodeToString(sum[:])
}

// Outcome is an event with what became of it.
type Outcome struct {
	Event       Event
	Replayed    bool
	Decision    Decision
	DecidedAt   time.Time
	Commissions []commissions.Commission
}

// OfShare gives the commissions that a share earned, and the reason when it earned nothing.
func (o Outcome) OfShare(s Share) (rows []commissions.Commission, reason commissions.Reason) {
	for _, c := range o.Commissions {
		if c.PartnerID == s.PartnerID && c.Status != commissions.Reversed {
			rows = append(rows, c)
		}
	}
	if len(rows) > 0 {
		return rows, ""
	}
	return nil, o.Decision.Reasons[s.PartnerID]
}
