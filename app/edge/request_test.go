package edge_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/edge"
)

func TestRequestID(t *testing.T) {
	t.Parallel()
	d := open(t)
	for name, c := range map[string]struct {
		id   string
		kept bool
	}{
		"Printable": {"abc-123", true},
		"Longest":   {strings.Repeat("a", 128), true},
		"TooLong":   {strings.Repeat("a", 129), false},
		"Space":     {"a b", false},
		"Control":   {"a\x01", false},
		"NotASCII":  {"ä", false},
		"Missing":   {"", false},
	} {
		got := d.send(http.MethodGet, "/pin", "X-Request-Id", c.id).header.Get("X-Request-Id")
		if c.kept && got != c.id {
			t.Errorf("%s: %q became %q", name, c.id, got)
		}
		if _, err := uuid.Parse(got); !c.kept && err != nil {
			t.Errorf("%s: %q became %q, which is no id of ours", name, c.id, got)
		}
	}
}

func TestNetwork_IP(t *testing.T) {
	t.Parallel()
	proxies := edge.Network{Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}}
	for name, c := range map[string]struct {
		network edge.Network
		peer    string
		xff     []string
		want    string
	}{
		"NobodyIsTrustedByDefault": {edge.Network{}, "10.0.0.1:1", []string{"6.6.6.6"}, "10.0.0.1"},
		"StrangersHeaderIsIgnored": {proxies, "203.0.113.7:1", []string{"6.6.6.6"}, "203.0.113.7"},
		"ProxyTellsTheVisitor":     {proxies, "10.0.0.1:1", []string{"198.51.100.1"}, "198.51.100.1"},
		"LastUntrustedHopWins":     {proxies, "10.0.0.1:1", []string{"6.6.6.6, 198.51.100.1, 10.0.0.2"}, "198.51.100.1"},
		"HeadersAreOneList":        {proxies, "10.0.0.1:1", []string{"6.6.6.6", "198.51.100.1"}, "198.51.100.1"},
		"OnlyProxies":              {proxies, "10.0.0.1:1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		"RubbishEndsTheList":       {proxies, "10.0.0.1:1", []string{"6.6.6.6, unknown, 10.0.0.2"}, "10.0.0.2"},
		"NoHeader":                 {proxies, "10.0.0.1:1", nil, "10.0.0.1"},
		"IPv6":                     {proxies, "[fd00::1]:1", []string{"2001:db8::7"}, "2001:db8::7"},
		"MappedIPv4":               {proxies, "[::ffff:10.0.0.1]:1", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := httptest.NewRequest(http.MethodGet, "/", nil)
			req.RemoteAddr = c.peer
			for _, value := range c.xff {
				req.Header.Add("X-Forwarded-For", value)
			}
			if got := c.network.IP(req).String(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestBlock(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"198.51.100.1": "198.51.100.1", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "2001:db8:1:2::9": "2001:db8:1:2::/64",
	} {
		if got := edge.Block(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s counts as %s, want %s", addr, got, want)
		}
	}
}
