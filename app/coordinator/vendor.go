package coordinator

import (
	"strings"
	"time"

	"github.com/google/uuid"
)

// VendorStatus is how far a vendor is, by its own doing.
type VendorStatus string

// The states. A pending vendor has never exchanged a token.
const (
	VendorPending      VendorStatus = "pending"
	VendorActive       VendorStatus = "active"
	VendorDisconnected VendorStatus = "disconnected"
)

// Vendor is a program that joined.
type Vendor struct {
	ID                uuid.UUID
	InstanceURL       string
	DisplayName       string
	Tier              string
	Status            VendorStatus
	CallbackKeySealed *string
	ContactEmail      string
	ContactName       string
	Version           string
	SeenAt            *time.Time
	ConnectedAt       *time.Time
	SuspendedAt       *time.Time
	SuspendedReason   string
	CreatedAt         time.Time
}

// Suspended reports whether the hub's staff took the vendor out.
func (v Vendor) Suspended() bool { return v.SuspendedAt != nil }

// State is its standing in one word.
func (v Vendor) State() string {
	if v.Suspended() {
		return "suspended"
	}
	return string(v.Status)
}

// open reports whether the vendor takes part at the moment.
func (v Vendor) open() bool {
	return v.Status == VendorActive && !v.Suspended() && v.CallbackKeySealed != nil
}

// page is a page of the vendor's own console, beside the API that it proved to be its own.
func (v Vendor) page(path string) string { return strings.TrimSuffix(v.InstanceURL, "/api/v1") + path }

// Connection is a sign-up on its way.
type Connection struct {
	ID                uuid.UUID
	VendorID          uuid.UUID
	DisplayName       string
	Tier              string
	ContactEmail      string
	ContactName       string
	CallbackURL       string
	CallbackKeySealed string
	State             string
	ExpiresAt         time.Time
	VendorTokenID     *uuid.UUID
	ExchangedAt       *time.Time
	CreatedAt         time.Time
}

const (
	connectLife = time.Hour        // of the token in the mail
	mailLife    = 24 * time.Hour   // until the mail has left
	overlap     = 10 * time.Minute // that a lost answer, or a replaced token, has
)
