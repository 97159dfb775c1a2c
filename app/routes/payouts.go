package routes

import "github.com/google/uuid"

// Payouts is where the program sees what it pays.
func (u URLs) Payouts() string                        { return u.prefix + "/admin/payouts" }
func (u URLs) PayoutsCSV() string                     { return u.Payouts() + ".csv" }
func (u URLs) PayoutShow(id uuid.UUID) string         { return u.Payouts() + "/" + id.String() }
func (u URLs) PayoutPayment(id uuid.UUID) string      { return u.PayoutShow(id) + "/payment" }
func (u URLs) PayoutCancellation(id uuid.UUID) string { return u.PayoutShow(id) + "/cancellation" }
func (u URLs) PayoutBankDetails(id uuid.UUID) string  { return u.PayoutShow(id) + "/bank-details" }
func (u URLs) PayoutRuns() string                     { return u.Payouts() + "/runs" }
func (u URLs) PayoutRunsNew() string                  { return u.PayoutRuns() + "/new" }
func (u URLs) PayoutRunsConfirmation() string         { return u.PayoutRuns() + "/confirmation" }
func (u URLs) PayoutRunShow(id uuid.UUID) string      { return u.PayoutRuns() + "/" + id.String() }
func (u URLs) PayoutRunBankFile(id uuid.UUID) string  { return u.PayoutRunShow(id) + "/bank-file" }
func (u URLs) PayoutsOf(partner uuid.UUID) string {
	return u.Payouts() + param("partner_id", partner.String())
}
func (u URLs) SettingsPayouts() string { return u.prefix + "/admin/settings/payouts" }

// PortalPayouts is where partners see what they are paid, and say where to.
func (u URLs) PortalPayouts() string                { return u.Partner() + "/payouts" }
func (u URLs) PortalPayoutShow(id uuid.UUID) string { return u.PortalPayouts() + "/" + id.String() }
func (u URLs) PortalPayoutRows(id uuid.UUID) string { return u.PortalPayoutShow(id) + "/rows.csv" }
func (u URLs) PortalPayoutAccount() string          { return u.Partner() + "/payout-account" }
func (u URLs) PortalBankDetails() string            { return u.PortalPayoutAccount() + "/bank-details" }
