// Package webhooks tells programs of the merchant what happens in theirs, as Standard Webhooks
// describes it: https://www.standardwebhooks.com
//
// It owns endpoints and deliveries. It does not know what there is to tell: who wires the program
// publishes messages from facts. Invariants: a message is stored in the transaction of what it tells,
// once for each endpoint that wants it; it keeps its id and its bytes however often it is sent.
package webhooks

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// The types of messages.
const (
	PartnerCreated     = "partner.created"
	PartnerActivated   = "partner.activated"
	PartnerRevoked     = "partner.revoked"
	ClickFlagged       = "click.flagged"
	EventAttributed    = "event.attributed"
	CommissionCreated  = "commission.created"
	CommissionApproved = "commission.approved"
	CommissionReversed = "commission.reversed"
	CommissionPaid     = "commission.paid"
	PayoutCreated      = "payout.created"
	PayoutPaid         = "payout.paid"
	PayoutFailed       = "payout.failed"
	RequestApproved    = "network.request_approved"
	Everything         = "*"
	testMessage        = "webhook.test" // sent by hand alone, to whatever endpoint
)

// Types are what an endpoint may ask for.
func Types() []string {
	return []string{
		PartnerCreated, PartnerActivated, PartnerRevoked, ClickFlagged, EventAttributed, CommissionCreated, CommissionApproved,
		CommissionReversed, CommissionPaid, PayoutCreated, PayoutPaid, PayoutFailed, RequestApproved, Everything,
	}
}

// The states of an endpoint and of a delivery.
const (
	StatusActive   = "active"
	StatusDisabled = "disabled"

	StatusPending   = "pending"   // not tried yet
	StatusDelivered = "delivered" // taken with a 2xx
	StatusFailed    = "failed"    // will be tried again
	StatusDead      = "dead"      // given up, until somebody sends it again
)

// DeliveryStatuses are the states that the log is filtered by.
func DeliveryStatuses() []string {
	return []string{StatusPending, StatusDelivered, StatusFailed, StatusDead}
}

// Endpoint is an address that is told what happens.
type Endpoint struct {
	ID             uuid.UUID
	URL            string
	Label          *string
	Events         []string `bun:",array"`
	Status         string
	FailingSince   *time.Time
	DisabledReason *string
	PreviousUntil  *time.Time // until then messages are signed with the former secret, too
	CreatedAt      time.Time

	SecretCiphertext         string
	PreviousSecretCiphertext *string
}

// Delivery is one message to one endpoint.
type Delivery struct {
	ID             uuid.UUID
	EndpointID     uuid.UUID
	MessageID      string
	EventType      string
	Payload        json.RawMessage
	Status         string
	Attempts       int
	NextAttemptAt  *time.Time
	AttemptedAt    *time.Time
	ResponseStatus *int
	ResponseMS     *int    `bun:"response_ms"`
	ResponseBody   *string // its beginning
	Error          *string
	CreatedAt      time.Time
}

// Message is something to tell: data is what the API shows of the thing.
type Message struct {
	Type string
	Data any
}

// secretPrefix says what a secret is for, in the words of the standard.
const secretPrefix = "whsec_"

func newSecret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // crypto/rand never fails since Go 1.24
	return secretPrefix + base64.StdEncoding.EncodeToString(b[:])
}

// sign gives the value of webhook-signature: one signature for each secret, so that a receiver may
// know either while they change.
func sign(secrets []string, messageID string, at time.Time, body []byte) (string, error) {
	var all []string
	for _, secret := range secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
		if err != nil {
			return "", err
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(messageID + "." + strconv.FormatInt(at.Unix(), 10) + "."))
		mac.Write(body)
		all = append(all, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(all, " "), nil
}

// waits are between one try and the next: ten tries in 75 hours.
func waits() []time.Duration {
	const m, h = time.Minute, time.Hour
	return []time.Duration{5 * time.Second, 5 * m, 30 * m, 2 * h, 5 * h, 10 * h, 14 * h, 20 * h, 24 * h}
}

// nextWait is how long to wait after so many tries, with up to a tenth on top so that a herd of
// failures does not come back as a herd; false when it is time to give up. A receiver that says
// when to come again is heard, within a day.
func nextWait(attempts int, asked time.Duration, jitter float64) (time.Duration, bool) {
	all := waits()
	if attempts > len(all) {
		return 0, false
	}
	wait := all[attempts-1]
	wait += time.Duration(float64(wait) * 0.1 * jitter)
	return max(wait, min(asked, 24*time.Hour)), true
}
