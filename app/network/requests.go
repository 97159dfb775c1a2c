package network

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/protocol"
	"github.com/openpartner/openpartner/app/tenancy"
)

// RequestStatuses are what a list of requests is filtered by.
func RequestStatuses() []string {
	return []string{protocol.RequestPending, protocol.RequestApproving, protocol.RequestApproved, protocol.RequestRejected, protocol.RequestFailed}
}

// Requests asks the hub who wants to promote what; status may be empty.
func (s *Service) Requests(ctx context.Context, unit tenancy.Unit, status string) ([]protocol.Request, error) {
	query := url.Values{}
	if status != "" {
		query.Set("status", status)
	}
	return everything[protocol.Request](ctx, s, unit, protocol.PathRequests, query)
}

// Request asks the hub for one of them.
func (s *Service) Request(ctx context.Context, unit tenancy.Unit, id string) (r protocol.Request, err error) {
	all, err := s.Requests(ctx, unit, "")
	if err != nil {
		return r, err
	}
	i := slices.IndexFunc(all, func(r protocol.Request) bool { return r.ID == id })
	if i < 0 {
		return r, fault.NotFound("request")
	}
	return all[i], nil
}

// Approve lets a creator in. What the hub may then make here is written down first; only then it
// hears of the approval, and calls back.
func (s *Service) Approve(ctx context.Context, unit tenancy.Unit, id, note string) (protocol.Decided, error) {
	var answer protocol.Decided
	a, err := s.named(ctx, unit, id)
	if err != nil {
		return answer, err
	}
	added := false
	err = unit(ctx, false, func(ctx context.Context) (err error) {
		added, err = s.allow(ctx, a)
		return err
	})
	if err != nil {
		return answer, err
	}
	answer, err = s.decide(ctx, unit, id, "/approve", note)
	if r, ok := errors.AsType[*Refusal](err); ok && added && !r.passing() && r.Status != http.StatusConflict {
		// It said no. After any other failure, or when somebody approved before, it may call back.
		err = errors.Join(err, unit(ctx, false, func(ctx context.Context) error { return deleteApproval(ctx, id) }))
	}
	return answer, err
}

// Reject turns a creator down; the hub may not make what an earlier approval let it.
func (s *Service) Reject(ctx context.Context, unit tenancy.Unit, id, note string) (protocol.Decided, error) {
	answer, err := s.decide(ctx, unit, id, "/reject", note)
	if err != nil {
		return answer, err
	}
	return answer, unit(ctx, false, func(ctx context.Context) error {
		if err := deleteApproval(ctx, id); err != nil {
			return err
		}
		return audit.Record(ctx, audit.Entry{Action: "network.request_rejected", SubjectKind: "program", SubjectID: tenancy.ID(ctx), Detail: map[string]string{"request_id": id}})
	})
}

func (s *Service) decide(ctx context.Context, unit tenancy.Unit, id, verb, note string) (answer protocol.Decided, err error) {
	if len([]rune(note)) > 2000 {
		return answer, fault.InvalidField("note", "This is too long: at most 2000 characters.")
	}
	_, err = s.ask(ctx, unit, auth.AdminScope, call{
		method: http.MethodPost, path: pathOf(protocol.PathRequests, id) + verb, in: protocol.Decision{Note: note},
	}, &answer)
	return answer, err
}

// named finds a request at the hub, and the campaign that its offering is about.
func (s *Service) named(ctx context.Context, unit tenancy.Unit, id string) (a Approval, err error) {
	r, err := s.Request(ctx, unit, id)
	if err != nil {
		return a, err
	}
	campaign := r.Offering.CampaignID
	if campaign == "" {
		o, err := s.Offering(ctx, unit, r.Offering.ID)
		if err != nil && !fault.Is(err, fault.KindNotFound) {
			return a, err
		}
		campaign = o.CampaignID
	}
	a = Approval{RequestID: r.ID, OfferingID: r.Offering.ID}
	if a.CampaignID, err = uuid.Parse(campaign); err != nil {
		return a, fault.Conflict("offering_without_campaign", "The campaign of this offering is not known here.")
	}
	return a, nil
}

// allow writes down what the hub may make: a partner, and a link for this campaign. A repeat is a
// no-op.
func (s *Service) allow(ctx context.Context, a Approval) (added bool, err error) {
	if err := auth.Require(ctx, auth.AdminScope); err != nil {
		return false, err
	}
	if _, err := s.Campaigns.Find(ctx, a.CampaignID); fault.Is(err, fault.KindNotFound) {
		return false, fault.Conflict("offering_without_campaign", "The campaign of this offering is not known here.")
	} else if err != nil {
		return false, err
	}
	added, err = insertApproval(ctx, a, s.Now())
	if err != nil || !added {
		return false, err
	}
	return true, audit.Record(ctx, audit.Entry{
		Action: "network.request_approved", SubjectKind: "campaign", SubjectID: a.CampaignID, Detail: map[string]string{"request_id": a.RequestID},
	})
}
