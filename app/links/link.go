// Package links owns the keys by which partners lead visitors to a campaign.
//
// It does not record clicks. Invariant: a key means one link for ever; it is compared without
// case and is never given to another link, even after archiving.
package links

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/partners"
)

// Link is a partner's key for a campaign.
type Link struct {
	ID             uuid.UUID
	Key            string
	PartnerID      uuid.UUID
	PartnerName    string
	CampaignID     uuid.UUID
	CampaignName   string
	DestinationURL *string // in place of the campaign's
	ArchivedAt     *time.Time
	CreatedAt      time.Time
}

// Input is a new link as it is written.
type Input struct {
	Key            string // empty: one is made
	CampaignID     uuid.UUID
	DestinationURL *string
}

// Filter narrows a list.
type Filter struct {
	PartnerID  *uuid.UUID
	CampaignID *uuid.UUID
	Query      string // the beginning of a key
	Archived   bool   // archived ones, too
}

// Service keeps links.
type Service struct {
	campaigns *campaigns.Service
	partners  *partners.Service
	now       func() time.Time
}

// NewService makes the service.
func NewService(c *campaigns.Service, p *partners.Service, now func() time.Time) *Service {
	return &Service{campaigns: c, partners: p, now: now}
}

var keyForm = regexp.MustCompile(`^[A-Za-z0-9_-]{3,64}$`)

// ValidKey reports whether text could be a link's key.
func ValidKey(text string) bool { return keyForm.MatchString(text) }

// Normalise is how keys are compared.
func Normalise(key string) string { return strings.ToLower(key) }

// Create makes a link for a partner. They must have been granted the campaign.
func (s *Service) Create(ctx context.Context, partner uuid.UUID, in Input) (Link, error) {
	if err := auth.RequireOwn(ctx, "links:write", partner); err != nil {
		return Link{}, err
	}
	p, err := s.partners.Find(system(ctx), partner)
	if err != nil {
		return Link{}, err
	}
	c, err := s.campaigns.Find(system(ctx), in.CampaignID)
	if fault.Is(err, fault.KindNotFound) {
		return Link{}, fault.InvalidField("campaign_id", "There is no such campaign.")
	}
	if err != nil {
		return Link{}, err
	}
	if err := s.allowed(ctx, p, c); err != nil {
		return Link{}, err
	}
	if err := in.check(c); err != nil {
		return Link{}, err
	}
	l := Link{
		Key: in.Key, PartnerID: partner, PartnerName: p.Name, CampaignID: c.ID, CampaignName: c.Name,
		DestinationURL: in.DestinationURL, CreatedAt: s.now(),
	}
	l.ID = ids.NewAt(l.CreatedAt)
	if l, err = insert(ctx, l); err != nil {
		return Link{}, err
	}
	return l, audit.Record(ctx, audit.Entry{Action: "link.created", SubjectKind: "link", SubjectID: l.ID, Detail: map[string]string{"key": l.Key}})
}

// allowed refuses partners who may not promote the campaign.
func (s *Service) allowed(ctx context.Context, p partners.Partner, c campaigns.Campaign) error {
	if p.Status == partners.StatusRevoked || p.Status == partners.StatusDeclined {
		return fault.Forbidden("partner_revoked", "This partner was revoked.").
			WithField("partner_id", "This partner was revoked. Reinstate them first.")
	}
	if c.Status == campaigns.Archived {
		return fault.InvalidField("campaign_id", "This campaign is archived.")
	}
	granted, err := s.partners.Granted(ctx, p.ID, c.ID)
	if err != nil {
		return err
	}
	if !granted {
		return fault.Forbidden("campaign_not_granted", "This partner has not been granted this campaign.").
			WithField("campaign_id", "Grant this campaign to the partner first.")
	}
	return nil
}

// check reads key and destination. A partner may deep-link only into the campaign's own sites.
func (in *Input) check(c campaigns.Campaign) error {
	fields := fault.Fields{}
	if in.Key = strings.TrimSpace(in.Key); in.Key != "" && !ValidKey(in.Key) {
		fields.Add("key", "A key has 3 to 64 letters, digits, hyphens or underscores.")
	}
	if in.DestinationURL != nil && strings.TrimSpace(*in.DestinationURL) == "" {
		in.DestinationURL = nil
	}
	if in.DestinationURL == nil {
		return fields.Err()
	}
	clean, err := Destination(*in.DestinationURL, c.DestinationURL, c.DeepLinkDomains)
	in.DestinationURL = &clean
	if f, wrong := fault.From(err); wrong && len(fields) > 0 {
		return f.WithField("key", fields["key"])
	}
	if err != nil {
		return err
	}
	return fields.Err()
}

