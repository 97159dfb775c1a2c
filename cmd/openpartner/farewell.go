package main

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// A client that goes on asking over its connection sends its next request within calm; one that has
// not, is taken to have gone home. Nobody keeps the program for longer than linger.
const (
	calm   = 100 * time.Millisecond
	linger = 2 * time.Second
)

// guests are the open connections, by the time since when each has nothing to do; zero while it has.
//
// A server that closes an idle connection may cross the next request on its way, which the client
// then finds lost. So who is in hears with the next answer that it was the last, and closes.
type guests struct {
	leaving atomic.Bool

	mu    sync.Mutex
	since map[net.Conn]time.Time
}

func newGuests() *guests { return &guests{since: map[net.Conn]time.Time{}} }

// note is http.Server's ConnState.
func (g *guests) note(conn net.Conn, s http.ConnState) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch s {
	case http.StateNew, http.StateIdle:
		g.since[conn] = time.Now()
	case http.StateActive:
		g.since[conn] = time.Time{}
	case http.StateClosed, http.StateHijacked:
		delete(g.since, conn)
	}
}

// last tells with every answer that it is the last one, once the program is leaving.
func (g *guests) last(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.leaving.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// farewell returns when nobody is likely to ask any more. Requests under way are not its business.
func (g *guests) farewell(ctx context.Context) {
	g.leaving.Store(true)
	ctx, cancel := context.WithTimeout(ctx, linger)
	defer cancel()
	tick := time.NewTicker(calm / 10)
	defer tick.Stop()
	for !g.calm(time.Now()) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (g *guests) calm(now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, since := range g.since {
		if !since.IsZero() && now.Sub(since) < calm {
			return false
		}
	}
	return true
}
