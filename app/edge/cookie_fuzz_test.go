package edge_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/alexedwards/scs/v2"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/edge"
)

// FuzzCookie: whatever a browser says about its session, it is either one of ours or none.
func FuzzCookie(f *testing.F) {
	for _, header := range []string{"op_session=abc", "op_session=", "op_session=\"a b\"; op_session=c", "=;;=", "op_session=\x00\xff", "a=b"} {
		f.Add(header)
	}
	manager := scs.New() // in memory, and empty
	e := edge.New(edge.Options{PublicURL: "http://example.com"})
	keeper := &edge.Keeper{Sessions: manager, Cookie: edge.PeopleCookie}
	f.Fuzz(func(t *testing.T, header string) {
		req := httptest.NewRequest(http.MethodGet, "/", nil)
		req.Header["Cookie"] = []string{header}
		ctx, err := e.LoadSession(echo.New().NewContext(req, httptest.NewRecorder()), req.Context(), keeper)
		if err != nil {
			t.Fatalf("%q: %v", header, err)
		}
		if keys := manager.Keys(ctx); len(keys) != 0 || manager.Status(ctx) != scs.Unmodified {
			t.Errorf("%q gave a session of %q", header, keys)
		}
	})
}