// Destination reads an address that a campaign's visitors are sent to in place of its own: on
// its own host, or on one of its domains for deep links.
func Destination(text, home string, domains []string) (string, error) {
	fields := fault.Fields{}
	clean := campaigns.Destination(fields, "destination_url", text)
	if err := fields.Err(); err != nil {
		return clean, err
	}
	if !WithinCampaign(clean, home, domains) {
		return clean, fault.InvalidField("destination_url", "This campaign allows links to its own sites only.").WithCode("destination_not_allowed")
	}
	return clean, nil
}

// WithinCampaign reports whether a destination is on the campaign's own host or on one of its
// domains for deep links, sub-domains included.
func WithinCampaign(destination, home string, domains []string) bool {
	to, err := url.Parse(destination)
	if err != nil {
		return false
	}
	host := strings.ToLower(to.Hostname())
	if h, err := url.Parse(home); err == nil && strings.EqualFold(h.Hostname(), host) {
		return true
	}
	for _, d := range domains {
		if host == d || strings.HasSuffix(host, "."+d) {
			return true
		}
	}
	return false
}

// insert stores a link under its key, or under a fresh one; a made key that is taken, which
// takes billions of links, is made again.
func insert(ctx context.Context, l Link) (Link, error) {
	made := l.Key == ""
	for range 5 {
		if made {
			l.Key = newKey()
		}
		err := db.Run(ctx, func(ctx context.Context) error { return insertLink(ctx, l) })
		if err == nil {
			return l, nil
		}
		if f, ok := fault.From(err); !made || !ok || f.Code != "key_taken" {
			return Link{}, err
		}
	}
	return Link{}, fault.Conflict("key_taken", "No free key was found. Please try again.")
}

// newKey makes 8 characters that nobody confuses when reading them aloud: 40 random bits.
func newKey() string {
	const letters = "abcdefghijkmnpqrstuvwxyz23456789" // 32, so the low bits of a byte choose evenly
	var b [8]byte
	_, _ = rand.Read(b[:]) // crypto/rand never fails since Go 1.24
	for i := range b {
		b[i] = letters[b[i]%32]
	}
	return string(b[:])
}

// Archive takes a link out of use: it still redirects, but no longer counts. A repeat is a
// no-op.
func (s *Service) Archive(ctx context.Context, id uuid.UUID) (Link, error) {
	l, err := findLink(ctx, id)
	if err != nil {
		return Link{}, err
	}
	if err := auth.RequireOwnOf(ctx, "link", "links:write", l.PartnerID); err != nil {
		return Link{}, err
	}
	if l.ArchivedAt != nil {
		return l, nil
	}
	now := s.now()
	l.ArchivedAt = &now
	if err := archiveLink(ctx, id, now); err != nil {
		return Link{}, err
	}
	return l, audit.Record(ctx, audit.Entry{Action: "link.archived", SubjectKind: "link", SubjectID: id})
}

// Find gives one link; a partner may see their own.
func (s *Service) Find(ctx context.Context, id uuid.UUID) (Link, error) {
	l, err := findLink(ctx, id)
	if err != nil {
		return Link{}, err
	}
	if err := auth.RequireOwnOf(ctx, "link", "links:read", l.PartnerID); err != nil {
		return Link{}, fmt.Errorf("find link: %w", err)
	}
	return l, nil
}

// List gives links, newest first; a partner sees their own.
func (s *Service) List(ctx context.Context, f Filter, page paging.Page) (paging.Result[Link], error) {
	if own := auth.From(ctx).PartnerID; own != uuid.Nil {
		f.PartnerID = &own
	} else if err := auth.Require(ctx, "links:read"); err != nil {
		return paging.Result[Link]{}, err
	}
	rows, err := listLinks(ctx, f, page)
	if err != nil {
		return paging.Result[Link]{}, err
	}
	return paging.Cut(rows, page, func(l Link) paging.Cursor { return paging.Cursor{At: l.CreatedAt, ID: l.ID} }), nil
}

// Count counts the links of a campaign that are in use.
func (s *Service) Count(ctx context.Context, campaign uuid.UUID) (int, error) {
	if err := auth.Require(ctx, "links:read"); err != nil {
		return 0, err
	}
	return countLinks(ctx, campaign)
}

// system is the context for look-ups that a caller's own scope would not allow: a key that may
// only write links must still be told whether the campaign exists.
func system(ctx context.Context) context.Context {
	return auth.With(ctx, auth.SystemPrincipal("links"))
}
