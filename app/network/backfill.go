package network

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/app/protocol"
	"github.com/openpartner/openpartner/app/tenancy"
)

// The job kinds of a backfill and of a heartbeat.
const (
	KindBackfill  = "network.backfill"
	KindHeartbeat = "network.heartbeat"
)

// Backfilling is the result of the job so far: where it goes on.
type Backfilling struct {
	After uuid.UUID `json:"after"` // the last partner who was told of
}

// Backfill has the hub told of all partners, and gives the job and how many these are. One that is
// under way is given instead of a second.
func (s *Service) Backfill(ctx context.Context) (job uuid.UUID, total int64, err error) {
	if err := auth.Require(ctx, auth.AdminScope); err != nil {
		return uuid.Nil, 0, err
	}
	m, err := findMembership(ctx, true)
	if err != nil {
		return uuid.Nil, 0, err
	}
	if !m.tells() {
		return uuid.Nil, 0, errNotConnected()
	}
	if total, err = s.Partners.CountTellable(ctx); err != nil {
		return uuid.Nil, 0, err
	}
	if m.BackfillJobID != nil {
		row, err := outbox.Find(ctx, *m.BackfillJobID)
		if err == nil && (row.Status == "pending" || row.Status == "running") {
			return row.ID, total, nil
		}
		if err != nil && !fault.Is(err, fault.KindNotFound) {
			return uuid.Nil, 0, err
		}
	}
	job, err = outbox.AddID(ctx, outbox.Job{Kind: KindBackfill, Key: KindBackfill, Args: struct{}{}})
	if err != nil {
		return uuid.Nil, 0, err
	}
	m.BackfillJobID = &job
	if err := saveMembership(ctx, m, s.Now()); err != nil {
		return uuid.Nil, 0, err
	}
	return job, total, outbox.Report(ctx, job, outbox.Progress{Total: total}, Backfilling{})
}

// BackfillStep tells of the next partners, at most as many as one request takes, and reports
// whether more remain. What was told is kept with the progress, so that a job which ended in the
// middle goes on where it was.
func (s *Service) BackfillStep(ctx context.Context, unit tenancy.Unit, job uuid.UUID) (more bool, err error) {
	var url, token string
	var all []partners.Partner
	var body protocol.Backfill
	err = unit(ctx, false, func(ctx context.Context) error {
		at, err := backfillAt(ctx, job)
		if err != nil {
			return err
		}
		m, err := findMembership(ctx, false)
		if err != nil {
			return err
		}
		if !m.tells() {
			return errNotConnected()
		}
		if url, token, err = s.token(ctx, m); err != nil {
			return err
		}
		if all, err = s.Partners.After(ctx, at.After, protocol.MaxBackfill); err != nil {
			return err
		}
		body, err = s.backfillOf(ctx, all)
		return err
	})
	if err != nil || len(all) == 0 {
		return false, err
	}
	var answer protocol.Backfilled
	key := "backfill:" + job.String() + ":" + all[0].ID.String() + ":" + strconv.FormatInt(body.Partners[0].Sequence, 10)
	failure := s.Hub.do(ctx, call{url: url, token: token, method: http.MethodPost, path: protocol.PathBackfill, in: body, key: key}, &answer)
	if ctx.Err() != nil {
		return true, ctx.Err()
	}
	if failure != nil {
		if r, ok := errors.AsType[*Refusal](failure); ok && r.stranger() {
			return false, errors.Join(unit(ctx, false, func(ctx context.Context) error { return s.lost(ctx, r) }), failure)
		}
		return true, failure // the job's own waits
	}
	err = unit(ctx, false, func(ctx context.Context) error { return s.backfilled(ctx, job, all, body, answer) })
	return len(all) == protocol.MaxBackfill, err
}

func backfillAt(ctx context.Context, job uuid.UUID) (at Backfilling, err error) {
	row, err := outbox.Find(ctx, job)
	if err != nil {
		return at, err
	}
	return at, row.Found(&at)
}

