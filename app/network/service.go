package network

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/config"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/facts"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/links"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/app/secrets"
	"github.com/openpartner/openpartner/app/tenancy"
)

// Options are what a Service is made of.
type Options struct {
	Hub       *Hub
	Keys      *auth.APIKeys
	Admins    *auth.Admins
	Partners  *partners.Service
	Campaigns *campaigns.Service
	Links     *links.Service
	Ring      *secrets.Keyring
	Facts     *facts.Bus
	Words     func(campaigns.Rule) string // what a rule pays, for people
	URL       string                      // of the hub, as the operator set it
	Multi     bool                        // then only the operator says which hub it is
	Develops  bool
	Version   string
	Now       func() time.Time
}

// Service keeps memberships and speaks to the hub.
type Service struct{ Options }

// NewService makes the service.
func NewService(o Options) *Service { return &Service{o} }

// address is the hub that a membership belongs to, and else the operator's.
func (s *Service) address(m Membership) string {
	if m.URL != "" {
		return m.URL
	}
	return s.URL
}

// Show gives the membership and what waits in the outbox.
func (s *Service) Show(ctx context.Context) (Overview, error) {
	if err := auth.Require(ctx, auth.AdminReadScope); err != nil {
		return Overview{}, err
	}
	m, err := findMembership(ctx, false)
	if err != nil {
		return Overview{}, err
	}
	o := Overview{Membership: m, Hub: s.address(m)}
	o.Pending, o.Dead, err = countMessages(ctx)
	return o, err
}

// Change is what an admin may set.
type Change struct {
	AutoEnroll *bool
	Paused     *bool
	URL        *string
}

// Update changes what is set. Another hub's address drops the token: it is sent to nobody but to
// who gave it.
func (s *Service) Update(ctx context.Context, in Change) (Overview, error) {
	if err := auth.Require(ctx, auth.AdminScope); err != nil {
		return Overview{}, err
	}
	m, err := findMembership(ctx, true)
	if err != nil {
		return Overview{}, err
	}
	if in.URL != nil {
		if err := s.move(ctx, &m, *in.URL); err != nil {
			return Overview{}, err
		}
	}
	if in.AutoEnroll != nil {
		m.AutoEnroll = *in.AutoEnroll
	}
	resumed := false
	if in.Paused != nil {
		switch {
		case *in.Paused && m.State == Connected:
			m.State = Paused
		case !*in.Paused && m.State == Paused:
			m.State, resumed = Connected, true
		case *in.Paused && m.State != Paused:
			return Overview{}, fault.Conflict("network_not_connected", "This program is not connected to the Network.").WithField("paused", "Connect first.")
		}
	}
	if err := saveMembership(ctx, m, s.Now()); err != nil {
		return Overview{}, err
	}
	if resumed {
		if err := s.wakeAll(ctx); err != nil {
			return Overview{}, err
		}
	}
	if err := audit.Record(ctx, audit.Entry{Action: "network.updated", SubjectKind: "program", SubjectID: tenancy.ID(ctx), Detail: map[string]any{"state": m.State, "auto_enroll": m.AutoEnroll}}); err != nil {
		return Overview{}, err
	}
	return s.Show(ctx)
}

func (s *Service) move(ctx context.Context, m *Membership, to string) error {
	if s.Multi {
		return fault.InvalidField("url", "The operator of this server sets the Network's address.")
	}
	to, err := config.CheckNetworkURL(to, s.Develops)
	if err != nil {
		return fault.InvalidField("url", "Enter a whole web address that begins with https://.")
	}
	if to == s.address(*m) {
		m.URL = to
		return nil
	}
	if err := s.revokeKeys(ctx, m.CallbackKeyID, m.PendingKeyID); err != nil {
		return err
	}
	*m = Membership{State: None, URL: to, AutoEnroll: m.AutoEnroll, DisplayName: m.DisplayName, ContactEmail: m.ContactEmail, ContactName: m.ContactName}
	return nil
}

func (s *Service) revokeKeys(ctx context.Context, all ...*uuid.UUID) error {
	for _, id := range all {
		if id == nil {
			continue
		}
		if _, err := s.Keys.Revoke(ctx, *id); err != nil && !fault.Is(err, fault.KindNotFound) {
			return err
		}
	}
	return nil
}

func (s *Service) place(ctx context.Context) secrets.Place {
	return secrets.Place{Tenant: tenancy.ID(ctx), Table: "network_memberships", Column: "token_ciphertext", Row: tenancy.ID(ctx).String()}
}

