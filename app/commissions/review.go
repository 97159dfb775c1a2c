package commissions

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/money"
	"github.com/openpartner/openpartner/app/tenancy"
)

// Approve makes a commission payable. Before its hold is over it takes force and a note.
func (s *Service) Approve(ctx context.Context, id uuid.UUID, force bool, note string) (Commission, error) {
	b := s.newBook()
	c, err := b.approve(ctx, id, force, note)
	if err != nil {
		return Commission{}, err
	}
	return c, b.write(ctx)
}

func (b *book) approve(ctx context.Context, id uuid.UUID, force bool, note string) (Commission, error) {
	if err := auth.Require(ctx, "commissions:write"); err != nil {
		return Commission{}, err
	}
	note, err := cleanNote(note)
	if err != nil {
		return Commission{}, err
	}
	c, err := findCommission(ctx, id, true)
	if err != nil {
		return Commission{}, err
	}
	if err := c.approvable(b.now, force, note); err != nil {
		return Commission{}, err
	}
	before := c
	c.Status, c.ApprovedAt, c.HeldReason = Approved, &b.now, nil
	c.ApprovedBy = actor(ctx)
	if note != "" {
		c.Note = &note
	}
	b.move(before, c)
	return c, audit.Record(ctx, audit.Entry{
		Action: "commission.approved", SubjectKind: "commission", SubjectID: id, Detail: map[string]any{"force": force, "note": note},
	})
}

// Reverse rejects a commission for good: derivation leaves its key alone from then on.
func (s *Service) Reverse(ctx context.Context, id uuid.UUID, note string) (Commission, error) {
	if strings.TrimSpace(note) == "" {
		return Commission{}, fault.InvalidField("note", "Say why the commission is reversed.")
	}
	b := s.newBook()
	c, err := b.reverse(ctx, id, note)
	if err != nil {
		return Commission{}, err
	}
	return c, b.write(ctx)
}

func (b *book) reverse(ctx context.Context, id uuid.UUID, note string) (Commission, error) {
	if err := auth.Require(ctx, "commissions:write"); err != nil {
		return Commission{}, err
	}
	note, err := cleanNote(note)
	if err != nil {
		return Commission{}, err
	}
	c, err := findCommission(ctx, id, true)
	if err != nil {
		return Commission{}, err
	}
	taken, err := payoutsOf(ctx, []uuid.UUID{id})
	if err != nil {
		return Commission{}, err
	}
	if err := c.reversible(taken[id] != uuid.Nil); err != nil {
		return Commission{}, err
	}
	also, err := companions(ctx, c)
	if err != nil {
		return Commission{}, err
	}
	c = b.reject(ctx, c, note)
	for _, other := range also {
		b.reject(ctx, other, note)
	}
	return c, audit.Record(ctx, audit.Entry{
		Action: "commission.reversed", SubjectKind: "commission", SubjectID: id, Detail: map[string]any{"note": note, "with": len(also)},
	})
}

// reject moves a row to reversed in the name of whoever acts.
func (b *book) reject(ctx context.Context, c Commission, note string) Commission {
	before, reason := c, reasonRejected
	c.Status, c.ReversedReason, c.HeldReason = Reversed, &reason, nil
	c.ReversedBy = actor(ctx)
	if note != "" {
		c.Note = &note
	}
	b.move(before, c)
	return c
}

// companions are the rows that have to be rejected along with c, so that its key does not fall
// below nothing: the refunds of a sale go with the sale. Against rows that were paid, or are about
// to be, it can't be done.
func companions(ctx context.Context, c Commission) ([]Commission, error) {
	if c.EventID == nil || c.RuleID == nil {
		return nil, nil
	}
	all, err := lockRows(ctx, []uuid.UUID{*c.EventID})
	if err != nil {
		return nil, err
	}
	var net int64
	var others []Commission
	paid, inPayout := false, false
	for _, row := range all[*c.EventID] {
		if row.ID == c.ID || row.key() != c.key() || row.Status == Reversed {
			continue
		}
		net += row.Amount
		paid = paid || row.Status == Paid
		inPayout = inPayout || row.PayoutID != nil
		others = append(others, row)
	}
	switch {
	case net >= 0:
		return nil, nil
	case paid:
		return nil, fault.Conflict("not_reversible", "Part of this commission was paid and taken back already; it can't be reversed any more.")
	case inPayout:
		return nil, fault.Conflict("in_payout", "A payout takes part of this commission back. Cancel the payout first.")
	default:
		return others, nil
	}
}

