package partners

import (
	"context"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/person"
)

// The job kinds of EmailWanted and EmailNotice.
const (
	KindEmailWanted = "partners.email_wanted"
	KindEmailNotice = "partners.email_notice"
)

// EmailWanted is the order to mail a link to the address that a partner wants to change to.
type EmailWanted struct {
	PartnerID uuid.UUID `json:"partner_id"`
	Email     string    `json:"email"`
}

// EmailNotice is the order to tell the old address of a change that is wanted, or is done.
type EmailNotice struct {
	PartnerID uuid.UUID `json:"partner_id"`
	To        string    `json:"to"`
	Email     string    `json:"email"` // the new one
	Done      bool      `json:"done"`
}

// Describe changes what partners say about themselves: name and profile. Their answers to the
// sign-up form stay as they were given.
func (s *Service) Describe(ctx context.Context, id uuid.UUID, name string, profile Profile) (Partner, error) {
	if err := auth.RequireOwn(ctx, "partners:write", id); err != nil {
		return Partner{}, err
	}
	p, err := findPartner(ctx, id, true)
	if err != nil {
		return Partner{}, err
	}
	profile.Answers = p.Profile.Answers
	return s.update(ctx, id, UpdateInput{Name: &name, Profile: &profile})
}

// WantEmail has a link mailed to the address that a partner wants to change to, and tells the
// old one. Whether somebody else has that address is not said: only the link's receiver learns it.
func (s *Service) WantEmail(ctx context.Context, id uuid.UUID, email string) (wanted string, err error) {
	if err := auth.RequireOwn(ctx, "partners:write", id); err != nil {
		return "", err
	}
	p, err := findPartner(ctx, id, false)
	if err != nil {
		return "", err
	}
	fields := fault.Fields{}
	if wanted = person.Email(fields, "email", email); wanted == p.Email {
		fields.Add("email", "This is your address already.")
	}
	if err := fields.Err(); err != nil {
		return "", err
	}
	key := "partner:" + id.String()
	if err := outbox.Add(ctx, outbox.Job{Kind: KindEmailWanted, Key: key, Args: EmailWanted{PartnerID: id, Email: wanted}}); err != nil {
		return "", err
	}
	if err := s.notice(ctx, EmailNotice{PartnerID: id, To: p.Email, Email: wanted}); err != nil {
		return "", err
	}
	return wanted, audit.Record(ctx, audit.Entry{Action: "partner.email_wanted", SubjectKind: "partner", SubjectID: id})
}

// ChangeEmail gives a partner the address that they have shown to be theirs. Only signin calls
// it, with a link that was mailed there. Ways in that were mailed to the old address end.
func (s *Service) ChangeEmail(ctx context.Context, id uuid.UUID, email string) (Partner, error) {
	if err := auth.RequireOwn(ctx, "partners:write", id); err != nil {
		return Partner{}, err
	}
	p, err := findPartner(ctx, id, true)
	if err != nil {
		return Partner{}, err
	}
	if p.Status != StatusActive {
		return Partner{}, fault.NotFound("partner")
	}
	old := p.Email
	p.Email = email
	if err := db.Run(ctx, func(ctx context.Context) error { return updatePartner(ctx, p) }); err != nil {
		return Partner{}, err
	}
	if err := auth.VoidPartnerLinks(ctx, id, s.now()); err != nil {
		return Partner{}, err
	}
	if err := s.notice(ctx, EmailNotice{PartnerID: id, To: old, Email: email, Done: true}); err != nil {
		return Partner{}, err
	}
	return p, s.tell(ctx, "partner.email_changed", p.Status, p)
}

func (s *Service) notice(ctx context.Context, n EmailNotice) error {
	return outbox.Add(ctx, outbox.Job{Kind: KindEmailNotice, Key: "partner:" + n.PartnerID.String(), Args: n})
}
