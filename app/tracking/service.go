package tracking

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/mileusna/useragent"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/links"
	"github.com/openpartner/openpartner/app/paging"
)

// Service records visits and identities.
type Service struct{ now func() time.Time }

// NewService makes the service.
func NewService(now func() time.Time) *Service { return &Service{now: now} }

// Visit is somebody who opens a link.
type Visit struct {
	Key       string
	Query     url.Values
	Address   netip.Addr
	UserAgent string
	Referer   string
	Peek      bool // a HEAD request or a prefetch: nobody has seen the page yet
}

// Passage is where a visitor goes.
type Passage struct {
	Location string
	ClickID  uuid.UUID // zero when the visit does not count
}

// Open records a visit and says where the visitor goes. An unknown key is a not-found fault.
func (s *Service) Open(ctx context.Context, v Visit) (Passage, error) {
	if !links.ValidKey(v.Key) {
		return Passage{}, fault.NotFound("link")
	}
	t, err := findTarget(ctx, links.Normalise(v.Key))
	if err != nil {
		return Passage{}, err
	}
	now := s.now()
	address := t.DestinationURL
	if deep := t.DeepLink(v.Query.Get("url")); deep != "" {
		address = deep
	}
	utm, subIDs := Parameters(v.Query)
	tags := map[string]string{}
	for _, from := range []map[string]string{utm, subIDs} {
		for name, text := range from {
			tags[name] = text
		}
	}
	if v.Peek || !t.Counts(now) {
		return Passage{Location: Destination(address, "", tags)}, nil
	}
	c := Click{
		ID: ids.NewAt(now), LinkID: &t.LinkID, PartnerID: t.PartnerID, CampaignID: t.CampaignID, DestinationURL: address,
		UserAgent: text(v.UserAgent, 400), Referer: text(v.Referer, 1000), UTM: utm, SubIDs: subIDs,
		Flag: flagOf(t, v), OccurredAt: now, CreatedAt: now,
	}
	if c.IPHash, err = s.hash(ctx, v.Address); err != nil {
		return Passage{}, err
	}
	if err := insertClick(ctx, c); err != nil {
		return Passage{}, err
	}
	return Passage{Location: Destination(address, c.ID.String(), tags), ClickID: c.ID}, nil
}

// flagOf judges a visit by what is known at once. An empty agent is not a bot: privacy tools
// remove it.
func flagOf(t Target, v Visit) Flag {
	switch {
	case t.Revoked():
		return FlagRevoked
	case v.UserAgent != "" && useragent.Parse(v.UserAgent).Bot:
		return FlagBot
	default:
		return ""
	}
}

// hash keeps of an address what recognises it today and nobody tomorrow: an HMAC with a salt
// that is destroyed after two days.
func (s *Service) hash(ctx context.Context, addr netip.Addr) (*string, error) {
	if !addr.IsValid() {
		return nil, nil //nolint:nilnil // no address, no hash
	}
	var fresh [32]byte
	_, _ = rand.Read(fresh[:]) // crypto/rand never fails since Go 1.24
	salt, err := dailySalt(ctx, s.now().UTC().Format(time.DateOnly), fresh[:])
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, salt)
	mac.Write(addr.AsSlice())
	sum := hex.EncodeToString(mac.Sum(nil)[:16])
	return &sum, nil
}

func text(in string, limit int) *string {
	in = strings.ReplaceAll(strings.ToValidUTF8(in, ""), "\x00", "")
	if in == "" {
		return nil
	}
	if runes := []rune(in); len(runes) > limit {
		in = string(runes[:limit])
	}
	return &in
}

// ClickFilter narrows the list of clicks.
type ClickFilter struct {
	PartnerID  *uuid.UUID
	CampaignID *uuid.UUID
	Flagged    bool
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

// Stitch ties a click to a user. A repeat changes nothing, except that a verified statement
// confirms an unverified one. It reports whether anything is new.
func (s *Service) Stitch(ctx context.Context, click uuid.UUID, user string, verified bool, at time.Time) (fresh bool, err error) {
	if _, err := findClick(ctx, click); err != nil {
		return false, err
	}
	now := s.now()
	return upsertIdentity(ctx, Identity{
		ID: ids.NewAt(now), ClickID: click, UserID: user, Verified: verified, OccurredAt: at, CreatedAt: now,
	})
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
