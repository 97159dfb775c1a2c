package ids_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/ids"
)

func TestNewAt(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 4, 5, 6, 7, 891234567, time.UTC)

	t.Run("IsVersion7OfTheGivenTime", func(t *testing.T) {
		t.Parallel()
		id := ids.NewAt(at)
		if id.Version() != 7 || id.Variant() != uuid.RFC4122 {
			t.Fatalf("got version %v variant %v", id.Version(), id.Variant())
		}
		sec, nsec := id.Time().UnixTime()
		if got := time.Unix(sec, nsec).UTC().Truncate(time.Millisecond); !got.Equal(at.Truncate(time.Millisecond)) {
			t.Errorf("got %v, want %v", got, at)
		}
	})
	t.Run("SortsByTime", func(t *testing.T) {
		t.Parallel()
		earlier, later := ids.NewAt(at), ids.NewAt(at.Add(time.Microsecond))
		if bytes.Compare(earlier[:], later[:]) >= 0 {
			t.Errorf("%s does not sort before %s", earlier, later)
		}
	})
}

func TestParse(t *testing.T) {
	t.Parallel()
	const canonical = "0193b3c8-9d2e-7a41-8f00-0123456789ab"
	cases := []struct {
		name, in, want string
		ok             bool
	}{
		{"UUID", canonical, canonical, true},
		{"UpperCaseUUID", "0193B3C8-9D2E-7A41-8F00-0123456789AB", canonical, true},
		{"ULID", "01JESWH79EF90RY0014D2PF2DB", canonical, true},
		{"LowerCaseULID", "01jeswh79ef90ry0014d2pf2db", canonical, true},
		{"ULIDOverflow", "81JESWH79EF90RY0014D2PF2DB", "", false},
		{"ULIDWithU", "01JESWH79EF90RY0014D2PF2DU", "", false},
		{"Empty", "", "", false},
		{"Braces", "{0193b3c8-9d2e-7a41-8f00-0123456789ab}", "", false},
		{"Junk", "zzzzzzzz-9d2e-7a41-8f00-0123456789ab", "", false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := ids.Parse(c.in)
			if (err == nil) != c.ok {
				t.Fatalf("err = %v", err)
			}
			if c.ok && got.String() != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
