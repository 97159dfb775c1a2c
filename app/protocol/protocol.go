// Package protocol is what the two sides of the Network say to each other: the bodies, headers and
// limits of docs/NETWORK-PROTOCOL.md, as Go.
//
// The vendor's side (app/network) writes what the hub (app/coordinator) reads, and the other way
// round; neither imports the other. It holds no rule and calls nobody.
package protocol

import (
	"bytes"
	"encoding/json"
	"time"
)

// Version is the protocol's version, sent as Header with every request between the two sides.
const (
	Version = "1"
	Header  = "OpenPartner-Protocol"
)

// UserAgents of the two sides.
const (
	VendorAgent = "OpenPartner-Vendor/1"
	HubAgent    = "OpenPartner-Hub/1"
)

// Limits of a call.
const (
	PushTimeout = 5 * time.Second  // of a push
	CallTimeout = 15 * time.Second // of everything else
	MaxBody     = 1 << 20          // bytes, both ways
	MaxBackfill = 200              // partners in one request
)

// Unstorable reports whether an answer holds the character that a database refuses: what the other side
// says must not make our own work fail.
func Unstorable(body []byte) bool { return bytes.Contains(body, []byte(`\u0000`)) }

// Paths of the hub, below its URL.
const (
	PathSignUp     = "/vendors/signup"
	PathExchange   = "/vendors/verify-and-issue-token"
	PathMe         = "/vendors/me"
	PathRotate     = "/vendors/me/rotate-token"
	PathDisconnect = "/vendors/me/disconnect"
	PathHeartbeat  = "/vendors/me/heartbeat"
	PathOfferings  = "/vendors/me/offerings"
	PathRequests   = "/vendors/me/requests"
	PathBackfill   = "/vendors/backfill-partners"
	PathUpsert     = "/partners/upsert"
)

// CallbackScopes are what the key that a vendor gives to the hub may do on the vendor's API.
func CallbackScopes() []string {
	return []string{"partners:read", "partners:write", "links:write", "commissions:read"}
}

// How a vendor runs.
const (
	TierHosted     = "hosted"
	TierSelfHosted = "self_hosted"
)

// SignUp asks the hub to take a vendor in. Nothing in it comes from a request's headers.
type SignUp struct {
	InstanceURL string  `json:"instance_url"` // base of the vendor's API, tenant included
	CallbackKey string  `json:"callback_key"`
	DisplayName string  `json:"display_name"`
	Tier        string  `json:"tier"`
	Contact     Contact `json:"contact"`
	CallbackURL string  `json:"callback_url"` // of the same origin as InstanceURL
	State       string  `json:"state"`        // comes back in the mailed link
}

// Contact is the person to whom the hub mails the link that completes the connection.
type Contact struct {
	Email string `json:"email"`
	Name  string `json:"name,omitempty"`
}

// SignedUp is the answer to SignUp, with status 202.
type SignedUp struct {
	VendorID  string `json:"vendor_id"`
	Status    string `json:"status"` // "pending"
	EmailSent bool   `json:"email_sent"`
}

// Exchange turns the mailed token into the vendor's own.
type Exchange struct {
	Token string `json:"token"`
	State string `json:"state"`
}

// Exchanged is the answer to Exchange.
type Exchanged struct {
	VendorID    string    `json:"vendor_id"`
	VendorToken string    `json:"vendor_token"`
	DisplayName string    `json:"display_name"`
	IssuedAt    time.Time `json:"issued_at"`
}

// Rotated is a new token; the one before works ten minutes more.
type Rotated struct {
	VendorToken string    `json:"vendor_token"`
	IssuedAt    time.Time `json:"issued_at"`
}

// Vendor is what the hub says of the vendor that asks.
type Vendor struct {
	ID           string `json:"id"`
	DisplayName  string `json:"display_name"`
	Status       string `json:"status"`
	PartnerCount int    `json:"partner_count"`
}

// States of a partner on the Network.
const (
	Pending = "pending"
	Active  = "active"
	Revoked = "revoked"
)

// Sources of a partner, as a vendor tells them.
const (
	SourceSelfSignup = "self_signup"
	SourceAdmin      = "admin_invite"
	SourceNetwork    = "network"
	SourceImport     = "import"
	SourceBackfill   = "backfill"
)

// Upsert says how a partner stands. Of a revoked one it says only that.
type Upsert struct {
	VendorPartnerID string     `json:"vendor_partner_id"`
	Sequence        int64      `json:"sequence"` // rises with every change of the partner
	Email           string     `json:"email,omitempty"`
	Name            string     `json:"name,omitempty"`
	Profile         *Profile   `json:"profile,omitempty"`
	JoinedVendorAt  *time.Time `json:"joined_vendor_at,omitempty"`
	Status          string     `json:"status"`
	RevokedAt       *time.Time `json:"revoked_at,omitempty"`
	Metadata        *Metadata  `json:"metadata,omitempty"`
}

// Metadata says where a partner came from.
type Metadata struct {
	Source string `json:"source"`
}

// Profile is what a person says of themselves.
type Profile struct {
	Bio       string     `json:"bio,omitempty"`
	Website   string     `json:"website,omitempty"`
	Country   string     `json:"country,omitempty"`
	Platforms []Platform `json:"platforms,omitempty"`
}

// Platform is where a creator publishes.
type Platform struct {
	Platform  string `json:"platform"`
	URL       string `json:"url"`
	Followers *int64 `json:"followers,omitempty"`
}

