package tracking

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
)

// countedReviews is where CountToReview stops: nobody reads a larger number as a number.
const countedReviews = 1000

// CountToReview counts the suspected clicks that nobody has looked at yet, up to 1000.
func (s *Service) CountToReview(ctx context.Context) (int, error) { return countToReview(ctx) }

// Bursts counts, for each of the clicks, how many came from its address through its link within
// a minute of it, itself included. Clicks without an address are left out.
func (s *Service) Bursts(ctx context.Context, clicks []uuid.UUID) (map[uuid.UUID]int, error) {
	if err := auth.Require(ctx, "events:read"); err != nil {
		return nil, err
	}
	return burstsAround(ctx, clicks)
}

// UsersOfAll gives the users that each of the clicks was tied to.
func (s *Service) UsersOfAll(ctx context.Context, clicks []uuid.UUID) (map[uuid.UUID][]string, error) {
	return usersOfClicks(ctx, clicks)
}

// countToReview names the flags as the index clicks_to_review does.
func countToReview(ctx context.Context) (n int, err error) {
	err = db.Tx(ctx).NewRaw(`
		select count(*) from (
			select from clicks where flag in ('velocity', 'self_referral') and reviewed_at is null limit ?) as waiting`,
		countedReviews).Scan(ctx, &n)
	if err != nil {
		return 0, fmt.Errorf("count clicks to review: %w", err)
	}
	return n, nil
}

func burstsAround(ctx context.Context, clicks []uuid.UUID) (map[uuid.UUID]int, error) {
	out := map[uuid.UUID]int{}
	if len(clicks) == 0 {
		return out, nil
	}
	var rows []struct {
		ID uuid.UUID
		N  int
	}
	err := db.Tx(ctx).NewRaw(`
		select k.id, (
			select count(*) from clicks o where o.tenant_id = k.tenant_id and o.link_id = k.link_id and o.ip_hash = k.ip_hash
				and o.occurred_at between k.occurred_at - interval '1 minute' and k.occurred_at + interval '1 minute') as n
		from clicks k where k.id in (?) and k.ip_hash is not null`, bun.List(clicks)).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("count clicks around: %w", err)
	}
	for _, r := range rows {
		out[r.ID] = r.N
	}
	return out, nil
}

func usersOfClicks(ctx context.Context, clicks []uuid.UUID) (map[uuid.UUID][]string, error) {
	out := map[uuid.UUID][]string{}
	if len(clicks) == 0 {
		return out, nil
	}
	var rows []struct {
		ClickID uuid.UUID
		UserID  string
	}
	err := db.Tx(ctx).NewRaw(`
		select click_id, user_id from identities where click_id in (?) order by click_id, user_id`, bun.List(clicks)).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("list the clicks' users: %w", err)
	}
	for _, r := range rows {
		out[r.ClickID] = append(out[r.ClickID], r.UserID)
	}
	return out, nil
}
