package protocol_test

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openpartner/openpartner/app/protocol"
)

var example = regexp.MustCompile("(?s)<!-- (\\w+) -->\\s*```json\n(.*?)```")

// The examples of the document are what the two sides say: nothing in them is unknown, and nothing of
// them is lost on the way through our types.
func TestDocument(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/NETWORK-PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]func() any{
		"Failure": func() any { return &protocol.Failure{} }, "SignUp": func() any { return &protocol.SignUp{} }, "SignedUp": func() any { return &protocol.SignedUp{} },
		"Exchange": func() any { return &protocol.Exchange{} }, "Exchanged": func() any { return &protocol.Exchanged{} }, "Rotated": func() any { return &protocol.Rotated{} },
		"Vendor": func() any { return &protocol.Vendor{} }, "Upsert": func() any { return &protocol.Upsert{} }, "Upserted": func() any { return &protocol.Upserted{} },
		"Backfill": func() any { return &protocol.Backfill{} }, "Backfilled": func() any { return &protocol.Backfilled{} }, "Heartbeat": func() any { return &protocol.Heartbeat{} },
		"OfferingDraft": func() any { return &protocol.OfferingDraft{} }, "Request": func() any { return &protocol.Request{} }, "Decision": func() any { return &protocol.Decision{} },
		"Decided": func() any { return &protocol.Decided{} }, "CallbackPartner": func() any { return &protocol.CallbackPartner{} }, "CallbackLink": func() any { return &protocol.CallbackLink{} },
	}
	seen := map[string]bool{}
	for _, m := range example.FindAllSubmatch(text, -1) {
		name, body := string(m[1]), m[2]
		fresh, known := types[name]
		if !known {
			t.Fatalf("there is no type %s", name)
		}
		seen[name] = true
		into := fresh()
		strict := json.NewDecoder(bytes.NewReader(body))
		strict.DisallowUnknownFields()
		if err := strict.Decode(into); err != nil {
			t.Errorf("%s: %v\n%s", name, err, body)
			continue
		}
		again, err := json.Marshal(into)
		if err != nil {
			t.Fatal(err)
		}
		var want, got any
		_, _ = json.Unmarshal(body, &want), json.Unmarshal(again, &got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s is not the same after our types (-document +types):\n%s", name, diff)
		}
	}
	for name := range types {
		if !seen[name] {
			t.Errorf("the document shows no %s", name)
		}
	}
}

// Some hubs send lists bare.
func TestList(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`[{"status":"pending"}]`, `{"data":[{"status":"pending"}],"next_cursor":null}`} {
		var l protocol.List[protocol.Decided]
		if err := json.Unmarshal([]byte(body), &l); err != nil || len(l.Data) != 1 || l.Data[0].Status != "pending" {
			t.Errorf("%s: %+v %v", body, l, err)
		}
	}
}
