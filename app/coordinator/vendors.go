package coordinator

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/protocol"
)

// Recognise finds the vendor of a token.
func (s *Service) Recognise(ctx context.Context, token string) (auth.Principal, error) {
	unknown := fault.Unauthorized("This token is not one of ours, or does not work any more.")
	if !strings.HasPrefix(token, tokenPrefix) {
		return auth.Principal{}, unknown
	}
	v, err := findByToken(ctx, auth.HashToken(token), s.now())
	if fault.Is(err, fault.KindNotFound) {
		return auth.Principal{}, unknown
	}
	return auth.Principal{Kind: VendorKind, ID: v.ID, Name: v.DisplayName, Role: v.State()}, err
}

// Taking refuses a vendor that the hub's staff suspended; all it may do is ask how it stands.
func Taking(p auth.Principal) error {
	if p.Role == "suspended" {
		return errSuspended()
	}
	return nil
}

// Me says how the vendor that asks stands.
func (s *Service) Me(ctx context.Context) (protocol.Vendor, error) {
	id, err := vendorOf(ctx)
	if err != nil {
		return protocol.Vendor{}, err
	}
	v, err := findVendor(ctx, id, false)
	if err != nil {
		return protocol.Vendor{}, err
	}
	n, _, err := countPartners(ctx, id)
	return protocol.Vendor{ID: id.String(), DisplayName: v.DisplayName, Status: v.State(), PartnerCount: n.Active + n.Pending}, err
}

// Rotate gives the vendor a new token; those before work ten minutes more.
func (s *Service) Rotate(ctx context.Context) (protocol.Rotated, error) {
	id, err := vendorOf(ctx)
	if err != nil {
		return protocol.Rotated{}, err
	}
	now := s.now()
	token := ids.NewAt(now)
	if err := s.replaceTokens(ctx, id, token, now.Add(overlap)); err != nil {
		return protocol.Rotated{}, err
	}
	return protocol.Rotated{VendorToken: s.vendorToken(token), IssuedAt: now.UTC()}, nil
}

// replaceTokens adds a token; all others work until then.
func (s *Service) replaceTokens(ctx context.Context, vendor, token uuid.UUID, until time.Time) error {
	now := s.now()
	if err := endTokens(ctx, vendor, until, now); err != nil {
		return err
	}
	return insertToken(ctx, token, vendor, auth.HashToken(s.vendorToken(token)), now)
}

// Disconnect ends a membership: its tokens and its keys go at once, that of a connection under way
// among them, and so does what it said of people who have no account here.
func (s *Service) Disconnect(ctx context.Context) error {
	id, err := vendorOf(ctx)
	if err != nil {
		return err
	}
	v, err := findVendor(ctx, id, true)
	if err != nil {
		return err
	}
	now := s.now()
	v.Status, v.CallbackKeySealed = VendorDisconnected, nil
	if err := updateVendor(ctx, v); err != nil {
		return err
	}
	if err := endTokens(ctx, id, now, now); err != nil {
		return err
	}
	if err := dropConnections(ctx, id); err != nil {
		return err
	}
	return forgetStrangers(ctx, id)
}

// Heartbeat compares what the vendor counts with what the hub has, and asks for everything when that
// differs.
func (s *Service) Heartbeat(ctx context.Context, in protocol.Heartbeat) (protocol.HeartbeatAnswer, error) {
	id, err := vendorOf(ctx)
	if err != nil {
		return protocol.HeartbeatAnswer{}, err
	}
	if err := noteSeen(ctx, id, cut(in.Version, 60), s.now()); err != nil {
		return protocol.HeartbeatAnswer{}, err
	}
	counts, newest, err := countPartners(ctx, id)
	return protocol.HeartbeatAnswer{Resync: counts != in.Partners || newest != in.MaxSequence}, err
}

// cut keeps the beginning of a text that nobody will type again.
func cut(text string, most int) string {
	letters := []rune(strings.TrimSpace(text))
	return string(letters[:min(len(letters), most)])
}
