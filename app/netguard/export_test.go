package netguard

import "net"

// Using has the guard ask a resolver of the test, and take a port of the test for one of the web's.
func (g *Guard) Using(r *net.Resolver, port uint16) *Guard {
	g.dialer.Resolver, g.webs.Resolver = r, r
	g.ports = append(g.ports, port)
	return g
}
