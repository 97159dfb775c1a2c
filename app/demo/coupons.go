package demo

import (
	"context"
	"fmt"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/coupons"
)

// ticket is a code that a partner tells their listeners.
type ticket struct {
	code              string
	partner, campaign int
	from, until       int // days; until 0 for never
}

func tickets() []ticket {
	return []ticket{
		{"MARA10", 0, 0, 70, 0},
		{"STEEP", 14, 0, 96, 0},
		{"COZY15", 7, 4, 40, 94},
	}
}

// hand plans the codes and the orders that come with them.
func (p *play) hand() {
	for _, t := range tickets() {
		p.plan(p.day(t.from, office), func(ctx context.Context) error {
			c, err := p.Coupons.Create(ctx, coupons.Input{Code: t.code, PartnerID: p.partners[t.partner], CampaignID: p.campaigns[t.campaign]})
			if err != nil || t.until == 0 {
				return err
			}
			p.plan(p.day(t.until, 0), func(ctx context.Context) error {
				_, err := p.Coupons.SetActive(ctx, c.ID, false)
				return err
			})
			return nil
		})
		end := t.until
		if end == 0 {
			end = days
		}
		for day := t.from + 1; day < end; day += 2 + p.rng.IntN(8) {
			p.plan(p.day(day, p.daytime()), func(ctx context.Context) error { return p.redeem(ctx, t) })
		}
	}
}

// redeem is an order with a code, by somebody who came through no link.
func (p *play) redeem(ctx context.Context, t ticket) error {
	b := bills()[t.campaign]
	p.orders++
	order, amount := fmt.Sprintf("order-%05d", 10_000+p.orders), pick(p, b.prices)
	c := p.newCustomer(b)
	_, err := p.Coupons.Redeem(ctx, t.code, attribution.EventInput{
		UserID: c.id, Type: purchase, Amount: &amount, Currency: &b.currency, ExternalID: &order,
	})
	if err != nil {
		return fmt.Errorf("%s with %s: %w", order, t.code, err)
	}
	p.done.Events++
	return nil
}
