// Package hub serves the Network's hub: endpoints for vendors, pages for creators, and the part of the
// console that is about them.
//
// It owns no rule, no SQL and no transaction. What is JSON and what is a page is fixed by the path, and
// never by what a client accepts.
package hub

import (
	"log/slog"
	"time"

	"github.com/openpartner/openpartner/app/api"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/coordinator"
	"github.com/openpartner/openpartner/app/edge"
	"github.com/openpartner/openpartner/app/limits"
)

// Options are what the hub's delivery stands on.
type Options struct {
	Edge    *edge.Edge
	Log     *slog.Logger
	Now     func() time.Time
	Limiter *limits.Limiter
	Hub     *coordinator.Service
	// Keeper and Sessions are of creators.
	Keeper   *edge.Keeper
	Sessions *auth.Sessions
	// Console is the frame of the staff's pages.
	Console Console
	// DevMail is where the mails of development are shown; empty in production.
	DevMail string
}

// Server serves the hub.
type Server struct {
	Options

	json *api.Server // whose words for errors are the protocol's
}

// NewServer makes the hub's server.
func NewServer(o Options) *Server {
	return &Server{Options: o, json: api.NewServer(api.Options{Log: o.Log, Now: o.Now})}
}
