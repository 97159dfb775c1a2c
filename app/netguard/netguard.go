// Package netguard decides which addresses an outbound call may reach.
//
// It owns no client: whoever calls an address that a tenant chose dials through a Guard.
// Invariant: the check is made on the address that is really dialled, after the name was
// resolved, so a name that changes its address between look-up and call gains nothing.
package netguard

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

const (
	dialTimeout   = 10 * time.Second // for one connection
	headerTimeout = 30 * time.Second // for the beginning of an answer
	maxHeader     = 64 << 10
)

// Guard lets calls out to public addresses, and to the ranges that the operator allowed.
type Guard struct {
	guardian *ssrf.Guardian
	allow    []netip.Prefix
	ports    []uint16 // where web servers listen; ranges that the operator allowed may use any
	dialer   *net.Dialer
	webs     *net.Dialer
	client   *http.Client
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
	g := &Guard{allow: allow, ports: []uint16{80, 443, 8080, 8443}, guardian: ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...))}
	g.dialer = &net.Dialer{Timeout: dialTimeout, Control: g.guardian.Safe}
	g.webs = &net.Dialer{Timeout: dialTimeout, Control: g.web}
	g.client = &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{ // without a proxy: what dials must be what was checked
			DialContext: g.webs.DialContext, TLSHandshakeTimeout: dialTimeout, ResponseHeaderTimeout: headerTimeout,
			MaxResponseHeaderBytes: maxHeader, MaxIdleConnsPerHost: 2, MaxConnsPerHost: 16, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
		},
	}
	return g
}

// Client calls web addresses: it follows no redirect and uses no proxy. Whoever calls gives the
// context a deadline and reads no more of an answer than they want.
func (g *Guard) Client() *http.Client { return g.client }

// web judges a connection of the client by its address and port.
func (g *Guard) web(network, address string, c syscall.RawConn) error {
	if err := g.guardian.Safe(network, address, c); err != nil {
		return err
	}
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %s", ssrf.ErrInvalidHostPort, address)
	}
	allowed := slices.ContainsFunc(g.allow, func(p netip.Prefix) bool { return p.Contains(to.Addr().Unmap()) })
	if !allowed && !slices.Contains(g.ports, to.Port()) {
		return fmt.Errorf("%w: %d", ssrf.ErrProhibitedPort, to.Port())
	}
	return nil
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
	return errors.Is(err, ssrf.ErrProhibitedIP) || errors.Is(err, ssrf.ErrProhibitedNetwork) || errors.Is(err, ssrf.ErrProhibitedPort)
}
