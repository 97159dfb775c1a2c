package partners

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/app/tracking"
)

func ptr[T any](v T) *T { return &v }

func TestShowPage_Ending(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	for want, p := range map[string]partners.Partner{
		"This partner was revoked on 4 May 2026: Spam": {Status: partners.StatusRevoked, RevokedAt: &at, RevokeReason: ptr("Spam")},
		"This partner was revoked on 4 May 2026.":      {Status: partners.StatusRevoked, RevokedAt: &at},
		"This application was declined.":               {Status: partners.StatusDeclined},
	} {
		if got := (ShowPage{Partner: p}).ending(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestShowPage_Quiet(t *testing.T) {
	t.Parallel()
	if !(ShowPage{}).quiet() {
		t.Error("nothing is not quiet")
	}
	for name, p := range map[string]ShowPage{
		"Clicks": {Clicks: []tracking.Click{{}}}, "Commissions": {Commissions: []commissions.Commission{{}}},
	} {
		if p.quiet() {
			t.Errorf("%s are quiet", name)
		}
	}
}

func TestDeedAndDoer(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]audit.Past{
		"Revoked by Ada":                       {Action: "partner.revoked", ActorKind: "admin", ActorName: "Ada"},
		"Added by the API key “Shop”":          {Action: "partner.created", ActorKind: "key", ActorName: "Shop"},
		"Joined by a link in a mail":           {Action: "partner.activated", ActorKind: "nobody"},
		"Partner network synced by the system": {Action: "partner.network_synced", ActorKind: "system"},
	} {
		if got := deed(p) + " " + doer(p); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestCameFrom(t *testing.T) {
	t.Parallel()
	for referer, want := range map[string]string{
		"https://www.youtube.com/watch?v=1": "youtube.com", "android-app://com.example": "com.example", "nonsense": "–", "%": "–",
	} {
		if got := cameFrom(tracking.Click{Referer: &referer}); got != want {
			t.Errorf("%q: got %q, want %q", referer, got, want)
		}
	}
	if got := cameFrom(tracking.Click{}); got != "–" {
		t.Errorf("no referer: got %q", got)
	}
}

func TestEditPage_Rows(t *testing.T) {
	t.Parallel()
	for filled, want := range map[int]int{0: 2, 1: 3, 9: 10, 10: 10, 11: 11} {
		p := EditPage{Platforms: make([]PlatformRow, filled)}
		if got := len(p.rows()); got != want {
			t.Errorf("%d platforms: got %d rows, want %d", filled, got, want)
		}
	}
}

func TestEdit_FillsTheForm(t *testing.T) {
	t.Parallel()
	got := Edit(partners.Partner{Name: "Zoe", Profile: partners.Profile{
		Company: ptr("Winter"), Platforms: []partners.Platform{{Platform: "YouTube", URL: "https://y.example", Followers: ptr(int64(7))}, {Platform: "Blog", URL: "https://b.example"}},
	}})
	want := EditPage{Name: "Zoe", Company: "Winter", Platforms: []PlatformRow{{"YouTube", "https://y.example", "7"}, {"Blog", "https://b.example", ""}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
