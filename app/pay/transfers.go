package pay

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/transfer"
)

// Transfer is money that went from an account's balance to a connected account.
type Transfer struct {
	ID          string
	Amount      int64  // minor units
	Currency    string // in capitals
	Destination string
	Group       string
	Reversed    int64 // how much of it was taken back
	Created     time.Time
}

// Stands reports whether nothing of it was taken back.
func (t Transfer) Stands() bool { return t.Reversed == 0 }

// TransferInput is an order. Made again with the same key and content it gives the same transfer.
type TransferInput struct {
	Key         string // of idempotency
	Amount      int64
	Currency    string
	Destination string
	Group       string
	Description string
}

// Transfer moves money to a connected account.
func (c *Client) Transfer(ctx context.Context, in TransferInput) (Transfer, error) {
	t, err := c.transfers().New(&stripe.TransferParams{
		Params: keyed(ctx, in.Key), Amount: stripe.Int64(in.Amount), Currency: stripe.String(strings.ToLower(in.Currency)),
		Destination: stripe.String(in.Destination), TransferGroup: stripe.String(in.Group), Description: stripe.String(in.Description),
	})
	if err != nil {
		return Transfer{}, fmt.Errorf("make transfer: %w", read(err))
	}
	return transferOf(t), nil
}

// FindTransfer reads a transfer as it is now.
func (c *Client) FindTransfer(ctx context.Context, id string) (Transfer, error) {
	t, err := c.transfers().Get(id, &stripe.TransferParams{Params: params(ctx)})
	if err != nil {
		return Transfer{}, fmt.Errorf("read transfer %s: %w", id, read(err))
	}
	return transferOf(t), nil
}

// TransfersOf gives the transfers of a group. That a transfer is not among them does not mean that
// it will not appear: a call may be under way.
func (c *Client) TransfersOf(ctx context.Context, group string) ([]Transfer, error) {
	out, err := c.collect(&stripe.TransferListParams{ListParams: listing(ctx), TransferGroup: stripe.String(group)})
	if err != nil {
		return nil, fmt.Errorf("list transfers of group %s: %w", group, err)
	}
	return out, nil
}

// TransfersSince gives all transfers of the account that were made since a time.
func (c *Client) TransfersSince(ctx context.Context, since time.Time) ([]Transfer, error) {
	p := &stripe.TransferListParams{ListParams: listing(ctx), CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: since.Unix()}}
	out, err := c.collect(p)
	if err != nil {
		return nil, fmt.Errorf("list transfers since %s: %w", since.Format(time.RFC3339), err)
	}
	return out, nil
}

func (c *Client) collect(p *stripe.TransferListParams) (out []Transfer, err error) {
	pages := c.transfers().List(p)
	for pages.Next() {
		out = append(out, transferOf(pages.Transfer()))
	}
	return out, read(pages.Err())
}

func (c *Client) transfers() transfer.Client { return transfer.Client{B: c.backend, Key: c.key} }

func transferOf(t *stripe.Transfer) Transfer {
	out := Transfer{
		ID: t.ID, Amount: t.Amount, Currency: strings.ToUpper(string(t.Currency)), Group: t.TransferGroup,
		Reversed: t.AmountReversed, Created: time.Unix(t.Created, 0).UTC(),
	}
	if t.Reversed && out.Reversed == 0 {
		out.Reversed = t.Amount
	}
	if t.Destination != nil {
		out.Destination = t.Destination.ID
	}
	return out
}
