package coordinator

import (
	"context"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/protocol"
)

// KindDecided is the job kind of Decided.
const KindDecided = "hub.decided"

// KindApplied is the job kind of Applied.
const KindApplied = "hub.applied"

// Applied is the order to mail a vendor that creators wait for its answer.
type Applied struct {
	VendorID uuid.UUID `json:"vendor_id"`
}

func (a Applied) key() string { return "waiting:" + a.VendorID.String() }

// Decided is the order to mail a creator what became of a request.
type Decided struct {
	RequestID uuid.UUID `json:"request_id"`
}

// Requests gives a page of those to the vendor that asks, newest first.
func (s *Service) Requests(ctx context.Context, status string, page paging.Page) (paging.Result[protocol.Request], error) {
	vendor, err := vendorOf(ctx)
	if err != nil {
		return paging.Result[protocol.Request]{}, err
	}
	found, err := requestsOf(ctx, vendor, status, page)
	out := paging.Result[protocol.Request]{Items: make([]protocol.Request, 0, len(found.Items)), Next: found.Next}
	for _, r := range found.Items {
		out.Items = append(out.Items, r.told())
	}
	return out, err
}

// Approve begins to make the creator a partner of the vendor, which a job does right after.
func (s *Service) Approve(ctx context.Context, id uuid.UUID, in protocol.Decision) (protocol.Decided, error) {
	r, err := s.decide(ctx, id, true, in)
	if err != nil {
		return protocol.Decided{}, err
	}
	r.Status, r.Reason = protocol.RequestApproving, ""
	if err := updateRequest(ctx, r); err != nil {
		return protocol.Decided{}, err
	}
	return protocol.Decided{Status: r.Status}, s.federateLater(ctx, r.ID)
}

// Reject says no; the note goes to the creator.
func (s *Service) Reject(ctx context.Context, id uuid.UUID, in protocol.Decision) (protocol.Decided, error) {
	r, err := s.decide(ctx, id, false, in)
	if err != nil {
		return protocol.Decided{}, err
	}
	r.Status, r.Reason = protocol.RequestRejected, ""
	if err := updateRequest(ctx, r); err != nil {
		return protocol.Decided{}, err
	}
	return protocol.Decided{Status: r.Status}, s.tellLater(ctx, r)
}

// decide gives a request to the vendor that asks, locked, with its answer noted.
func (s *Service) decide(ctx context.Context, id uuid.UUID, approve bool, in protocol.Decision) (Request, error) {
	vendor, err := vendorOf(ctx)
	if err != nil {
		return Request{}, err
	}
	r, err := findRequest(ctx, id, true)
	switch {
	case err != nil:
		return Request{}, err
	case r.VendorID != vendor:
		return Request{}, fault.NotFound("request")
	case len([]rune(in.Note)) > 1000:
		return Request{}, fault.InvalidField("note", "A note has at most 1,000 characters.")
	}
	if err := r.MayDecide(approve); err != nil {
		return Request{}, err
	}
	now := s.now()
	r.Note, r.DecidedAt, r.UpdatedAt = cut(in.Note, 1000), &now, now
	return r, nil
}

func (s *Service) tellLater(ctx context.Context, r Request) error {
	return later(ctx, outbox.Job{Kind: KindDecided, Key: "decided:" + r.ID.String(), Args: Decided{RequestID: r.ID}})
}

// Apply asks a vendor, on behalf of the creator who is signed in, to let them promote an offering.
func (s *Service) Apply(ctx context.Context, offering uuid.UUID, a Application) (Request, error) {
	creator, err := creatorOf(ctx)
	if err != nil {
		return Request{}, err
	}
	o, err := findShown(ctx, offering)
	if err != nil {
		return Request{}, err
	}
	if a, err = a.check(); err != nil {
		return Request{}, err
	}
	if err := lockCreator(ctx, creator); err != nil { // one request at a time
		return Request{}, err
	}
	if err := s.mayApply(ctx, creator, offering); err != nil {
		return Request{}, err
	}
	now := s.now()
	r := Request{
		ID: ids.NewAt(now), VendorID: o.VendorID, VendorName: o.VendorName, OfferingID: o.ID, OfferingTitle: o.Title, CreatorID: creator, Pitch: a.Pitch,
		PreferredKey: a.PreferredKey, Status: protocol.RequestPending, CreatedAt: now, UpdatedAt: now,
	}
	if err := insertRequest(ctx, r); err != nil {
		return Request{}, err
	}
	return r, s.tellVendorLater(ctx, r.VendorID)
}

