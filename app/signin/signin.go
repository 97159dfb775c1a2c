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
	"github.com/openpartner/openpartner/app/signup"
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
	signup   *signup.Service
	sessions *auth.Sessions
}

// NewService makes the service.
func NewService(l *auth.MagicLinks, a *auth.Admins, p *partners.Service, u *signup.Service, s *auth.Sessions) *Service {
	return &Service{links: l, admins: a, partners: p, signup: u, sessions: s}
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

// Standing is what somebody who filled in the sign-up form is to the program.
type Standing string

// The standings.
const (
	Applying Standing = "applying" // has to show that the address is theirs
	Inside   Standing = "inside"   // has an account and may sign in
	Invited  Standing = "invited"  // was asked by an admin
	Waits    Standing = "waits"    // for the review of their application
	Outside  Standing = "outside"  // was declined or revoked
)

// MintSignup makes the link that answers a sign-up form: to confirm the address, to sign in, or
// none. The mail goes to the address alone, so it may say what a page must not.
func (s *Service) MintSignup(ctx context.Context, email string) (Invitation, Standing, error) {
	in, err := s.Mint(ctx, email)
	if !fault.Is(err, fault.KindNotFound) {
		return in, Inside, err
	}
	p, err := s.partners.FindByEmail(ctx, email)
	if err != nil {
		return Invitation{}, "", err
	}
	link := auth.MagicLink{PrincipalKind: auth.Partner, PrincipalID: p.ID, Email: p.Email}
	switch p.Status {
	case partners.StatusUnverified:
		link.Purpose = auth.PurposePartnerVerify
		in, err = s.mint(ctx, link, "") // a name that anybody may have typed in
		return in, Applying, err
	case partners.StatusInvited:
		link.Purpose = auth.PurposePartnerInvite
		in, err = s.mint(ctx, link, p.Name)
		return in, Invited, err
	case partners.StatusPendingReview:
		return Invitation{Name: p.Name, Email: p.Email}, Waits, nil
	default:
		return Invitation{Name: p.Name, Email: p.Email}, Outside, nil
	}
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
	return entrance(s.links.Peek(ctx, token))
}

// entrance refuses links that are for something else than coming in.
func entrance(link auth.MagicLink, err error) (auth.MagicLink, error) {
	if err == nil && link.Purpose == auth.PurposePartnerEmail {
		return auth.MagicLink{}, auth.ErrLinkSpent
	}
	return link, err
}

// Entered is what a link led to.
type Entered struct {
	Home  string // where the person goes on
	Waits bool   // for the review of their application: they are not signed in
}

// Enter uses a link up and signs its person in, unless they have to wait.
func (s *Service) Enter(ctx context.Context, token string) (Entered, error) {
	link, err := entrance(s.links.Consume(ctx, token))
	if err != nil {
		return Entered{}, err
	}
	me := auth.Principal{Kind: link.PrincipalKind, ID: link.PrincipalID}
	if me.Kind == auth.Partner {
		me.PartnerID = me.ID
	}
	ctx = auth.With(ctx, me)
	in := Entered{Home: routes.From(ctx).AdminHome()}
	if me.Kind == auth.Partner {
		in.Home = routes.From(ctx).Partner()
		in.Waits, err = s.enterPartner(ctx, link)
	} else {
		err = s.enterAdmin(ctx, link)
	}
	if fault.Is(err, fault.KindNotFound) {
		return Entered{}, auth.ErrLinkSpent.Because(err)
	}
	if err != nil {
		return Entered{}, err
	}
	if in.Waits {
		return Entered{Home: routes.From(ctx).SignupReceived(), Waits: true}, nil
	}
	if err := s.sessions.SignIn(ctx, link.PrincipalKind, link.PrincipalID); err != nil {
		return Entered{}, err
	}
	entry := audit.Entry{Action: "signed_in", SubjectKind: string(link.PrincipalKind), SubjectID: link.PrincipalID}
	return in, audit.Record(audit.With(ctx, audit.Actor{Kind: string(link.PrincipalKind), ID: link.PrincipalID}), entry)
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

// enterPartner also accepts the invitation or confirms the application, if that is what the link
// is. A link that was mailed to an address shows nothing about another one.
func (s *Service) enterPartner(ctx context.Context, link auth.MagicLink) (waits bool, err error) {
	p, err := s.partners.Find(ctx, link.PrincipalID)
	if err != nil {
		return false, err
	}
	if p.Email != link.Email {
		return false, fault.NotFound("partner")
	}
	switch link.Purpose {
	case auth.PurposePartnerInvite:
		p, err = s.partners.Accept(ctx, p.ID)
	case auth.PurposePartnerVerify:
		p, err = s.signup.Confirm(ctx, p.ID)
	}
	if err != nil {
		return false, err
	}
	if p.Status == partners.StatusPendingReview && link.Purpose == auth.PurposePartnerVerify {
		return true, nil
	}
	if p.Status != partners.StatusActive {
		return false, fault.NotFound("partner")
	}
	return false, nil
}

// Gone reports whether an invitation is no longer to be sent: its person accepted it already,
// was revoked, or never was.
func Gone(err error) bool {
	f, ok := errors.AsType[*fault.Error](err)
	return ok && f.Kind == fault.KindNotFound
}
