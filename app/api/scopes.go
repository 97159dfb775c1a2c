package api

import (
	"slices"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/edge"
)

// opening is what a scope lets a key do.
type opening struct {
	Scope      string
	Operations []operation
}

// openings are read off the table of endpoints, so that no page can promise what a key is then
// refused. Scopes that open nothing are left out.
func (s *Server) openings() []opening {
	var all []opening
	for _, scope := range auth.Scopes() {
		o := opening{Scope: scope}
		for _, one := range s.everyOperation() {
			if one.Auth == edge.KeyAuth && (one.Scope == scope || one.Or == scope) {
				o.Operations = append(o.Operations, one)
			}
		}
		if len(o.Operations) > 0 {
			all = append(all, o)
		}
	}
	return all
}

// ScopeUses says in words what each scope opens, for people who choose.
func (s *Server) ScopeUses() map[string][]string {
	uses := map[string][]string{}
	for _, o := range s.openings() {
		for _, one := range o.Operations {
			if !slices.Contains(uses[o.Scope], one.Summary) {
				uses[o.Scope] = append(uses[o.Scope], one.Summary)
			}
		}
	}
	return uses
}

// scopeIDs names the operations that each scope opens, for programs.
func (s *Server) scopeIDs() map[string][]string {
	opened := map[string][]string{}
	for _, o := range s.openings() {
		for _, one := range o.Operations {
			opened[o.Scope] = append(opened[o.Scope], one.id())
		}
	}
	return opened
}
