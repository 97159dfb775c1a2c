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

// Tap sits between the program and PostgreSQL and hears the statements of the app role.
type Tap struct {
	mu    sync.Mutex
	heard []string
}

// StartTapped is Start with somebody listening.
func StartTapped(t testing.TB, env ...string) (*App, *Tap) {
	t.Helper()
	d, tap := DB(t), &Tap{}
	there, err := url.Parse(d.AppURL)
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
	server := filepath.Join(there.Query().Get("host"), name)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go tap.pass(conn, server)
		}
	}()
	t.Cleanup(func() { _ = l.Close() })
	here := *there
	here.RawQuery = url.Values{"host": {dir}}.Encode()
	return start(t, d, append([]string{"DATABASE_URL_APP=" + here.String()}, env...)...), tap
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
			p.hear(head[0], body)
		}
		if _, err := server.Write(append(head, body...)); err != nil {
			return
		}
	}
}

// hear notes what is parsed, with its name before a zero, or asked at once.
func (p *Tap) hear(kind byte, body []byte) {
	if kind == 'P' {
		_, body, _ = bytes.Cut(body, []byte{0})
	}
	if kind != 'P' && kind != 'Q' {
		return
	}
	text, _, _ := bytes.Cut(body, []byte{0})
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard = append(p.heard, string(text))
}
