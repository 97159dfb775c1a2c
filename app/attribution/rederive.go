package attribution

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/person"
	"github.com/openpartner/openpartner/app/tracking"
)

// inline is how many events are decided anew at once; more become a job.
const inline = 50

// KindRederive is the job kind of Rederive.
const KindRederive = "attribution.rederive"

// Rederive is the order to decide events anew: all events of a user, of the customers of a
// campaign, of those who did something in a time, or of everybody. A dry run only tells what
// would change.
type Rederive struct {
	UserID     string            `json:"user_id,omitempty"`
	CampaignID *uuid.UUID        `json:"campaign_id,omitempty"`
	From       *time.Time        `json:"from,omitempty"`
	To         *time.Time        `json:"to,omitempty"`
	DryRun     bool              `json:"dry_run,omitempty"`
	Cause      commissions.Cause `json:"cause,omitempty"`
}

// Rederived is the result of such a job, and how far it is.
type Rederived struct {
	DryRun      bool                     `json:"dry_run"`
	Changed     int                      `json:"changed"`     // lines that change, listed or not
	Differences []commissions.Difference `json:"differences"` // the first of them
	After       string                   `json:"after,omitempty"`
}

// toldDifferences bounds how many lines a result lists; the counts go on.
const toldDifferences = 1000

// Add notes what a step found.
func (r *Rederived) Add(step Step) {
	r.After = step.Last
	r.Changed += len(step.Differences)
	room := max(0, toldDifferences-len(r.Differences))
	r.Differences = append(r.Differences, step.Differences[:min(room, len(step.Differences))]...)
}

// OrderRederive has a job decide events anew, and gives its id.
func (s *Service) OrderRederive(ctx context.Context, in Rederive) (uuid.UUID, error) {
	if err := auth.Require(ctx, auth.AdminScope); err != nil {
		return uuid.Nil, err
	}
	fields := fault.Fields{}
	if in.UserID != "" {
		in.UserID = person.Line(fields, "user_id", in.UserID, maxUserID)
	}
	if in.UserID != "" && in.CampaignID != nil {
		fields.Add("campaign_id", "Name a user or a campaign, not both.")
	}
	if in.From != nil && in.To != nil && !in.From.Before(*in.To) {
		fields.Add("to", "The end must come after the beginning.")
	}
	if err := fields.Err(); err != nil {
		return uuid.Nil, err
	}
	if in.CampaignID != nil {
		if _, err := s.campaigns.Find(ctx, *in.CampaignID); err != nil {
			return uuid.Nil, err
		}
	}
	job, err := outbox.AddID(ctx, outbox.Job{Kind: KindRederive, Key: KindRederive, Args: in})
	if err != nil {
		return uuid.Nil, err
	}
	return job, audit.Record(ctx, audit.Entry{Action: "attribution.rederive_ordered", SubjectKind: "job", SubjectID: job, Detail: in})
}

// Scope tells how many users an order is about.
func (s *Service) Scope(ctx context.Context, in Rederive) (int64, error) { return countUsers(ctx, in) }

// Step is a part of an order that was done in one transaction.
type Step struct {
	Last        string // the last user of the part; empty when the order is done
	Users       int64
	Differences []commissions.Difference // what changed, or would: never lines that stay as they are
}

// usersAtOnce is how many users a step takes, so that its transaction stays short.
const usersAtOnce = 100

// RederiveStep does the next part of an order, after the given user ("" at the beginning).
func (s *Service) RederiveStep(ctx context.Context, in Rederive, after string) (Step, error) {
	users, err := nextUsers(ctx, in, after, usersAtOnce)
	if err != nil || len(users) == 0 {
		return Step{}, err
	}
	step := Step{Users: int64(len(users))}
	if len(users) == usersAtOnce {
		step.Last = users[len(users)-1]
	}
	if !in.DryRun {
		if err := lockUsers(ctx, users); err != nil {
			return Step{}, err
		}
	}
	customers, err := s.load(ctx, users)
	if err != nil {
		return Step{}, err
	}
	if step.Differences, err = s.differences(ctx, customers); err != nil || in.DryRun {
		return step, err
	}
	_, err = s.derive(ctx, tasksFor(users, customers, cmp.Or(in.Cause, commissions.CauseSuperseded)))
	return step, err
}

