package tracking

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/links"
)

// Whatever strangers write into a link, the visitor stays on the campaign's site, and the cref
// there is ours.
func FuzzDestination(f *testing.F) {
	f.Add("https://shop.example.com/", "utm_source=mail&sub1=x")
	f.Add("https://shop.example.com/a?b=c&cref=old#top", "sub5=%00%ff&url=https://evil.example.org")
	f.Add("http://shop.example.com?a=%zz&&=&c", "utm_campaign=a%23b%26c")
	f.Fuzz(func(t *testing.T, address, query string) {
		before, err := url.Parse(address)
		if err != nil || before.Host == "" || strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
			return // is refused when it is stored
		}
		values, _ := url.ParseQuery(query)
		utm, subIDs := Parameters(values)
		cref := uuid.New().String()
		got := Destination(address, cref, utm, subIDs)
		after, err := url.Parse(got)
		if err != nil {
			t.Fatalf("%q became %q: %v", address, got, err)
		}
		if after.Scheme != before.Scheme || after.Host != before.Host || after.Path != before.Path || after.Fragment != before.Fragment {
			t.Errorf("%q became %q", address, got)
		}
		if n := strings.Count(got, cref); n != 1 {
			t.Errorf("%q has the cref %d times", got, n)
		}
	})
}

// What is stored of a visit is valid text of a bounded length.
func FuzzStorable(f *testing.F) {
	f.Add("Mozilla/5.0", 400)
	f.Add("a\x00b\xff\u00fc", 2)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		if limit < 1 || limit > 2000 {
			return
		}
		got := storable(text, limit)
		if got == nil {
			return
		}
		if !utf8.ValidString(*got) || strings.Contains(*got, "\x00") || utf8.RuneCountInString(*got) > limit || *got == "" {
			t.Errorf("%q became %q", text, *got)
		}
	})
}

// A key is found in any case, or is none.
func FuzzKey(f *testing.F) {
	for _, key := range []string{"zoe", "ZOE-1_2", "a", "../x", "zoe\x00", strings.Repeat("a", 65), "z\u00f6e"} {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		if !links.ValidKey(key) {
			return
		}
		norm := links.Normalise(key)
		if !links.ValidKey(norm) || links.Normalise(norm) != norm || links.Normalise(strings.ToUpper(key)) != norm {
			t.Errorf("%q became %q", key, norm)
		}
	})
}

// What the spool gives back is what was put in, and strangers' bytes are refused.
func FuzzArrival(f *testing.F) {
	f.Add([]byte(`{}`))
	f.Add(encodeArrival(Arrival{TenantID: uuid.New(), Click: Click{ID: uuid.New(), DestinationURL: "https://shop.example.com/"}, Velocity: DefaultVelocity()}))
	f.Fuzz(func(t *testing.T, record []byte) {
		a, err := decodeArrival(record)
		if err != nil {
			return
		}
		again, err := decodeArrival(encodeArrival(a))
		if err != nil || again.Click.ID != a.Click.ID || !again.Click.OccurredAt.Equal(a.Click.OccurredAt) || again.Velocity != a.Velocity {
			t.Errorf("%s became %+v, %v", record, again, err)
		}
	})
}
