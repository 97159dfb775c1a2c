package demo

import (
	"context"
	"net/netip"
	"net/url"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/tracking"
)

// visits plans the clicks of a day: ever more, fewer at weekends, some of them by machines.
func (p *play) visits(day int) {
	n := 7 + day/10 + p.rng.IntN(7)
	if weekday := p.day(day, 0).Weekday(); weekday == time.Saturday || weekday == time.Sunday {
		n = n * 2 / 3
	}
	for range n {
		if l := p.choose(); l != nil {
			p.plan(p.day(day, p.daytime()), func(ctx context.Context) error { return p.visit(ctx, l) })
		}
	}
	if p.chance(0.3) {
		p.plan(p.day(day, p.daytime()), p.stranger)
	}
	if day >= 140 && day < 150 {
		p.cheat(day)
	}
}

// choose takes one of the links, a busy one more likely.
func (p *play) choose() *link {
	var sum float64
	for _, l := range p.links {
		sum += l.weight
	}
	at := p.rng.Float64() * sum
	for _, l := range p.links {
		if at -= l.weight; at <= 0 {
			return l
		}
	}
	return nil
}

// visit is somebody who opens a link, and perhaps becomes a customer.
func (p *play) visit(ctx context.Context, l *link) error {
	people, machines := agents()
	agent, person := pick(p, people), true
	if p.chance(0.05) {
		agent, person = pick(p, machines), false
	}
	click, err := p.click(ctx, l, agent, p.address())
	if err != nil || click == uuid.Nil || !person {
		return err
	}
	if p.chance(0.1) {
		p.welcome(l, click)
	}
	return nil
}

// click opens a link. The id is zero when the visit does not count.
func (p *play) click(ctx context.Context, l *link, agent string, from netip.Addr) (uuid.UUID, error) {
	query := url.Values{}
	if p.chance(0.3) {
		query.Set("sub1", pick(p, []string{"story", "bio", "newsletter", "pinned", "description"}))
		query.Set("sub2", pick(p, []string{"a", "b"}))
	}
	if p.chance(0.2) {
		query.Set("utm_source", cast()[l.partner].platform)
		query.Set("utm_campaign", bills()[l.campaign].short)
	}
	to, err := p.Tracking.Open(ctx, tracking.Visit{Key: l.key, Query: query, Address: from, UserAgent: agent, Referer: p.referer(l)})
	if to.ClickID != uuid.Nil {
		p.done.Clicks++
	}
	return to.ClickID, err
}

func (p *play) referer(l *link) string {
	if p.chance(0.4) {
		return ""
	}
	return "https://" + cast()[l.partner].key() + ".example/"
}

// address is one of those that are set aside for examples.
func (p *play) address() netip.Addr {
	nets := [][3]byte{{192, 0, 2}, {198, 51, 100}, {203, 0, 113}}
	n := pick(p, nets)
	return netip.AddrFrom4([4]byte{n[0], n[1], n[2], byte(1 + p.rng.IntN(254))})
}

// cheat is a partner who opens their own link again and again. The merchant looks at it the
// next morning.
func (p *play) cheat(day int) {
	for _, l := range p.links {
		if l.partner != cheater || l.campaign != 0 {
			continue
		}
		at, from := p.day(day, p.daytime()), p.address()
		for n := range 5 {
			p.plan(at.Add(time.Duration(n)*20*time.Second), func(ctx context.Context) error {
				click, err := p.click(ctx, l, "Mozilla/5.0 (X11; Linux x86_64; rv:148.0) Gecko/20100101 Firefox/148.0", from)
				if err != nil || click == uuid.Nil {
					return err
				}
				p.plan(p.day(day+1, office), func(ctx context.Context) error {
					_, err := p.Attribution.Flag(ctx, click)
					return err
				})
				return nil
			})
		}
		return
	}
}
