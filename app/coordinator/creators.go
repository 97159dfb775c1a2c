package coordinator

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/person"
	"github.com/openpartner/openpartner/app/routes"
)

// KindCreatorLink is the job kind of LinkWanted.
const KindCreatorLink = "hub.creator_link"

// LinkWanted is the order to mail a creator the link they asked for. It is written alike for known and
// unknown addresses.
type LinkWanted struct {
	LinkID uuid.UUID `json:"link_id"`
	Email  string    `json:"email"`
}

// linkLife is how long a link in a mail works.
const linkLife = 10 * time.Minute

// Join has a link mailed that makes somebody a creator. Nobody is one before they open it, and who is one
// already gets a link to sign in.
func (s *Service) Join(ctx context.Context, f SignUpForm) error {
	f, err := f.check()
	if err != nil {
		return err
	}
	// Its own person's, too: or whoever knows a handle could try whose address it is.
	taken, err := handleTaken(ctx, f.Handle, "")
	if err != nil {
		return err
	}
	if taken {
		return fault.Conflict("handle_taken", "This handle is taken.").WithField("handle", "This handle is taken. If it is yours, sign in; else please choose another.")
	}
	return s.wantLink(ctx, CreatorLink{Email: f.Email, Name: f.Name, Handle: f.Handle})
}

// SignIn has a link mailed to a creator; strangers get none, and nobody sees a difference.
func (s *Service) SignIn(ctx context.Context, email, next string) error {
	fields := fault.Fields{}
	email = person.Email(fields, "email", email)
	if err := fields.Err(); err != nil {
		return err
	}
	if !routes.Local(next) {
		next = ""
	}
	return s.wantLink(ctx, CreatorLink{Email: email, NextPath: cut(next, maxURL)})
}

func (s *Service) wantLink(ctx context.Context, l CreatorLink) error {
	l.CreatedAt = s.now()
	l.ID, l.ExpiresAt = ids.NewAt(l.CreatedAt), l.CreatedAt.Add(mailLife)
	if err := insertLink(ctx, l); err != nil {
		return err
	}
	return later(ctx, outbox.Job{Kind: KindCreatorLink, Key: "creator:" + l.Email, Args: LinkWanted{LinkID: l.ID, Email: l.Email}, MaxAttempts: 5})
}

// MintLink makes the link that a creator asked for, at the last moment, and voids their older ones. For a
// stranger who did not sign up it is a not-found fault.
func (s *Service) MintLink(ctx context.Context, order LinkWanted) (l Letter, known bool, err error) {
	link, err := findLink(ctx, order.LinkID)
	if err != nil {
		return Letter{}, false, err
	}
	creator, err := confirmedBy(ctx, link.Email)
	if err != nil {
		return Letter{}, false, err
	}
	if creator == nil && link.Name == "" {
		return Letter{}, false, fault.NotFound("creator")
	}
	token, now := auth.NewToken(), s.now()
	if err := mintLink(ctx, link, auth.HashToken(token), now, now.Add(linkLife)); err != nil {
		return Letter{}, false, err
	}
	return Letter{To: link.Email, Name: link.Name, Link: token}, creator != nil, nil
}

// PeekLink looks at a link without using it.
func (s *Service) PeekLink(ctx context.Context, token string) (CreatorLink, error) {
	return openLink(ctx, auth.HashToken(token), s.now())
}

// Enter uses a link up: it makes a creator of whoever signed up, notes the sign-in, and gives the creator
// and where they wanted to go.
func (s *Service) Enter(ctx context.Context, token string) (Creator, string, error) {
	now := s.now()
	link, err := consumeLink(ctx, auth.HashToken(token), now)
	if err != nil {
		return Creator{}, "", err
	}
	id, err := confirmedBy(ctx, link.Email)
	if err != nil {
		return Creator{}, "", err
	}
	if id != nil {
		c, err := noteSignIn(ctx, *id, now)
		return c, link.NextPath, err
	}
	if link.Name == "" {
		return Creator{}, "", auth.ErrLinkSpent
	}
	c, err := s.welcome(ctx, link, now)
	return c, link.NextPath, err
}

// welcome makes somebody a creator, who from now on is one person to all vendors that know the address.
func (s *Service) welcome(ctx context.Context, link CreatorLink, now time.Time) (Creator, error) {
	taken, err := handleTaken(ctx, link.Handle, link.Email)
	if err != nil {
		return Creator{}, err
	}
	id := ids.NewAt(now)
	if taken { // since they signed up; they may choose another
		link.Handle = cut(link.Handle, 30) + "-" + id.String()[28:]
	}
	c := Creator{ID: id, Email: link.Email, Name: link.Name, Handle: link.Handle, LastSignInAt: &now, CreatedAt: now}
	if err := insertCreator(ctx, c); err != nil {
		return Creator{}, err
	}
	return c, linkRecords(ctx, c)
}

// FindCreator gives the principal of a session.
func (s *Service) FindCreator(ctx context.Context, id uuid.UUID) (auth.Principal, error) {
	c, err := findCreator(ctx, id)
	return auth.Principal{Kind: CreatorKind, ID: c.ID, Name: c.Name, Email: c.Email, Role: "creator"}, err
}

// MyProfile gives the creator who is signed in.
func (s *Service) MyProfile(ctx context.Context) (Creator, error) {
	id, err := creatorOf(ctx)
	if err != nil {
		return Creator{}, err
	}
	return findCreator(ctx, id)
}

// Introduce changes what the creator who is signed in says of themselves.
func (s *Service) Introduce(ctx context.Context, p Profile) (Creator, error) {
	c, err := s.MyProfile(ctx)
	if err != nil {
		return Creator{}, err
	}
	if p, err = p.check(); err != nil {
		return c, err
	}
	taken, err := handleTaken(ctx, p.Handle, c.Email)
	if err != nil {
		return c, err
	}
	if taken {
		return c, errHandleTaken()
	}
	c.Name, c.Handle, c.Bio = p.Name, p.Handle, p.Bio
	if c.Platforms, err = json.Marshal(p.Platforms); err != nil {
		return c, fmt.Errorf("encode platforms: %w", err)
	}
	return c, updateCreator(ctx, c)
}
