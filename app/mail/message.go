// Package mail hands finished messages to a mail server.
//
// It knows SMTP, and which failures pass by themselves. It does not know who gets what or why:
// jobs compose the messages. Invariant: no message leaves without a valid sender and receiver.
package mail

import (
	"context"
	"errors"
	"regexp"
	"strconv"
	"strings"
)

// Message is one mail to one person, in both forms.
type Message struct {
	To       string // an address
	ToName   string
	FromName string // the program's name; the address is the transport's
	ReplyTo  string // optional
	Subject  string
	Text     string
	HTML     string
}

// Sender delivers a message to a mail server, or fails.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// ErrNoTransport says that nobody has said yet how mail is to be sent.
var ErrNoTransport = errors.New("no mail transport is configured")

// permanent marks a failure that trying again can't mend.
type permanent struct{ error }

// Unwrap gives the server's answer.
func (p permanent) Unwrap() error { return p.error }

// Permanent reports whether trying to send again is of no use.
func Permanent(err error) bool {
	_, ok := errors.AsType[permanent](err)
	return ok
}

// maxAnswer is how much of a server's answer is worth reading.
const maxAnswer = 300

var replyCode = regexp.MustCompile(`\b[45]\d\d[ -]`)

// Answer is what the server said to a mail that it refused, for people to read: without what the
// library adds, and without the receiver's address.
func Answer(err error, receiver string) string {
	said, _, _ := strings.Cut(err.Error(), ", affected ")
	at := replyCode.FindStringIndex(said)
	if at == nil {
		return "The mail could not be addressed."
	}
	code, text, _ := strings.Cut(said[at[0]:], " ")
	if plain, err := strconv.Unquote(text); err == nil { // as the library writes answers of several lines
		text = plain
	}
	said = strings.Join(strings.Fields(code+" "+text), " ")
	if receiver != "" {
		said = regexp.MustCompile(`(?i)`+regexp.QuoteMeta(receiver)).ReplaceAllLiteralString(said, "the address")
	}
	if runes := []rune(said); len(runes) > maxAnswer {
		said = string(runes[:maxAnswer]) + "…"
	}
	return strings.ToValidUTF8(said, "")
}
