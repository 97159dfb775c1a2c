// Package network is a program's side of the Network: its membership, what it tells the hub of its
// partners, its offerings and the requests of creators.
//
// The words of the protocol are in app/protocol, the other side in app/coordinator. Invariants: no
// call is made inside a transaction; a change of a partner is stored whether or not the hub can be
// reached; the hub's token leaves the database sealed only, and goes to the address that gave it.
package network

import (
	"time"

	"github.com/google/uuid"
)

// State of a membership.
type State string

// The states.
const (
	None         State = "none"
	Connecting   State = "connecting" // the hub has sent a mail with a link
	Connected    State = "connected"
	Paused       State = "paused" // by an admin
	Failed       State = "failed" // the hub does not know the token any more, or did not take us in
	Disconnected State = "disconnected"
)

// Membership is how a program stands to the Network.
type Membership struct {
	State           State
	URL             string // of the hub that the token is for
	VendorID        *string
	TokenCiphertext *string
	CallbackKeyID   *uuid.UUID
	DisplayName     *string
	ContactEmail    *string
	ContactName     *string
	AutoEnroll      bool
	LastError       *string
	BackfillJobID   *uuid.UUID
	ConnectedAt     *time.Time
	HeartbeatAt     *time.Time

	// Of a connection under way; what stood before works until it is there.
	PendingStateHash *string
	PendingVendorID  *string
	PendingKeyID     *uuid.UUID
	PendingUntil     *time.Time
}

// enrols reports whether changes of partners are to be told at all, now or when the hub is back.
func (m Membership) enrols() bool {
	return m.State != Disconnected && m.TokenCiphertext != nil
}

// tells reports whether the hub is told anything now. A connection that is being made anew goes on
// working until the new one is there.
func (m Membership) tells() bool {
	return m.State == Connected || (m.State == Connecting && m.TokenCiphertext != nil)
}

// fails notes what went wrong. A connection that worked before the try goes on working.
func (m *Membership) fails(problem string) {
	m.LastError = &problem
	m.PendingStateHash, m.PendingVendorID, m.PendingUntil = nil, nil, nil
	m.State = Failed
	if m.TokenCiphertext != nil {
		m.State = Connected
	}
}

// Overview is what people and programs see of a membership.
type Overview struct {
	Membership
	Hub     string // whose address is set; empty where there is no Network
	Pending int    // in the outbox
	Dead    int
}

// Op is what the hub is to be told of a partner.
type Op string

// The operations.
const (
	Upsert Op = "partner_upsert"
	Revoke Op = "partner_revoke"
)

// The states of a row of the outbox.
const (
	StatusPending = "pending"
	StatusDead    = "dead"
)

// Message is a row of the outbox. What it says is made when it is sent.
type Message struct {
	ID            uuid.UUID
	PartnerID     uuid.UUID
	PartnerName   string
	PartnerEmail  string
	Op            Op
	Source        *string
	Sequence      int64
	Status        string
	Attempts      int
	NextAttemptAt time.Time
	LastAttemptAt *time.Time
	LastError     *string
	CreatedAt     time.Time
}

// Approval is a request that an admin approved.
type Approval struct {
	RequestID    string
	OfferingID   string
	CampaignID   uuid.UUID
	CreatorEmail *string
	Status       string // approving or approved
	PartnerID    *uuid.UUID
	LinkID       *uuid.UUID
}

// waits are between the tries of a message: over 48 hours in all, then it is dead.
func waits() []time.Duration {
	return []time.Duration{
		30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour,
		4 * time.Hour, 8 * time.Hour, 12 * time.Hour, 24 * time.Hour,
	}
}

// nextWait says how long to wait after so many failed tries, and whether to try at all. Up to a fifth
// comes on top, so that what failed together does not come back together; a hub that says when it
// wants to be asked is not asked earlier.
func nextWait(attempts int, after time.Duration, jitter float64) (time.Duration, bool) {
	all := waits()
	if attempts > len(all) {
		return 0, false
	}
	wait := all[max(attempts, 1)-1]
	return max(wait+time.Duration(float64(wait)*0.2*jitter), min(after, 24*time.Hour)), true
}
