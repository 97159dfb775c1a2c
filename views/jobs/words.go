package jobs

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/openpartner/openpartner/views/ui"
)

// words are all kinds of jobs as people say them. A test looks for one that is missing.
func words() map[string]string {
	return map[string]string{
		"signin.requested": "Mail a sign-in link", "signin.everywhere": "Mail sign-in links of all programs", "signin.platform": "Mail a sign-in link to staff",
		"signup.sent": "Take a sign-up", "signup.answer": "Answer a sign-up", "signup.waiting": "Tell admins of an application",
		"hub.connect": "Mail a vendor the link that connects it", "hub.sweep": "Tidy up the hub",
		"hub.creator_link": "Mail a creator a link", "hub.decided": "Tell a creator what was decided", "hub.federate": "Make a creator a vendor's partner",
		"hub.applied": "Tell a vendor who waits", "hub.refresh": "Order fresh earnings", "hub.earnings": "Ask a vendor for earnings",
		"tenants.signed_up": "Welcome a new program", "tenants.delete": "Delete closed programs",
		"admins.invited": "Invite an admin", "partners.invited": "Invite a partner", "partners.told": "Tell a partner what was decided",
		"partners.email_wanted": "Ask whether a new address is right", "partners.email_notice": "Tell the former address of a change",
		"partners.import": "Import partners", "program.import": "Import the program", "attribution.rederive": "Derive events again",
		"commissions.approve_all": "Look for commissions to approve", "commissions.approve_matured": "Approve commissions whose hold is over",
		"clicks.flagged": "Tell of flagged clicks", "clicks.expire": "Delete old clicks", "figures.check": "Look for programs whose figures to check", "figures.check_program": "Check the figures of the last days", "retention": "Delete what has served its time",
		"billing.usage_all": "Begin the day's look at what programs sold", "billing.usage": "Write down what was sold, day by day", "billing.report": "Tell Stripe of a day's usage",
		"billing.reconcile_all": "Begin the night's comparison with Stripe", "billing.reconcile": "Compare usage with Stripe", "billing.refresh": "Ask Stripe about the subscription",
		"billing.invoice_failed": "Look at an invoice that was not paid", "billing.payment_failed": "Tell an admin that a payment failed",
		"network.push": "Tell the Network of a partner", "network.backfill": "Tell the Network of all partners", "network.connect": "Ask the Network to take us in",
		"network.heartbeat": "Compare counts with the Network", "network.heartbeats": "Begin the hour's comparison with the Network",
		"network.resend_terms": "Tell the Network of new terms", "network.lost": "Tell an admin that the Network refuses us",
		"payouts.send": "Pay by Stripe", "payouts.details_changed": "Tell a partner of new bank details", "payouts.paid": "Tell a partner of a payout", "payouts.failed": "Tell a partner of a payout that failed",
		"payouts.planned": "Tell an admin of planned payouts", "payouts.due": "Look for programs whose payouts are due", "payouts.run": "Plan the payouts of a period",
		"payouts.review": "Tell an admin of a payout in review", "payouts.reversed": "Tell an admin of a reversed payout", "payouts.account_changed": "Tell a partner of a new account at Stripe",
		"payouts.account_seen": "Ask Stripe about a partner's account", "payouts.accounts_seen": "Look for accounts at Stripe to ask about",
		"stripe.resolve": "Find the program of an event of Stripe's", "stripe.process": "Follow up on an event of Stripe's",
		"stripe.ask": "Ask Stripe about a payment", "stripe.stitch": "Try again what waits for a customer",
		"stripe.compare": "Look at Stripe for missed events", "stripe.compare_all": "Begin the night's comparison with Stripe",
		"webhooks.deliver": "Send a webhook message", "webhooks.disabled": "Tell an admin of a disabled webhook",
	}
}

// Words says what a kind of job does.
func Words(kind string) string {
	if text, known := words()[kind]; known {
		return text
	}
	return ui.StatusLabel(strings.ReplaceAll(kind, ".", " "))
}

// Known reports whether a kind has words.
func Known(kind string) bool {
	_, known := words()[kind]
	return known
}

// Kinds lists all, ordered by their words.
func Kinds() []string {
	return slices.SortedFunc(maps.Keys(words()), func(a, b string) int { return strings.Compare(Words(a), Words(b)) })
}

func kindOptions() []ui.Option {
	var out []ui.Option
	for _, k := range Kinds() {
		out = append(out, ui.Option{Value: k, Label: Words(k)})
	}
	return out
}

// often says how long a period is.
func often(every time.Duration) string {
	switch every {
	case time.Hour:
		return "Every hour"
	case 24 * time.Hour:
		return "Every day"
	default:
		return "Every " + every.String()
	}
}
