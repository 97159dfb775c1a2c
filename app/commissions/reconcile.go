package commissions

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/facts"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/rollup"
)

// Reckoning is what the rules say an event should have brought whom.
type Reckoning struct {
	EventID    uuid.UUID
	OccurredAt time.Time
	Targets    []Target
	Terms      map[uuid.UUID]Terms // by campaign
	Revoked    map[uuid.UUID]bool  // partners whose new sales are held
	Disputed   bool                // the event is in an open dispute
	Cause      Cause
	Fresh      bool // the event was just recorded, so the ledger can't know it yet
}

// Terms are what a campaign says about approving.
type Terms struct {
	HoldDays    int
	AutoApprove bool
}

// key is what a sum is kept for, within one event.
type key struct{ partner, campaign, rule uuid.UUID }

func (c Commission) key() key { return key{c.PartnerID, value(c.CampaignID), value(c.RuleID)} }

// account is one key with what it should amount to and its rows, oldest first.
type account struct {
	target Target
	rows   []Commission
}

// accounts puts the targets of a reckoning beside the rows of its event. A key that the rules
// no longer know has the target nothing, with the figures of its earlier row.
func (r Reckoning) accounts(rows []Commission) []account {
	var out []account
	at := map[key]int{}
	for _, c := range rows {
		i, known := at[c.key()]
		if !known {
			i = len(out)
			at[c.key()] = i
			out = append(out, account{target: emptyTarget(c)})
		}
		out[i].rows = append(out[i].rows, c)
	}
	for _, t := range r.Targets {
		if i, known := at[key{t.PartnerID, t.CampaignID, t.RuleID}]; known {
			out[i].target = t
		} else {
			out = append(out, account{target: t})
		}
	}
	return out
}

func (a account) plan(r Reckoning, now time.Time) Change {
	return Plan(a.target.Amount, a.planRows(), Circumstances{
		Cause: r.Cause, Now: now, PartnerRevoked: r.Revoked[a.target.PartnerID], Disputed: r.Disputed,
		MaturesAt: r.OccurredAt.AddDate(0, 0, r.Terms[a.target.CampaignID].HoldDays),
	})
}

func (a account) planRows() []Row {
	rows := make([]Row, len(a.rows))
	for i, c := range a.rows {
		rows[i] = Row{
			ID: c.ID, Kind: c.Kind, Amount: c.Amount, Status: c.Status, MaturesAt: c.MaturesAt, ApprovedAt: c.ApprovedAt,
			HeldReason: value(c.HeldReason), ReversedReason: value(c.ReversedReason), InPayout: c.PayoutID != nil,
		}
	}
	return rows
}

// Reconcile makes the ledger agree with the reckonings of some events, by writing the
// differences alone. It is the one way by which derived money reaches the ledger; called again
// with the same reckonings it writes nothing. The caller holds the lock on the events' users.
// It gives the live rows of each event, and notes on the sheet, which the caller writes, what it
// means for the figures of the days.
func (s *Service) Reconcile(ctx context.Context, all []Reckoning, sheet *rollup.Sheet) (map[uuid.UUID][]Commission, error) {
	rows, err := lockRows(ctx, known(all))
	if err != nil {
		return nil, err
	}
	b := book{now: s.now(), facts: s.facts, sheet: sheet, live: map[uuid.UUID][]Commission{}}
	for _, r := range all {
		for _, a := range r.accounts(rows[r.EventID]) {
			b.enter(r, a, a.plan(r, b.now))
		}
	}
	return b.live, b.writeRows(ctx)
}

// known are the events that the ledger may know already.
func known(all []Reckoning) (events []uuid.UUID) {
	for _, r := range all {
		if !r.Fresh {
			events = append(events, r.EventID)
		}
	}
	return events
}

// Difference is what a reckoning would change about one key.
type Difference struct {
	EventID    uuid.UUID `json:"event_id"`
	PartnerID  uuid.UUID `json:"partner_id"`
	CampaignID uuid.UUID `json:"campaign_id"`
	RuleID     uuid.UUID `json:"rule_id"`
	Currency   string    `json:"currency"`
	Was        int64     `json:"was"`
	WouldBe    int64     `json:"would_be"`
}

// Compare tells, for every key of the reckonings, what it amounts to and what it would, and
// writes nothing. Keys that a person rejected stay as they are.
func (s *Service) Compare(ctx context.Context, all []Reckoning) ([]Difference, error) {
	compared, err := s.CompareEach(ctx, [][]Reckoning{all})
	if err != nil {
		return nil, err
	}
	return compared[0], nil
}

// CompareEach is Compare for several sets, each as if the others were not, at the cost of one.
func (s *Service) CompareEach(ctx context.Context, sets [][]Reckoning) ([][]Difference, error) {
	rows, err := rowsOf(ctx, known(slices.Concat(sets...)))
	if err != nil {
		return nil, err
	}
	out := make([][]Difference, len(sets))
	for i, set := range sets {
		out[i] = differences(set, rows)
	}
	return out, nil
}

