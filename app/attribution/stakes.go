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
	var few, many []string
	for _, users := range tied {
		if len(users) <= weighed {
			few = append(few, users...)
		} else {
			many = append(many, users...)
		}
	}
	customers := map[string]*customer{}
	if len(few) > 0 {
		slices.Sort(few)
		if customers, err = s.load(ctx, slices.Compact(few)); err != nil {
			return nil, err
		}
	}
	counted, err := countEventsByUser(ctx, many)
	if err != nil {
		return nil, err
	}
	out := make(map[uuid.UUID]Stake, len(clicks))
	sets := make([][]commissions.Reckoning, len(clicks))
	for i, k := range clicks {
		out[k.ID], sets[i] = stakeOf(k, tied[k.ID], customers, counted)
	}
	compared, err := s.commissions.CompareEach(ctx, sets)
	if err != nil {
		return nil, err
	}
	for i, k := range clicks {
		stake := out[k.ID]
		stake.Changes = gains(compared[i])
		out[k.ID] = stake
	}
	return out, nil
}

// stakeOf looks at a click's users, and reckons with it judged the other way.
func stakeOf(k tracking.Click, users []string, customers map[string]*customer, counted map[string]int) (Stake, []commissions.Reckoning) {
	stake := Stake{Users: users, Untold: len(users) > weighed}
	var reckonings []commissions.Reckoning
	for _, user := range users {
		if stake.Untold {
			stake.Events += counted[user]
			continue
		}
		c := customers[user]
		stake.Events += len(c.events)
		c.judge(k, func(v verdict) { reckonings = append(reckonings, v.reckoning) })
		if c.own[k.PartnerID] {
			stake.Own = append(stake.Own, user)
		}
	}
	return stake, reckonings
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
