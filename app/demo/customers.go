package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/paging"
)

// customer is a user of the shop.
type customer struct {
	id    string
	email *string
	bill  bill
}

func (p *play) newCustomer(b bill) customer {
	p.customers++
	return customer{id: fmt.Sprintf("cus_%05d", p.customers), bill: b}
}

// welcome plans what a visitor does who becomes a customer: they are recognised, sign up, and
// buy, some of them after a second visit by way of somebody else.
func (p *play) welcome(l *link, click uuid.UUID) {
	c := p.newCustomer(bills()[l.campaign])
	if l.partner == thrifty && p.chance(0.5) {
		own := cast()[thrifty].key() + "@example.com"
		c.email = &own
	}
	seen := p.Clock.Now().Add(p.between(minute, 20*minute))
	p.plan(seen, func(ctx context.Context) error { return p.identify(ctx, c, click) })
	joined := seen.Add(p.between(minute, 26*hour))
	p.plan(joined, func(ctx context.Context) error { return p.record(ctx, c, attribution.EventInput{Type: signup}) })
	if p.chance(0.25) {
		p.plan(joined.Add(p.between(hour, 40*hour)), func(ctx context.Context) error { return p.comeBack(ctx, c) })
	}
	if c.bill.subscription {
		p.subscribe(c, joined.Add(p.between(hour, 9*24*hour)))
		return
	}
	at := joined
	for _, likely := range []float64{0.75, 0.4, 0.3, 0.3} {
		if !p.chance(likely) {
			break
		}
		at = at.Add(p.between(2*hour, 12*24*hour))
		p.plan(at, func(ctx context.Context) error { return p.buy(ctx, c, purchase, pick(p, c.bill.prices)) })
		at = at.Add(p.between(10*24*hour, 30*24*hour))
	}
}

// stranger buys without having come through any link.
func (p *play) stranger(ctx context.Context) error {
	b := bills()[0]
	return p.buy(ctx, p.newCustomer(b), purchase, pick(p, b.prices))
}

// identify ties a click to its user: mostly the shop's server says it, else the browser does.
func (p *play) identify(ctx context.Context, c customer, click uuid.UUID) error {
	if p.chance(0.3) {
		ctx = auth.With(ctx, auth.Principal{Kind: auth.Nobody})
	}
	_, err := p.Attribution.Identify(ctx, attribution.IdentifyInput{Cref: click, UserID: c.id})
	return err
}

// comeBack is a customer's second visit, through any link.
func (p *play) comeBack(ctx context.Context, c customer) error {
	l := p.choose()
	people, _ := agents()
	click, err := p.click(ctx, l, pick(p, people), p.address())
	if err != nil || click == uuid.Nil {
		return err
	}
	return p.identify(ctx, c, click)
}

// subscribe plans the monthly invoices until the customer has enough.
func (p *play) subscribe(c customer, at time.Time) {
	price := pick(p, c.bill.prices)
	for month := range 12 {
		p.plan(at.AddDate(0, month, 0), func(ctx context.Context) error { return p.buy(ctx, c, invoice, price) })
		if p.chance(0.12) {
			return
		}
	}
}

// buy records an order. Some come back.
func (p *play) buy(ctx context.Context, c customer, event string, amount int64) error {
	p.orders++
	order := fmt.Sprintf("order-%05d", 10_000+p.orders)
	in := attribution.EventInput{Type: event, Amount: &amount, Currency: &c.bill.currency, ExternalID: &order}
	if err := p.record(ctx, c, in); err != nil {
		return err
	}
	later := p.Clock.Now().Add(p.between(2*24*hour, 20*24*hour))
	switch {
	case p.chance(0.05):
		p.plan(later, func(ctx context.Context) error {
			return p.record(ctx, c, attribution.EventInput{Type: attribution.TypeRefund, Reverses: &order})
		})
	case p.chance(0.03):
		part := amount * 2 / 5
		p.plan(later, func(ctx context.Context) error {
			return p.record(ctx, c, attribution.EventInput{Type: attribution.TypeRefund, Reverses: &order, Amount: &part, Currency: &c.bill.currency})
		})
	case p.chance(0.015):
		p.plan(later, func(ctx context.Context) error {
			return p.record(ctx, c, attribution.EventInput{Type: attribution.TypeDispute, Reverses: &order})
		})
		outcome := pick(p, []string{attribution.TypeDisputeWon, attribution.TypeDisputeLost})
		p.plan(later.Add(p.between(10*24*hour, 25*24*hour)), func(ctx context.Context) error {
			return p.record(ctx, c, attribution.EventInput{Type: outcome, Reverses: &order})
		})
	}
	return nil
}

// record has the shop tell of an event of a customer.
func (p *play) record(ctx context.Context, c customer, in attribution.EventInput) error {
	in.UserID, in.Email = c.id, c.email
	if _, err := p.Attribution.Record(ctx, in); err != nil {
		return fmt.Errorf("%s of %s: %w", in.Type, c.id, err)
	}
	p.done.Events++
	return nil
}

// dispute has the bank take back the latest sale that waits for its hold, so that one is in dispute
// whatever else happens.
func (p *play) dispute(ctx context.Context) error {
	found, err := p.Commissions.List(ctx, commissions.Filter{Status: string(commissions.Pending)}, paging.Page{Limit: 1})
	if err != nil || len(found.Items) == 0 {
		return err
	}
	sale, err := p.Attribution.Find(ctx, *found.Items[0].EventID)
	if err != nil {
		return err
	}
	id := sale.Event.ID.String()
	return p.record(ctx, customer{id: sale.Event.UserID}, attribution.EventInput{Type: attribution.TypeDispute, Reverses: &id})
}