// token opens the membership's token, and gives the address that it may be sent to.
func (s *Service) token(ctx context.Context, m Membership) (url, token string, err error) {
	if m.TokenCiphertext == nil {
		return "", "", errNotConnected()
	}
	plain, err := s.Ring.Open(*m.TokenCiphertext, s.place(ctx))
	if err != nil {
		return "", "", fmt.Errorf("open the Network's token: %w", err)
	}
	return m.URL, string(plain), nil
}

func errNotConnected() error {
	return fault.Unavailable("network_not_configured", "This program is not connected to the Network.")
}

// Reseal seals the tenant's token with the first key, and counts what it changed.
func (s *Service) Reseal(ctx context.Context) (int, error) {
	m, err := findMembership(ctx, true)
	if err != nil || m.TokenCiphertext == nil {
		return 0, err
	}
	sealed, err := s.Ring.Reseal(*m.TokenCiphertext, s.place(ctx))
	if err != nil || sealed == *m.TokenCiphertext {
		return 0, err
	}
	m.TokenCiphertext = &sealed
	return 1, saveMembership(ctx, m, s.Now())
}

// Messages gives the outbox, newest first.
func (s *Service) Messages(ctx context.Context, f MessageFilter, page paging.Page) (paging.Result[Message], error) {
	if err := auth.Require(ctx, auth.AdminReadScope); err != nil {
		return paging.Result[Message]{}, err
	}
	rows, err := listMessages(ctx, f, page)
	if err != nil {
		return paging.Result[Message]{}, err
	}
	return paging.Cut(rows, page, func(m Message) paging.Cursor { return paging.Cursor{At: m.CreatedAt, ID: m.ID} }), nil
}

// Message gives one of them.
func (s *Service) Message(ctx context.Context, id uuid.UUID) (Message, error) {
	if err := auth.Require(ctx, auth.AdminReadScope); err != nil {
		return Message{}, err
	}
	return findMessage(ctx, "m.id = ?", id, false)
}

// CountDead counts what was given up.
func (s *Service) CountDead(ctx context.Context) (int, error) {
	_, dead, err := countMessages(ctx)
	return dead, err
}

// Piles shows the operator's staff what the outboxes of all programs hold.
func (s *Service) Piles(ctx context.Context) (all []Pile, err error) {
	if err := auth.Require(ctx, auth.PlatformReadScope); err != nil {
		return nil, err
	}
	err = db.AllTenants(ctx, func(ctx context.Context) error {
		all, err = piles(ctx)
		return err
	})
	return all, err
}

// Retry has one message sent now, from its first try on.
func (s *Service) Retry(ctx context.Context, id uuid.UUID) (Message, error) {
	if err := auth.Require(ctx, auth.AdminScope); err != nil {
		return Message{}, err
	}
	m, err := findMessage(ctx, "m.id = ?", id, true)
	if err != nil {
		return Message{}, err
	}
	m.Status, m.Attempts, m.NextAttemptAt = StatusPending, 0, s.Now()
	if err := updateMessage(ctx, m); err != nil {
		return Message{}, err
	}
	return m, s.order(ctx, m.PartnerID, m.NextAttemptAt)
}

// RetryAll has all messages sent now, and says how many these are.
func (s *Service) RetryAll(ctx context.Context) (int, error) {
	if err := auth.Require(ctx, auth.AdminScope); err != nil {
		return 0, err
	}
	return s.wake(ctx, true)
}

// Discard drops a message: the hub is not told. The next change of the partner makes a new one.
func (s *Service) Discard(ctx context.Context, id uuid.UUID) error {
	if err := auth.Require(ctx, auth.AdminScope); err != nil {
		return err
	}
	m, err := findMessage(ctx, "m.id = ?", id, true)
	if err != nil {
		return err
	}
	if err := deleteMessage(ctx, id); err != nil {
		return err
	}
	return audit.Record(ctx, audit.Entry{Action: "network.message_discarded", SubjectKind: "partner", SubjectID: m.PartnerID})
}

func (s *Service) wakeAll(ctx context.Context) error {
	_, err := s.wake(ctx, true)
	return err
}

// wake has what waits be sent now.
func (s *Service) wake(ctx context.Context, dead bool) (int, error) {
	now := s.Now()
	all, err := makeDue(ctx, now, dead)
	if err != nil || len(all) == 0 {
		return 0, err
	}
	jobs := make([]outbox.Job, len(all))
	for i, partner := range all {
		jobs[i] = pushJob(partner, now)
	}
	return len(all), outbox.AddAll(ctx, jobs)
}
