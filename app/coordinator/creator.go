package coordinator

import (
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/person"
	"github.com/openpartner/openpartner/app/protocol"
)

// Creator is a person who confirmed their address here.
type Creator struct {
	ID           uuid.UUID
	Email        string
	Name         string
	Handle       string
	Bio          string
	Platforms    json.RawMessage
	LastSignInAt *time.Time
	CreatedAt    time.Time
}

// Places are where the creator publishes.
func (c Creator) Places() []protocol.Platform {
	places := []protocol.Platform{}
	_ = json.Unmarshal(c.Platforms, &places) // written by us; unreadable ones are none
	return places
}

// CreatorLink is a link that somebody asked for, by their address; with a name it is a sign-up.
type CreatorLink struct {
	ID         uuid.UUID
	Email      string
	Name       string
	Handle     string
	NextPath   string
	ExpiresAt  time.Time
	ConsumedAt *time.Time
	CreatedAt  time.Time
}

// SignUpForm is what a creator fills in to join.
type SignUpForm struct{ Email, Name, Handle string }

func (f SignUpForm) check() (SignUpForm, error) {
	fields := fault.Fields{}
	f.Email = person.Email(fields, "email", f.Email)
	f.Name = person.Name(fields, "name", f.Name)
	f.Handle = handle(fields, f.Handle)
	return f, fields.Err()
}

// Profile is what a creator says of themselves.
type Profile struct {
	Name, Handle, Bio string
	Platforms         []protocol.Platform
}

// maxPlatforms is on how many places a person may say to publish.
const maxPlatforms = 10

func (p Profile) check() (Profile, error) {
	fields := fault.Fields{}
	p.Name = person.Name(fields, "name", p.Name)
	p.Handle = handle(fields, p.Handle)
	p.Bio = strings.TrimSpace(p.Bio)
	if utf8.RuneCountInString(p.Bio) > 2000 {
		fields.Add("bio", "A bio has at most 2,000 characters.")
	}
	if len(p.Platforms) > maxPlatforms {
		fields.Add("platforms", "Name at most 10 places.")
	}
	for i, place := range p.Platforms {
		p.Platforms[i].Platform = cut(place.Platform, 40)
		if place.Platform == "" || !webAddress(place.URL) {
			fields.Add("platforms", "Each place has a name and a whole web address, such as https://example.com/maya.")
		}
	}
	return p, fields.Err()
}

// handle is the name by which a creator is known, in small letters.
func handle(fields fault.Fields, text string) string {
	text = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(text), "@"))
	if len(text) < 2 || len(text) > 40 || !wordLike(text) {
		fields.Add("handle", "Use 2 to 40 letters, digits, - or _.")
	}
	return text
}

func errHandleTaken() error {
	return fault.Conflict("handle_taken", "Somebody else has this handle.").WithField("handle", "Somebody else has this handle. Please choose another.")
}
