// Package edge is what every request passes first and last: ids, limits, headers, tenant,
// session, the unit of work and the buffered answer.
//
// It owns the request's transaction; nobody else begins or commits one in a request. It does
// not know features or views: pages and the JSON API hand it their surface.
// Invariant: no byte of an answer leaves before the commit that it speaks of.
package edge

import (
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/limits"
)

// Group says which transaction a route gets.
type Group string

// The groups.
const (
	Pinned   Group = "pinned"   // one transaction of the app role, pinned to the tenant
	Global   Group = "global"   // one transaction of the system role, pinned when a tenant is known
	Detached Group = "detached" // none: the handler asks for short ones by Run
	Static   Group = "static"   // none, and no tenant either
)

// Auth says how a caller shows who they are.
type Auth string

// The ways.
const (
	Public    Auth = "public"
	Session   Auth = "session"
	KeyAuth   Auth = "key"
	Token     Auth = "token"
	Signature Auth = "signature"
)

// Roles a session route may ask for. A viewer holds RoleViewer, an admin holds both; support holds
// RoleSupport, an admin of the platform holds it and RolePlatform. Creators are the Network's.
const (
	RoleCreator  = "creator"
	RoleAdmin    = "admin"
	RoleViewer   = "viewer"
	RolePartner  = "partner"
	RoleSupport  = "support"
	RolePlatform = "platform"
)

// Route declares one endpoint: what it is, who may call it and how often. The tables of routes
// also feed `openpartner routes` and the isolation tests.
type Route struct {
	Method string
	Path   string // below the tenant's prefix unless Root
	Group  Group
	Auth   Auth
	Role   string // of a session
	Scope  string // of a key
	Or     string // another scope that does as well
	StepUp bool   // a person must have signed in within the last 30 minutes
	Root   bool   // outside of every tenant
	Limit  limits.Rule
	Handle echo.HandlerFunc
}
