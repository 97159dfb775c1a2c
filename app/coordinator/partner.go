package coordinator

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/person"
	"github.com/openpartner/openpartner/app/protocol"
)

// Record is what a vendor last said of one of its partners.
type Record struct {
	VendorID        uuid.UUID
	VendorPartnerID string
	RecordID        uuid.UUID
	CreatorID       *uuid.UUID // of whoever confirmed the address
	Sequence        int64
	Status          string
	Email           *string
	Name            string
	Profile         json.RawMessage
	Source          string
	JoinedAt        *time.Time
	RevokedAt       *time.Time
	CreatedAt       time.Time
	UpdatedAt       time.Time
}

// unheard is the sequence of a partner of whom the vendor has said nothing yet.
const unheard = -1

// Take gives the record after a vendor's word, which counts only if it is newer than the last: messages
// may come twice and in any order. creator is who confirmed the address in it, nil for nobody. Of a
// revoked partner nothing is kept but that, and whose it was.
func (r Record) Take(in protocol.Upsert, creator *uuid.UUID, now time.Time) (next Record, stale bool) {
	if in.Sequence <= r.Sequence {
		return r, true
	}
	next = r
	next.Sequence, next.Status, next.UpdatedAt = in.Sequence, in.Status, now
	if in.Status == protocol.Revoked {
		next.Email, next.Name, next.Profile, next.Source = nil, "", nil, ""
		next.RevokedAt = in.RevokedAt
		if next.RevokedAt == nil {
			next.RevokedAt = &now
		}
		return next, false
	}
	email := in.Email
	next.Email, next.Name, next.CreatorID, next.RevokedAt = &email, in.Name, creator, nil
	next.Profile = nil
	if in.Profile != nil {
		next.Profile, _ = json.Marshal(in.Profile)
	}
	if in.JoinedVendorAt != nil {
		next.JoinedAt = in.JoinedVendorAt
	}
	if in.Metadata != nil {
		next.Source = in.Metadata.Source
	}
	return next, false
}

// NetworkID is how the vendor may call the person: by the person's id once they confirmed their address
// here, and until then by one that no other vendor is ever told, so that two vendors who compare notes
// learn nothing.
func (r Record) NetworkID() uuid.UUID {
	if r.CreatorID != nil {
		return *r.CreatorID
	}
	return r.RecordID
}

// checkUpsert reads a vendor's word of a partner. What is too long is cut: the vendor's program sends it,
// and nobody could shorten it there.
func checkUpsert(in protocol.Upsert) (protocol.Upsert, error) {
	fields := fault.Fields{}
	in.VendorPartnerID = person.Line(fields, "vendor_partner_id", in.VendorPartnerID, 64)
	if in.Sequence < 0 {
		fields.Add("sequence", "A sequence is not negative.")
	}
	switch in.Status {
	case protocol.Revoked:
		return in, fields.Err()
	case protocol.Pending, protocol.Active:
	default:
		fields.Add("status", "Choose pending, active or revoked.")
	}
	in.Email = person.Email(fields, "email", in.Email)
	in.Name = cut(in.Name, 120)
	if in.Profile != nil {
		p := *in.Profile
		p.Bio, p.Website, p.Country = cut(p.Bio, 2000), cut(p.Website, maxURL), cut(p.Country, 60)
		p.Platforms = p.Platforms[:min(len(p.Platforms), maxPlatforms)]
		in.Profile = &p
	}
	if in.Metadata != nil {
		in.Metadata = &protocol.Metadata{Source: cut(in.Metadata.Source, 40)}
	}
	return in, fields.Err()
}
