package payouts

import (
	"fmt"
	"slices"
	"time"

	"github.com/openpartner/openpartner/app/pay"
)

// Stripe forgets an idempotency key 24 hours after it was first used: from then on the same call would
// be another one. We stop calling an hour before.
// https://docs.stripe.com/api/idempotent_requests
const (
	keyLives  = 24 * time.Hour
	callUntil = 23 * time.Hour
)

// The reasons for which a person has to look at a payout.
const (
	reviewNotFound       = "transfer_not_found"
	reviewSeveral        = "several_transfers"
	reviewReversed       = "transfer_reversed"
	reviewDiffers        = "transfer_differs"
	reviewAccountChanged = "paying_account_changed"
)

// reviewWords say what a person should know about each reason.
func reviewWords(code string) string {
	switch code {
	case reviewNotFound:
		return "Stripe was asked for 23 hours and never gave an answer, and shows no transfer for this payout."
	case reviewSeveral:
		return "Stripe shows more than one transfer for this payout."
	case reviewReversed:
		return "Stripe shows the transfer, but it was reversed before it was confirmed here."
	case reviewDiffers:
		return "Stripe shows a transfer for this payout with another amount, currency or destination."
	default:
		return "The program's Stripe account was changed while this payout was on its way."
	}
}

// key is what makes Stripe do a payout once. It names the intent, never a time or what is in it: a
// second generation is begun by a person who has seen that the first came to nothing.
func (p Payout) key() string {
	if p.Generation == 0 {
		return "payout_" + p.ID.String()
	}
	return fmt.Sprintf("payout_%s_g%d", p.ID, p.Generation)
}

// group is what all transfers of a payout have in common at Stripe.
func (p Payout) group() string { return p.ID.String() }

// callable reports whether a repeated call is still the same call to Stripe.
func (p Payout) callable(now time.Time) bool {
	return p.PostedAt != nil && now.Before(p.PostedAt.Add(callUntil))
}

// settledAtStripe reports whether no call that was made can still be carried out.
func (p Payout) settledAtStripe(now time.Time) bool {
	return p.PostedAt == nil || !now.Before(p.PostedAt.Add(keyLives))
}

// fits tells what is wrong with a transfer that claims to be the payout's; nothing: it pays it.
func (p Payout) fits(t pay.Transfer) (review string) {
	switch {
	case t.Amount != p.Amount || t.Currency != p.Currency || t.Group != p.group() || p.DestinationAccount == nil || t.Destination != *p.DestinationAccount:
		return reviewDiffers
	case !t.Stands():
		return reviewReversed
	default:
		return ""
	}
}

// choose finds the payout's transfer among those of its group. Of a later generation those of the
// earlier ones are known to have been taken back.
func (p Payout) choose(found []pay.Transfer) (t pay.Transfer, review string) {
	if p.Generation > 0 {
		found = slices.DeleteFunc(slices.Clone(found), func(t pay.Transfer) bool { return !t.Stands() })
	}
	switch len(found) {
	case 0:
		return pay.Transfer{}, reviewNotFound
	case 1:
		return found[0], p.fits(found[0])
	default:
		return pay.Transfer{}, reviewSeveral
	}
}
