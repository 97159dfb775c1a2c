package api_test

import (
	"testing"
	"time"
)

func TestClicks(t *testing.T) {
	t.Parallel()
	p := start(t)
	_, partner, key := p.sell()
	now := time.Now().UTC().Truncate(time.Second)
	visit := object{
		"id": "01a21379-8546-7939-bf7a-4fab5ec36dd4", "link_key": "ZOE", "occurred_at": now.AddDate(0, -6, 0).Format(time.RFC3339),
		"ip": "203.0.113.7", "user_agent": "Mozilla/5.0", "referer": "https://blog.example.com/",
	}
	first := p.want(201, "POST", "/clicks", visit)
	if text(t, first, "id") != visit["id"] || text(t, first, "partner_id") != partner || first["flag"] != nil || first["replayed"] != false {
		t.Errorf("got %v", first)
	}
	if text(t, first, "occurred_at") != visit["occurred_at"] || text(t, first, "destination_url") != "https://shop.example.com/" {
		t.Errorf("got %v", first)
	}
	if again := p.want(200, "POST", "/clicks", visit); again["replayed"] != true || text(t, again, "id") != visit["id"] {
		t.Errorf("again: got %v", again)
	}
	if got := p.want(404, "POST", "/clicks", object{"link_key": "nobody", "occurred_at": visit["occurred_at"]}); text(t, got, "error", "code") != "link_not_found" {
		t.Errorf("got %v", got)
	}
	for field, value := range map[string]any{
		"occurred_at":     now.AddDate(0, 0, -401).Format(time.RFC3339),
		"ip":              "nowhere",
		"destination_url": "https://evil.example.org/",
		"id":              "one",
		"surprise":        true,
	} {
		bad := object{"link_key": key, "occurred_at": now.Format(time.RFC3339)}
		bad[field] = value
		if got := p.want(422, "POST", "/clicks", bad); dig(got, "error", "fields", field) == nil {
			t.Errorf("%s is not named: %v", field, got)
		}
	}
	if got := p.want(422, "POST", "/clicks", object{"link_key": key}); dig(got, "error", "fields", "occurred_at") == nil {
		t.Errorf("a click without a time: %v", got)
	}
	if got := p.want(422, "POST", "/clicks", object{"link_key": key, "occurred_at": now.Add(6 * time.Minute).Format(time.RFC3339)}); dig(got, "error", "fields", "occurred_at") == nil {
		t.Errorf("a click of the future: %v", got)
	}
	if got := p.Call(p.Key("events:write"), "POST", "/api/v1/clicks", visit); got.Status != 403 {
		t.Errorf("without the scope: %d", got.Status)
	}
	if got := p.Call(p.Key("clicks:write"), "POST", "/api/v1/clicks", visit); got.Status != 200 {
		t.Errorf("with the scope: %d %s", got.Status, got.Body)
	}
}

// Only the flags decide about a click of the past, by its own time.
func TestClicks_Flags(t *testing.T) {
	t.Parallel()
	p := start(t)
	campaign, _, key := p.sell()
	p.want(200, "PATCH", "/campaigns/"+campaign, object{"status": "paused"})
	p.want(200, "PUT", "/config/fraud", object{"velocity_clicks": 2, "velocity_seconds": 10})
	began := time.Now().UTC().AddDate(0, 0, -100)
	flags := func(seconds int, agent string) any {
		return p.want(201, "POST", "/clicks", object{
			"link_key": key, "occurred_at": began.Add(time.Duration(seconds) * time.Second).Format(time.RFC3339),
			"ip": "203.0.113.7", "user_agent": agent,
		})["flag"]
	}
	for i, c := range []struct {
		at    int
		agent string
		want  any
	}{
		{0, "", nil}, {1, "Googlebot/2.1 (+http://www.google.com/bot.html)", "bot"}, {5, "", nil}, {9, "", "velocity"},
		{30, "", nil}, {3, "", "velocity"}, {-20, "", nil},
	} {
		if got := flags(c.at, c.agent); got != c.want {
			t.Errorf("click %d: got %v, want %v", i, got, c.want)
		}
	}
}

func TestConfigFraud(t *testing.T) {
	t.Parallel()
	p := start(t)
	if got := p.want(200, "GET", "/config/fraud", nil); got["velocity_clicks"] != 20.0 || got["velocity_seconds"] != 60.0 {
		t.Errorf("at first: %v", got)
	}
	if got := p.want(200, "POST", "/config/fraud", object{"velocity_clicks": 5}); got["velocity_clicks"] != 5.0 || got["velocity_seconds"] != 60.0 {
		t.Errorf("got %v", got)
	}
	for field, value := range map[string]any{"velocity_clicks": 0, "velocity_seconds": 3601} {
		if got := p.want(422, "PUT", "/config/fraud", object{field: value}); dig(got, "error", "fields", field) == nil {
			t.Errorf("%s is not named: %v", field, got)
		}
	}
}
