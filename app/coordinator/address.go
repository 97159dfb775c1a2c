package coordinator

import (
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/openpartner/openpartner/app/netguard"
)

const maxURL = 500

// address reads a vendor's address: https, or http to this very machine where that is allowed. It comes
// back in one form, so that one instance has one address. The sentence says what is wrong.
func address(text string, plain bool) (u *url.URL, sentence string) {
	const whole = "Give a whole web address, such as https://example.com/api/v1."
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || u.Host == "" || u.Opaque != "" || len(text) > maxURL {
		return nil, whole
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, whole
	case u.Scheme == "http" && (!plain || !loopback(u.Hostname())):
		return nil, "The address must begin with https://."
	case u.User != nil || u.Fragment != "":
		return nil, "The address must not carry a password or a fragment."
	}
	if host, port, err := net.SplitHostPort(u.Host); err == nil && port == map[string]string{"https": "443", "http": "80"}[u.Scheme] {
		u.Host = host
	}
	return u, ""
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && addr.IsLoopback())
}

// instance reads the base of a vendor's API.
func instance(text string, plain bool, guard *netguard.Guard) (base, sentence string) {
	u, sentence := address(text, plain)
	switch {
	case sentence != "":
		return "", sentence
	case u.RawQuery != "":
		return "", "The address of an API has no query."
	case guard.Literal(u.Hostname()):
		return "", "This address can't be called from here."
	}
	u.Path = strings.TrimRight(u.Path, "/")
	return u.String(), ""
}

// callback reads the address to which the contact is sent. It must be on the instance's own host: a
// mail of ours never leads anywhere else.
func callback(text, base string, plain bool) (link, sentence string) {
	u, sentence := address(text, plain)
	if sentence != "" {
		return "", sentence
	}
	own, err := url.Parse(base)
	if err != nil || own.Scheme != u.Scheme || own.Host != u.Host {
		return "", "This must be an address on the instance's own host."
	}
	return u.String(), ""
}

// withToken is the link in the mail that completes a connection.
func withToken(link, token, state string) (string, error) {
	u, err := url.Parse(link)
	if err != nil {
		return "", err
	}
	q := u.Query()
	q.Set("ntoken", token)
	q.Set("state", state)
	u.RawQuery = q.Encode()
	return u.String(), nil
}
