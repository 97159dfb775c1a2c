package commissions

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/paging"
)

// Service keeps the ledger.
type Service struct{ now func() time.Time }

// NewService makes the service.
func NewService(now func() time.Time) *Service { return &Service{now: now} }

// Reckoning is what the rules say an event should have brought whom.
type Reckoning struct {
	EventID    uuid.UUID
	OccurredAt time.Time
	Targets    []Target
	HoldDays   map[uuid.UUID]int // by campaign
	Cause      Cause
}

// key is what a sum is kept for, within one event.
type key struct{ partner, campaign, rule uuid.UUID }

// Reconcile makes the ledger of an event agree with the reckoning, by writing the difference
// alone. It is the one way by which derived money reaches the ledger; called again with the
// same reckoning it writes nothing. The caller holds the lock on the event's user.
func (s *Service) Reconcile(ctx context.Context, r Reckoning) error {
	rows, err := lockEventRows(ctx, r.EventID)
	if err != nil {
		return err
	}
	ledger := map[key][]Row{}
	var order []key
	sample := map[key]Commission{}
	for _, c := range rows {
		k := key{c.PartnerID, value(c.CampaignID), value(c.RuleID)}
		if ledger[k] == nil {
			order = append(order, k)
			sample[k] = c
		}
		ledger[k] = append(ledger[k], c.row())
	}
	targets := map[key]Target{}
	for _, t := range r.Targets {
		k := key{t.PartnerID, t.CampaignID, t.RuleID}
		if ledger[k] == nil {
			order = append(order, k)
			ledger[k] = []Row{}
		}
		targets[k] = t
	}
	revoked, err := revokedAmong(ctx, order)
	if err != nil {
		return err
	}
	for _, k := range order {
		t, wanted := targets[k]
		if !wanted {
			t = targetOf(sample[k])
		}
		circumstances := Circumstances{
			Cause: r.Cause, Now: s.now(), PartnerRevoked: revoked[k.partner],
			MaturesAt: r.OccurredAt.AddDate(0, 0, r.HoldDays[k.campaign]),
		}
		if err := s.carryOut(ctx, r.EventID, t, Plan(t.Amount, ledger[k], circumstances)); err != nil {
			return err
		}
	}
	return nil
}

// carryOut writes a change.
func (s *Service) carryOut(ctx context.Context, event uuid.UUID, t Target, c Change) error {
	for _, id := range c.Reverse {
		if err := reverseRow(ctx, id, string(c.Reason)); err != nil {
			return err
		}
	}
	if c.Write == nil {
		return nil
	}
	now := s.now()
	row := Commission{
		ID: ids.NewAt(now), EventID: &event, PartnerID: t.PartnerID, CampaignID: &t.CampaignID, RuleID: &t.RuleID,
		ClickID: orNull(t.ClickID), Kind: c.Write.Kind, BaseAmount: t.BaseAmount, BaseCurrency: orNull(t.BaseCurrency),
		RatePPM: orNull(t.RatePPM), WeightNum: orNull(t.Weight.Num), WeightDen: orNull(t.Weight.Den), Amount: c.Write.Amount,
		Currency: t.Currency, Status: c.Write.Status, MaturesAt: c.Write.MaturesAt, ApprovedAt: c.Write.ApprovedAt,
		HeldReason: orNull(c.Write.HeldReason), CreatedAt: now,
	}
	return insertCommission(ctx, row)
}

// targetOf is the target of a key that the rules no longer know: nothing, with the figures of
// its earlier row.
func targetOf(c Commission) Target {
	return Target{
		PartnerID: c.PartnerID, CampaignID: value(c.CampaignID), RuleID: value(c.RuleID), ClickID: value(c.ClickID),
		BaseAmount: c.BaseAmount, BaseCurrency: value(c.BaseCurrency), RatePPM: value(c.RatePPM), Weight: c.Weight(), Currency: c.Currency,
	}
}

func (c Commission) row() Row {
	return Row{
		ID: c.ID, Kind: c.Kind, Amount: c.Amount, Status: c.Status, MaturesAt: c.MaturesAt, ApprovedAt: c.ApprovedAt,
		HeldReason: value(c.HeldReason), ReversedReason: value(c.ReversedReason),
	}
}

