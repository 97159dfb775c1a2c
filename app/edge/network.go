package edge

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/labstack/echo/v4"
)

// Network knows which proxies are believed.
type Network struct{ Trusted []netip.Prefix }

// IP is the address of the visitor: the peer's, or, when the peer is a proxy of ours, the last
// address in X-Forwarded-For that is not.
func (n Network) IP(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr := peer.Addr().Unmap()
	if !n.trusts(addr) {
		return addr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = hop.Unmap()
		if !n.trusts(addr) {
			break
		}
	}
	return addr
}

func (n Network) trusts(addr netip.Addr) bool {
	for _, p := range n.Trusted {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// Block is the address as rate limits count it: a whole /64 of IPv6 is one household.
func Block(addr netip.Addr) string {
	if addr.Is6() {
		if p, err := addr.Prefix(64); err == nil {
			return p.String()
		}
	}
	return addr.String()
}

// limitByIP counts the request against the route's limit.
func (e *Edge) limitByIP(c echo.Context, r Route) error {
	if r.Limit.Burst == 0 {
		return nil
	}
	_, err := e.Limiter.Take(c.Request().Context(), r.Limit, Block(e.Network.IP(c.Request())))
	return err
}
