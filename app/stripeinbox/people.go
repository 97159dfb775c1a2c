package stripeinbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/person"
	"github.com/openpartner/openpartner/app/tracking"
)

// The keys by which an event is matched, as they are shown to people.
const (
	matchMetadata  = "metadata"            // the merchant's name for the user stands on an object
	matchCustomer  = "customer"            // the customer's id is the user's name
	matchEmail     = "email"               // a guest, known by the hash of an address
	matchReference = "client_reference_id" // the session names the click
	matchCref      = "metadata_cref"       // the metadata names the click
	matchPromotion = "promotion_code"      // the code is a partner's
)

// The ranks of what is said about a customer's name.
const (
	rankObject   = 1
	rankCustomer = 2
)

// naming is what an object says about who it is about.
type naming struct {
	customer ref
	user     string // in the merchant's words
	rank     int    // how good a word it is; 0: as any object's
	email    string
}

// somebody is who an event is about, and by which key that is known.
type somebody struct {
	user string
	by   string
}

// word is what was said about a customer's name.
type word struct {
	UserID string
	Rank   int
	ToldAt time.Time
}

// beats says which of two words stands, whatever order they come in: the customer's own over other
// objects', and then the later.
func (w word) beats(other word) bool {
	switch {
	case w.Rank != other.Rank:
		return w.Rank > other.Rank
	case !w.ToldAt.Equal(other.ToldAt):
		return w.ToldAt.After(other.ToldAt)
	default:
		return w.UserID < other.UserID
	}
}

// identify gives the user of an event: the merchant's own name for the customer, else the customer's
// id, and for guests the hash of their address. A name that comes after events of the customer holds
// for these as well.
func (s *Service) identify(ctx context.Context, in incoming, n naming) (somebody, error) {
	switch {
	case n.customer == "" && n.user != "":
		return somebody{n.user, matchMetadata}, nil
	case n.customer == "" && mailable(n.email) != nil:
		return somebody{guest(n.email), matchEmail}, nil
	case n.customer == "" || !usable(string(n.customer)):
		return somebody{}, nil
	}
	id := string(n.customer)
	known, err := findCustomer(ctx, id)
	missing := fault.Is(err, fault.KindNotFound)
	if err != nil && !missing {
		return somebody{}, err
	}
	if n.user != "" {
		if said := (word{n.user, max(n.rank, rankObject), in.Created}); missing || said.beats(known) {
			known = said
			if err := upsertCustomer(ctx, id, known, s.Now()); err != nil {
				return somebody{}, err
			}
			if err := s.Attribution.Merge(ctx, id, known.UserID); err != nil {
				return somebody{}, err
			}
		}
	} else if missing {
		return somebody{id, matchCustomer}, nil
	}
	return somebody{known.UserID, matchMetadata}, nil
}

// guest is the name of somebody who is no customer.
func guest(email string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(strings.TrimSpace(email))))
	return hex.EncodeToString(sum[:])
}

// mailable gives an address that is one, and nil for others.
func mailable(email string) *string {
	fields := fault.Fields{}
	email = person.Email(fields, "email", email)
	if fields.Err() != nil {
		return nil
	}
	return &email
}

// tie stitches a click to the user, if the text is one of ours: merchants may use the field for
// something else.
func (s *Service) tie(ctx context.Context, w *somebody, by, text string) error {
	click, ok := crefOf(text)
	if !ok {
		return nil
	}
	_, err := s.Attribution.Identify(ctx, attribution.IdentifyInput{Cref: click, UserID: w.user})
	if fault.Is(err, fault.KindNotFound) {
		return nil
	}
	if err == nil {
		w.by = by
	}
	return err
}

// credit stitches the partners whose codes were used at the checkout.
func (s *Service) credit(ctx context.Context, in incoming, w *somebody, codes []string) error {
	for _, code := range codes {
		if !usable(code) {
			continue
		}
		c, err := s.Promotion(ctx, code)
		if fault.Is(err, fault.KindNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		visit := tracking.CreditInput{PartnerID: c.PartnerID, CampaignID: c.CampaignID, OccurredAt: in.Created}
		w.by = matchPromotion
		if again, err := s.Tracking.Credited(ctx, w.user, visit); err != nil || again {
			return err
		}
		click, err := s.Tracking.Credit(ctx, visit)
		if err != nil {
			return err
		}
		if _, err := s.Attribution.Identify(ctx, attribution.IdentifyInput{Cref: click.ID, UserID: w.user}); err != nil {
			return err
		}
	}
	return nil
}

// customerTold reads the merchant's name for a customer. One that is made with a name has signed up.
func (s *Service) customerTold(ctx context.Context, in incoming) (outcome, error) {
	var o customer
	if err := in.into(&o); err != nil {
		return outcome{}, err
	}
	named := o.Metadata.user()
	w, err := s.identify(ctx, in, naming{customer: ref(o.ID), user: named, rank: rankCustomer})
	if err != nil {
		return outcome{}, err
	}
	if err := s.tie(ctx, &w, matchCref, o.Metadata.cref()); err != nil {
		return outcome{}, err
	}
	if named == "" || in.Type != "customer.created" {
		return done(uuid.Nil, w.by), nil
	}
	event, err := s.record(ctx, in, attribution.EventInput{UserID: w.user, Type: typeSignup, ExternalID: &o.ID, Email: mailable(o.Email)}, w.by)
	return done(event, w.by), err
}
