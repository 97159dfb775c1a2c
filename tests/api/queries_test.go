package api_test

import (
	"net/http"
	"testing"
)

// What the database can't hold is refused by the name of its parameter, as it is in bodies.
func TestQueries_UnstorableText(t *testing.T) {
	t.Parallel()
	p := start(t)
	for path, name := range map[string]string{"/partners": "q", "/api-keys": "q", "/events": "user_id"} {
		for _, value := range []string{"a%00b", "%ff"} {
			refused := p.want(http.StatusUnprocessableEntity, http.MethodGet, path+"?"+name+"="+value, nil)
			text(t, refused, "error", "fields", name)
		}
	}
	p.want(http.StatusUnprocessableEntity, http.MethodGet, "/events?type=%00", nil)
}
