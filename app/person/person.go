// Package person checks and normalises what people type about themselves: e-mail addresses and
// names, the same way for admins, partners and sign-up forms.
package person

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"github.com/openpartner/openpartner/app/fault"
)

const (
	maxEmail = 254 // RFC 5321
	maxName  = 120
)

// Email trims and lower-cases an address, with its domain in ASCII form. A fault is added to
// fields under the given name.
func Email(fields fault.Fields, field, text string) string {
	text = strings.ToLower(norm.NFC.String(strings.TrimSpace(text)))
	if text == "" {
		fields.Add(field, "Enter an e-mail address.")
		return ""
	}
	if len(text) > maxEmail {
		fields.Add(field, "An e-mail address has at most 254 characters.")
		return ""
	}
	parsed, err := mail.ParseAddress(text)
	if err != nil || parsed.Address != text || strings.ContainsFunc(text, unicode.IsSpace) {
		fields.Add(field, "This is not an e-mail address, such as ada@example.com.")
		return ""
	}
	local, domain, _ := strings.Cut(text, "@")
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil || !strings.Contains(ascii, ".") || strings.Contains(local, `"`) {
		fields.Add(field, "This is not an e-mail address, such as ada@example.com.")
		return ""
	}
	return local + "@" + ascii
}

// Name trims a name of 1 to 120 characters without control characters.
func Name(fields fault.Fields, field, text string) string {
	return Line(fields, field, text, maxName)
}

// Line trims a text of 1 to limit characters in one line.
func Line(fields fault.Fields, field, text string, limit int) string {
	text = norm.NFC.String(strings.TrimSpace(text))
	switch {
	case text == "":
		fields.Add(field, "This can't be blank.")
	case utf8.RuneCountInString(text) > limit:
		fields.Add(field, "This is too long.")
	case strings.ContainsFunc(text, unicode.IsControl):
		fields.Add(field, "This must be one line of plain text.")
	}
	return text
}
