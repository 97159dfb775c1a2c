package attribution

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/outbox"
)

// Erase takes the person away from what a user did. The user gets a pseudonym wherever they stand,
// so that events, decisions and money stay and come out the same when they are derived again;
// everything else about them goes. Afterwards nobody knows the user: a repeat finds none.
//
// One thing stays where it is needed: the hash of an address that is a partner's own, by which the
// partner's own purchases earn them nothing.
func (s *Service) Erase(ctx context.Context, userID string) error {
	if err := auth.Require(ctx, auth.AdminScope); err != nil {
		return err
	}
	if err := lockUsers(ctx, []string{userID}); err != nil {
		return err
	}
	customers, err := s.load(ctx, []string{userID})
	if err != nil {
		return err
	}
	c := customers[userID]
	stitched, err := s.tracking.Verified(ctx, userID)
	if err != nil {
		return err
	}
	if len(c.events) == 0 && len(c.touches) == 0 && !stitched {
		return fault.NotFound("user")
	}
	pseudonym := newPseudonym()
	if err := eraseEvents(ctx, userID, pseudonym, c.ownHashes()); err != nil {
		return err
	}
	if err := s.tracking.EraseVisitor(ctx, userID, pseudonym); err != nil {
		return err
	}
	if err := outbox.EraseUser(ctx, userID, pseudonym); err != nil {
		return err
	}
	if err := audit.EraseUser(ctx, userID); err != nil {
		return err
	}
	gone := Erased{UserID: userID}
	for _, t := range c.touches {
		gone.Clicks = append(gone.Clicks, t.ClickID)
	}
	if err := s.facts.Tell(ctx, gone); err != nil {
		return err
	}
	return audit.Record(ctx, audit.Entry{
		Action: "user.erased", SubjectKind: "user", Detail: map[string]any{"events": len(c.events), "clicks": len(c.touches)},
	})
}

// Erased is the fact that nobody is to know a user any more, nor what their visits were like.
type Erased struct {
	UserID string
	Clicks []uuid.UUID
}

// newPseudonym tells nothing about anybody.
func newPseudonym() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return "erased-" + hex.EncodeToString(b[:])
}

// ownHashes are the hashes of the customer's addresses that are those of a partner.
func (c *customer) ownHashes() []string {
	c.know()
	own := []string{}
	for _, p := range c.promoters {
		if c.own[p.ID] {
			own = append(own, p.EmailHash)
		}
	}
	return own
}

// eraseEvents leaves of a user's events what money depends on. The hash of the request goes, too:
// it could be tried out.
func eraseEvents(ctx context.Context, userID, pseudonym string, ownHashes []string) error {
	_, err := db.Tx(ctx).NewRaw(`
		update events set user_id = ?1, metadata = '{}', request_hash = gen_random_uuid()::text,
			email_hash = case when email_hash = any(?2::text[]) then email_hash end
		where user_id = ?0`, userID, pseudonym, pgdialect.Array(ownHashes)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("erase the user of events: %w", err)
	}
	return nil
}
