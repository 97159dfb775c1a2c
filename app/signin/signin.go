// Package signin lets people in: it asks for a link to be mailed, and turns a link that was
// opened into a session.
//
// It owns no table. Invariant: what a stranger sees does not tell whether an address is known.
package signin

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/app/person"
	"github.com/openpartner/openpartner/app/routes"
)

// KindRequested is the job kind of Requested.
const KindRequested = "signin.requested"

// Requested says that somebody typed this address into the sign-in form. It is written alike
// for known and unknown addresses; the worker finds out which it is.
type Requested struct {
	Email string `json:"email"`
	Next  string `json:"next,omitempty"`
}

// Service lets people in.
type Service struct {
	links    *auth.MagicLinks
	admins   *auth.Admins
	partners *partners.Service
	sessions *auth.Sessions
}

// NewService makes the service.
func NewService(l *auth.MagicLinks, a *auth.Admins, p *partners.Service, s *auth.Sessions) *Service {
	return &Service{links: l, admins: a, partners: p, sessions: s}
}

// Request has a sign-in link mailed to the address, if it belongs to anybody.
func (s *Service) Request(ctx context.Context, email, next string) error {
	fields := fault.Fields{}
	email = person.Email(fields, "email", email)
	if err := fields.Err(); err != nil {
		return err
	}
	if !routes.Local(next) {
		next = ""
	}
	return outbox.Add(ctx, requested(Requested{Email: email, Next: next}))
}

func requested(r Requested) outbox.Job {
	return outbox.Job{Kind: KindRequested, Key: "signin:" + r.Email, Args: r, MaxAttempts: 5}
}

// Invitation is a link that is ready to be mailed, and to whom.
type Invitation struct {
	Kind               auth.Kind
	ID                 uuid.UUID
	Name, Email, Token string
}

// Mint makes the link for a sign-in request, for an admin first and else for a partner. A
// stranger's address is a not-found fault.
func (s *Service) Mint(ctx context.Context, email string) (Invitation, error) {
	a, err := s.admins.FindByEmail(ctx, email)
	if err == nil {
		return s.mint(ctx, auth.MagicLink{Purpose: auth.PurposeSignIn, PrincipalKind: auth.AdminKind, PrincipalID: a.ID, Email: a.Email}, a.Name)
	}
	if !fault.Is(err, fault.KindNotFound) {
		return Invitation{}, err
	}
	p, err := s.partners.FindByEmail(ctx, email)
	if err != nil {
		return Invitation{}, err
	}
	if p.Status != partners.StatusActive {
		return Invitation{}, fault.NotFound("partner")
	}
	return s.mint(ctx, auth.MagicLink{Purpose: auth.PurposeSignIn, PrincipalKind: auth.Partner, PrincipalID: p.ID, Email: p.Email}, p.Name)
}

// MintAdminInvite makes the link of an admin's invitation, while it still stands.
func (s *Service) MintAdminInvite(ctx context.Context, in auth.AdminInvited) (Invitation, error) {
	a, err := s.admins.Find(ctx, in.AdminID)
	if err != nil {
		return Invitation{}, err
	}
	if a.Status() != "invited" {
		return Invitation{}, fault.NotFound("invitation")
	}
	return s.mint(ctx, auth.MagicLink{Purpose: auth.PurposeAdminInvite, PrincipalKind: auth.AdminKind, PrincipalID: a.ID, Email: a.Email}, a.Name)
}

// MintPartnerInvite makes the link of a partner's invitation, while it still stands.
func (s *Service) MintPartnerInvite(ctx context.Context, in partners.Invited) (Invitation, error) {
	p, err := s.partners.Find(ctx, in.PartnerID)
	if err != nil {
		return Invitation{}, err
	}
	if p.Status != partners.StatusInvited {
		return Invitation{}, fault.NotFound("invitation")
	}
	return s.mint(ctx, auth.MagicLink{Purpose: auth.PurposePartnerInvite, PrincipalKind: auth.Partner, PrincipalID: p.ID, Email: p.Email}, p.Name)
}

func (s *Service) mint(ctx context.Context, l auth.MagicLink, name string) (Invitation, error) {
	token, err := s.links.Mint(ctx, l)
	if err != nil {
		return Invitation{}, err
	}
	return Invitation{Kind: l.PrincipalKind, ID: l.PrincipalID, Name: name, Email: l.Email, Token: token}, nil
}

// Peek looks at a link without using it, for the page that shows the button.
func (s *Service) Peek(ctx context.Context, token string) (auth.MagicLink, error) {
	return s.links.Peek(ctx, token)
}

// Enter uses a link up and signs its person in. It returns where that person is at home.
func (s *Service) Enter(ctx context.Context, token string) (home string, err error) {
	link, err := s.links.Consume(ctx, token)
	if err != nil {
		return "", err
	}
	me := auth.Principal{Kind: link.PrincipalKind, ID: link.PrincipalID}
	if me.Kind == auth.Partner {
		me.PartnerID = me.ID
	}
	ctx = auth.With(ctx, me)
	home = routes.From(ctx).AdminHome()
	if me.Kind == auth.Partner {
		home = routes.From(ctx).Partner()
		err = s.enterPartner(ctx, link)
	} else {
		err = s.enterAdmin(ctx, link)
	}
	if fault.Is(err, fault.KindNotFound) {
		return "", auth.ErrLinkSpent.Because(err)
	}
	if err != nil {
		return "", err
	}
	if err := s.sessions.SignIn(ctx, link.PrincipalKind, link.PrincipalID); err != nil {
		return "", err
	}
	entry := audit.Entry{Action: "signed_in", SubjectKind: string(link.PrincipalKind), SubjectID: link.PrincipalID}
	return home, audit.Record(audit.With(ctx, audit.Actor{Kind: string(link.PrincipalKind), ID: link.PrincipalID}), entry)
}

func (s *Service) enterAdmin(ctx context.Context, link auth.MagicLink) error {
	a, err := s.admins.Find(ctx, link.PrincipalID)
	if err != nil {
		return err
	}
	if a.RevokedAt != nil {
		return fault.NotFound("admin")
	}
	return s.admins.Activate(ctx, a.ID)
}

// enterPartner also accepts the invitation, if that is what the link is.
func (s *Service) enterPartner(ctx context.Context, link auth.MagicLink) error {
	if link.Purpose == auth.PurposePartnerInvite {
		_, err := s.partners.Accept(ctx, link.PrincipalID)
		return err
	}
	p, err := s.partners.Find(ctx, link.PrincipalID)
	if err != nil {
		return err
	}
	if p.Status != partners.StatusActive {
		return fault.NotFound("partner")
	}
	return nil
}

// Gone reports whether an invitation is no longer to be sent: its person accepted it already,
// was revoked, or never was.
func Gone(err error) bool {
	f, ok := errors.AsType[*fault.Error](err)
	return ok && f.Kind == fault.KindNotFound
}
