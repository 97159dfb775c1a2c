package tracking

import (
	"net/url"
	"strings"
)

// maxParameter is how much of a tracking parameter is kept.
const maxParameter = 200

// utmNames and subNames are the parameters that are recorded and forwarded.
func utmNames() []string {
	return []string{"utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"}
}

func subNames() []string { return []string{"sub1", "sub2", "sub3", "sub4", "sub5"} }

// Parameters picks campaign tags and sub-ids out of the query of a visit.
func Parameters(query url.Values) (utm, subIDs map[string]string) {
	pick := func(names []string) map[string]string {
		out := map[string]string{}
		for _, name := range names {
			if text := clean(query.Get(name), maxParameter); text != "" {
				out[name] = text
			}
		}
		return out
	}
	return pick(utmNames()), pick(subNames())
}

// Destination is where a visitor is sent: the link's address with cref set, and with the tags
// of the visit that the address does not have itself. Whatever else the address says, its
// fragment included, stays to the letter. An empty cref only removes an old one.
func Destination(address, cref string, utm, subIDs map[string]string) string {
	base, fragment, hasFragment := strings.Cut(address, "#")
	path, query, _ := strings.Cut(base, "?")
	present := map[string]bool{}
	var kept []string
	for _, pair := range strings.Split(query, "&") {
		raw, _, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(raw)
		if err != nil {
			name = raw
		}
		if pair == "" || name == "cref" {
			continue
		}
		present[name] = true
		kept = append(kept, pair)
	}
	forward := func(names []string, tags map[string]string) {
		for _, name := range names {
			if text := tags[name]; text != "" && !present[name] {
				kept = append(kept, name+"="+url.QueryEscape(text))
			}
		}
	}
	forward(utmNames(), utm)
	forward(subNames(), subIDs)
	if cref != "" {
		kept = append(kept, "cref="+cref)
	}
	out := path
	if len(kept) > 0 {
		out += "?" + strings.Join(kept, "&")
	}
	if hasFragment {
		out += "#" + fragment
	}
	return out
}

// DeepLink is the address in ?url= when the campaign allows it, else empty. Only hosts on the
// campaign's list are allowed, exactly or as sub-domains.
func (t Target) DeepLink(wanted string) string {
	if wanted == "" || len(wanted) > 2000 {
		return ""
	}
	u, err := url.Parse(wanted)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.User != nil ||
		strings.ContainsFunc(wanted, func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f }) {
		return ""
	}
	host := strings.ToLower(u.Hostname())
	for _, domain := range t.DeepLinkDomains {
		if host == domain || strings.HasSuffix(host, "."+domain) {
			return wanted
		}
	}
	return ""
}
