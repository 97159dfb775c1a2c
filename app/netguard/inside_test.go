package netguard_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/openpartner/openpartner/app/netguard"
)

// machine is what an attacker wants to reach: a server that listens on every address of this machine,
// and a resolver that gives any name the addresses of loopback, as do the libraries that read
// "2130706433" for an address.
type machine struct {
	port     uint16
	resolver *net.Resolver
	reached  atomic.Int32

	mu    sync.Mutex
	names map[string][]string // the answers for a name, one after the other
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{names: map[string][]string{}}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	m.port = netip.MustParseAddrPort(l.Addr().String()).Port()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			m.reached.Add(1)
			_ = conn.Close()
		}
	}()
	dns, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dns.Close() })
	go m.answer(dns)
	m.resolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", dns.LocalAddr().String())
	}}
	return m
}

// name has a name lead to other addresses than loopback's: each answer holds one or more.
func (m *machine) name(name string, answers ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.names[name] = answers
}

// answer serves DNS until the connection is closed.
func (m *machine) answer(conn net.PacketConn) {
	packet := make([]byte, 1500)
	for {
		n, from, err := conn.ReadFrom(packet)
		if err != nil {
			return
		}
		var query dnsmessage.Message
		if query.Unpack(packet[:n]) != nil || len(query.Questions) != 1 {
			continue
		}
		q := query.Questions[0]
		reply := dnsmessage.Message{Header: dnsmessage.Header{ID: query.ID, Response: true, RecursionAvailable: true}, Questions: query.Questions}
		for _, text := range m.addresses(q) {
			head := dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, Type: q.Type}
			switch addr := netip.MustParseAddr(text); {
			case addr.Is4() && q.Type == dnsmessage.TypeA:
				reply.Answers = append(reply.Answers, dnsmessage.Resource{Header: head, Body: &dnsmessage.AResource{A: addr.As4()}})
			case addr.Is6() && q.Type == dnsmessage.TypeAAAA:
				reply.Answers = append(reply.Answers, dnsmessage.Resource{Header: head, Body: &dnsmessage.AAAAResource{AAAA: addr.As16()}})
			}
		}
		if out, err := reply.Pack(); err == nil {
			_, _ = conn.WriteTo(out, from)
		}
	}
}

func (m *machine) addresses(q dnsmessage.Question) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	name := strings.TrimSuffix(strings.ToLower(q.Name.String()), ".")
	answers, known := m.names[name]
	if !known {
		return []string{"127.0.0.1", "::1"}
	}
	if len(answers) > 1 && q.Type == dnsmessage.TypeA {
		m.names[name] = answers[1:]
	}
	return strings.Fields(answers[0])
}

// spellings are hosts that lead, or look as if they led, to somewhere inside; the port is added.
func spellings() []string {
	return strings.Fields(`
		127.0.0.1 127.1.2.3 127.255.255.255 0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1
		100.64.0.1 169.254.169.254 169.254.170.2 192.0.0.192 198.18.0.1 224.0.0.1 240.0.0.1 255.255.255.255 100.100.100.200
		2130706433 017700000001 0x7f000001 0x7f.0x0.0x0.0x1 0177.0.0.1 0177.0.0.01 127.1 127.0.1 0 00.0.0.0 127.0.0.1. 0x7f.1
		[::1] [::] [0:0:0:0:0:0:0:1] [::127.0.0.1] [::ffff:127.0.0.1] [::ffff:7f00:1] [::ffff:169.254.169.254] [::ffff:0:127.0.0.1]
		[64:ff9b::7f00:1] [64:ff9b:1::7f00:1] [2002:7f00:1::] [2002:a9fe:a9fe::1] [2001:0:4136:e378:8000:63bf:80ff:fffe] [2001:db8::1]
		[fc00::1] [fd00:ec2::254] [fe80::1] [fe80::1%25lo] [::1%25lo] [fec0::1] [ff02::1] [100::1] [3fff::1]
		localhost LOCALHOST localhost. localhost.localdomain ip6-localhost a.localhost inside.example.com inside.example.com.
		metadata.google.internal instance-data １２７.0.0.1 127。0。0。1 ①②⑦.⓪.⓪.① user:secret@127.0.0.1 example.com:80@127.0.0.1`)
}