func (s *Service) backfillOf(ctx context.Context, all []partners.Partner) (body protocol.Backfill, err error) {
	ids := make([]uuid.UUID, len(all))
	for i, p := range all {
		ids[i] = p.ID
	}
	sequences, err := s.Partners.NextSequences(ctx, ids)
	if err != nil {
		return body, err
	}
	source := protocol.SourceBackfill
	for _, p := range all {
		body.Partners = append(body.Partners, upsertOf(p, sequences[p.ID], &source))
	}
	return body, nil
}

// backfilled keeps the answers. Rows that failed go through the outbox.
func (s *Service) backfilled(ctx context.Context, job uuid.UUID, all []partners.Partner, body protocol.Backfill, answer protocol.Backfilled) error {
	results := map[string]protocol.BackfillResult{}
	for _, r := range answer.Results {
		results[r.VendorPartnerID] = r
	}
	row, err := outbox.Find(ctx, job)
	if err != nil {
		return err
	}
	progress := row.Counted()
	for i, p := range all {
		r, told := results[p.ID.String()]
		if !told || r.Error != "" {
			if err := s.put(ctx, p, opOf(p.Status), protocol.SourceBackfill); err != nil {
				return err
			}
			progress.Queued++
			continue
		}
		if err := s.noted(ctx, p.ID, body.Partners[i].Sequence, r.NetworkCreatorID, r.AlreadyExisted); err != nil {
			return err
		}
		progress.Done++
	}
	progress.Total = max(progress.Total, progress.Done+progress.Queued+progress.Failed)
	return outbox.Report(ctx, job, progress, Backfilling{After: all[len(all)-1].ID})
}

// Beat has the hearts of all connected programs beat, once in the period.
func (s *Service) Beat(ctx context.Context, period string) error {
	tenants, err := connectedTenants(ctx)
	if err != nil {
		return err
	}
	for _, id := range tenants {
		err := outbox.Add(tenancy.With(ctx, tenancy.Tenant{ID: id}), outbox.Job{
			Kind: KindHeartbeat, DedupeKey: KindHeartbeat + ":" + period, Args: struct{}{}, MaxAttempts: 3,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Heartbeat tells the hub how many partners there are. A hub that counts otherwise asks for all of
// them, so that both sides agree whatever was lost.
func (s *Service) Heartbeat(ctx context.Context, unit tenancy.Unit) error {
	var body protocol.Heartbeat
	err := unit(ctx, true, func(ctx context.Context) error {
		n, err := s.Partners.CountForNetwork(ctx)
		body = protocol.Heartbeat{Version: s.Version, Partners: protocol.PartnerCounts{Active: n.Active, Pending: n.Pending, Revoked: n.Revoked}, MaxSequence: n.MaxSequence}
		return err
	})
	if err != nil {
		return err
	}
	var answer protocol.HeartbeatAnswer
	_, err = s.ask(ctx, unit, auth.AdminScope, call{method: http.MethodPost, path: protocol.PathHeartbeat, in: body}, &answer)
	if r, ok := errors.AsType[*Refusal](err); ok && r.stranger() {
		return unit(ctx, false, func(ctx context.Context) error { return s.lost(ctx, r) })
	}
	if err != nil {
		return err
	}
	return unit(ctx, false, func(ctx context.Context) error { return s.beaten(ctx, s.Now(), answer.Resync) })
}

func (s *Service) beaten(ctx context.Context, now time.Time, resync bool) error {
	m, err := findMembership(ctx, true)
	if err != nil || !m.tells() {
		return err
	}
	m.HeartbeatAt = &now
	if err := saveMembership(ctx, m, now); err != nil {
		return err
	}
	pending, _, err := countMessages(ctx)
	if err != nil || !resync || !m.AutoEnroll || pending > 0 {
		return err // what waits explains the difference
	}
	_, _, err = s.Backfill(ctx)
	return err
}
