package tracking

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/facts"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/links"
	"github.com/openpartner/openpartner/app/paging"
)

// Service records visits and identities.
type Service struct {
	facts *facts.Bus
	now   func() time.Time
}

// NewService makes the service; the bus hears of every click that is Flagged or Tied.
func NewService(f *facts.Bus, now func() time.Time) *Service { return &Service{facts: f, now: now} }

// Open records a visit in the transaction of ctx and says where the visitor goes: for those who
// replay many visits, as the demo does. People come through a Gate, which needs no transaction,
// survives an outage and asks how fast they click.
func (s *Service) Open(ctx context.Context, v Visit) (Passage, error) {
	if !links.ValidKey(v.Key) {
		return Passage{}, fault.NotFound("link")
	}
	t, err := findTarget(ctx, links.Normalise(v.Key))
	if err != nil {
		return Passage{}, err
	}
	now := s.now()
	passage, c := t.passage(v, v.UserAgent != "" && machine(v.UserAgent), now)
	if c == nil {
		return passage, nil
	}
	if c.IPHash, err = hashInTx(ctx, v.Address, c.OccurredAt, now); err != nil {
		return Passage{}, err
	}
	_, err = insertClick(ctx, *c)
	return passage, err
}

// ClickFilter narrows the list of clicks.
type ClickFilter struct {
	PartnerID  *uuid.UUID
	CampaignID *uuid.UUID
	Flagged    bool
	Flags      []Flag // any of these
	Reviewed   *bool  // by a person
}

// Clicks gives visits, newest first.
func (s *Service) Clicks(ctx context.Context, f ClickFilter, page paging.Page) (paging.Result[Click], error) {
	if err := auth.Require(ctx, "events:read"); err != nil {
		return paging.Result[Click]{}, err
	}
	rows, err := listClicks(ctx, f, page)
	if err != nil {
		return paging.Result[Click]{}, err
	}
	return paging.Cut(rows, page, func(c Click) paging.Cursor { return paging.Cursor{At: c.OccurredAt, ID: c.ID} }), nil
}

// Click gives one visit.
func (s *Service) Click(ctx context.Context, id uuid.UUID) (Click, error) {
	if err := auth.Require(ctx, "events:read"); err != nil {
		return Click{}, err
	}
	return findClick(ctx, id)
}

// Identities gives the users that a click was tied to, oldest first.
func (s *Service) Identities(ctx context.Context, click uuid.UUID) ([]Identity, error) {
	return identitiesOfClick(ctx, click)
}

// Tied is the fact that a click is now known to be a user's.
type Tied struct {
	ClickID uuid.UUID
	UserID  string
}

// Stitch ties a click to a user. A repeat changes nothing, except that a verified statement
// confirms an unverified one. It reports whether anything is new.
func (s *Service) Stitch(ctx context.Context, click uuid.UUID, user string, verified bool, at time.Time) (fresh bool, err error) {
	if _, err := findClick(ctx, click); err != nil {
		return false, err
	}
	now := s.now()
	fresh, err = upsertIdentity(ctx, Identity{
		ID: ids.NewAt(now), ClickID: click, UserID: user, Verified: verified, OccurredAt: at, CreatedAt: now,
	})
	if err != nil || !fresh {
		return fresh, err
	}
	return true, s.facts.Tell(ctx, Tied{ClickID: click, UserID: user})
}

// Verified reports whether the merchant itself has said which clicks are this user's.
func (s *Service) Verified(ctx context.Context, user string) (bool, error) {
	return hasVerified(ctx, user)
}

// Exists gives the click for those who may not look into it: a browser that says whose it is.
func (s *Service) Exists(ctx context.Context, id uuid.UUID) (Click, error) { return findClick(ctx, id) }

// ClicksByID gives clicks with the names of what they led through, in one statement; ids that
// do not exist are left out.
func (s *Service) ClicksByID(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]Click, error) {
	return clicksByID(ctx, ids)
}

// Stitched is a click of a user, with what the merchant or browser said about it.
type Stitched struct {
	IdentityID uuid.UUID
	ClickID    uuid.UUID
	PartnerID  uuid.UUID
	CampaignID uuid.UUID
	OccurredAt time.Time
	Flag       string
	Reviewed   bool // by a person: automatic flags never return
	Verified   bool
	StitchedAt time.Time
}

// Touches gives the clicks of users, each user's in time order.
func (s *Service) Touches(ctx context.Context, users []string) (map[string][]Stitched, error) {
	return touchesOf(ctx, users)
}

// EraseVisitor gives a user's identities a pseudonym and takes the person out of their visits. It
// asks for no right: attribution does, which erases the rest.
func (s *Service) EraseVisitor(ctx context.Context, userID, pseudonym string) error {
	if err := eraseVisits(ctx, userID); err != nil {
		return err
	}
	return renameUser(ctx, userID, pseudonym)
}

// MergeUser makes one user's identities another's, and reports whether there were any.
func (s *Service) MergeUser(ctx context.Context, from, to string) (bool, error) {
	return mergeUser(ctx, from, to)
}

// Credited reports whether a user was credited to a partner in a campaign, without a link, within an
// hour of a time.
func (s *Service) Credited(ctx context.Context, user string, in CreditInput) (bool, error) {
	return wasCredited(ctx, user, in)
}
