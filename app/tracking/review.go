package tracking

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
)

// UsersOf gives the users that a click was tied to, whose events a flag may decide anew.
func (s *Service) UsersOf(ctx context.Context, click uuid.UUID) ([]string, error) {
	return usersOfClick(ctx, click)
}

// Review records what a person decided about a click: FlagManual takes it out, an empty flag
// lets it count. From then on no automatic flag touches it.
func (s *Service) Review(ctx context.Context, click uuid.UUID, flag Flag) (Click, error) {
	if err := auth.Require(ctx, auth.AdminScope); err != nil {
		return Click{}, err
	}
	if err := lockClick(ctx, click); err != nil {
		return Click{}, err
	}
	c, err := findClick(ctx, click)
	if err != nil {
		return Click{}, err
	}
	switch {
	case flag != "" && flag != FlagManual:
		return Click{}, fault.InvalidField("flag", "A person can only flag by hand or clear a flag.")
	case flag != "" && c.Flag != "":
		return Click{}, fault.Conflict("already_flagged", "This click is flagged already.")
	case flag == "" && c.Flag == "":
		return Click{}, fault.Conflict("not_flagged", "This click has no flag.")
	}
	if err := shareDaily(ctx); err != nil {
		return Click{}, err
	}
	action, was := "click.flagged", c.Flag
	if flag == "" {
		action = "click.unflagged"
	}
	c.Flag = flag
	s.judged(ctx, &c)
	if err := updateReview(ctx, c); err != nil {
		return Click{}, err
	}
	if err := moveDaily(ctx, []uuid.UUID{click}, flag != ""); err != nil {
		return Click{}, err
	}
	if flag != "" {
		if err := s.facts.Tell(ctx, Flagged{Clicks: []Click{c}}); err != nil {
			return Click{}, err
		}
	}
	return c, audit.Record(ctx, audit.Entry{
		Action: action, SubjectKind: "click", SubjectID: click, Detail: map[string]string{"was": string(was), "flag": string(flag)},
	})
}

// Confirm records that a person agrees with a click's flag. Nothing follows for the money: the
// click did not count before, either.
func (s *Service) Confirm(ctx context.Context, click uuid.UUID) (Click, error) {
	if err := auth.Require(ctx, auth.AdminScope); err != nil {
		return Click{}, err
	}
	if err := lockClick(ctx, click); err != nil {
		return Click{}, err
	}
	c, err := findClick(ctx, click)
	if err != nil {
		return Click{}, err
	}
	if c.Flag == "" {
		return Click{}, fault.Conflict("not_flagged", "This click has no flag.")
	}
	if c.ReviewedAt != nil {
		return c, nil
	}
	s.judged(ctx, &c)
	if err := updateReview(ctx, c); err != nil {
		return Click{}, err
	}
	return c, audit.Record(ctx, audit.Entry{
		Action: "click.flag_confirmed", SubjectKind: "click", SubjectID: click, Detail: map[string]string{"flag": string(c.Flag)},
	})
}

// judged notes who decided about the click, and when.
func (s *Service) judged(ctx context.Context, c *Click) {
	now := s.now()
	c.ReviewedAt, c.ReviewedBy = &now, nil
	if by := auth.From(ctx).ID; by != uuid.Nil {
		c.ReviewedBy = &by
	}
}

// FlagAutomatically flags those of the clicks that have no flag and that no person has
// reviewed.
func (s *Service) FlagAutomatically(ctx context.Context, clicks []uuid.UUID, flag Flag) error {
	if len(clicks) == 0 {
		return nil
	}
	if err := shareDaily(ctx); err != nil {
		return err
	}
	flagged, err := flagUnreviewed(ctx, clicks, flag)
	if err != nil || len(flagged) == 0 {
		return err
	}
	if err := moveDaily(ctx, flagged, true); err != nil {
		return err
	}
	return s.TellFlagged(ctx, flagged)
}

// CreditInput is a visit that nobody made: a coupon was used, which credits its partner.
type CreditInput struct {
	PartnerID  uuid.UUID
	CampaignID uuid.UUID
	OccurredAt time.Time
}

// Credit records a click without a link.
func (s *Service) Credit(ctx context.Context, in CreditInput) (Click, error) {
	destination, status, err := findCredit(ctx, in.PartnerID, in.CampaignID)
	if err != nil {
		return Click{}, err
	}
	now := s.now()
	c := Click{
		ID: ids.NewAt(in.OccurredAt), PartnerID: in.PartnerID, CampaignID: in.CampaignID, DestinationURL: destination,
		UTM: map[string]string{}, SubIDs: map[string]string{}, OccurredAt: in.OccurredAt, CreatedAt: now,
	}
	if (Target{PartnerStatus: status}).Revoked() {
		c.Flag = FlagRevoked
	}
	if _, err := insertClick(ctx, c); err != nil {
		return Click{}, err
	}
	return findClick(ctx, c.ID)
}
