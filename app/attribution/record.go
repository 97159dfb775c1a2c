package attribution

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/tracking"
)

// The sources say who told of an event; external ids are unique per source.
const (
	SourceAPI    = "api"
	SourceCoupon = "coupon"
	SourceStripe = "stripe"
)

// Recorded is what became of one event of a batch; Err is a fault for whoever sent it.
type Recorded struct {
	Outcome
	Err error
}

// Record stores an event, decides who earns from it and has the ledger follow. The same
// external id gives the first result again; with other content it is a conflict.
func (s *Service) Record(ctx context.Context, in EventInput) (Outcome, error) {
	out, err := s.RecordAll(ctx, []EventInput{in})
	if err != nil {
		return Outcome{}, err
	}
	return out[0].Outcome, out[0].Err
}

// RecordAll is Record for some events in one transaction: one that is refused does not stop the
// others, and a refund may name a sale that comes before it.
func (s *Service) RecordAll(ctx context.Context, all []EventInput) ([]Recorded, error) {
	if err := auth.Require(ctx, "events:write"); err != nil {
		return nil, err
	}
	r := recording{service: s, now: s.now(), items: make([]item, len(all))}
	for i, in := range all {
		r.items[i] = item{in: in, sentTime: in.OccurredAt != nil}
		r.items[i].err = r.items[i].in.check(r.now)
	}
	for _, step := range []func(context.Context) error{r.lock, r.meet, r.stitch, r.complete, r.store, r.decide} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return r.results(ctx)
}

// item is one event on its way in.
type item struct {
	in       EventInput
	sentTime bool
	event    *Event // once it is known to be new and right
	original *Event // the event that it corrects
	earlier  *Event // was sent before under the same external id
	fresh    bool   // its click or address tells something new about the user
	err      error
}

// open reports whether the item is still on its way.
func (i *item) open() bool { return i.err == nil && i.earlier == nil }

// recording is the way of some events through one transaction.
type recording struct {
	service   *Service
	now       time.Time
	items     []item
	customers map[string]*customer
	outcomes  map[uuid.UUID]Outcome
}

func (r *recording) lock(ctx context.Context) error {
	var users []string
	for i := range r.items {
		if r.items[i].open() {
			users = append(users, r.items[i].in.UserID)
		}
	}
	if len(users) == 0 {
		return nil
	}
	return lockUsers(ctx, users)
}

// meet finds what was sent before, and the events that others correct.
func (r *recording) meet(ctx context.Context) error {
	var external []string
	var refs []uuid.UUID
	for i := range r.items {
		in := r.items[i].in
		if !r.items[i].open() {
			continue
		}
		if in.ExternalID != nil {
			external = append(external, *in.ExternalID)
		}
		if in.Reverses != nil {
			external = append(external, *in.Reverses)
			if id, err := ids.Parse(*in.Reverses); err == nil {
				refs = append(refs, id)
			}
		}
	}
	found, err := findByRefs(ctx, r.source(), external, refs)
	if err != nil {
		return err
	}
	byExternal, byID := map[string]*Event{}, map[uuid.UUID]*Event{}
	for i := range found {
		e := &found[i]
		byID[e.ID] = e
		if e.ExternalID != nil && e.Source == r.source() {
			byExternal[*e.ExternalID] = e
		}
	}
	for i := range r.items {
		r.items[i].meet(r.now, byExternal, byID)
	}
	return nil
}

// source is that of all events of one call.
func (r *recording) source() string { return r.items[0].in.source() }

func (in EventInput) source() string {
	if in.Source == "" {
		return SourceAPI
	}
	return in.Source
}

// meet makes the event, unless it was sent before, and ties a correction to its original. Events
// of the same call that came earlier count.
func (i *item) meet(now time.Time, byExternal map[string]*Event, byID map[uuid.UUID]*Event) {
	if !i.open() {
		return
	}
	hash := i.in.hash(i.sentTime)
	if i.in.ExternalID != nil {
		if earlier := byExternal[*i.in.ExternalID]; earlier != nil {
			i.repeat(earlier, hash)
			return
		}
	}
	e := &Event{
		ID: ids.NewAt(now), UserID: i.in.UserID, Type: i.in.Type, Amount: i.in.Amount, Currency: i.in.Currency, ExternalID: i.in.ExternalID,
		Source: i.in.source(), RequestHash: hash, Metadata: i.in.Metadata, OccurredAt: *i.in.OccurredAt, CreatedAt: now,
	}
	if i.in.Email != nil {
		sum := hashEmail(*i.in.Email)
		e.EmailHash = &sum
	}
	if i.in.Reverses != nil {
		original := byExternal[*i.in.Reverses]
		if id, err := ids.Parse(*i.in.Reverses); err == nil && byID[id] != nil {
			original = byID[id]
		}
		if i.err = i.in.corrects(original, e); i.err != nil {
			return
		}
		i.original = original
	}
	i.event = e
	byID[e.ID] = e
	if e.ExternalID != nil {
		byExternal[*e.ExternalID] = e
	}
}

// repeat answers an external id that is taken.
func (i *item) repeat(earlier *Event, hash string) {
	if i.earlier = earlier; earlier.RequestHash != hash {
		sentence := "Another event was sent under this external_id before."
		i.err = fault.Conflict("idempotency_mismatch", sentence).WithField("external_id", sentence)
	}
}