// Approve makes a commission payable. Before its hold is over it takes force and a note.
func (s *Service) Approve(ctx context.Context, id uuid.UUID, force bool, note string) (Commission, error) {
	if err := auth.Require(ctx, "commissions:write"); err != nil {
		return Commission{}, err
	}
	c, err := findCommission(ctx, id, true)
	if err != nil {
		return Commission{}, err
	}
	now := s.now()
	if note, err = cleanNote(note); err != nil {
		return Commission{}, err
	}
	if err := c.approvable(now, force, note); err != nil {
		return Commission{}, err
	}
	c.Status, c.ApprovedAt, c.HeldReason = Approved, &now, nil
	c.ApprovedBy = actor(ctx)
	if note != "" {
		c.Note = &note
	}
	if err := updateState(ctx, c); err != nil {
		return Commission{}, err
	}
	return c, audit.Record(ctx, audit.Entry{
		Action: "commission.approved", SubjectKind: "commission", SubjectID: id, Detail: map[string]any{"force": force, "note": note},
	})
}

// Reverse rejects a commission for good: derivation leaves its key alone from then on.
func (s *Service) Reverse(ctx context.Context, id uuid.UUID, note string) (Commission, error) {
	if err := auth.Require(ctx, "commissions:write"); err != nil {
		return Commission{}, err
	}
	c, err := findCommission(ctx, id, true)
	if err != nil {
		return Commission{}, err
	}
	if note, err = cleanNote(note); err != nil {
		return Commission{}, err
	}
	if note == "" {
		return Commission{}, fault.InvalidField("note", "Say why the commission is reversed.")
	}
	if err := c.reversible(); err != nil {
		return Commission{}, err
	}
	reason := reasonRejected
	c.Status, c.ReversedReason, c.HeldReason, c.Note = Reversed, &reason, nil, &note
	c.ReversedBy = actor(ctx)
	if err := updateState(ctx, c); err != nil {
		return Commission{}, err
	}
	return c, audit.Record(ctx, audit.Entry{
		Action: "commission.reversed", SubjectKind: "commission", SubjectID: id, Detail: map[string]any{"note": note},
	})
}

func cleanNote(note string) (string, error) {
	note = strings.TrimSpace(note)
	if len([]rune(note)) > 1000 {
		return "", fault.InvalidField("note", "This is too long: at most 1000 characters.")
	}
	return note, nil
}

// actor is the person or key that acts, for the row.
func actor(ctx context.Context) *uuid.UUID {
	return orNull(auth.From(ctx).ID)
}

// Filter narrows a list.
type Filter struct {
	Status     string
	Ready      bool // pending, with the hold over: what an admin may decide now
	PartnerID  *uuid.UUID
	CampaignID *uuid.UUID
	From, To   *time.Time // by created_at; To is exclusive
}

// List gives ledger rows, newest first; a partner sees their own.
func (s *Service) List(ctx context.Context, f Filter, page paging.Page) (paging.Result[Commission], error) {
	if own := auth.From(ctx).PartnerID; own != uuid.Nil {
		f.PartnerID = &own
	} else if err := auth.Require(ctx, "commissions:read"); err != nil {
		return paging.Result[Commission]{}, err
	}
	rows, err := listCommissions(ctx, f, page, s.now())
	if err != nil {
		return paging.Result[Commission]{}, err
	}
	return paging.Cut(rows, page, func(c Commission) paging.Cursor { return paging.Cursor{At: c.CreatedAt, ID: c.ID} }), nil
}

// Find gives one row; a partner may see their own.
func (s *Service) Find(ctx context.Context, id uuid.UUID) (Commission, error) {
	c, err := findCommission(ctx, id, false)
	if err != nil {
		return Commission{}, err
	}
	if err := auth.RequireOwn(ctx, "commissions:read", c.PartnerID); fault.Is(err, fault.KindNotFound) {
		return Commission{}, fault.NotFound("commission") // word for word what a missing one gets
	} else if err != nil {
		return Commission{}, err
	}
	return c, nil
}

// OfEvent gives the rows of an event, oldest first.
func (s *Service) OfEvent(ctx context.Context, event uuid.UUID) ([]Commission, error) {
	return eventRows(ctx, event)
}

// CountWaiting counts what an admin may decide now: pending and matured.
func (s *Service) CountWaiting(ctx context.Context) (int, error) {
	return countMatured(ctx, s.now())
}

// Balance is what a partner has in one state and currency.
type Balance struct {
	Status   Status
	Currency string
	Amount   int64
}

// Balances sums a partner's rows by state and currency, reversed ones left out.
func (s *Service) Balances(ctx context.Context, partner uuid.UUID) ([]Balance, error) {
	if err := auth.RequireOwn(ctx, "commissions:read", partner); err != nil {
		return nil, err
	}
	return sumByStatus(ctx, partner)
}