// tellVendorLater has a vendor mailed that somebody waits, unless a mail that will say so is on its way.
func (s *Service) tellVendorLater(ctx context.Context, vendor uuid.UUID) error {
	return onceLater(ctx, outbox.Job{Kind: KindApplied, Key: Applied{VendorID: vendor}.key(), Args: Applied{VendorID: vendor}})
}

// WaitingLetter is the mail about the creators who wait for a vendor's answer, and how many these are. It
// leads to the host that the vendor proved to be its own. With nobody left it is a not-found fault. Orders
// of this mail that have yet to begin end with the transaction: one who applied while a mail was on its
// way ordered another.
func (s *Service) WaitingLetter(ctx context.Context, order Applied) (Letter, int, error) {
	v, err := findVendor(ctx, order.VendorID, false)
	if err != nil {
		return Letter{}, 0, err
	}
	if err := absorb(ctx, order.key()); err != nil {
		return Letter{}, 0, err
	}
	n, err := countWaiting(ctx, v.ID)
	if err != nil {
		return Letter{}, 0, err
	}
	if n == 0 || !v.open() {
		return Letter{}, 0, fault.NotFound("request")
	}
	return Letter{To: v.ContactEmail, Name: v.ContactName, Program: v.DisplayName, Link: v.page("/admin/network/requests")}, n, nil
}

func (s *Service) mayApply(ctx context.Context, creator, offering uuid.UUID) error {
	earlier, err := earlierRequests(ctx, creator, offering)
	if err != nil {
		return err
	}
	return MayApply(earlier, s.now())
}

// Applicable says whether the creator who is signed in may apply for an offering, and else why not.
func (s *Service) Applicable(ctx context.Context, offering uuid.UUID) error {
	creator, err := creatorOf(ctx)
	if err != nil {
		return err
	}
	return s.mayApply(ctx, creator, offering)
}

// MyRequests gives a page of those of the creator who is signed in, newest first.
func (s *Service) MyRequests(ctx context.Context, page paging.Page) (paging.Result[Request], error) {
	creator, err := creatorOf(ctx)
	if err != nil {
		return paging.Result[Request]{}, err
	}
	return requestsBy(ctx, creator, page)
}

// MyRequest gives one of them.
func (s *Service) MyRequest(ctx context.Context, id uuid.UUID) (Request, error) {
	return mine(ctx, id, false)
}

func mine(ctx context.Context, id uuid.UUID, lock bool) (Request, error) {
	creator, err := creatorOf(ctx)
	if err != nil {
		return Request{}, err
	}
	r, err := findRequest(ctx, id, lock)
	if err == nil && r.CreatorID != creator {
		return Request{}, fault.NotFound("request")
	}
	return r, err
}

// Cancel takes a request back that was not answered yet.
func (s *Service) Cancel(ctx context.Context, id uuid.UUID) (Request, error) {
	r, err := mine(ctx, id, true)
	if err != nil {
		return Request{}, err
	}
	if r.Status != protocol.RequestPending {
		return Request{}, fault.Conflict("not_pending", "This request was answered already, so it can't be taken back.")
	}
	r.Status, r.UpdatedAt = protocol.RequestCancelled, s.now()
	return r, updateRequest(ctx, r)
}

// DecidedLetter is the mail about a request.
func (s *Service) DecidedLetter(ctx context.Context, order Decided) (Request, error) {
	return findRequest(ctx, order.RequestID, false)
}

func lockCreator(ctx context.Context, id uuid.UUID) error {
	var found uuid.UUID
	return absent("creator", db.Tx(ctx).NewRaw(`select id from coordinator.creators where id = ? for update`, id).Scan(ctx, &found))
}
