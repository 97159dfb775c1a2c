package coordinator

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/protocol"
)

// Upsert takes a vendor's word of one of its partners.
func (s *Service) Upsert(ctx context.Context, in protocol.Upsert) (protocol.Upserted, error) {
	vendor, err := vendorOf(ctx)
	if err != nil {
		return protocol.Upserted{}, err
	}
	r, stale, err := s.take(ctx, vendor, in)
	if err != nil {
		return protocol.Upserted{}, err
	}
	return protocol.Upserted{NetworkCreatorID: r.NetworkID().String(), AlreadyExisted: r.CreatorID != nil, Stale: stale}, nil
}

// Backfill takes many at once. One that can't be taken stops no other.
func (s *Service) Backfill(ctx context.Context, in protocol.Backfill) (protocol.Backfilled, error) {
	vendor, err := vendorOf(ctx)
	if err != nil {
		return protocol.Backfilled{}, err
	}
	if len(in.Partners) > protocol.MaxBackfill {
		return protocol.Backfilled{}, fault.InvalidField("partners", "Send at most 200 partners at once.")
	}
	out := protocol.Backfilled{Results: make([]protocol.BackfillResult, 0, len(in.Partners))}
	for _, one := range in.Partners {
		result := protocol.BackfillResult{VendorPartnerID: one.VendorPartnerID}
		r, _, err := s.take(ctx, vendor, one)
		if f, wrong := fault.From(err); wrong && f.Kind == fault.KindInvalid {
			result.Error = inWords(f)
		} else if err != nil {
			return protocol.Backfilled{}, err
		} else {
			result.NetworkCreatorID, result.AlreadyExisted = r.NetworkID().String(), r.CreatorID != nil
		}
		out.Results = append(out.Results, result)
	}
	return out, nil
}

// inWords is a fault in one line, for a list of results.
func inWords(f *fault.Error) string {
	var sentences []string
	for _, name := range []string{"vendor_partner_id", "sequence", "status", "email"} {
		if sentence, wrong := f.Fields[name]; wrong {
			sentences = append(sentences, name+": "+sentence)
		}
	}
	return strings.Join(sentences, " ")
}

func (s *Service) take(ctx context.Context, vendor uuid.UUID, in protocol.Upsert) (Record, bool, error) {
	in, err := checkUpsert(in)
	if err != nil {
		return Record{}, false, err
	}
	now := s.now()
	r, err := lockRecord(ctx, Record{
		VendorID: vendor, VendorPartnerID: in.VendorPartnerID, RecordID: ids.NewAt(now), Sequence: unheard, Status: protocol.Pending, CreatedAt: now, UpdatedAt: now,
	})
	if err != nil {
		return Record{}, false, err
	}
	creator, err := confirmedBy(ctx, in.Email)
	if err != nil {
		return Record{}, false, err
	}
	next, stale := r.Take(in, creator, now)
	if stale {
		return r, true, nil
	}
	return next, false, updateRecord(ctx, next)
}
