// Package signup is how creators come into a program by themselves: the form they send, the
// link that shows the address is theirs, and the admission after that.
//
// It owns the applications that were sent and not looked at yet; who has applied is a partner,
// whom partners keeps. Invariants: what a stranger sees does not tell whether an address is
// known, and a link in a mail never decides about an application that is to be reviewed.
package signup

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/app/person"
	"github.com/openpartner/openpartner/app/settings"
)

// KindSent is the job kind of Sent.
const KindSent = "signup.sent"

// Sent says that somebody has sent the form. It is written alike for known and unknown
// addresses; the job finds out which it is.
type Sent struct {
	ApplicationID uuid.UUID `json:"application_id"`
}

// KindAnswer is the job kind of Answer.
const KindAnswer = "signup.answer"

// Answer is the order to answer a form by mail.
type Answer struct {
	Email string `json:"email"`
}

// KindWaiting is the job kind of Waiting.
const KindWaiting = "signup.waiting"

// Waiting is the order to tell an admin that somebody waits for a decision.
type Waiting struct {
	PartnerID uuid.UUID `json:"partner_id"`
	AdminID   uuid.UUID `json:"admin_id"`
}

// Service lets creators in.
type Service struct {
	settings *settings.Service
	partners *partners.Service
	admins   *auth.Admins
	now      func() time.Time
}

// NewService makes the service.
func NewService(s *settings.Service, p *partners.Service, a *auth.Admins, now func() time.Time) *Service {
	return &Service{settings: s, partners: p, admins: a, now: now}
}

// Input is the form as it was filled in.
type Input struct {
	Email        string
	Name         string
	Profile      partners.Profile
	TermsVersion *string // of the terms that were agreed to; nil from a program that asks for consent by itself
}

// Form is what is asked, and what it leads to.
type Form struct {
	settings.PartnerSignup
	Program settings.Program
}

// Form gives the form, for everybody.
func (s *Service) Form(ctx context.Context) (Form, error) {
	asked, err := s.settings.SignupForm(ctx)
	if err != nil {
		return Form{}, err
	}
	program, err := s.settings.Brand(ctx)
	return Form{PartnerSignup: asked, Program: program}, err
}

// Send takes a form. Whose address it bears is looked up later, so that the answer and the time
// it takes are the same for everybody.
func (s *Service) Send(ctx context.Context, in Input) error {
	form, err := s.Form(ctx)
	if err != nil {
		return err
	}
	if form.Disabled {
		return fault.Forbidden("signup_disabled", "This program is not open for sign-up at the moment.")
	}
	a, err := form.read(in)
	if err != nil {
		return err
	}
	now := s.now()
	id := ids.NewAt(now)
	if err := insertApplication(ctx, id, a, now); err != nil {
		return err
	}
	return outbox.Add(ctx, outbox.Job{Kind: KindSent, Key: keyOf(a.Email), Args: Sent{ApplicationID: id}})
}

// keyOf has the forms of one address looked at in their order.
func keyOf(email string) string { return "signup:" + email }

// read checks what was filled in against what is asked.
func (f Form) read(in Input) (partners.Applicant, error) {
	fields := fault.Fields{}
	a := partners.Applicant{
		Email: person.Email(fields, "email", in.Email), Name: person.Name(fields, "name", in.Name), Profile: in.Profile,
	}
	a.Profile.Check(fields)
	for _, q := range f.Questions {
		if q.Required && strings.TrimSpace(in.Profile.Answers[q.Key]) == "" {
			fields.Add("profile.answers."+q.Key, "Please answer this.")
		}
	}
	a.TermsVersion = f.agreed(fields, in.TermsVersion)
	return a, fields.Err()
}

// agreed is the version of the terms that were agreed to; nil where there are none, or where nobody
// says. Terms that changed since the form was opened must be read again.
func (f Form) agreed(fields fault.Fields, version *string) *string {
	now := f.Program.TermsVersion
	switch {
	case version == nil, now == "" && f.Program.Terms == "":
		return nil
	case *version == "" && f.Program.Terms != "":
		fields.Add("terms_version", "Please read the terms and agree to them.")
	case *version != "" && *version != now:
		fields.Add("terms_version", "The terms have changed in the meantime. Please read version "+now+" and agree to it.")
	case *version == "":
		return nil
	}
	return version
}

// Receive looks at a form that was sent: a new address becomes a partner who has not confirmed
// it yet, and whoever it is gets an answer by mail. A repeat is a no-op.
func (s *Service) Receive(ctx context.Context, in Sent) error {
	a, err := takeApplication(ctx, in.ApplicationID)
	if fault.Is(err, fault.KindNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	// An admin's address stays an admin's: signing in would never lead to a portal.
	_, err = s.admins.FindByEmail(ctx, a.Email)
	if fault.Is(err, fault.KindNotFound) {
		err = s.partners.Apply(ctx, a)
	}
	if err != nil {
		return err
	}
	return outbox.Add(ctx, outbox.Job{Kind: KindAnswer, Key: keyOf(a.Email), Args: Answer{Email: a.Email}, MaxAttempts: 5})
}

// Confirm is what follows when an applicant opens the link that was mailed to them: they are in
// or wait, as the program has it at this moment. While sign-up is closed nobody gets in without
// a look.
func (s *Service) Confirm(ctx context.Context, id uuid.UUID) (partners.Partner, error) {
	form, err := s.settings.SignupForm(ctx)
	if err != nil {
		return partners.Partner{}, err
	}
	in := form.Policy == settings.AutoApprove && !form.Disabled
	p, err := s.partners.Confirm(ctx, id, in, form.CampaignIDs)
	if err != nil || in {
		return p, err
	}
	return p, s.tellAdmins(ctx, id)
}

func (s *Service) tellAdmins(ctx context.Context, applicant uuid.UUID) error {
	deciding, err := s.admins.Deciding(ctx)
	if err != nil {
		return err
	}
	for _, admin := range deciding {
		err := outbox.Add(ctx, outbox.Job{Kind: KindWaiting, Key: "admin:" + admin.String(), Args: Waiting{PartnerID: applicant, AdminID: admin}})
		if err != nil {
			return err
		}
	}
	return nil
}

// Approve lets an applicant in, into the campaigns of the form unless an admin has chosen
// others.
func (s *Service) Approve(ctx context.Context, id uuid.UUID, chosen *[]uuid.UUID) (partners.Partner, error) {
	if chosen != nil {
		return s.partners.Approve(ctx, id, *chosen, true)
	}
	form, err := s.settings.SignupForm(ctx)
	if err != nil {
		return partners.Partner{}, err
	}
	return s.partners.Approve(ctx, id, form.CampaignIDs, false)
}

// Decision is an application that waits, and the admin who is told.
type Decision struct {
	Applicant partners.Partner
	Admin     auth.Admin
}

// Decision gives both while the application waits and the admin may decide; otherwise it is a
// not-found fault.
func (s *Service) Decision(ctx context.Context, w Waiting) (Decision, error) {
	p, err := s.partners.Find(ctx, w.PartnerID)
	if err != nil {
		return Decision{}, err
	}
	a, err := s.admins.Find(ctx, w.AdminID)
	if err != nil {
		return Decision{}, err
	}
	if p.Status != partners.StatusPendingReview || a.Status() != "active" {
		return Decision{}, fault.NotFound("application")
	}
	return Decision{Applicant: p, Admin: a}, nil
}
