package payouts

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/app/secrets"
	"github.com/openpartner/openpartner/app/tenancy"
)

// Details are where a partner wants to be paid by hand, in their own words.
type Details struct {
	Kept      bool
	ChangedAt *time.Time // nil while there never were any
}

// UsableFrom is when money may go there; zero when it may now.
func (d Details) UsableFrom(now time.Time) time.Time {
	if !d.Kept || d.ChangedAt == nil || !now.Before(d.ChangedAt.Add(CoolDown)) {
		return time.Time{}
	}
	return d.ChangedAt.Add(CoolDown)
}

// maxDetails is how long details may be, in characters.
const maxDetails = 1000

// The job kinds of DestinationChanged: bank details, or the account at Stripe.
const (
	KindDetailsChanged = "payouts.details_changed"
	KindAccountChanged = "payouts.account_changed"
)

// DestinationChanged is the order to tell a partner that they are paid elsewhere from now on.
type DestinationChanged struct {
	PartnerID uuid.UUID `json:"partner_id"`
}

// Details says whether a partner left any, but not which; partners may ask about their own.
func (s *Service) Details(ctx context.Context, partner uuid.UUID) (Details, error) {
	if err := auth.RequireOwn(ctx, readScope, partner); err != nil {
		return Details{}, err
	}
	sealed, changedAt, err := s.Partners.PayoutDetails(ctx, partner)
	return Details{Kept: sealed != "", ChangedAt: changedAt}, err
}

// OwnDetails gives a partner's details to the partner alone, for the form that changes them.
func (s *Service) OwnDetails(ctx context.Context) (string, Details, error) {
	own := auth.From(ctx).PartnerID
	if own == uuid.Nil {
		return "", Details{}, fault.NotFound("payout account")
	}
	return s.open(ctx, own)
}

// SetDetails keeps where the partner who asks wants to be paid; nothing takes them away. They are
// told by mail, since somebody else may have done it, and the new ones rest for a while.
func (s *Service) SetDetails(ctx context.Context, text string) error {
	own := auth.From(ctx).PartnerID
	if own == uuid.Nil {
		return fault.NotFound("payout account")
	}
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	if utf8.RuneCountInString(text) > maxDetails || strings.ContainsRune(text, 0) {
		return fault.InvalidField("details", "Use 1000 characters at most.")
	}
	before, _, err := s.open(ctx, own)
	if err != nil || before == text {
		return err
	}
	sealed := ""
	if text != "" {
		if sealed, err = s.Ring.Seal([]byte(text), detailsOf(ctx, own)); err != nil {
			return err
		}
	}
	if err := s.Partners.SetPayoutDetails(ctx, own, sealed); err != nil {
		return err
	}
	return outbox.Add(ctx, outbox.Job{Kind: KindDetailsChanged, Key: "partner:" + own.String(), Args: DestinationChanged{PartnerID: own}})
}

// Reveal gives an admin the details that a payout goes to, and writes down that they looked. What was
// changed a moment ago is not shown yet.
func (s *Service) Reveal(ctx context.Context, p Payout) (string, Details, error) {
	if err := auth.Require(ctx, writeScope); err != nil {
		return "", Details{}, err
	}
	text, d, err := s.open(ctx, p.PartnerID)
	if err != nil {
		return "", Details{}, err
	}
	if !d.UsableFrom(s.Now()).IsZero() {
		return "", d, nil
	}
	return text, d, audit.Record(ctx, audit.Entry{
		Action: "partner.payout_details_read", SubjectKind: "partner", SubjectID: p.PartnerID, Detail: map[string]any{"payout_id": p.ID},
	})
}

func (s *Service) open(ctx context.Context, partner uuid.UUID) (string, Details, error) {
	sealed, changedAt, err := s.Partners.PayoutDetails(ctx, partner)
	d := Details{Kept: sealed != "", ChangedAt: changedAt}
	if err != nil || sealed == "" {
		return "", d, err
	}
	plain, err := s.Ring.Open(sealed, detailsOf(ctx, partner))
	return string(plain), d, err
}

// detailsOf is where the details of a partner belong.
func detailsOf(ctx context.Context, partner uuid.UUID) secrets.Place {
	return secrets.Place{Tenant: tenancy.ID(ctx), Table: "partners", Column: "payout_details_ciphertext", Row: partner.String()}
}

// Reseal seals the partners' details with the first key, and counts those that another one had
// sealed.
func (s *Service) Reseal(ctx context.Context) (n int, err error) {
	err = s.Partners.EachPayoutDetails(ctx, func(d partners.SealedDetails) (string, error) {
		fresh, err := s.Ring.Reseal(d.Sealed, detailsOf(ctx, d.PartnerID))
		if err == nil && fresh != d.Sealed {
			n++
		}
		return fresh, err
	})
	return n, err
}

// CountSealed counts the details of all programs in sight by the id of the key that sealed them.
func CountSealed(ctx context.Context) (map[string]int, error) {
	var rows []struct {
		Key string
		N   int
	}
	err := db.Tx(ctx).NewRaw(`
		select split_part(payout_details_ciphertext, '.', 2) as key, count(*) as n
		from partners where payout_details_ciphertext is not null group by 1`).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("count sealed bank details: %w", err)
	}
	counts := map[string]int{}
	for _, r := range rows {
		counts[r.Key] = r.N
	}
	return counts, nil
}
