package tracking

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/links"
	"github.com/openpartner/openpartner/app/tenancy"
)

// How far from now a click that was recorded elsewhere may lie.
const (
	maxAhead = 5 * time.Minute
	maxBack  = kept
)

// ImportInput is a click that was recorded elsewhere.
type ImportInput struct {
	ID             *uuid.UUID // repeats are recognised by it
	LinkKey        string
	OccurredAt     time.Time
	DestinationURL *string // where the visitor went; nil for the link's
	IP             string  // empty when it is not known
	UserAgent      string
	Referer        string
}

// Import records a click that was recorded elsewhere. It counts as if it had come by the link,
// whatever has become of link and campaign since: only the flags decide. The same id again
// gives the first click.
func (s *Service) Import(ctx context.Context, in ImportInput) (c Click, replayed bool, err error) {
	if err := auth.Require(ctx, "clicks:write"); err != nil {
		return Click{}, false, err
	}
	now := s.now()
	if err := in.check(now); err != nil {
		return Click{}, false, err
	}
	if in.ID != nil {
		c, err := findClick(ctx, *in.ID)
		if !fault.Is(err, fault.KindNotFound) {
			return c, err == nil, err
		}
	}
	t, err := findTarget(ctx, links.Normalise(in.LinkKey))
	if err != nil {
		return Click{}, false, err
	}
	if c, err = in.click(t, now); err != nil {
		return Click{}, false, err
	}
	address, _ := netip.ParseAddr(in.IP) // checked above; invalid when there is none
	if c.IPHash, err = hashInTx(ctx, address.Unmap(), in.OccurredAt, now); err != nil {
		return Click{}, false, err
	}
	fresh, err := s.insertJudged(ctx, &c, t.Velocity)
	if err != nil {
		return Click{}, false, err
	}
	c, err = findClick(ctx, c.ID)
	return c, !fresh, err
}

func (in ImportInput) check(now time.Time) error {
	fields := fault.Fields{}
	switch {
	case in.OccurredAt.IsZero():
		fields.Add("occurred_at", "Say when the click happened.")
	case in.OccurredAt.After(now.Add(maxAhead)):
		fields.Add("occurred_at", "A click can't lie in the future.")
	case in.OccurredAt.Before(now.Add(-maxBack)):
		fields.Add("occurred_at", "A click can be dated at most 400 days back.")
	}
	if _, err := netip.ParseAddr(in.IP); in.IP != "" && err != nil {
		fields.Add("ip", "Not an IP address.")
	}
	return fields.Err()
}

// click is the row, without its address hash.
func (in ImportInput) click(t Target, now time.Time) (Click, error) {
	c := Click{
		LinkID: &t.LinkID, PartnerID: t.PartnerID, CampaignID: t.CampaignID, DestinationURL: t.DestinationURL,
		UserAgent: storable(in.UserAgent, maxUserAgent), Referer: storable(in.Referer, maxReferer),
		UTM: map[string]string{}, SubIDs: map[string]string{}, OccurredAt: in.OccurredAt, CreatedAt: now,
	}
	if in.DestinationURL != nil {
		var err error
		if c.DestinationURL, err = links.Destination(*in.DestinationURL, t.CampaignURL, t.DeepLinkDomains); err != nil {
			return Click{}, err
		}
	}
	c.Flag = t.flag(in.UserAgent != "" && machine(in.UserAgent))
	if in.ID != nil {
		c.ID = *in.ID
	} else {
		c.ID = ids.NewAt(in.OccurredAt)
	}
	return c, nil
}

// insertJudged is what the recorder does, for one click in the transaction of ctx. It reports
// whether the click was not there yet.
func (s *Service) insertJudged(ctx context.Context, c *Click, v Velocity) (bool, error) {
	batch := []Arrival{{TenantID: tenancy.ID(ctx), Click: *c, Velocity: v}}
	groups := groupByOrigin(batch)
	for _, g := range groups {
		if err := lockOrigin(ctx, g.origin); err != nil {
			return false, err
		}
		var err error
		if g.near, err = nearOf(ctx, g); err != nil {
			return false, err
		}
	}
	judge(groups)
	*c = batch[0].Click
	fresh, err := insertClick(ctx, *c)
	if err != nil || !fresh {
		return fresh, err
	}
	for _, g := range groups {
		if err := noteRecent(ctx, g.origin, *c); err != nil {
			return false, err
		}
	}
	return true, nil
}

func lockOrigin(ctx context.Context, o origin) error {
	if _, err := db.Tx(ctx).NewRaw(`select pg_advisory_xact_lock(?)`, o.lock()).Exec(ctx); err != nil {
		return fmt.Errorf("lock the click's origin: %w", err)
	}
	return nil
}

// nearOf is selectNear for one group, and for the app role.
func nearOf(ctx context.Context, g *group) ([]time.Time, error) {
	since, until := g.around()
	var near []time.Time
	err := db.Tx(ctx).NewRaw(`
		(select occurred_at from recent_clicks
		where tenant_id = ?0 and origin = ?1 and occurred_at > ?2 and occurred_at <= ?3 order by occurred_at desc limit ?5)
		union all
		(select occurred_at from recent_clicks
		where tenant_id = ?0 and origin = ?1 and occurred_at > ?3 and occurred_at < ?4 order by occurred_at limit 2 * ?5)`,
		g.origin.tenant, g.origin.digest, since, g.first, until, g.limit.Clicks).Scan(ctx, &near)
	if err != nil {
		return nil, fmt.Errorf("look at the clicks of the same origin: %w", err)
	}
	return near, nil
}

func noteRecent(ctx context.Context, o origin, c Click) error {
	_, err := db.Tx(ctx).NewRaw(`
		insert into recent_clicks (tenant_id, origin, occurred_at, click_id, created_at) values (?, ?, ?, ?, ?)
		on conflict do nothing`, o.tenant, o.digest, c.OccurredAt, c.ID, c.CreatedAt).Exec(ctx)
	if err != nil {
		return fmt.Errorf("note the click's origin: %w", err)
	}
	return nil
}
