package mail

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

// kept is how many messages the memory holds.
const kept = 100

// Sent is a message with the time at which it was taken.
type Sent struct {
	Message

	At time.Time
}

// Memory keeps the latest messages instead of sending them: the transport of development, whose
// messages /dev/mail shows.
type Memory struct {
	now   func() time.Time
	print io.Writer // also prints the text of each message; nil for not

	mu   sync.Mutex
	sent []Sent
}

// NewMemory makes an empty memory.
func NewMemory(now func() time.Time, out io.Writer) *Memory { return &Memory{now: now, print: out} }

// Send keeps the message.
func (m *Memory) Send(_ context.Context, msg Message) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sent = append(m.sent, Sent{Message: msg, At: m.now()})
	if len(m.sent) > kept {
		m.sent = m.sent[len(m.sent)-kept:]
	}
	if m.print != nil {
		_, _ = fmt.Fprintf(m.print, "\n--- mail to %s: %s\n%s\n---\n", msg.To, msg.Subject, msg.Text)
	}
	return nil
}

// Messages gives what was sent, newest first.
func (m *Memory) Messages() []Sent {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := slices.Clone(m.sent)
	slices.Reverse(out)
	return out
}
