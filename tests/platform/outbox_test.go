package platform_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// The console shows whose messages to the Network need a person; a program shows nobody else's.
func TestOutbox(t *testing.T) {
	t.Parallel()
	m := start(t)
	acme := m.open("acme").admin
	m.reset()
	m.open("bolt")
	support := m.staff("support")
	says(t, support.Get("/platform/outbox"), "Nothing waits")
	for slug, status := range map[string]string{"acme": "pending", "bolt": "dead"} {
		partner := uuid.NewString()
		m.DB.AsOwner(t, `insert into partners (tenant_id, id, email, name, name_norm, status, source, created_at) values ($1, $2, $3 || '@example.com', $3, $3, 'active', 'admin', now())`,
			m.idOf(slug), partner, "of-"+slug)
		m.DB.AsOwner(t, `insert into network_outbox (tenant_id, id, partner_id, op, sequence, status, next_attempt_at, last_attempt_at, last_error, created_at)
			values ($1, gen_random_uuid(), $2, 'partner_upsert', 1, $3, now() + interval '1 day', now(), 'in ' || $4, now())`, m.idOf(slug), partner, status, slug)
	}
	got := support.Get("/platform/outbox")
	says(t, got, "in acme", "in bolt", "Given up", "Not connected")
	if strings.Index(got.Body, "/platform/tenants/"+m.idOf("bolt")) > strings.Index(got.Body, "/platform/tenants/"+m.idOf("acme")) {
		t.Error("the program that needs a person comes first")
	}
	mine := acme.Get("/t/acme/admin/network/outbox")
	says(t, mine, "of-acme@example.com", "in acme")
	if strings.Contains(mine.Body, "in bolt") {
		t.Errorf("a program shows what is not its own:\n%s", mine.Body)
	}
	if got := acme.Get("/platform/outbox"); got.Status == http.StatusOK {
		t.Error("an admin of a program sees the console")
	}
}
