package hub_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/openpartner/openpartner/app/protocol"
	"github.com/openpartner/openpartner/tests/testkit"
)

// staff signs somebody in to the console.
func (w *world) staff(t *testing.T, role string) *testkit.Visitor {
	t.Helper()
	_, token, _ := strings.Cut(w.Command("create-platform-admin", "--email", w.next("staff")+"@example.com", "--name", "Staff", "--role", role), "token=")
	v := w.Visitor()
	got := expect(t, v.Post("/platform/auth/verify", url.Values{"token": {token}}), http.StatusSeeOther)
	if to := got.Header.Get("Location"); to != "/platform/vendors" {
		t.Errorf("staff begin at %s", to)
	}
	return v
}

func testConsole(t *testing.T, w *world) {
	b := w.brand(t).connect(t)
	offering, title := b.offer(t)
	admin, support, maya := w.staff(t, "admin"), w.staff(t, "support"), w.creator(t)
	expect(t, admin.Get("/platform/vendors?q="+url.QueryEscape(strings.ToLower(b.name))), http.StatusOK, b.name, "Active")
	expect(t, support.Get("/platform/vendors/"+b.id), http.StatusOK, b.email, title)
	expect(t, support.Post("/platform/vendors/"+b.id+"/status", url.Values{"to": {"suspend"}, "reason": {"Spam"}}), http.StatusForbidden)
	expect(t, maya.Get("/platform/vendors"), http.StatusSeeOther)
	expect(t, admin.Get("/creators/me"), http.StatusSeeOther)
	for _, page := range []string{"/platform/offerings", "/platform/requests", "/platform/creators", "/platform/jobs", "/platform/staff"} {
		expect(t, support.Get(page), http.StatusOK)
	}

	status := "/platform/vendors/" + b.id + "/status"
	expect(t, admin.Get(status), http.StatusOK, "Suspend "+b.name)
	expect(t, admin.Post(status, url.Values{"to": {"suspend"}}), http.StatusUnprocessableEntity, "blank")
	expect(t, admin.Post(status, url.Values{"to": {"suspend"}, "reason": {"Spam"}}), http.StatusSeeOther)
	expect(t, maya.Get("/offerings/"+offering), http.StatusNotFound)
	expect(t, b.tell(http.MethodGet, protocol.PathOfferings, nil), http.StatusForbidden, "vendor_suspended")
	expect(t, b.tell(http.MethodGet, protocol.PathMe, nil), http.StatusOK, `"status":"suspended"`)
	expect(t, admin.Post(status, url.Values{"to": {"resume"}, "reason": {"They promised"}}), http.StatusSeeOther)
	expect(t, maya.Get("/offerings/"+offering), http.StatusOK)

	withholding := "/platform/offerings/" + offering + "/withholding"
	expect(t, admin.Get(withholding), http.StatusOK, "Withhold")
	expect(t, admin.Post(withholding, url.Values{"to": {"withhold"}, "reason": {"Not allowed"}}), http.StatusSeeOther)
	expect(t, b.tell(http.MethodPatch, protocol.PathOfferings+"/"+offering, map[string]any{"published": true}), http.StatusOK)
	expect(t, maya.Get("/offerings/"+offering), http.StatusNotFound)
	expect(t, admin.Get("/platform/audit"), http.StatusOK, "suspended a vendor", "Spam", "withheld an offering")
}
