package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/links"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/app/settings"
)

// open plans what the merchant does: the program, its campaigns, its partners, and the reviews.
func (p *play) open() {
	p.plan(p.day(0, minute), p.found)
	for i, b := range bills() {
		p.plan(p.day(b.opens, 2*minute), func(ctx context.Context) error { return p.launch(ctx, i) })
		if b.pauses > 0 {
			paused := campaigns.Paused
			p.plan(p.day(b.pauses, office), func(ctx context.Context) error {
				_, err := p.Campaigns.Update(ctx, p.campaigns[i], campaigns.Input{Status: &paused})
				return err
			})
		}
	}
	for i := range cast() {
		p.plan(p.day(joins(i), office+time.Duration(i)*minute), func(ctx context.Context) error { return p.join(ctx, i) })
	}
	p.turns()
	p.hand()
	p.pay()
	for day := range days + 1 {
		p.plan(p.day(day, 0), func(context.Context) error { p.visits(day); return nil })
		p.plan(p.day(day, night), func(ctx context.Context) error {
			_, err := p.Commissions.ApproveMatured(ctx)
			return err
		})
		if p.day(day, 0).Weekday() == time.Monday {
			p.plan(p.day(day, office), p.review)
		}
	}
}

// joins is the day on which a partner comes: some at once, then one every few days, and the
// last ones just now.
func joins(i int) int {
	switch {
	case i < 8:
		return 1 + i/4
	case i >= invitedFrom:
		return days - 4*(len(cast())-i)
	default:
		return 2 + 4*(i-7)
	}
}

// found names the program and makes the shop's key.
func (p *play) found(ctx context.Context) error {
	name, site, accent := "Juniper & Oak", "https://juniper-oak.example/", "#0f766e"
	terms := "Recommend what you like, say that you are paid for it, and don't bid on our name in search ads."
	if _, err := p.Settings.UpdateProgram(ctx, settings.ProgramInput{Name: &name, Website: &site, AccentColor: &accent, Terms: &terms}); err != nil {
		return err
	}
	_, _, err := p.Keys.Create(ctx, auth.APIKeyInput{Name: "Shop backend", Kind: "scoped", Scopes: []string{"events:write", "events:read"}})
	return err
}

func (p *play) launch(ctx context.Context, i int) error {
	b := bills()[i]
	in := campaigns.Input{
		Name: &b.name, DestinationURL: &b.url, DeepLinkDomains: &[]string{"juniper-oak.example"}, AttributionModel: &b.model,
		HoldDays: &b.hold, AutoApprove: &b.auto, CustomerLock: &b.lock, Rules: &b.rules,
	}
	if b.ends > 0 {
		starts, ends := p.Clock.Now(), p.day(b.ends, 0)
		startsAt, endsAt := &starts, &ends
		in.StartsAt, in.EndsAt = &startsAt, &endsAt
	}
	c, err := p.Campaigns.Create(ctx, in)
	p.campaigns[i] = c.ID
	p.done.Campaigns++
	return err
}

// join brings a partner in: a third at once, the others by an invitation that they accept the
// next day. Then they make their links.
func (p *play) join(ctx context.Context, i int) error {
	who := cast()[i]
	site := "https://" + who.key() + ".example/"
	audience := partners.Platform{URL: site, Followers: &who.followers}
	audience.Platform = who.platform
	in := partners.CreateInput{
		Name: who.name, Email: who.key() + "@example.com", SendInvite: i%3 != 0 || i >= invitedFrom,
		Profile: partners.Profile{
			Company: &who.company, Country: &who.country, Website: &site, Platforms: []partners.Platform{audience},
		},
	}
	for _, n := range who.campaigns {
		if bills()[n].opens <= joins(i) {
			in.CampaignIDs = append(in.CampaignIDs, p.campaigns[n])
		}
	}
	created, err := p.Partners.Create(ctx, in)
	if err != nil {
		return fmt.Errorf("%s joins: %w", who.name, err)
	}
	p.partners[i] = created.ID
	p.done.Partners++
	if i >= invitedFrom {
		return nil
	}
	if in.SendInvite {
		p.plan(p.Clock.Now().Add(p.between(2*hour, 30*hour)), func(ctx context.Context) error {
			_, err := p.Partners.Accept(ctx, created.ID)
			return err
		})
	}
	for _, n := range who.campaigns {
		at := max(joins(i)+2, bills()[n].opens+1)
		p.plan(p.day(at, p.daytime()), func(ctx context.Context) error { return p.link(ctx, i, n) })
	}
	return nil
}

