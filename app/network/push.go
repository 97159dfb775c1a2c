package network

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/app/protocol"
	"github.com/openpartner/openpartner/app/tenancy"
)

// The job kinds of a push, and of the mail when the hub does not know us any more.
const (
	KindPush = "network.push"
	KindLost = "network.lost"
)

// Push is the order to tell the hub how a partner stands. It is for the row that is due at that moment,
// in milliseconds: whoever runs it need not agree with who ordered it about what time it is, and a row
// that was put off meanwhile has an order of its own.
type Push struct {
	PartnerID uuid.UUID `json:"partner_id"`
	Due       int64     `json:"due"`
}

// Lost is the order to tell an admin that the hub refuses the program's token.
type Lost struct {
	AdminID uuid.UUID `json:"admin_id"`
}

// PartnerChanged writes down what the hub is to be told of a partner, in the transaction that
// changed them. It never fails because of the hub.
func (s *Service) PartnerChanged(ctx context.Context, f partners.Changed) error {
	if f.Partner.Status == partners.StatusUnverified {
		return nil // nobody has confirmed that the address is theirs
	}
	m, err := findMembership(ctx, false)
	if err != nil || !m.enrols() {
		return err
	}
	op := opOf(f.Partner.Status)
	if op == Upsert && !m.AutoEnroll {
		return nil
	}
	return s.put(ctx, f.Partner, op, "")
}

// put writes the partner's row and has it sent.
func (s *Service) put(ctx context.Context, p partners.Partner, op Op, source string) error {
	sequences, err := s.Partners.NextSequences(ctx, []uuid.UUID{p.ID})
	if err != nil {
		return err
	}
	now := s.Now()
	m := Message{ID: ids.NewAt(now), PartnerID: p.ID, Op: op, Sequence: sequences[p.ID], NextAttemptAt: now, CreatedAt: now}
	if source != "" {
		m.Source = &source
	}
	due, err := putMessage(ctx, m)
	if err != nil || due.After(now) {
		return err // it waits after a failure, and is found when its time comes
	}
	return s.order(ctx, p.ID, due)
}

func pushJob(partner uuid.UUID, due time.Time) outbox.Job {
	return outbox.Job{Kind: KindPush, Key: "network:" + partner.String(), Args: Push{partner, due.UnixMilli()}}
}

// order has a row sent that is due.
func (s *Service) order(ctx context.Context, partner uuid.UUID, due time.Time) error {
	return outbox.Add(ctx, pushJob(partner, due))
}

// dueAtOnce is how many rows one look orders at most.
const dueAtOnce = 2000

// OrderDue orders what has become due, over all tenants: rows whose wait after a failure is over, and
// those whose order came to nothing, such as while the membership was paused. Two replicas may order a row
// twice: the second order finds it gone, or due at another time.
func (s *Service) OrderDue(ctx context.Context) error {
	rows, err := dueMessages(ctx, s.Now(), dueAtOnce)
	if err != nil {
		return err
	}
	byTenant := map[uuid.UUID][]outbox.Job{}
	for _, r := range rows {
		byTenant[r.TenantID] = append(byTenant[r.TenantID], pushJob(r.PartnerID, r.NextAttemptAt))
	}
	for id, all := range byTenant {
		if err := outbox.AddAll(tenancy.With(ctx, tenancy.Tenant{ID: id}), all); err != nil {
			return err
		}
	}
	return nil
}

// Tell sends what a partner's row says, between two transactions. A hub that fails is no failure of
// the job: the row comes again when its time has come.
func (s *Service) Tell(ctx context.Context, unit tenancy.Unit, order Push) error {
	partner := order.PartnerID
	var message Message
	var url, token string
	var body protocol.Upsert
	err := unit(ctx, true, func(ctx context.Context) error {
		m, err := findMembership(ctx, false)
		if err != nil {
			return err
		}
		if !m.tells() {
			return fault.NotFound("connection")
		}
		if message, err = findMessage(ctx, "m.partner_id = ?", partner, false); err != nil {
			return err
		}
		if message.Status != StatusPending || message.NextAttemptAt.UnixMilli() != order.Due {
			return fault.NotFound("message to send")
		}
		p, err := s.Partners.Find(ctx, partner)
		if err != nil {
			return err
		}
		body = upsertOf(p, message.Sequence, message.Source)
		url, token, err = s.token(ctx, m)
		return err
	})
	if fault.Is(err, fault.KindNotFound) {
		return nil // nothing to tell any more, or nobody to tell it to
	}
	if err != nil {
		return err
	}
	var answer protocol.Upserted
	key := "push:" + partner.String() + ":" + strconv.FormatInt(message.Sequence, 10)
	err = s.Hub.do(ctx, call{url: url, token: token, method: http.MethodPost, path: protocol.PathUpsert, in: body, key: key, timeout: protocol.PushTimeout}, &answer)
	if ctx.Err() != nil {
		return ctx.Err() // cut off by a shutdown: nobody knows what became of it, so it is told again
	}
	return unit(ctx, false, func(ctx context.Context) error { return s.settle(ctx, message, answer, err) })
}

