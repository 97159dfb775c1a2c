package testkit

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// poolsPing tries a connection that had nothing to do for a second, which is no page's doing.
const poolsPing = "-- ping"

// Tap sits between a client and PostgreSQL and hears the statements.
type Tap struct {
	URL string // of the database, through the tap

	mu    sync.Mutex
	heard []string
	held  chan struct{} // closed while statements go through
}

// NewTap listens on the way to the database of the url, until the test ends.
func NewTap(t testing.TB, address string) *Tap {
	t.Helper()
	there, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	// Not t.TempDir: the path of a socket may have 107 bytes.
	dir, err := os.MkdirTemp("", "tap")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	const name = ".s.PGSQL.5432"
	l, err := net.Listen("unix", filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	server := filepath.Join(there.Query().Get("host"), name)
	there.RawQuery = url.Values{"host": {dir}}.Encode()
	p := &Tap{URL: there.String(), held: make(chan struct{})}
	close(p.held)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go p.pass(conn, server)
		}
	}()
	return p
}

// Hold lets nothing more through, until the function that it gives is called: a database that
// takes connections and does not answer.
func (p *Tap) Hold() (release func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	held := make(chan struct{})
	p.held = held
	return sync.OnceFunc(func() { close(held) })
}

// During gives the statements that the program sends while do is at work.
func (p *Tap) During(do func()) []string {
	p.mu.Lock()
	p.heard = nil
	p.mu.Unlock()
	do()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.heard
}

// pass carries everything both ways.
func (p *Tap) pass(client net.Conn, address string) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("unix", address)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	go func() {
		_, _ = io.Copy(client, server)
		_ = client.Close()
	}()
	// The first message has no type; see "Message Formats" in PostgreSQL's documentation.
	for typed := 0; ; typed = 1 {
		head := make([]byte, typed+4)
		if _, err := io.ReadFull(client, head); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(head[typed:])-4)
		if _, err := io.ReadFull(client, body); err != nil {
			return
		}
		if typed == 1 {
			<-p.hear(head[0], body)
		}
		if _, err := server.Write(append(head, body...)); err != nil {
			return
		}
	}
}

// hear notes what is parsed, with its name before a zero, or asked at once. The message may go
// on when the channel is closed.
func (p *Tap) hear(kind byte, body []byte) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if kind == 'P' {
		_, body, _ = bytes.Cut(body, []byte{0})
	}
	if kind == 'P' || kind == 'Q' {
		text, _, _ := bytes.Cut(body, []byte{0})
		if string(text) != poolsPing {
			p.heard = append(p.heard, string(text))
		}
	}
	return p.held
}
