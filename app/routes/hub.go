package routes

import (
	"strings"

	"github.com/google/uuid"
)

// Hub builds the URLs of the Network's hub; those of its staff's door, jobs and log are the console's.
type Hub struct{ origin string }

// NewHub makes the builder; the zero value builds paths.
func NewHub(publicURL string) Hub { return Hub{origin: strings.TrimRight(publicURL, "/")} }

// Absolute turns a path of this builder into a whole URL.
func (u Hub) Absolute(path string) string { return u.origin + path }

func (Hub) Home() string                     { return "/" }
func (Hub) Offerings() string                { return "/offerings" }
func (u Hub) Offering(id uuid.UUID) string   { return u.Offerings() + "/" + id.String() }
func (u Hub) Apply(id uuid.UUID) string      { return u.Offering(id) + "/apply" }
func (u Hub) Category(word string) string    { return u.Offerings() + param("category", word) }
func (Hub) Join() string                     { return "/creators/signup" }
func (Hub) SignIn() string                   { return "/creators/signin" }
func (Hub) Verify() string                   { return "/creators/verify" }
func (u Hub) VerifyLink(token string) string { return u.Verify() + param("token", token) }
func (Hub) SignOut() string                  { return "/creators/signout" }
func (Hub) Profile() string                  { return "/creators/me" }
func (u Hub) Requests() string               { return u.Profile() + "/requests" }
func (u Hub) Cancel(id uuid.UUID) string     { return u.Requests() + "/" + id.String() + "/cancel" }
func (u Hub) Partnerships() string           { return u.Profile() + "/partnerships" }
func (Hub) Vendors() string                  { return "/platform/vendors" }
func (u Hub) Vendor(id uuid.UUID) string     { return u.Vendors() + "/" + id.String() }
func (u Hub) VendorStatus(id uuid.UUID) string {
	return u.Vendor(id) + "/status"
}
func (Hub) ConsoleOfferings() string { return "/platform/offerings" }
func (u Hub) Withhold(id uuid.UUID) string {
	return u.ConsoleOfferings() + "/" + id.String() + "/withholding"
}
func (Hub) ConsoleRequests() string { return "/platform/requests" }
func (Hub) ConsoleCreators() string { return "/platform/creators" }