// Action is what Bulk does.
type Action string

// The actions.
const (
	ActionApprove Action = "approve"
	ActionReverse Action = "reverse"
)

const (
	maxBulk = 200
	maxNote = 1000 // characters
)

// BulkInput names many commissions and one thing to do with each.
type BulkInput struct {
	Action Action
	IDs    []uuid.UUID
	Force  bool
	Note   string
}

// BulkResult is what became of one of them; Err is a fault for the person who asked.
type BulkResult struct {
	ID         uuid.UUID
	Commission Commission
	Err        error
}

// Bulk approves or reverses commissions, each by itself: one that can't be does not stop the
// others.
func (s *Service) Bulk(ctx context.Context, in BulkInput) ([]BulkResult, error) {
	if err := auth.Require(ctx, "commissions:write"); err != nil {
		return nil, err
	}
	fields := fault.Fields{}
	if in.Action != ActionApprove && in.Action != ActionReverse {
		fields.Add("action", "Choose approve or reverse.")
	}
	if len(in.IDs) == 0 || len(in.IDs) > maxBulk {
		fields.Add("ids", "Name 1 to 200 commissions.")
	}
	if err := fields.Err(); err != nil {
		return nil, err
	}
	b := s.newBook()
	out := make([]BulkResult, 0, len(in.IDs))
	for _, id := range in.IDs {
		one, err := b.decide(ctx, in, id)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, b.write(ctx)
}

// decide does one of many. Nothing is stored before the last, so a row that an earlier one took
// along is answered from the book.
func (b *book) decide(ctx context.Context, in BulkInput, id uuid.UUID) (BulkResult, error) {
	one := BulkResult{ID: id}
	var err error
	switch at := slices.IndexFunc(b.moved, func(c Commission) bool { return c.ID == id }); {
	case at >= 0 && in.Action == ActionReverse:
		one.Commission = b.moved[at]
	case at >= 0:
		err = fault.Conflict("not_approvable", "This commission was decided already.")
	case in.Action == ActionApprove:
		one.Commission, err = b.approve(ctx, id, in.Force, in.Note)
	default:
		one.Commission, err = b.reverse(ctx, id, in.Note)
	}
	if _, expected := fault.From(err); err != nil && !expected {
		return BulkResult{}, err
	}
	one.Err = err
	return one, nil
}

// AdjustInput is an amount that a person adds to a partner's account, or takes from it.
type AdjustInput struct {
	PartnerID uuid.UUID
	Kind      Kind // Adjustment, the default, or Bonus
	Amount    int64
	Currency  string
	Note      string

	// Unread says which inputs a surface could not read at all; it is told along with the rest.
	Unread fault.Fields
}

// Adjust writes a row by hand. It is approved at once: whoever may write it may approve it.
func (s *Service) Adjust(ctx context.Context, in AdjustInput) (Commission, error) {
	if err := auth.Require(ctx, "commissions:write"); err != nil {
		return Commission{}, err
	}
	if in.Kind == "" {
		in.Kind = Adjustment
	}
	note, err := cleanNote(in.Note)
	if err != nil {
		return Commission{}, err
	}
	if err := in.check(note); err != nil {
		return Commission{}, err
	}
	if known, err := partnerExists(ctx, in.PartnerID); err != nil {
		return Commission{}, err
	} else if !known {
		return Commission{}, fault.InvalidField("partner_id", "There is no such partner.")
	}
	now := s.now()
	c := Commission{
		ID: ids.NewAt(now), PartnerID: in.PartnerID, Kind: in.Kind, Amount: in.Amount, Currency: in.Currency, Status: Approved,
		MaturesAt: now, ApprovedAt: &now, ApprovedBy: actor(ctx), Note: &note, OccurredAt: now, CreatedAt: now,
	}
	b := s.newBook()
	b.add(c)
	if err := b.write(ctx); err != nil {
		return Commission{}, err
	}
	return c, audit.Record(ctx, audit.Entry{
		Action: "commission.adjusted", SubjectKind: "commission", SubjectID: c.ID,
		Detail: map[string]any{"partner_id": in.PartnerID, "amount": in.Amount, "currency": in.Currency, "note": note},
	})
}

func (in AdjustInput) check(note string) error {
	fields := fault.Fields{}
	for name, sentence := range in.Unread {
		fields.Add(name, sentence)
	}
	if in.Amount == 0 || in.Amount > money.Max || in.Amount < -money.Max {
		fields.Add("amount", "Give an amount that is not zero.")
	}
	if !money.Valid(in.Currency) {
		fields.Add("currency", "Give a currency as its three-letter code in capitals, such as USD.")
	}
	if note == "" {
		fields.Add("note", "Say what the amount is for.")
	}
	switch {
	case in.Kind != Adjustment && in.Kind != Bonus:
		fields.Add("kind", "Choose adjustment or bonus.")
	case in.Kind == Bonus && in.Amount < 0:
		fields.Add("amount", "A bonus is an amount above zero.")
	}
	return fields.Err()
}

// KindApproveMatured is the job kind that approves, for one tenant, what matured.
const KindApproveMatured = "commissions.approve_matured"

// approveAtOnce is how many rows ApproveMatured takes in one transaction.
const approveAtOnce = 500

// ApproveMatured approves rows whose hold is over and whose campaign says that nobody needs to
// look: never held ones, nor those of a partner who was revoked. It reports whether there may be
// more.
func (s *Service) ApproveMatured(ctx context.Context) (more bool, err error) {
	now := s.now()
	rows, err := maturedForApproval(ctx, now, approveAtOnce)
	if err != nil {
		return false, err
	}
	b := s.newBook()
	for _, c := range rows {
		before := c
		c.Status, c.ApprovedAt = Approved, &now
		b.move(before, c)
	}
	if err := b.write(ctx); err != nil {
		return false, err
	}
	if len(rows) > 0 {
		entry := audit.Entry{Action: "commissions.approved_matured", SubjectKind: "tenant", SubjectID: tenancy.ID(ctx), Detail: map[string]int{"rows": len(rows)}}
		if err := audit.Record(ctx, entry); err != nil {
			return false, err
		}
	}
	return len(rows) == approveAtOnce, nil
}

// Reinstated releases the rows that were held because their partner was revoked.
func (s *Service) Reinstated(ctx context.Context, partner uuid.UUID) error {
	rows, err := heldFor(ctx, partner, heldPartnerRevoked)
	if err != nil {
		return err
	}
	disputed, err := inDispute(ctx, rows)
	if err != nil {
		return err
	}
	b := s.newBook()
	for _, c := range rows {
		before := c
		c.Status, c.HeldReason = Pending, nil
		if c.ApprovedAt != nil {
			c.Status = Approved
		}
		if c.EventID != nil && disputed[*c.EventID] {
			reason := heldDispute
			c.Status, c.HeldReason = Held, &reason
		}
		b.move(before, c)
	}
	return b.write(ctx)
}

func cleanNote(note string) (string, error) {
	note = strings.TrimSpace(note)
	if utf8.RuneCountInString(note) > maxNote {
		return "", fault.InvalidField("note", "This is too long: at most 1000 characters.")
	}
	return note, nil
}

// actor is the person or key that acts, for the row.
func actor(ctx context.Context) *uuid.UUID { return orNull(auth.From(ctx).ID) }
