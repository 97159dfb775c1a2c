package attribution

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/tracking"
)

// Stake is what depends on a click's flag: whose events would be decided anew if a person judged
// it the other way, and what that would change.
type Stake struct {
	Users   []string
	Events  int
	Own     []string // those users who have the e-mail address of the click's partner
	Changes []Gain   // none while Untold
	Untold  bool     // too many users to compute it at a glance
}

// Gain is how much more a partner would have in one currency; less is below zero.
type Gain struct {
	PartnerID uuid.UUID
	Currency  string
	Amount    int64
}

// weighed is up to how many users of a click their events are weighed at a glance.
const weighed = 20

// Stakes weighs clicks: a flagged one as if it counted, any other as if it were flagged. It
// writes nothing.
func (s *Service) Stakes(ctx context.Context, clicks []tracking.Click) (map[uuid.UUID]Stake, error) {
	if err := auth.Require(ctx, "events:read"); err != nil {
		return nil, err
	}
	ids := make([]uuid.UUID, len(clicks))
	for i, k := range clicks {
		ids[i] = k.ID
	}
	tied, err := s.tracking.UsersOfAll(ctx, ids)
	if err != nil {
		return nil, err
	}
	var users []string
	for _, some := range tied {
		if len(some) <= weighed {
			users = append(users, some...)
		}
	}
	slices.Sort(users)
	customers := map[string]*customer{}
	if len(users) > 0 {
		if customers, err = s.load(ctx, slices.Compact(users)); err != nil {
			return nil, err
		}
	}
	out := make(map[uuid.UUID]Stake, len(clicks))
	for _, k := range clicks {
		if out[k.ID], err = s.weigh(ctx, k, tied[k.ID], customers); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s *Service) weigh(ctx context.Context, k tracking.Click, users []string, customers map[string]*customer) (Stake, error) {
	stake := Stake{Users: users}
	if len(users) > weighed {
		stake.Untold = true
		n, err := countEvents(ctx, users)
		stake.Events = n
		return stake, err
	}
	var reckonings []commissions.Reckoning
	for _, user := range users {
		c := customers[user]
		stake.Events += len(c.events)
		c.judge(k, func(v verdict) { reckonings = append(reckonings, v.reckoning) })
		if c.own[k.PartnerID] {
			stake.Own = append(stake.Own, user)
		}
	}
	if len(reckonings) == 0 {
		return stake, nil
	}
	compared, err := s.commissions.Compare(ctx, reckonings)
	stake.Changes = gains(compared)
	return stake, err
}

// judge walks through the events as if a person had judged the click the other way.
func (c *customer) judge(k tracking.Click, visit func(verdict)) {
	flag := tracking.FlagManual
	if k.Flag != "" {
		flag = ""
	}
	kept := c.touches
	c.touches = slices.Clone(kept)
	for i, t := range c.touches {
		if t.ClickID == k.ID {
			c.touches[i].Flag, c.touches[i].Reviewed = string(flag), true
		}
	}
	c.walk(nil, visit)
	c.touches = kept
}

// gains sums differences by partner and currency, largest first.
func gains(compared []commissions.Difference) []Gain {
	sums := map[Gain]int64{}
	for _, d := range compared {
		sums[Gain{PartnerID: d.PartnerID, Currency: d.Currency}] += d.WouldBe - d.Was
	}
	var out []Gain
	for g, amount := range sums {
		if g.Amount = amount; amount != 0 {
			out = append(out, g)
		}
	}
	slices.SortFunc(out, func(a, b Gain) int {
		return cmp.Or(cmp.Compare(b.Amount, a.Amount), bytes.Compare(a.PartnerID[:], b.PartnerID[:]), cmp.Compare(a.Currency, b.Currency))
	})
	return out
}
