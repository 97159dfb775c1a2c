package tracking

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/links"
)

// Traffic is how many visits a link had on one day, in UTC.
type Traffic struct {
	Day     time.Time
	Clicks  int64 // that count
	Flagged int64 // that don't
}

// LinkTraffic gives the last days of a link, today included, oldest first and without gaps. A
// partner may see that of their own.
func (s *Service) LinkTraffic(ctx context.Context, l links.Link, days int) ([]Traffic, error) {
	if err := auth.RequireOwnOf(ctx, "link", "links:read", l.PartnerID); err != nil {
		return nil, err
	}
	from := s.firstDay(days)
	rows, err := trafficByDay(ctx, l, from)
	if err != nil {
		return nil, err
	}
	line := make([]Traffic, days)
	for i := range line {
		line[i].Day = from.AddDate(0, 0, i)
	}
	for _, r := range rows {
		if i := int(r.Day.Sub(from) / (24 * time.Hour)); i < days {
			line[i].Clicks, line[i].Flagged = r.Clicks, r.Flagged
		}
	}
	return line, nil
}

// LinkClicks counts the visits that count of several links over the last days. For a partner
// links of others have none.
func (s *Service) LinkClicks(ctx context.Context, of []links.Link, days int) (map[uuid.UUID]int64, error) {
	var ids []uuid.UUID
	for _, l := range of {
		if auth.RequireOwn(ctx, "links:read", l.PartnerID) == nil {
			ids = append(ids, l.ID)
		}
	}
	if len(ids) == 0 {
		return map[uuid.UUID]int64{}, nil
	}
	return countByLink(ctx, ids, s.firstDay(days))
}

// firstDay is the beginning of the last days, today included.
func (s *Service) firstDay(days int) time.Time {
	return s.now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1-days)
}

func trafficByDay(ctx context.Context, l links.Link, from time.Time) ([]Traffic, error) {
	var rows []Traffic
	err := db.Tx(ctx).NewRaw(`
		select day, sum(clicks)::bigint as clicks, sum(flagged)::bigint as flagged from daily_clicks
		where partner_id = ? and link_id = ? and day >= ? group by 1`, l.PartnerID, l.ID, from.Format(time.DateOnly)).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("count the link's clicks by day: %w", err)
	}
	return rows, nil
}

func countByLink(ctx context.Context, ids []uuid.UUID, from time.Time) (map[uuid.UUID]int64, error) {
	var rows []struct {
		LinkID uuid.UUID
		Clicks int64
	}
	err := db.Tx(ctx).NewRaw(`
		select d.link_id, sum(d.clicks)::bigint as clicks
		from links l join daily_clicks d on d.tenant_id = l.tenant_id and d.partner_id = l.partner_id and d.link_id = l.id
		where l.id in (?) and d.day >= ? group by 1`, bun.List(ids), from.Format(time.DateOnly)).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("count clicks by link: %w", err)
	}
	out := make(map[uuid.UUID]int64, len(rows))
	for _, r := range rows {
		out[r.LinkID] = r.Clicks
	}
	return out, nil
}
