package platform_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// The console counts what was given up in each program and shows the clock; a program shows neither
// the clock nor anybody else's jobs.
func TestJobs(t *testing.T) {
	t.Parallel()
	m := start(t)
	acme := m.open("acme").admin
	m.reset()
	m.open("bolt")
	for slug, n := range map[string]int{"acme": 1, "bolt": 3} {
		for range n {
			m.DB.AsOwner(t, `insert into platform.jobs (id, tenant_id, kind, args, status, finished_at, last_error) values ($1, $2, 'partners.told', '{}', 'dead', now(), 'in ' || $3)`,
				uuid.NewString(), m.idOf(slug), slug)
		}
	}
	m.DB.AsOwner(t, `update platform.hold set is_on = true, reason = 'The books are open.'`)
	support := m.staff("support")
	got := support.Get("/platform/jobs")
	says(t, got, "Money is held back", "The books are open.")
	says(t, got, "4 jobs failed for good.", "Delete closed programs", "Every day")
	if strings.Index(got.Body, "/platform/tenants/"+m.idOf("bolt")) > strings.Index(got.Body, "/platform/tenants/"+m.idOf("acme")) {
		t.Error("the program with the most comes first")
	}
	mine := acme.Get("/t/acme/admin/jobs")
	says(t, mine, "in acme", "Money is held back", "The books are open.")
	if strings.Contains(mine.Body, "in bolt") || strings.Contains(mine.Body, "By the clock") {
		t.Errorf("a program shows what is not its own:\n%s", mine.Body)
	}
	if got := acme.Get("/platform/jobs"); got.Status == http.StatusOK {
		t.Error("an admin of a program sees the console")
	}
}
