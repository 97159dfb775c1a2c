package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/fault"
)

// FuzzRead: whatever strangers send is taken whole or refused with a reason for a person; nothing
// that can't be stored gets through.
func FuzzRead(f *testing.F) {
	for _, body := range []string{
		`{"user_id":"u","type":"purchase","amount":4999,"currency":"USD","metadata":{"a":[1,{"b":null}]}}`,
		`{"user_id":"u","user_id":"v"}`, `{"amount":1e400}`, `{"amount":"12"}`, `{"user_id":"\u0000"}`, `{"user_id":"\ud800"}`,
		`{} {}`, `[`, `null`, "\xff", `{"metadata":` + strings.Repeat("[", 100),
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		req := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		req.Header.Set("Content-Type", "application/json")
		var in eventIn
		err := read(echo.New().NewContext(req, httptest.NewRecorder()), &in)
		if err != nil {
			if refusal, ok := fault.From(err); !ok || refusal.Kind >= fault.KindBadGateway || refusal.Message == "" {
				t.Errorf("%q: %v", body, err)
			}
			return
		}
		for _, text := range []string{in.UserID, in.Type, string(in.Metadata.Value), in.Currency.Value, in.Coupon.Value} {
			if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
				t.Errorf("%q let %q through", body, text)
			}
		}
	})
}
