package secrets_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/secrets"
)

func TestKeyring(t *testing.T) {
	t.Parallel()
	old, fresh := secrets.Generate(), strings.Replace(secrets.Generate(), "k1:", "k2:", 1)
	ring, err := secrets.ParseKeyring(old)
	if err != nil {
		t.Fatal(err)
	}
	at := secrets.Place{Tenant: uuid.New(), Table: "config", Column: "value.password", Row: "mail"}
	sealed, err := ring.Seal([]byte("hunter2"), at)
	if err != nil {
		t.Fatal(err)
	}

	t.Run("SealsAnewOnce", func(t *testing.T) {
		t.Parallel()
		rotated, err := secrets.ParseKeyring(fresh + "," + old)
		if err != nil {
			t.Fatal(err)
		}
		anew, err := rotated.Reseal(sealed, at)
		if err != nil || secrets.KeyOf(sealed) != "k1" || secrets.KeyOf(anew) != rotated.First() {
			t.Fatalf("got %q, %v", anew, err)
		}
		if again, err := rotated.Reseal(anew, at); err != nil || again != anew {
			t.Errorf("a repeat gives %q, %v", again, err)
		}
		if _, err := ring.Reseal(anew, at); err == nil {
			t.Error("sealed without the key that opens it")
		}
	})
	t.Run("OpensAtItsPlace", func(t *testing.T) {
		t.Parallel()
		got, err := ring.Open(sealed, at)
		if err != nil || string(got) != "hunter2" {
			t.Errorf("got %q, %v", got, err)
		}
	})
	t.Run("OpensAfterRotation", func(t *testing.T) {
		t.Parallel()
		rotated, err := secrets.ParseKeyring(fresh + "," + old)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := rotated.Open(sealed, at); err != nil || string(got) != "hunter2" {
			t.Errorf("got %q, %v", got, err)
		}
	})
	for name, change := range map[string]func(*secrets.Place){
		"Tenant":      func(p *secrets.Place) { p.Tenant = uuid.New() },
		"Table":       func(p *secrets.Place) { p.Table = "confi"; p.Column = "g" + p.Column },
		"Column":      func(p *secrets.Place) { p.Column = "value.token" },
		"Row":         func(p *secrets.Place) { p.Row = "stripe" },
		"PartsRejoin": func(p *secrets.Place) { p.Column, p.Row = p.Column+"m", "ail" },
	} {
		t.Run("DoesNotOpenElsewhere/"+name, func(t *testing.T) {
			t.Parallel()
			other := at
			change(&other)
			if _, err := ring.Open(sealed, other); !errors.Is(err, secrets.ErrSealed) {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("SaysWhichKeyIsMissing", func(t *testing.T) {
		t.Parallel()
		other, err := secrets.ParseKeyring(fresh)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := other.Open(sealed, at); err == nil || !strings.Contains(err.Error(), `"k1"`) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("RefusesBadKeys", func(t *testing.T) {
		t.Parallel()
		for _, text := range []string{"", "k1", "k1:AAAA", old + "," + old, ":" + strings.TrimPrefix(old, "k1:")} {
			if _, err := secrets.ParseKeyring(text); err == nil {
				t.Errorf("%q was taken", text)
			}
		}
	})
}
