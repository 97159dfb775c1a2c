package coordinator

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/protocol"
)

// KindFederate is the job kind of Federate.
const KindFederate = "hub.federate"

// Federate is the order to make the creator of an approved request a partner at the vendor's instance.
type Federate struct {
	RequestID uuid.UUID `json:"request_id"`
}

func (s *Service) federateLater(ctx context.Context, request uuid.UUID) error {
	return later(ctx, outbox.Job{Kind: KindFederate, Key: "federate:" + request.String(), Args: Federate{RequestID: request}})
}

// Step is the next call of a federation. Each is made between two transactions and repeated as it was if
// nobody knows what became of it.
type Step struct {
	Request Request
	call    call
	link    bool
}

// NextStep reads what is to be called next. A federation that is over is a not-found fault.
func (s *Service) NextStep(ctx context.Context, order Federate) (Step, error) {
	r, err := findRequest(ctx, order.RequestID, false)
	if err != nil {
		return Step{}, err
	}
	if r.Status != protocol.RequestApproving {
		return Step{}, fault.NotFound("step")
	}
	v, err := findVendor(ctx, r.VendorID, false)
	if err != nil {
		return Step{}, err
	}
	if !v.open() {
		return Step{Request: r}, nil
	}
	step := Step{Request: r, call: call{method: http.MethodPost, base: v.InstanceURL}}
	if step.call.key, err = s.openKey(tableVendors, v.ID, *v.CallbackKeySealed); err != nil {
		return Step{}, err
	}
	if r.VendorPartnerID == "" {
		step.call.path, step.call.repeat = "partners", r.repeatKey("partner")
		step.call.body = protocol.CallbackPartner{Email: r.Email, Name: r.Name, ExternalRef: protocol.ExternalRefPrefix + r.ID.String()}
		return step, nil
	}
	key := r.LinkKey
	if r.LinkTry == 0 {
		key = r.PreferredKey
	}
	step.link = true
	step.call.path, step.call.repeat = "partners/"+r.VendorPartnerID+"/links", r.repeatKey("link")
	step.call.body = protocol.CallbackLink{CampaignID: r.CampaignID, Key: key}
	return step, nil
}

// Stepped is what a vendor answered to a step.
type Stepped struct {
	answer answer
	id     string
	key    string
	url    string
}

// RetryAfter is how long the vendor asked us to wait.
func (g Stepped) RetryAfter() time.Duration { return min(g.answer.retryAfter, time.Hour) }

// Make makes the call of a step, outside of any transaction.
func (s *Service) Make(ctx context.Context, step Step) Stepped {
	type made struct {
		ID  string `json:"id"`
		Key string `json:"key"`
		URL string `json:"url"`
	}
	if step.call.path == "" {
		return Stepped{}
	}
	out, a := ask[made](ctx, s, step.call)
	return Stepped{answer: a, id: out.ID, key: out.Key, url: out.URL}
}

// Outcome is how a federation goes on after a step.
type Outcome int

// The outcomes.
const (
	Onward  Outcome = iota // there is another step
	Over                   // it is approved or has failed
	Waiting                // the vendor could not be asked; the same step comes again later
)

// Settle records what came of a step. last says that it will not be tried again.
func (s *Service) Settle(ctx context.Context, step Step, got Stepped, last bool) (Outcome, string, error) {
	r, err := findRequest(ctx, step.Request.ID, true)
	if err != nil {
		return Over, "", err
	}
	if r.Status != protocol.RequestApproving || r.LinkTry != step.Request.LinkTry || r.VendorPartnerID != step.Request.VendorPartnerID {
		return Onward, "", nil // somebody else was faster
	}
	r.UpdatedAt = s.now()
	switch {
	case step.call.path == "":
		return Over, "", s.fail(ctx, r, "The program is not connected to the Network at the moment.")
	case got.answer.ok() && !step.link && got.id != "" && wordLike(got.id) && len(got.id) <= 64:
		r.VendorPartnerID = got.id
		return Onward, "", s.joined(ctx, r)
	case got.answer.ok() && step.link && webAddress(got.url):
		r.Status, r.Reason, r.LinkKey, r.ShareURL = protocol.RequestApproved, "", cut(got.key, 100), got.url
		if err := updateRequest(ctx, r); err != nil {
			return Over, "", err
		}
		return Over, "", s.tellLater(ctx, r)
	case step.link && got.answer.status == http.StatusConflict && got.answer.code() == "key_taken" && r.LinkTry < maxTaken:
		r.LinkTry++
		r.LinkKey = r.nextKey()
		return Onward, "", updateRequest(ctx, r)
	case got.answer.ok():
		return Over, "", s.fail(ctx, r, "The program's answer could not be read.")
	case got.answer.mends() && !last:
		return Waiting, got.answer.problem(), nil
	default:
		return Over, "", s.fail(ctx, r, got.answer.problem())
	}
}

// joined notes the partner that the vendor made, who is somebody who confirmed their address.
func (s *Service) joined(ctx context.Context, r Request) error {
	now := s.now()
	known, err := lockRecord(ctx, Record{
		VendorID: r.VendorID, VendorPartnerID: r.VendorPartnerID, RecordID: ids.NewAt(now), CreatorID: &r.CreatorID, Sequence: unheard, Status: protocol.Active,
		Email: &r.Email, Name: r.Name, Source: protocol.SourceNetwork, JoinedAt: &now, CreatedAt: now, UpdatedAt: now,
	})
	if err != nil {
		return err
	}
	if known.CreatorID == nil {
		known.CreatorID = &r.CreatorID
		if err := updateRecord(ctx, known); err != nil {
			return err
		}
	}
	return updateRequest(ctx, r)
}

// fail ends a federation that no repeat can mend. The vendor may approve once more.
func (s *Service) fail(ctx context.Context, r Request, reason string) error {
	r.Status, r.Reason = protocol.RequestFailed, reason
	return updateRequest(ctx, r)
}

// resume orders the federation of requests that were left behind.
func (s *Service) resume(ctx context.Context) error {
	stuck, err := stuckRequests(ctx)
	for _, id := range stuck {
		if err == nil {
			err = outbox.AddPlatform(ctx, outbox.Job{Kind: KindFederate, Key: "federate:" + id.String(), Args: Federate{RequestID: id}})
		}
	}
	return err
}
