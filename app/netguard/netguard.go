// Package netguard decides which addresses an outbound call may reach.
//
// It owns no client: whoever calls an address that a tenant chose dials through a Guard.
// Invariant: the check is made on the address that is really dialled, after the name was
// resolved, so a name that changes its address between look-up and call gains nothing.
package netguard

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"code.dny.dev/ssrf"
)

// dialTimeout is for one connection.
const dialTimeout = 10 * time.Second

// Guard lets calls out to public addresses, and to the ranges that the operator allowed.
type Guard struct {
	guardian *ssrf.Guardian
	dialer   *net.Dialer
}

// New makes a guard; allow lists private ranges that may be reached all the same.
func New(allow []netip.Prefix) *Guard {
	var v4, v6 []netip.Prefix
	for _, p := range allow {
		if p.Addr().Is4() {
			v4 = append(v4, p)
		} else {
			v6 = append(v6, p)
		}
	}
	g := &Guard{guardian: ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...))}
	g.dialer = &net.Dialer{Timeout: dialTimeout, Control: g.guardian.Safe}
	return g
}

// DialContext connects to an address, unless it is one that may not be reached: then the error
// is Refused.
func (g *Guard) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return g.dialer.DialContext(ctx, network, address)
}

// Permits reports whether calls may go to an address.
func (g *Guard) Permits(addr netip.Addr) bool {
	return g.guardian.SafeAddr(addr.Unmap()) == nil
}

// Literal reports whether host is an address in itself and one that may not be reached. A name
// is judged only when it is dialled.
func (g *Guard) Literal(host string) (refused bool) {
	addr, err := netip.ParseAddr(host)
	return err == nil && !g.Permits(addr)
}

// Refused reports whether a call failed because of its address.
func Refused(err error) bool {
	return errors.Is(err, ssrf.ErrProhibitedIP) || errors.Is(err, ssrf.ErrProhibitedNetwork)
}