func differences(all []Reckoning, rows map[uuid.UUID][]Commission) []Difference {
	var out []Difference
	for _, r := range all {
		for _, a := range r.accounts(rows[r.EventID]) {
			d := Difference{
				EventID: r.EventID, PartnerID: a.target.PartnerID, CampaignID: a.target.CampaignID, RuleID: a.target.RuleID,
				Currency: a.target.Currency, Was: Net(a.planRows()), WouldBe: a.target.Amount,
			}
			if Pinned(a.planRows()) {
				d.WouldBe = d.Was
			}
			out = append(out, d)
		}
	}
	return out
}

// book collects the changes of one transaction, to write them in a few statements.
type book struct {
	now    time.Time
	facts  *facts.Bus
	moved  []Commission // rows with their new state
	added  []Commission
	sheet  *rollup.Sheet
	mature bool // a row that was written may be approved by the clock at once
	live   map[uuid.UUID][]Commission
}

// enter notes what a change means for each row of an account.
func (b *book) enter(r Reckoning, a account, c Change) {
	reversed := map[uuid.UUID]bool{}
	for _, id := range c.Reverse {
		reversed[id] = true
	}
	moves := map[uuid.UUID]Move{}
	for _, m := range c.Moves {
		moves[m.ID] = m
	}
	for _, row := range a.rows {
		before := row
		if reversed[row.ID] {
			reason := string(c.Reason)
			row.Status, row.ReversedReason, row.HeldReason = Reversed, &reason, nil
			b.move(before, row)
		} else if m, ok := moves[row.ID]; ok {
			row.Status, row.HeldReason = m.Status, orNull(m.HeldReason)
			b.move(before, row)
		}
		if row.Status != Reversed {
			b.live[r.EventID] = append(b.live[r.EventID], row)
		}
	}
	if c.Write == nil {
		return
	}
	row := a.target.row(r, c.Write, b.now)
	b.add(row)
	b.live[r.EventID] = append(b.live[r.EventID], row)
	if r.Terms[a.target.CampaignID].AutoApprove && row.Status == Pending && row.Matured(b.now) {
		b.mature = true
	}
}

// row is a new ledger row for the target.
func (t Target) row(r Reckoning, w *NewRow, now time.Time) Commission {
	event := r.EventID
	return Commission{
		ID: ids.NewAt(now), EventID: &event, PartnerID: t.PartnerID, CampaignID: &t.CampaignID, RuleID: &t.RuleID,
		ClickID: orNull(t.ClickID), Kind: w.Kind, BaseAmount: t.BaseAmount, BaseCurrency: orNull(t.BaseCurrency),
		RatePPM: orNull(t.RatePPM), WeightNum: orNull(t.Weight.Num), WeightDen: orNull(t.Weight.Den), Amount: w.Amount,
		Currency: t.Currency, Status: w.Status, MaturesAt: w.MaturesAt, ApprovedAt: w.ApprovedAt,
		HeldReason: orNull(w.HeldReason), OccurredAt: r.OccurredAt, CreatedAt: now,
	}
}

// emptyTarget is nothing for the key of a row, with the row's figures.
func emptyTarget(c Commission) Target {
	return Target{
		PartnerID: c.PartnerID, CampaignID: value(c.CampaignID), RuleID: value(c.RuleID), ClickID: value(c.ClickID),
		BaseAmount: c.BaseAmount, BaseCurrency: value(c.BaseCurrency), RatePPM: value(c.RatePPM), Weight: c.Weight(), Currency: c.Currency,
	}
}

func (b *book) move(before, after Commission) {
	b.moved = append(b.moved, after)
	b.tally(before, -1)
	b.tally(after, 1)
}

func (b *book) add(c Commission) {
	b.added = append(b.added, c)
	b.tally(c, 1)
}

// tally adds a row to the day's figures, or takes it out.
func (b *book) tally(c Commission, sign int64) {
	var f rollup.Figures
	switch c.Status {
	case Pending:
		f.Pending = sign * c.Amount
	case Held:
		f.Held = sign * c.Amount
	case Approved:
		f.Approved = sign * c.Amount
	case Paid:
		f.Paid = sign * c.Amount
	case Reversed:
		return
	}
	b.sheet.AddLevels(rollup.Key{Day: c.OccurredAt, PartnerID: c.PartnerID, CampaignID: value(c.CampaignID), Currency: c.Currency}, f)
}

// newBook begins a book for a person's decision.
func (s *Service) newBook() *book { return &book{now: s.now(), facts: s.facts, sheet: &rollup.Sheet{}} }

// write stores all changes and the figures of the days. There is one sheet for a transaction: two
// that were written one after the other could wait for another transaction's in a circle.
func (b *book) write(ctx context.Context) error {
	if err := b.writeRows(ctx); err != nil {
		return err
	}
	return b.sheet.Write(ctx)
}

// writeRows stores the ledger's part. Rows are reversed before others are added: there is one
// live earned row per key.
func (b *book) writeRows(ctx context.Context) error {
	if err := updateStates(ctx, b.moved); err != nil {
		return err
	}
	if err := insertCommissions(ctx, b.added); err != nil {
		return err
	}
	if len(b.moved)+len(b.added) > 0 {
		if err := b.facts.Tell(ctx, Written{Added: b.added, Moved: b.moved}); err != nil {
			return err
		}
	}
	if !b.mature {
		return nil
	}
	return outbox.Add(ctx, outbox.Job{Kind: KindApproveMatured, Key: KindApproveMatured, Args: struct{}{}})
}
