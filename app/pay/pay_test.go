package pay_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/openpartner/openpartner/app/config"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/pay"
	"github.com/openpartner/openpartner/tests/testkit"
)

func TestVerify(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	body := []byte(`{"id":"evt_1","type":"invoice.paid","api_version":"2099-01-01.future","created":1772366400,"data":{"object":{"id":"in_1"}}}`)
	secrets := []config.Secret{"whsec_old", "whsec_new"}
	for name, c := range map[string]struct {
		body    []byte
		header  string
		secrets []config.Secret
		code    string
	}{
		"the first secret":                {body, testkit.SignStripe(body, "whsec_old", now), secrets, ""},
		"the second":                      {body, testkit.SignStripe(body, "whsec_new", now), secrets, ""},
		"a clock that is a little behind": {body, testkit.SignStripe(body, "whsec_new", now.Add(-4*time.Minute)), secrets, ""},
		"without a signature":             {body, "", secrets, "missing_signature"},
		"another secret":                  {body, testkit.SignStripe(body, "whsec_else", now), secrets, "invalid_signature"},
		"another body":                    {[]byte(strings.Replace(string(body), "in_1", "in_2", 1)), testkit.SignStripe(body, "whsec_old", now), secrets, "invalid_signature"},
		"a signature of yesterday":        {body, testkit.SignStripe(body, "whsec_old", now.Add(-24*time.Hour)), secrets, "invalid_signature"},
		"a signature of tomorrow":         {body, testkit.SignStripe(body, "whsec_old", now.Add(24*time.Hour)), secrets, "invalid_signature"},
		"two times, one of them now":      {body, fmt.Sprintf("t=%d,%s", now.Unix(), testkit.SignStripe(body, "whsec_old", now.Add(-24*time.Hour))), secrets, "invalid_signature"},
		"no secret":                       {body, testkit.SignStripe(body, "", now), nil, "invalid_signature"},
		"the empty secret":                {body, testkit.SignStripe(body, "", now), []config.Secret{""}, "invalid_signature"},
		"what is no event":                {[]byte(`{"id":1}`), testkit.SignStripe([]byte(`{"id":1}`), "whsec_old", now), secrets, "invalid_event"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := pay.Verify(c.body, c.header, c.secrets, now)
			f, _ := fault.From(err)
			switch {
			case c.code == "" && err != nil:
				t.Error(err)
			case c.code == "" && (e.ID != "evt_1" || string(e.Object) != `{"id":"in_1"}`):
				t.Errorf("the event is %+v", e)
			case c.code != "" && (f == nil || f.Code != c.code):
				t.Errorf("the answer is %v, want %s", err, c.code)
			}
		})
	}
	thin := []byte(`{"id":"evt_2","object":"v2.core.event","type":"v1.billing.meter.no_meter_found","created":1772366400}`)
	if e, err := pay.Verify(thin, testkit.SignStripe(thin, "whsec_old", now), secrets, now); err != nil || e.Object != nil {
		t.Errorf("an event without an object is %+v, %v", e, err)
	}
}

// TestTransfer tells refusals from answers that leave open what happened.
func TestTransfer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault   testkit.StripeFault
		refused bool
	}{
		"refused":             {testkit.StripeRefuses, true},
		"with a revoked key":  {testkit.StripeDenies, true},
		"lost":                {testkit.StripeLost, false},
		"without an answer":   {testkit.StripeSilent, false},
		"broken":              {testkit.StripeBroken, false},
		"away":                {testkit.StripeAway, false},
		"too many":            {testkit.StripeBusy, false},
		"while another is on": {testkit.StripeConflict, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := testkit.NewStripe(t)
			client, to := clientOf(s.URL), s.Account("acct_1", true)
			if _, err := client.Self(t.Context()); err != nil { // over the connection that the order takes
				t.Fatal(err)
			}
			s.Fault(func(call testkit.StripeCall) testkit.StripeFault {
				if call.Nth == 1 {
					return c.fault
				}
				return testkit.StripeWell
			})
			order := pay.TransferInput{Key: "payout_1", Amount: 500, Currency: "JPY", Destination: to, Group: "1"}
			if _, err := client.Transfer(t.Context(), order); err == nil || pay.Refused(err) != c.refused {
				t.Errorf("the answer is %v, refused %t", err, pay.Refused(err))
			}
			if len(s.Calls("POST", "/v1/transfers")) != 1 {
				t.Error("the library repeated the call by itself")
			}
		})
	}
}

func TestTransfer_OnceForAKey(t *testing.T) {
	t.Parallel()
	s := testkit.NewStripe(t)
	client, to := clientOf(s.URL), s.Account("acct_1", true)
	order := pay.TransferInput{Key: "payout_1", Amount: 1234, Currency: "USD", Destination: to, Group: "p1", Description: "Commissions"}
	first, err := client.Transfer(t.Context(), order)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := client.Transfer(t.Context(), order); err != nil || second != first {
		t.Errorf("the second is %+v, %v", second, err)
	}
	order.Amount = 1235
	if _, err := client.Transfer(t.Context(), order); err == nil || pay.Refused(err) {
		t.Errorf("another amount under the same key: %v", err)
	}
	s.Reverse(first.ID)
	if now, err := client.FindTransfer(t.Context(), first.ID); err != nil || now.Stands() || now.Destination != to || now.Currency != "USD" {
		t.Errorf("the reversed transfer is %+v, %v", now, err)
	}
	if of, err := client.TransfersOf(t.Context(), "p1"); err != nil || len(of) != 1 || of[0].ID != first.ID {
		t.Errorf("the group is %+v, %v", of, err)
	}
	if _, err := clientOf(s.URL).FindTransfer(t.Context(), "tr_none"); !pay.Unknown(err) {
		t.Errorf("a transfer that is not there: %v", err)
	}
}

// TestTransfer_Redirect is an answer that is none: whoever sends it can't have the order go elsewhere.
func TestTransfer_Redirect(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the call went elsewhere") }))
	defer elsewhere.Close()
	here := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer here.Close()
	_, err := clientOf(here.URL).Transfer(t.Context(), pay.TransferInput{Key: "k", Amount: 1, Currency: "USD", Destination: "acct_2"})
	if err == nil || pay.Refused(err) {
		t.Errorf("the answer is %v", err)
	}
}

func clientOf(base string) *pay.Client {
	return pay.NewBackend(base).Client("sk_test_acct_1")
}
