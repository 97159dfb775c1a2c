package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/payouts"
	"github.com/openpartner/openpartner/app/settings"
)

// pay plans the payouts: on the first of each month the clock makes them, and two days later the
// merchant has paid most of them.
func (p *play) pay() {
	p.plan(p.day(0, 3*minute), func(ctx context.Context) error {
		cadence, thresholds := "monthly", map[string]int64{"USD": 5000, "EUR": 5000, "GBP": 5000}
		_, err := p.Settings.UpdatePayouts(ctx, settings.PayoutsInput{Cadence: &cadence, Thresholds: &thresholds})
		return err
	})
	for i := range cast() {
		if i%2 == 0 {
			p.plan(p.day(joins(i)+3, p.daytime()), func(ctx context.Context) error { return p.bankDetails(ctx, i) })
		}
	}
	for day := range days + 1 {
		if first := p.day(day, 0); first.Day() == 1 {
			p.plan(first.Add(5*minute), func(ctx context.Context) error { return p.payMonth(ctx, first) })
		}
	}
}

// bankDetails has a partner say where to pay them.
func (p *play) bankDetails(ctx context.Context, i int) error {
	id := p.partners[i]
	ctx = auth.With(ctx, auth.Principal{Kind: auth.Partner, ID: id, PartnerID: id})
	return p.Payouts.SetDetails(ctx, fmt.Sprintf("%s\nIBAN DE%02d 5001 0517 0648 4898 %02d\nTea & Trust Bank, Germany", cast()[i].name, 10+i, 10+i))
}

// payMonth plans the month's payouts. One in nine is cancelled; the latest still wait for somebody
// to say that they are paid.
func (p *play) payMonth(ctx context.Context, first time.Time) error {
	run, err := p.Payouts.StartPeriod(ctx, first)
	if err != nil {
		return err
	}
	made, err := p.Payouts.List(ctx, payouts.Filter{RunID: &run.ID}, paging.Page{Limit: 200})
	if err != nil {
		return err
	}
	latest := first.AddDate(0, 1, 0).After(p.now)
	for n, o := range made.Items {
		switch {
		case n%9 == 4:
			p.plan(first.Add(office), func(ctx context.Context) error {
				_, err := p.Payouts.Cancel(ctx, o.ID)
				return err
			})
		case !latest || n%2 == 0:
			p.plan(first.AddDate(0, 0, 2).Add(office), func(ctx context.Context) error { return p.paid(ctx, o.ID, first, n) })
		}
	}
	return nil
}

func (p *play) paid(ctx context.Context, payout uuid.UUID, first time.Time, n int) error {
	_, err := p.Payouts.MarkPaid(ctx, payout, fmt.Sprintf("SEPA %s-%02d", first.Format("2006-01"), n+1), time.Time{})
	return err
}
