package reports

import (
	"context"
	"fmt"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
)

// Start is how far a new program has come.
type Start struct {
	Campaign, Partner, Link, Click, Event, Key bool
}

// Done reports whether there is nothing left to start with.
func (s Start) Done() bool { return s.Campaign && s.Partner && s.Link && s.Click && s.Event && s.Key }

// Start tells which first steps were taken.
func (s *Service) Start(ctx context.Context) (Start, error) {
	if err := auth.Require(ctx, scope); err != nil {
		return Start{}, err
	}
	var out Start
	// The first by the primary key, because exists would let the planner read whole tables of
	// other programs in search of a row of ours.
	err := db.Tx(ctx).NewRaw(`
		select (select true from campaigns order by id limit 1) is not null as campaign,
			(select true from partners order by id limit 1) is not null as partner,
			(select true from links order by id limit 1) is not null as link,
			(select true from clicks order by id limit 1) is not null as click,
			(select true from events order by id limit 1) is not null as event,
			(select true from api_keys order by id limit 1) is not null as key`).Scan(ctx, &out)
	if err != nil {
		return Start{}, fmt.Errorf("see how far the program is: %w", err)
	}
	return out, nil
}
