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
	err := db.Tx(ctx).NewRaw(`
		select exists (select from campaigns) as campaign, exists (select from partners) as partner, exists (select from links) as link,
			exists (select from clicks) as click, exists (select from events) as event, exists (select from api_keys) as key`).Scan(ctx, &out)
	if err != nil {
		return Start{}, fmt.Errorf("see how far the program is: %w", err)
	}
	return out, nil
}