// corrects ties e to the event that it takes something back from.
func (in EventInput) corrects(original, e *Event) error {
	if original == nil {
		return fault.NotFound("event").WithCode("event_not_found").WithField("reverses", "There is no such event.")
	}
	fields := fault.Fields{}
	switch {
	case corrective(original.Type):
		fields.Add("reverses", "A correction can't be corrected.")
	case original.UserID != in.UserID:
		fields.Add("user_id", "The event that this one corrects belongs to another user.")
	case in.Currency != nil && original.Currency != nil && *in.Currency != *original.Currency:
		fields.Add("currency", "A correction has the currency of its sale: "+*original.Currency+".")
	case in.Amount != nil && original.Currency == nil:
		fields.Add("amount", "The event that this one corrects has no amount.")
	}
	e.ReversesEventID, e.Currency = &original.ID, original.Currency
	return fields.Err()
}

// stitch ties the clicks that events name to their users: whoever may write events says so.
func (r *recording) stitch(ctx context.Context) error {
	for n := range r.items {
		i := &r.items[n]
		if !i.open() || (i.in.Cref == nil && i.in.Credit == nil) {
			continue
		}
		cref := i.in.Cref
		if i.in.Credit != nil {
			click, err := r.service.tracking.Credit(ctx, tracking.CreditInput{
				PartnerID: i.in.Credit.PartnerID, CampaignID: i.in.Credit.CampaignID, OccurredAt: *i.in.OccurredAt,
			})
			if err != nil {
				return err
			}
			cref = &click.ID
		}
		fresh, err := r.service.tracking.Stitch(ctx, *cref, i.in.UserID, true, *i.in.OccurredAt)
		if fault.Is(err, fault.KindNotFound) {
			i.err = fault.InvalidField("cref", "There is no such click.")
			continue
		}
		if err != nil {
			return err
		}
		i.fresh = fresh
	}
	return nil
}

// complete reads the users, puts the new events into their order and fills in how much a refund
// without an amount takes back: all that is left.
func (r *recording) complete(ctx context.Context) (err error) {
	var users []string
	for i := range r.items {
		if r.items[i].open() {
			users = append(users, r.items[i].in.UserID)
		}
	}
	slices.Sort(users)
	if users = slices.Compact(users); len(users) == 0 {
		return nil
	}
	if r.customers, err = r.service.load(ctx, users); err != nil {
		return err
	}
	for n := range r.items {
		i := &r.items[n]
		if !i.open() {
			continue
		}
		c, e := r.customers[i.in.UserID], i.event
		if i.original != nil && e.Type == TypeRefund && e.Amount == nil && i.original.Amount != nil {
			left := corrections(c.events)[i.original.ID].left(*i.original)
			e.Amount = &left
		}
		if e.EmailHash != nil && !slices.ContainsFunc(c.events, func(o Event) bool { return o.EmailHash != nil && *o.EmailHash == *e.EmailHash }) {
			i.fresh = true
		}
		c.add(*e)
	}
	return nil
}

// store writes the events. One whose external id another user's event took meanwhile is a
// repeat after all.
func (r *recording) store(ctx context.Context) error {
	var events []Event
	for i := range r.items {
		if r.items[i].open() {
			events = append(events, *r.items[i].event)
		}
	}
	if len(events) == 0 {
		return nil
	}
	stored, err := insertEvents(ctx, events)
	if err != nil || len(stored) == len(events) {
		return err
	}
	for n := range r.items {
		i := &r.items[n]
		if !i.open() || stored[i.event.ID] {
			continue
		}
		found, err := findByRefs(ctx, r.source(), []string{*i.in.ExternalID}, nil)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return fault.Conflict("idempotency_in_progress", "Another event with this external_id is under way.")
		}
		c := r.customers[i.in.UserID]
		c.events = slices.DeleteFunc(c.events, func(e Event) bool { return e.ID == i.event.ID })
		i.repeat(&found[0], i.event.RequestHash)
	}
	return nil
}

// decide derives each user from the earliest event that may have changed.
func (r *recording) decide(ctx context.Context) (err error) {
	tasks := map[string]*task{}
	var order []string
	for n := range r.items {
		i := &r.items[n]
		if !i.open() {
			continue
		}
		t := tasks[i.in.UserID]
		if t == nil {
			t = &task{customer: r.customers[i.in.UserID], from: i.event, cause: commissions.CauseSuperseded, causes: map[uuid.UUID]commissions.Cause{}}
			tasks[i.in.UserID] = t
			order = append(order, i.in.UserID)
		}
		t.include(i)
	}
	var list []task
	for _, user := range order {
		list = append(list, *tasks[user])
	}
	r.outcomes, err = r.service.derive(ctx, list)
	return err
}

// include has the task begin early enough for an item: a correction changes its original, and
// something new about the user may change everything.
func (t *task) include(i *item) {
	begin := i.event
	if i.original != nil {
		begin = i.original
		t.causes[i.original.ID] = causeOf(*i.event)
	}
	switch {
	case i.fresh:
		t.from = nil
	case t.from != nil && order(*begin, *t.from) < 0:
		t.from = begin
	}
}

func causeOf(e Event) commissions.Cause {
	switch e.Type {
	case TypeRefund:
		return commissions.CauseRefund
	case TypeDispute, TypeDisputeLost, TypeDisputeWon:
		return commissions.CauseDispute
	default:
		return commissions.CauseSuperseded
	}
}

// results puts the outcomes in the order of the items.
func (r *recording) results(ctx context.Context) ([]Recorded, error) {
	out := make([]Recorded, len(r.items))
	for n := range r.items {
		i := &r.items[n]
		switch {
		case i.err != nil:
			out[n].Err = i.err
		case i.earlier != nil:
			o, err := r.service.outcome(ctx, i.earlier.ID)
			if err != nil {
				return nil, err
			}
			o.Replayed = true
			out[n].Outcome = o
		default:
			out[n].Outcome = r.outcomes[i.event.ID]
		}
	}
	return out, nil
}