// link is a link that visitors may come through.
type link struct {
	key               string
	partner, campaign int
	weight            float64
}

func (p *play) link(ctx context.Context, partner, campaign int) error {
	who, b := cast()[partner], bills()[campaign]
	id := p.partners[partner]
	granted, err := p.Partners.Granted(ctx, id, p.campaigns[campaign])
	if err != nil {
		return err
	}
	if !granted {
		all := make([]uuid.UUID, 0, len(who.campaigns))
		for _, n := range who.campaigns {
			if p.campaigns[n] != uuid.Nil {
				all = append(all, p.campaigns[n])
			}
		}
		if _, err := p.Partners.SetCampaigns(ctx, id, all); err != nil {
			return err
		}
	}
	l, err := p.Links.Create(ctx, id, links.Input{Key: who.key() + "-" + b.short, CampaignID: p.campaigns[campaign]})
	if err != nil {
		return err
	}
	p.links = append(p.links, &link{key: l.Key, partner: partner, campaign: campaign, weight: 1 / (1.5 + float64(partner))})
	p.done.Links++
	return nil
}

// turns are what happens to some partners and campaigns on the way.
func (p *play) turns() {
	better := []campaigns.RuleInput{percent("12")}
	p.plan(p.day(92, office), func(ctx context.Context) error {
		_, err := p.Campaigns.Update(ctx, p.campaigns[0], campaigns.Input{Rules: &better})
		return err
	})
	p.plan(p.day(60, office), func(ctx context.Context) error {
		_, err := p.Campaigns.SetOverride(ctx, p.partners[favourite], p.campaigns[0], []campaigns.RuleInput{percent("18")})
		return err
	})
	p.plan(p.day(110, office), func(ctx context.Context) error {
		_, err := p.Commissions.Adjust(ctx, commissions.AdjustInput{
			PartnerID: p.partners[favourite], Kind: commissions.Bonus, Amount: 25_000, Currency: "USD", Note: "Thank you for the studio tour video.",
		})
		return err
	})
	p.plan(p.day(128, office), func(ctx context.Context) error {
		_, err := p.Commissions.Adjust(ctx, commissions.AdjustInput{
			PartnerID: p.partners[thrifty], Amount: -1200, Currency: "USD", Note: "Shipping that was paid for twice.",
		})
		return err
	})
	p.plan(p.day(days-1, office), p.dispute)
	p.revoke(closed, 120, "Bids on our brand name in search ads.")
	p.revoke(cheater, 150, "Clicks on own links.")
	p.revoke(forgiven, 138, "Mistaken for another account.")
	p.plan(p.day(144, office), func(ctx context.Context) error {
		_, err := p.Partners.Reinstate(ctx, p.partners[forgiven])
		return err
	})
}

func (p *play) revoke(partner, day int, reason string) {
	p.plan(p.day(day, office), func(ctx context.Context) error {
		_, err := p.Partners.Revoke(ctx, p.partners[partner], partners.Ending{Reason: reason})
		return err
	})
}

// review is the merchant's Monday: what has waited for a week after its hold is approved, and
// now and then something is turned down. What came since stays for whoever looks at the demo.
func (p *play) review(ctx context.Context) error {
	if p.now.Sub(p.Clock.Now()) < 8*24*time.Hour {
		return nil
	}
	page := paging.First()
	page.Limit = 200
	old := p.Clock.Now().AddDate(0, 0, -7)
	waiting, err := p.Commissions.List(ctx, commissions.Filter{Status: string(commissions.Pending), To: &old}, page)
	if err != nil {
		return err
	}
	var approve []uuid.UUID
	for _, c := range waiting.Items {
		switch {
		case !c.Matured(p.Clock.Now()):
		case p.chance(0.02) && c.Amount > 0:
			if _, err := p.Commissions.Reverse(ctx, c.ID, "The order was a test of our own staff."); err != nil {
				return err
			}
		default:
			approve = append(approve, c.ID)
		}
	}
	if len(approve) == 0 {
		return nil
	}
	results, err := p.Commissions.Bulk(ctx, commissions.BulkInput{Action: commissions.ActionApprove, IDs: approve})
	if err != nil {
		return err
	}
	for _, r := range results {
		if r.Err != nil && !fault.Is(r.Err, fault.KindConflict) { // it may have gone with one that was turned down
			return r.Err
		}
	}
	return nil
}
