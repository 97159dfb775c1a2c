package webhooks

import (
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/net/idna"
)

// judge says what is wrong with an address, and whether it is one that we may not call. A name is
// judged again at every call, by the address that it then has.
func (s *Service) judge(address string) (sentence string, refused bool) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || len(address) > maxURL || u.Opaque != "" {
		return "Enter a whole web address, such as https://example.com/hooks.", false
	}
	host := u.Hostname()
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return "Enter a whole web address, such as https://example.com/hooks.", false
	case u.Scheme == "http" && !s.plain:
		return "The address must begin with https://.", true
	case u.User != nil:
		return "The address must not carry a password: requests are signed.", true
	case s.guard.Literal(host), numeric(host):
		return "This address can't be called from here.", true
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return "", false
	}
	if ascii, err := idna.Lookup.ToASCII(host); err != nil || ascii == "" {
		return "This is not the name of a host.", false
	}
	return "", false
}

// numeric reports whether a host is a number in one of the forms that some programs take for an
// address and others for a name, such as 2130706433 or 0x7f.1.
func numeric(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return false
	}
	last := host[strings.LastIndex(strings.TrimSuffix(host, "."), ".")+1:]
	last = strings.TrimSuffix(last, ".")
	return last == "" || strings.HasPrefix(strings.ToLower(last), "0x") || strings.Trim(last, "0123456789") == ""
}