// No spelling of an address that is inside, and no name of one, is ever dialled.
func TestGuard_StaysOutside(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.name("metadata.google.internal", "169.254.169.254")
	m.name("instance-data", "169.254.169.254 fd00:ec2::254")
	guard := netguard.New(nil).Using(m.resolver, m.port)
	for _, host := range spellings() {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			address := fmt.Sprintf("http://%s:%d/", host, m.port)
			status, err := get(t, guard, address)
			if _, unknown := errors.AsType[*net.DNSError](err); !unknown && !netguard.Refused(err) {
				t.Errorf("%s gave %d, %v", address, status, err)
			}
			u, err := url.Parse(address)
			if err != nil {
				t.Fatal(err)
			}
			conn, err := guard.DialContext(t.Context(), "tcp", u.Host) // as a mail server of a program's
			if err == nil {
				_ = conn.Close()
			}
		})
	}
	t.Cleanup(func() { // after all of them
		if n := m.reached.Load(); n != 0 {
			t.Errorf("%d connections from %d spellings", n, len(spellings()))
		}
	})
}

// What is no web address, or has a port where no web server listens, is never dialled either.
func TestGuard_OnlyTheWeb(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	guard := netguard.New(nil).Using(m.resolver, 1)
	for _, address := range []string{
		"ftp://127.0.0.1:%d/", "gopher://127.0.0.1:%d/_x", "file:///etc/passwd?%d", "unix://127.0.0.1:%d/", "dict://127.0.0.1:%d/", "//127.0.0.1:%d/",
		"http://8.8.8.8:%d/", "https://[2606:4700::1111]:%d/", "http://127.0.0.1:%d/",
	} {
		if res, err := get(t, guard, fmt.Sprintf(address, m.port)); err == nil {
			t.Errorf("%s gave %v", address, res)
		}
	}
	if n := m.reached.Load(); n != 0 {
		t.Errorf("%d connections", n)
	}
}

// A name that is outside when it is looked at and inside when it is called, or that is both at once,
// gains nothing, and nor does a server outside that sends us inside. What the operator allows plays
// the part of the outside here, so that no test leaves this machine.
func TestGuard_Rebinding(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	outside := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		w.Header().Set("Location", fmt.Sprintf("http://127.0.0.1:%d/", m.port))
		w.WriteHeader(http.StatusFound)
	}))
	trap, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := netip.MustParseAddrPort(trap.Addr().String()).Port()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", fmt.Sprintf("127.0.0.2:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	_ = outside.Listener.Close()
	outside.Listener = l
	outside.Start()
	t.Cleanup(outside.Close)
	guard := netguard.New([]netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")}).Using(m.resolver, port)
	m.name("turns.example.com", "127.0.0.2", "127.0.0.1")
	m.name("both.example.com", "127.0.0.1 ::1 127.0.0.2")

	inside := 0
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := trap.Accept()
			if err != nil {
				return
			}
			inside++
			_ = conn.Close()
		}
	}()
	for _, call := range []struct {
		name    string
		refused bool
	}{{"turns.example.com", false}, {"turns.example.com", true}, {"turns.example.com", true}, {"both.example.com", false}} {
		status, err := get(t, guard, fmt.Sprintf("http://%s:%d/", call.name, port))
		if netguard.Refused(err) != call.refused || (!call.refused && status != http.StatusFound) {
			t.Errorf("%s gave %d, %v", call.name, status, err)
		}
	}
	_ = trap.Close()
	<-ended
	if n := int(m.reached.Load()) + inside; n != 0 {
		t.Errorf("%d connections inside", n)
	}
}

// get calls an address as a webhook does.
func get(t *testing.T, guard *netguard.Guard, address string) (status int, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader("{}"))
	if err != nil {
		return 0, err
	}
	res, err := guard.Client().Do(req)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, res.Body.Close()
}
