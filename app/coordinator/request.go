package coordinator

import (
	"crypto/rand"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/protocol"
)

// Request is a creator who wants to promote an offering.
type Request struct {
	ID              uuid.UUID
	VendorID        uuid.UUID
	VendorName      string
	OfferingID      uuid.UUID
	OfferingTitle   string
	CampaignID      string
	CreatorID       uuid.UUID
	Email           string // of the creator; a vendor gets it by approving
	Name            string
	Handle          string
	Bio             string
	Platforms       json.RawMessage
	Pitch           string
	PreferredKey    string
	Status          string
	Note            string
	Reason          string
	VendorPartnerID string
	LinkKey         string
	LinkTry         int
	ShareURL        string
	DecidedAt       *time.Time
	CreatedAt       time.Time
	UpdatedAt       time.Time
}

// again is how long a creator waits after a rejection before they may apply anew.
const again = 30 * 24 * time.Hour

const maxPitch = 2000

// MayApply says whether somebody may apply for an offering after what came of their earlier requests for
// it, newest first. A cancelled or failed one is no obstacle.
func MayApply(earlier []Request, now time.Time) error {
	for _, r := range earlier {
		switch r.Status {
		case protocol.RequestPending, protocol.RequestApproving:
			return fault.Conflict("request_open", "You have applied for this already. You will get a mail when it is decided.")
		case protocol.RequestApproved:
			return fault.Conflict("already_partner", "You promote this already.")
		case protocol.RequestRejected:
			if until := r.DecidedAt.Add(again); now.Before(until) {
				return fault.Conflict("rejected_recently", "This was declined. You may apply again from "+until.UTC().Format("2 January 2006")+".")
			}
		}
	}
	return nil
}

// MayDecide says whether a vendor may answer a request. One that failed may be approved once more.
func (r Request) MayDecide(approve bool) error {
	switch {
	case r.Status == protocol.RequestPending, r.Status == protocol.RequestFailed:
		return nil
	case approve && (r.Status == protocol.RequestApproving || r.Status == protocol.RequestApproved):
		return fault.Conflict("already_approved", "This request is approved already.")
	default:
		return fault.Conflict("not_pending", "This request does not wait for an answer any more.")
	}
}

// Application is what a creator sends.
type Application struct{ Pitch, PreferredKey string }

func (a Application) check() (Application, error) {
	fields := fault.Fields{}
	a.Pitch, a.PreferredKey = strings.TrimSpace(a.Pitch), strings.TrimSpace(a.PreferredKey)
	switch n := utf8.RuneCountInString(a.Pitch); {
	case n == 0:
		fields.Add("pitch", "Say in a few words how you would promote it.")
	case n > maxPitch:
		fields.Add("pitch", "A pitch has at most 2,000 characters.")
	}
	if a.PreferredKey != "" && !keyLike(a.PreferredKey) {
		fields.Add("preferred_key", "Use 3 to 40 letters, digits, - or _.")
	}
	return a, fields.Err()
}

func keyLike(text string) bool { return len(text) >= 3 && len(text) <= 40 && wordLike(text) }

// wordLike reports whether a text is made of what an address may hold as it is.
func wordLike(text string) bool {
	return strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == "" && strings.Trim(text, "-_") != ""
}

// maxTaken is how many keys are tried when the wished one is taken.
const maxTaken = 5

// nextKey is the key to try after one was taken: the wished one and four random characters.
func (r Request) nextKey() string {
	const letters = "23456789abcdefghjkmnpqrstuvwxyz"
	wish := r.PreferredKey
	if wish == "" {
		wish = r.Handle
	}
	wish = wish[:min(len(wish), 40-5)]
	var b [4]byte
	_, _ = rand.Read(b[:]) // crypto/rand never fails since Go 1.24
	for i := range b {
		b[i] = letters[int(b[i])%len(letters)]
	}
	return wish + "-" + string(b[:])
}

// repeatKey names one call about the request, so that the vendor tells its repeats.
func (r Request) repeatKey(what string) string {
	return "network-" + r.ID.String() + "-" + what + "-" + strconv.Itoa(r.LinkTry)
}

func (r Request) platforms() []protocol.Platform {
	places := []protocol.Platform{}
	_ = json.Unmarshal(r.Platforms, &places) // written by us; unreadable ones are none
	return places
}

// told is the request as its vendor is told it: without the creator's address.
func (r Request) told() protocol.Request {
	return protocol.Request{
		ID: r.ID.String(), Offering: protocol.RequestOffering{ID: r.OfferingID.String(), Title: r.OfferingTitle, CampaignID: r.CampaignID},
		Creator: protocol.Creator{Name: r.Name, Handle: r.Handle, Bio: r.Bio, Platforms: r.platforms()},
		Pitch:   r.Pitch, PreferredKey: r.PreferredKey, Status: r.Status, Note: r.Note, Reason: r.Reason, CreatedAt: r.CreatedAt.UTC(),
	}
}
