package campaigns_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/tests/testkit"
)

// world is a campaign of 20 percent in a rolled-back transaction, with a clock that tests move.
type world struct {
	t        *testing.T
	ctx      context.Context
	now      time.Time
	service  *campaigns.Service
	campaign campaigns.Campaign
}

func ptr[T any](v T) *T { return &v }

func percent(rate string) *[]campaigns.RuleInput {
	return &[]campaigns.RuleInput{{Kind: "percent", Rate: rate}}
}

func setup(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, ctx: testkit.Tx(t), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	w.service = campaigns.NewService(nil, func() time.Time { return w.now })
	var err error
	w.campaign, err = w.service.Create(w.ctx, campaigns.Input{
		Name: ptr("Summer"), DestinationURL: ptr("https://shop.example.com/"), Rules: percent("20"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) edit(in campaigns.Input) {
	w.t.Helper()
	if _, err := w.service.Update(w.ctx, w.campaign.ID, in); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) periods() []campaigns.Period {
	w.t.Helper()
	history, err := w.service.HistoryOf(w.ctx, []uuid.UUID{w.campaign.ID})
	if err != nil {
		w.t.Fatal(err)
	}
	return history.Periods(w.campaign.ID)
}

func TestHistory_Periods(t *testing.T) {
	t.Parallel()
	t.Run("NewCampaignCountsSinceEver", func(t *testing.T) {
		t.Parallel()
		got := setup(t).periods()
		if len(got) != 1 || got[0].From != nil || got[0].To != nil || got[0].Terms.Version != 1 || len(got[0].Rules) != 1 {
			t.Errorf("periods: %+v", got)
		}
	})
	t.Run("EditsCloseOneAndOpenTheNext", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		first := w.now.Add(time.Hour)
		w.now = first
		w.edit(campaigns.Input{Rules: percent("30")})
		w.now = first.Add(time.Hour)
		w.edit(campaigns.Input{WindowDays: ptr(90)})
		got := w.periods()
		if len(got) != 3 {
			t.Fatalf("want 3 periods, got %+v", got)
		}
		for i, want := range []struct {
			version, window int
			rate            int64
		}{{2, 90, 300000}, {1, 60, 300000}, {1, 60, 200000}} {
			p := got[i]
			if p.Terms.Version != want.version || p.Terms.WindowDays != want.window || len(p.Rules) != 1 || p.Rules[0].RatePPM != want.rate {
				t.Errorf("period %d: %+v", i, p)
			}
		}
		if !got[2].To.Equal(first) || !got[1].From.Equal(first) || !got[0].From.Equal(w.now) || got[0].To != nil {
			t.Errorf("bounds: %+v", got)
		}
	})
	t.Run("WhatWasReplacedWithinASecondIsNoPeriod", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		w.now = w.now.Add(time.Hour)
		w.edit(campaigns.Input{Rules: percent("30"), HoldDays: ptr(7)})
		w.edit(campaigns.Input{Rules: percent("40"), HoldDays: ptr(9)})
		got := w.periods()
		if len(got) != 2 || got[0].Rules[0].RatePPM != 400000 || got[0].Terms.HoldDays != 9 || got[1].Rules[0].RatePPM != 200000 {
			t.Errorf("periods: %+v", got)
		}
	})
	t.Run("OverridesOfPartnersAreNotPartOfIt", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		people := partners.NewService(nil, func() time.Time { return w.now })
		zoe, err := people.Create(w.ctx, partners.CreateInput{Email: "zoe@example.com", Name: "Zoe"})
		if err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(time.Hour)
		if _, err := w.service.SetOverride(w.ctx, zoe.ID, w.campaign.ID, *percent("50")); err != nil {
			t.Fatal(err)
		}
		if got := w.periods(); len(got) != 1 || got[0].Rules[0].RatePPM != 200000 {
			t.Errorf("periods: %+v", got)
		}
	})
}

func TestInput_UnreadIsToldWithTheRest(t *testing.T) {
	t.Parallel()
	w := setup(t)
	_, err := w.service.Update(w.ctx, w.campaign.ID, campaigns.Input{
		Name: ptr(" "), Unread: fault.Fields{"starts_at": "Give a day."},
	})
	f, ok := fault.From(err)
	if !ok || f.Fields["starts_at"] != "Give a day." || f.Fields["name"] == "" {
		t.Errorf("got %v", err)
	}
}
