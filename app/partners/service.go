package partners

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/facts"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/person"
)

// KindInvited is the job kind of Invited.
const KindInvited = "partners.invited"

// Invited is the order to send a partner their invitation.
type Invited struct {
	PartnerID uuid.UUID `json:"partner_id"`
}

// Changed is the fact that a partner was added or is not as before.
type Changed struct {
	Partner Partner
	Before  Status // empty for a new one
}

// Service keeps partners.
type Service struct {
	facts *facts.Bus
	now   func() time.Time
}

// NewService makes the service; the bus hears of every Changed.
func NewService(f *facts.Bus, now func() time.Time) *Service { return &Service{facts: f, now: now} }

// Filter narrows a list.
type Filter struct {
	Status string
	Source string
	Query  string // the beginning of a name or e-mail address

	only *uuid.UUID // a partner who looks at themselves
}

// Create adds a partner, grants the campaigns, and has an invitation sent if wanted.
func (s *Service) Create(ctx context.Context, in CreateInput) (Partner, error) {
	if err := auth.Require(ctx, "partners:write"); err != nil {
		return Partner{}, err
	}
	return s.create(ctx, in, SourceAdmin)
}

func (s *Service) create(ctx context.Context, in CreateInput, source Source) (Partner, error) {
	fields := fault.Fields{}
	now := s.now()
	p := Partner{
		ID: ids.NewAt(now), Email: person.Email(fields, "email", in.Email), Name: person.Name(fields, "name", in.Name),
		Status: StatusInvited, Source: source, Profile: in.Profile, CreatedAt: now,
	}
	p.Profile.Check(fields)
	if err := fields.Err(); err != nil {
		return Partner{}, err
	}
	if !in.SendInvite {
		p.Status, p.ActivatedAt = StatusActive, &now
	}
	if err := s.add(ctx, &p); err != nil {
		return Partner{}, err
	}
	if err := s.grant(ctx, p.ID, in.CampaignIDs, grantByAdmin); err != nil {
		return Partner{}, err
	}
	if in.SendInvite {
		if err := s.sendInvitation(ctx, p.ID); err != nil {
			return Partner{}, err
		}
	}
	return p, s.tell(ctx, "partner.created", "", p)
}

// add stores a partner whom an admin brings. A sign-up under their address that was never
// confirmed is taken over: nobody can keep somebody else out by typing in their address.
func (s *Service) add(ctx context.Context, p *Partner) error {
	found, err := findPartnerByEmail(ctx, p.Email, true)
	if err != nil && !fault.Is(err, fault.KindNotFound) {
		return err
	}
	if err == nil && found.Status == StatusUnverified {
		p.ID, p.CreatedAt = found.ID, found.CreatedAt
		return replacePartner(ctx, *p)
	}
	return db.Run(ctx, func(ctx context.Context) error { return insertPartner(ctx, *p) })
}

// Update changes name, address or profile.
func (s *Service) Update(ctx context.Context, id uuid.UUID, in UpdateInput) (Partner, error) {
	if err := auth.Require(ctx, "partners:write"); err != nil {
		return Partner{}, err
	}
	return s.update(ctx, id, in)
}

func (s *Service) update(ctx context.Context, id uuid.UUID, in UpdateInput) (Partner, error) {
	p, err := findPartner(ctx, id, true)
	if err != nil {
		return Partner{}, err
	}
	if p.ErasedAt != nil {
		return Partner{}, errErased()
	}
	fields := fault.Fields{}
	if in.Email != nil {
		p.Email = person.Email(fields, "email", *in.Email)
	}
	if in.Name != nil {
		p.Name = person.Name(fields, "name", *in.Name)
	}
	if in.Profile != nil {
		p.Profile = *in.Profile
		p.Profile.Check(fields)
	}
	if err := fields.Err(); err != nil {
		return Partner{}, err
	}
	if err := db.Run(ctx, func(ctx context.Context) error { return updatePartner(ctx, p) }); err != nil {
		return Partner{}, err
	}
	return p, s.tell(ctx, "partner.updated", p.Status, p)
}

// Invite sends the invitation once more, to somebody who has not accepted yet.
func (s *Service) Invite(ctx context.Context, id uuid.UUID) (Partner, error) {
	if err := auth.Require(ctx, "partners:write"); err != nil {
		return Partner{}, err
	}
	p, err := findPartner(ctx, id, true)
	if err != nil {
		return Partner{}, err
	}
	before := p.Status
	switch p.Status {
	case StatusInvited:
	case StatusUnverified: // an admin's invitation takes an unfinished sign-up over
		p.Status = StatusInvited
		if err := updateStatus(ctx, p); err != nil {
			return Partner{}, err
		}
	case StatusActive:
		return Partner{}, fault.Conflict("already_active", "This partner is active already.")
	default:
		return Partner{}, fault.Conflict("not_pending", "Only somebody who has not joined yet can be invited.")
	}
	if err := s.sendInvitation(ctx, id); err != nil {
		return Partner{}, err
	}
	return p, s.tell(ctx, "partner.invited", before, p)
}

