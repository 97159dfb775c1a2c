package payouts

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/pay"
)

// HeardOfAccount has Stripe asked about an account of which an event says that something has changed.
// The news itself may be old, and is not believed.
func (s *Service) HeardOfAccount(ctx context.Context, e pay.Event) error {
	account := e.Account
	if account == "" {
		account = objectOf(e).ID
	}
	partner, err := s.Partners.OfStripeAccount(ctx, account)
	if fault.Is(err, fault.KindNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.seeLater(ctx, partner, 0)
}

// HeardOfTransfer has Stripe asked at once about a payout that is on its way, and tells the admins of a
// reversal after it was paid. That changes nothing: what the partner is owed now a person decides, on the
// page that compares the ledger with Stripe.
func (s *Service) HeardOfTransfer(ctx context.Context, e pay.Event) error {
	id, err := uuid.Parse(objectOf(e).TransferGroup)
	if err != nil {
		return nil //nolint:nilerr // of ours the group is the id of a payout
	}
	p, err := findPayout(ctx, id, false)
	if fault.Is(err, fault.KindNotFound) {
		return nil
	}
	switch {
	case err != nil:
		return err
	case p.Status == Processing:
		return outbox.Add(ctx, sendJob(id))
	case p.Status == Paid && e.Type == "transfer.reversed":
		return s.askAdmins(ctx, KindReversed, p)
	default:
		return nil
	}
}

// object is what an event tells of a transfer or an account, as far as it is of use.
type object struct {
	ID            string `json:"id"`
	TransferGroup string `json:"transfer_group"`
}

func objectOf(e pay.Event) (o object) {
	_ = json.Unmarshal(e.Object, &o) // what can't be read is about nothing of ours
	return o
}