// settle records what came of a push.
func (s *Service) settle(ctx context.Context, told Message, answer protocol.Upserted, failure error) error {
	if failure == nil {
		if err := s.noted(ctx, told.PartnerID, told.Sequence, answer.NetworkCreatorID, answer.AlreadyExisted); err != nil {
			return err
		}
		if err := s.sendNewer(ctx, told.PartnerID); err != nil {
			return err
		}
		_, err := s.wake(ctx, false) // the hub is back: so are the others
		return err
	}
	r, ok := errors.AsType[*Refusal](failure)
	if !ok {
		return failure
	}
	if r.stranger() {
		return s.lost(ctx, r)
	}
	m, err := findMessage(ctx, "m.partner_id = ?", told.PartnerID, true)
	if fault.Is(err, fault.KindNotFound) {
		return nil // discarded meanwhile
	}
	if err != nil {
		return err
	}
	now, words := s.Now(), r.Words()
	m.Attempts++
	m.LastAttemptAt, m.LastError = &now, &words
	wait, again := nextWait(m.Attempts, r.RetryAfter, rand.Float64())
	if !again || !r.passing() {
		m.Status = StatusDead
	} else {
		m.NextAttemptAt = now.Add(wait)
	}
	return updateMessage(ctx, m)
}

// noted keeps the hub's answer, on a late success as on a first one.
func (s *Service) noted(ctx context.Context, partner uuid.UUID, told int64, creator string, existed bool) error {
	err := s.Partners.NoteNetwork(ctx, partner, partners.NetworkStanding{CreatorID: creator, PreExisting: existed, SyncedAt: s.Now()})
	if err != nil {
		return err
	}
	return dropMessage(ctx, partner, told)
}

// sendNewer orders what was written while an older state was on its way.
func (s *Service) sendNewer(ctx context.Context, partner uuid.UUID) error {
	m, err := findMessage(ctx, "m.partner_id = ?", partner, true)
	if fault.Is(err, fault.KindNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	m.Attempts, m.NextAttemptAt, m.LastError = 0, s.Now(), nil
	if err := updateMessage(ctx, m); err != nil {
		return err
	}
	return s.order(ctx, partner, m.NextAttemptAt)
}

// lost pauses the queue of a program whose token the hub refuses: nothing is tried in vain, and one
// mail goes to an admin.
func (s *Service) lost(ctx context.Context, r *Refusal) error {
	m, err := findMembership(ctx, true)
	if err != nil || !m.tells() {
		return err
	}
	words := r.Words()
	m.State, m.LastError = Failed, &words
	if err := saveMembership(ctx, m, s.Now()); err != nil {
		return err
	}
	admins, err := s.Admins.Deciding(ctx)
	if err != nil {
		return err
	}
	if len(admins) > 0 {
		if err := outbox.Add(ctx, outbox.Job{Kind: KindLost, Args: Lost{admins[0]}}); err != nil {
			return err
		}
	}
	return audit.Record(ctx, audit.Entry{Action: "network.lost", SubjectKind: "program", SubjectID: tenancy.ID(ctx), Detail: map[string]string{"reason": words}})
}

// statusOf is a partner's status as the Network knows it.
func statusOf(s partners.Status) string {
	switch s {
	case partners.StatusActive:
		return protocol.Active
	case partners.StatusRevoked, partners.StatusDeclined:
		return protocol.Revoked
	default:
		return protocol.Pending
	}
}

func opOf(s partners.Status) Op {
	if statusOf(s) == protocol.Revoked {
		return Revoke
	}
	return Upsert
}

// upsertOf is what the hub is told of a partner. Of one who is out it is told only that.
func upsertOf(p partners.Partner, sequence int64, source *string) protocol.Upsert {
	u := protocol.Upsert{VendorPartnerID: p.ID.String(), Sequence: sequence, Status: statusOf(p.Status)}
	if u.Status == protocol.Revoked {
		at := p.CreatedAt.UTC()
		if p.RevokedAt != nil {
			at = p.RevokedAt.UTC()
		}
		u.RevokedAt = &at
		return u
	}
	joined := p.CreatedAt.UTC()
	u.Email, u.Name, u.JoinedVendorAt, u.Profile = p.Email, p.Name, &joined, profileOf(p.Profile)
	u.Metadata = &protocol.Metadata{Source: sourceOf(p.Source)}
	if source != nil {
		u.Metadata.Source = *source
	}
	return u
}

func sourceOf(s partners.Source) string {
	switch s {
	case partners.SourceSelfSignup:
		return protocol.SourceSelfSignup
	case partners.SourceNetwork:
		return protocol.SourceNetwork
	case partners.SourceImport:
		return protocol.SourceImport
	default:
		return protocol.SourceAdmin
	}
}

func profileOf(p partners.Profile) *protocol.Profile {
	out := protocol.Profile{}
	for into, from := range map[*string]*string{&out.Bio: p.Bio, &out.Website: p.Website, &out.Country: p.Country} {
		if from != nil {
			*into = *from
		}
	}
	for _, one := range p.Platforms {
		out.Platforms = append(out.Platforms, protocol.Platform(one))
	}
	if out.Bio == "" && out.Website == "" && out.Country == "" && len(out.Platforms) == 0 {
		return nil
	}
	return &out
}