func tasksFor(users []string, customers map[string]*customer, cause commissions.Cause) []task {
	tasks := make([]task, 0, len(users))
	for _, user := range users {
		tasks = append(tasks, task{customer: customers[user], cause: cause})
	}
	return tasks
}

// differences tells what deciding anew would change about the ledger.
func (s *Service) differences(ctx context.Context, customers map[string]*customer) ([]commissions.Difference, error) {
	compared, err := s.compare(ctx, customers, func(Event) bool { return true })
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(compared, func(d commissions.Difference) bool { return d.Was == d.WouldBe }), nil
}

// compare holds what the ledger says about the wanted events against what their customers' terms
// say.
func (s *Service) compare(ctx context.Context, customers map[string]*customer, wanted func(Event) bool) ([]commissions.Difference, error) {
	var reckonings []commissions.Reckoning
	for _, c := range customers {
		c.walk(nil, func(v verdict) {
			if wanted(v.event) {
				reckonings = append(reckonings, v.reckoning)
			}
		})
	}
	compared, err := s.commissions.Compare(ctx, reckonings)
	slices.SortFunc(compared, func(a, b commissions.Difference) int { return bytes.Compare(a.EventID[:], b.EventID[:]) })
	return compared, err
}

// rederiveUsers decides the users' events anew: at once when they are few, else by jobs. It
// gives the number of events, or the id of the (last) job.
func (s *Service) rederiveUsers(ctx context.Context, users []string, cause commissions.Cause) (*int, *uuid.UUID, error) {
	n, err := countEvents(ctx, users)
	if err != nil {
		return nil, nil, err
	}
	if n > inline {
		var job uuid.UUID
		for _, user := range users {
			if job, err = rederiveLater(ctx, user, cause); err != nil {
				return nil, nil, err
			}
		}
		return nil, &job, nil
	}
	if n == 0 {
		return &n, nil, nil
	}
	if err := lockUsers(ctx, users); err != nil {
		return nil, nil, err
	}
	customers, err := s.load(ctx, users)
	if err != nil {
		return nil, nil, err
	}
	_, err = s.derive(ctx, tasksFor(users, customers, cause))
	return &n, nil, err
}

// Reviewed is a click after a person judged its flag, and what followed.
type Reviewed struct {
	Click           tracking.Click
	RederivedEvents *int // nil when a job does it
	JobID           *uuid.UUID
}

// Flag takes a click out of the running by hand; the money follows.
func (s *Service) Flag(ctx context.Context, click uuid.UUID) (Reviewed, error) {
	return s.review(ctx, click, tracking.FlagManual)
}

// Unflag lets a flagged click count, whatever machines say about it later; the money follows.
func (s *Service) Unflag(ctx context.Context, click uuid.UUID) (Reviewed, error) {
	return s.review(ctx, click, "")
}

func (s *Service) review(ctx context.Context, click uuid.UUID, flag tracking.Flag) (Reviewed, error) {
	users, err := s.tracking.UsersOf(ctx, click)
	if err != nil {
		return Reviewed{}, err
	}
	// The users are locked before the click changes: whoever records an event of theirs at the
	// same time is done before or waits.
	if len(users) > 0 {
		if err := lockUsers(ctx, users); err != nil {
			return Reviewed{}, err
		}
	}
	out := Reviewed{}
	if out.Click, err = s.tracking.Review(ctx, click, flag); err != nil {
		return Reviewed{}, err
	}
	if out.RederivedEvents, out.JobID, err = s.rederiveUsers(ctx, users, commissions.CauseFraud); err != nil {
		return Reviewed{}, err
	}
	return out, s.rederiveNewcomers(ctx, click, users)
}

// rederiveNewcomers sees to users who were tied to the click while it was being judged.
func (s *Service) rederiveNewcomers(ctx context.Context, click uuid.UUID, known []string) error {
	users, err := s.tracking.UsersOf(ctx, click)
	if err != nil {
		return err
	}
	for _, user := range users {
		if slices.Contains(known, user) {
			continue
		}
		if _, err := rederiveLater(ctx, user, commissions.CauseFraud); err != nil {
			return err
		}
	}
	return nil
}

func rederiveLater(ctx context.Context, user string, cause commissions.Cause) (uuid.UUID, error) {
	return outbox.AddID(ctx, outbox.Job{
		Kind: KindRederive, Key: "user:" + user, Args: Rederive{UserID: user, Cause: cause},
	})
}
