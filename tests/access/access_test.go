// Package access_test holds the doors to what we promise: links in mails, sessions, cookies,
// keys and limits, through the real program.
package access_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/tests/testkit"
)

// object is any JSON object.
type object = map[string]any

// ada is the admin that link signs in.
const ada = "ada@example.com"

func TestMain(m *testing.M) { testkit.Main(m) }

// link makes a sign-in link for the admin and gives its token.
func link(t *testing.T, a *testkit.App) string {
	t.Helper()
	return a.SignInToken(ada, "Ada Admin")
}

// enter signs a visitor in with a token and gives the answer.
func enter(v *testkit.Visitor, token string) testkit.Answer {
	return v.Post("/auth/verify", url.Values{"token": {token}})
}

// form sends a form as a page of ours would, with headers of one's own.
func form(a *testkit.App, path string, values url.Values, header ...string) testkit.Answer {
	header = append([]string{"Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin"}, header...)
	return a.Call("", http.MethodPost, path, values.Encode(), header...)
}

// made creates something by the API and gives the answer's object.
func made(t *testing.T, a *testkit.App, key, path string, body any) object {
	t.Helper()
	got := a.Call(key, http.MethodPost, "/api/v1"+path, body)
	if got.Status >= http.StatusBadRequest {
		t.Fatalf("POST %s: %d\n%s", path, got.Status, got.Body)
	}
	var out object
	got.JSON(t, &out)
	return out
}

// idOf is the id of an object that the API gave.
func idOf(o object) string {
	id, _ := o["id"].(string)
	return id
}

// count counts as the system role, which sees all rows.
func count(t *testing.T, a *testkit.App, query string, args ...any) (n int) {
	t.Helper()
	err := a.DB.System.InTx(t.Context(), db.TxOptions{Platform: true, ReadOnly: true}, func(ctx context.Context) error {
		return db.Tx(ctx).NewRaw(query, args...).Scan(ctx, &n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// sessionCookie is the Set-Cookie line of a session in an answer.
func sessionCookie(t *testing.T, got testkit.Answer) string {
	t.Helper()
	for _, line := range got.Header.Values("Set-Cookie") {
		if strings.Contains(line, "op_session") {
			return line
		}
	}
	t.Fatalf("no session cookie: %d %v", got.Status, got.Header)
	return ""
}
