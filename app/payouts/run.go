package payouts

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/money"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/pay"
)

// RunInput says what a run is to pay.
type RunInput struct {
	Currency string      // empty: all
	Partners []uuid.UUID // these alone; none: all who are not revoked
	Exclude  []uuid.UUID
	CutOff   *time.Time // amounts approved later wait for the next run; nil: now
}

// most is how many partners a run may name or exclude.
const most = 1000

// Plan is what a run does.
type Plan struct {
	Run     Run
	Pay     []Planned
	Skipped []Skipped
}

// Preview tells what a run would do, and stores nothing.
func (s *Service) Preview(ctx context.Context, in RunInput) (Plan, error) {
	if err := auth.Require(ctx, writeScope); err != nil {
		return Plan{}, err
	}
	c, err := s.circumstances(ctx, in)
	if err != nil {
		return Plan{}, err
	}
	found, err := balances(ctx, in.asked(c.Now), false)
	if err != nil {
		return Plan{}, err
	}
	pay, skip := plan(sums(found), c)
	return Plan{Run: Run{CutOff: in.cutOff(c.Now)}, Pay: pay, Skipped: skip}, nil
}

// Start plans a run: it freezes the rows of every payout, and orders what goes by Stripe. There is
// one at a time.
func (s *Service) Start(ctx context.Context, in RunInput) (Run, []Payout, error) {
	if err := auth.Require(ctx, writeScope); err != nil {
		return Run{}, nil, err
	}
	c, err := s.circumstances(ctx, in)
	if err != nil {
		return Run{}, nil, err
	}
	who := auth.From(ctx).ID
	run := Run{ID: ids.NewAt(c.Now), StartedBy: orNull(who), CutOff: in.cutOff(c.Now), CreatedAt: c.Now}
	payouts, err := s.start(ctx, &run, in, c)
	return run, payouts, err
}

// StartPeriod is Start for the clock, of everything up to the beginning of a period. A period that
// had its run has no second one.
func (s *Service) StartPeriod(ctx context.Context, period time.Time) (Run, error) {
	if err := auth.Require(ctx, writeScope); err != nil {
		return Run{}, err
	}
	if done, err := periodHadRun(ctx, period); done || err != nil {
		return Run{}, err
	}
	in := RunInput{CutOff: &period}
	c, err := s.circumstances(ctx, in)
	if _, told := errors.AsType[*fault.Error](err); err != nil && !told {
		return Run{}, err // a rail that is not there is told in the run, balance by balance
	}
	run := Run{ID: ids.NewAt(c.Now), Period: &period, CutOff: period, CreatedAt: c.Now}
	if _, err = s.start(ctx, &run, in, c); err != nil {
		return Run{}, err
	}
	return run, s.tellAdmins(ctx, run)
}

func (s *Service) start(ctx context.Context, run *Run, in RunInput, c Circumstances) ([]Payout, error) {
	if free, err := lockRuns(ctx); err != nil {
		return nil, err
	} else if !free {
		return nil, fault.Conflict("run_in_progress", "Another payout run is being planned. Please try again in a moment.")
	}
	found, err := balances(ctx, in.asked(c.Now), true)
	if err != nil {
		return nil, err
	}
	var pay []Planned
	pay, run.Skipped = plan(sums(found), c)
	run.Totals = map[string]int64{}
	for _, p := range pay {
		run.Totals[p.Currency] += p.Amount
	}
	if err := insertRun(ctx, *run); err != nil {
		return nil, err
	}
	payouts := run.payouts(pay)
	if err := insertPayouts(ctx, payouts); err != nil {
		return nil, err
	}
	if err := insertItems(ctx, payouts, found); err != nil {
		return nil, err
	}
	if err := send(ctx, payouts); err != nil {
		return nil, err
	}
	err = audit.Record(ctx, audit.Entry{
		Action: "payout.run_started", SubjectKind: "payout_run", SubjectID: run.ID,
		Detail: map[string]any{"payouts": len(payouts), "skipped": len(run.Skipped), "totals": run.Totals},
	})
	if err != nil {
		return nil, err
	}
	return payouts, s.Facts.Tell(ctx, Created{Run: *run, Payouts: payouts})
}

// payouts are the rows of a plan.
func (r Run) payouts(pay []Planned) []Payout {
	out := make([]Payout, len(pay))
	for i, p := range pay {
		out[i] = Payout{
			ID: ids.NewAt(r.CreatedAt), PartnerID: p.PartnerID, PartnerName: p.PartnerName, RunID: r.ID, Currency: p.Currency, Amount: p.Amount,
			Rail: p.Rail, Status: Pending, DestinationAccount: p.Account, CreatedAt: r.CreatedAt,
		}
	}
	return out
}

// send orders what goes by Stripe, after the commit.
func send(ctx context.Context, payouts []Payout) error {
	var jobs []outbox.Job
	for _, p := range payouts {
		if p.Rail == RailStripe {
			jobs = append(jobs, sendJob(p.ID))
		}
	}
	return outbox.AddAll(ctx, jobs)
}

// circumstances checks the input and looks up what a plan depends on. Where the program wants a
// rail that is not there, they come with that error.
func (s *Service) circumstances(ctx context.Context, in RunInput) (Circumstances, error) {
	c := Circumstances{Named: in.Partners, Excluded: in.Exclude, Now: s.Now()}
	if err := s.check(ctx, in); err != nil {
		return c, err
	}
	var err error
	if c.Terms, err = s.Terms(ctx); err != nil {
		return c, err
	}
	if c.StripeAvailable, err = s.available(ctx); err != nil {
		return c, err
	}
	if c.Rail == RailStripe && !c.StripeAvailable {
		return c, pay.ErrNoRail()
	}
	return c, nil
}

func (s *Service) check(ctx context.Context, in RunInput) error {
	fields := fault.Fields{}
	if in.Currency != "" && !money.Valid(in.Currency) {
		fields.Add("currency", "Give a currency as its three-letter code, such as USD.")
	}
	for name, list := range map[string][]uuid.UUID{"partner_ids": in.Partners, "exclude_partner_ids": in.Exclude} {
		if len(list) > most {
			fields.Add(name, "At most 1000 partners.")
			continue
		}
		known, err := s.Partners.NamesOf(ctx, list)
		if err != nil {
			return err
		}
		for _, id := range list {
			if known[id] == "" {
				fields.Add(name, "There is no such partner.")
			}
		}
	}
	return fields.Err()
}

func (in RunInput) cutOff(now time.Time) time.Time {
	if in.CutOff == nil {
		return now
	}
	return *in.CutOff
}

// asked is the input as the balances are read by it.
func (in RunInput) asked(now time.Time) RunInput {
	at := in.cutOff(now)
	in.CutOff = &at
	return in
}

func orNull(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}