func (s *Service) sendInvitation(ctx context.Context, id uuid.UUID) error {
	return outbox.Add(ctx, outbox.Job{Kind: KindInvited, Key: "partner:" + id.String(), Args: Invited{PartnerID: id}})
}

// tell records the change and lets others follow it, in the same transaction.
func (s *Service) tell(ctx context.Context, action string, before Status, p Partner) error {
	err := audit.Record(ctx, audit.Entry{
		Action: action, SubjectKind: "partner", SubjectID: p.ID, Detail: map[string]any{"status": p.Status},
	})
	if err != nil {
		return err
	}
	return s.facts.Tell(ctx, Changed{Partner: p, Before: before})
}

// Find gives one partner; a partner may see themselves.
func (s *Service) Find(ctx context.Context, id uuid.UUID) (Partner, error) {
	if err := auth.RequireOwn(ctx, "partners:read", id); err != nil {
		return Partner{}, err
	}
	return findPartner(ctx, id, false)
}

// FindByEmail gives the partner with this address, for sign-in.
func (s *Service) FindByEmail(ctx context.Context, email string) (Partner, error) {
	return findPartnerByEmail(ctx, email, false)
}

// Known refuses ids of partners who do not exist, or whom the principal may not see with the
// scope of what it is about to read.
func (s *Service) Known(ctx context.Context, id uuid.UUID, scope string) error {
	if err := auth.RequireOwn(ctx, scope, id); err != nil {
		return err
	}
	_, err := findPartner(ctx, id, false)
	return err
}

// List gives the partners, newest first; a partner sees only themselves.
func (s *Service) List(ctx context.Context, f Filter, page paging.Page) (paging.Result[Partner], error) {
	if own := auth.From(ctx).PartnerID; own != uuid.Nil {
		f.only = &own
	} else if err := auth.Require(ctx, "partners:read"); err != nil {
		return paging.Result[Partner]{}, err
	}
	rows, err := listPartners(ctx, f, page)
	if err != nil {
		return paging.Result[Partner]{}, err
	}
	return paging.Cut(rows, page, func(p Partner) paging.Cursor { return paging.Cursor{At: p.CreatedAt, ID: p.ID} }), nil
}

// CountApplications counts those who wait for a decision.
func (s *Service) CountApplications(ctx context.Context) (int, error) {
	if err := auth.Require(ctx, "partners:read"); err != nil {
		return 0, err
	}
	return countByStatus(ctx, StatusPendingReview)
}

// Name is what a partner is called in a choice.
type Name struct {
	ID   uuid.UUID
	Name string
}

// Names gives the partners who can get links, by name, for choices in forms.
func (s *Service) Names(ctx context.Context) ([]Name, error) { return selectNames(ctx) }

// NamesOf gives the names of partners, whatever has become of them.
func (s *Service) NamesOf(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]string, error) {
	return namesOf(ctx, ids)
}

// Grants gives the campaigns that a partner may promote.
func (s *Service) Grants(ctx context.Context, id uuid.UUID) ([]uuid.UUID, error) {
	if err := auth.RequireOwn(ctx, "partners:read", id); err != nil {
		return nil, err
	}
	return selectGrants(ctx, id)
}

// Granted reports whether a partner may promote a campaign.
func (s *Service) Granted(ctx context.Context, id, campaign uuid.UUID) (bool, error) {
	return hasGrant(ctx, id, campaign)
}

// CountGranted counts who may promote a campaign.
func (s *Service) CountGranted(ctx context.Context, campaign uuid.UUID) (int, error) {
	if err := auth.Require(ctx, "partners:read"); err != nil {
		return 0, err
	}
	return countGranted(ctx, campaign)
}

// SetCampaigns makes the grants of a partner exactly these.
func (s *Service) SetCampaigns(ctx context.Context, id uuid.UUID, campaigns []uuid.UUID) (Partner, error) {
	if err := auth.Require(ctx, "partners:write"); err != nil {
		return Partner{}, err
	}
	p, err := findPartner(ctx, id, true)
	if err != nil {
		return Partner{}, err
	}
	if err := deleteGrantsBut(ctx, id, campaigns); err != nil {
		return Partner{}, err
	}
	if err := s.grant(ctx, id, campaigns, grantByAdmin); err != nil {
		return Partner{}, err
	}
	return p, audit.Record(ctx, audit.Entry{
		Action: "partner.campaigns_set", SubjectKind: "partner", SubjectID: id, Detail: map[string]any{"campaigns": campaigns},
	})
}

// How a grant came about.
const (
	grantByAdmin   = "admin"
	grantByNetwork = "network"
	grantBySignup  = "signup"
)

func (s *Service) grant(ctx context.Context, id uuid.UUID, campaigns []uuid.UUID, source string) error {
	return db.Run(ctx, func(ctx context.Context) error {
		for _, c := range campaigns {
			if err := insertGrant(ctx, id, c, source, s.now()); err != nil {
				return err
			}
		}
		return nil
	})
}
