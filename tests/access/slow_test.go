package access_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/openpartner/openpartner/tests/testkit"
)

// Many who send slowly, and more than there are connections to the database, hold nobody up: others
// have their answers while all of them still wait.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	a := testkit.StartWeb(t, "OPENPARTNER_TRUSTED_PROXIES=127.0.0.1")
	address := strings.Replace(strings.TrimPrefix(a.URL, "http://"), "localhost", "127.0.0.1", 1)
	var slow []net.Conn
	for i := range 200 {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		head := "POST /auth/verify HTTP/1.1\r\nHost: " + address + "\r\n"
		if i%2 == 0 { // the others are slow to say what they want
			head += fmt.Sprintf("X-Forwarded-For: 20.0.1.%d\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nt", i)
		}
		if _, err := conn.Write([]byte(head)); err != nil {
			t.Fatal(err)
		}
		slow = append(slow, conn)
	}
	for range 20 {
		if got := a.Visitor().Get("/signin"); got.Status != http.StatusOK {
			t.Errorf("somebody else got %d", got.Status)
		}
	}
	for i, conn := range slow {
		if i%2 > 0 {
			continue // those are cut soon
		}
		_ = conn.SetReadDeadline(time.Now().Add(time.Millisecond))
		if n, err := conn.Read(make([]byte, 1)); n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("others had to wait until the slow ones were cut: %v", err)
		}
	}
	for i, conn := range slow {
		if i%2 == 0 {
			continue
		}
		_ = conn.SetReadDeadline(time.Now().Add(30 * time.Second)) // the promise is 5
		if _, err := conn.Read(make([]byte, 1<<10)); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal("one that never says what it wants is not cut")
		}
	}
}