// Upserted is the answer to Upsert.
type Upserted struct {
	NetworkCreatorID string `json:"network_creator_id"`
	AlreadyExisted   bool   `json:"already_existed"` // a creator confirmed this address at the hub
	Stale            bool   `json:"stale"`           // something newer is known already
}

// Backfill is many upserts in one request, at most MaxBackfill.
type Backfill struct {
	Partners []Upsert `json:"partners"`
}

// Backfilled is the answer to Backfill, a result for each in their order.
type Backfilled struct {
	Results []BackfillResult `json:"results"`
}

// BackfillResult is what became of one.
type BackfillResult struct {
	VendorPartnerID  string `json:"vendor_partner_id"`
	NetworkCreatorID string `json:"network_creator_id,omitempty"`
	AlreadyExisted   bool   `json:"already_existed"`
	Error            string `json:"error,omitempty"`
}

// Heartbeat is what a vendor counts on its side, every hour.
type Heartbeat struct {
	Version     string        `json:"version"`
	Partners    PartnerCounts `json:"partners"`
	MaxSequence int64         `json:"max_sequence"`
}

// PartnerCounts are partners by their state on the Network.
type PartnerCounts struct {
	Active  int `json:"active"`
	Pending int `json:"pending"`
	Revoked int `json:"revoked"`
}

// HeartbeatAnswer asks for a backfill when the hub counts otherwise.
type HeartbeatAnswer struct {
	Resync bool `json:"resync"`
}

// OfferingDraft is what a vendor sends to make or change an offering; on a change absent fields
// stay as they are.
type OfferingDraft struct {
	Title             *string   `json:"title,omitempty"`
	Description       *string   `json:"description,omitempty"`
	ProductURL        *string   `json:"product_url,omitempty"`
	CampaignID        *string   `json:"campaign_id,omitempty"`
	CommissionSummary *string   `json:"commission_summary,omitempty"`
	CookieWindowDays  *int      `json:"cookie_window_days,omitempty"`
	Categories        *[]string `json:"categories,omitempty"`
	Published         *bool     `json:"published,omitempty"`
}

// Offering is one as the hub keeps it.
type Offering struct {
	ID                string    `json:"id"`
	Title             string    `json:"title"`
	Description       string    `json:"description"`
	ProductURL        string    `json:"product_url"`
	CampaignID        string    `json:"campaign_id"`
	CommissionSummary string    `json:"commission_summary"`
	CookieWindowDays  int       `json:"cookie_window_days"`
	Categories        []string  `json:"categories"`
	Published         bool      `json:"published"`
	CreatedAt         time.Time `json:"created_at"`
	UpdatedAt         time.Time `json:"updated_at"`
}

// States of a request.
const (
	RequestPending   = "pending"
	RequestApproving = "approving"
	RequestApproved  = "approved"
	RequestRejected  = "rejected"
	RequestFailed    = "failed"
	RequestCancelled = "cancelled"
)

// Request is a creator who wants to promote an offering.
type Request struct {
	ID           string          `json:"id"`
	Offering     RequestOffering `json:"offering"`
	Creator      Creator         `json:"creator"`
	Pitch        string          `json:"pitch"`
	PreferredKey string          `json:"preferred_key,omitempty"`
	Status       string          `json:"status"`
	Note         string          `json:"note,omitempty"`   // of who decided
	Reason       string          `json:"reason,omitempty"` // of a failed one
	CreatedAt    time.Time       `json:"created_at"`
}

// RequestOffering names the offering of a request.
type RequestOffering struct {
	ID         string `json:"id"`
	Title      string `json:"title"`
	CampaignID string `json:"campaign_id,omitempty"`
}

// Creator is what a vendor sees of who asks; the address comes with the approval.
type Creator struct {
	Name      string     `json:"name"`
	Handle    string     `json:"handle"`
	Bio       string     `json:"bio"`
	Platforms []Platform `json:"platforms"`
}

// Decision approves or rejects a request.
type Decision struct {
	Note string `json:"note,omitempty"`
}

// Decided is the answer to a Decision, with status 202 for an approval.
type Decided struct {
	Status string `json:"status"`
}

// List is one page of a list.
type List[T any] struct {
	Data       []T     `json:"data"`
	NextCursor *string `json:"next_cursor"`
}

// UnmarshalJSON also takes a bare list, which some hubs send.
func (l *List[T]) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("[")) {
		return json.Unmarshal(text, &l.Data)
	}
	type plain List[T]
	return json.Unmarshal(text, (*plain)(l))
}

// Failure is the body of every answer that is not a success, on both sides.
type Failure struct {
	Error struct {
		Code    string            `json:"code"`
		Message string            `json:"message"`
		Fields  map[string]string `json:"fields,omitempty"`
	} `json:"error"`
}

// CallbackPartner is how the hub has a vendor make a partner of the creator whose request was
// approved: POST {instance_url}/partners.
type CallbackPartner struct {
	Email       string `json:"email"`
	Name        string `json:"name"`
	ExternalRef string `json:"external_ref"` // ExternalRefPrefix and the request's id
	SendInvite  bool   `json:"send_invite"`
}

// ExternalRefPrefix stands before the id of a request in CallbackPartner.
const ExternalRefPrefix = "network:"

// CallbackLink is how the hub has the vendor make the creator's link:
// POST {instance_url}/partners/{id}/links.
type CallbackLink struct {
	CampaignID string `json:"campaign_id"`
	Key        string `json:"key,omitempty"`
}
