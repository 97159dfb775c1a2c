package routes

import "github.com/google/uuid"

// Reconciliation is where the ledger is compared with Stripe.
func (u URLs) Reconciliation() string { return u.prefix + "/admin/reconciliation" }
func (u URLs) ReconciliationAdoption(transfer string) string {
	return u.Reconciliation() + "/adoption" + param("transfer", transfer)
}

// PayoutEvidence is where somebody decides about a payout in review.
func (u URLs) PayoutEvidence(id uuid.UUID) string   { return u.PayoutShow(id) + "/evidence" }
func (u URLs) PayoutResolution(id uuid.UUID) string { return u.PayoutShow(id) + "/resolution" }
func (u URLs) PayoutRelease(id uuid.UUID) string    { return u.PayoutShow(id) + "/release" }

// PortalStripeAccount is where partners open an account at Stripe, and have it looked at.
func (u URLs) PortalStripeAccount() string      { return u.PortalPayoutAccount() + "/stripe" }
func (u URLs) PortalStripeAccountLook() string  { return u.PortalStripeAccount() + "/look" }
func (u URLs) PortalStripeAccountOther() string { return u.PortalStripeAccount() + "/other" }
