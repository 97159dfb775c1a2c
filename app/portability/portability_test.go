package portability_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/portability"
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/tests/testkit"
)

// watched is what is written to, by way of a function that sees each piece first.
type watched struct {
	bytes.Buffer

	before func()
}

func (w *watched) Write(p []byte) (int, error) {
	w.before()
	return w.Buffer.Write(p)
}

// export reads as edge.Stream does: one READ ONLY snapshot.
func export(t *testing.T, d *testkit.Database, fn func(ctx context.Context, s *portability.Service) error) {
	t.Helper()
	ctx := testkit.AsAdmin(tenancy.With(t.Context(), testkit.Tenant()))
	o := db.TxOptions{Tenant: tenancy.DefaultID(), ReadOnly: true, Snapshot: true}
	err := d.App.InTx(ctx, o, func(ctx context.Context) error { return fn(ctx, portability.NewService(nil, time.Now)) })
	if err != nil {
		t.Fatal(err)
	}
}

func addPartners(t *testing.T, d *testkit.Database, prefix string, n int) {
	t.Helper()
	d.AsOwner(t, `
		insert into partners (tenant_id, id, email, name, name_norm, status, source, bio, created_at)
		select $1, gen_random_uuid(), $2 || i || '@example.com', $2, $2, 'active', 'admin', repeat('tea and cake ', 150), now()
		from generate_series(1, $3::int) i`, tenancy.DefaultID(), prefix, n)
}

// Whoever joins while the file is written is not in it, and neither does the manifest count them.
func TestService_WriteJSON_Snapshot(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	addPartners(t, d, "before", 3)
	joined := false
	out := &watched{before: func() {
		if !joined {
			joined = true
			addPartners(t, d, "meanwhile", 2)
		}
	}}
	export(t, d, func(ctx context.Context, s *portability.Service) error { return s.WriteJSON(ctx, out) })
	var file struct {
		Tables   map[string][]json.RawMessage
		Manifest map[string]portability.Count
	}
	if err := json.Unmarshal(out.Bytes(), &file); err != nil {
		t.Fatal(err)
	}
	if rows, stated := len(file.Tables["partners"]), file.Manifest["partners"].Rows; rows != 3 || stated != 3 || strings.Contains(out.String(), "meanwhile") {
		t.Errorf("%d partners, and the manifest says %d", rows, stated)
	}
}

// However large a table is, one row of it is in memory at a time.
func TestService_WriteJSON_Memory(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	addPartners(t, d, "many", 20_000)
	inUse := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	idle, most, written, pieces := inUse(), uint64(0), 0, 0
	for name, write := range map[string]func(ctx context.Context, s *portability.Service, w io.Writer) error{
		"JSON": func(ctx context.Context, s *portability.Service, w io.Writer) error { return s.WriteJSON(ctx, w) },
		"CSV": func(ctx context.Context, s *portability.Service, w io.Writer) error {
			return s.WriteCSV(ctx, "partners", w)
		},
	} {
		most, written = 0, 0
		export(t, d, func(ctx context.Context, s *portability.Service) error {
			return write(ctx, s, writerFunc(func(p []byte) (int, error) {
				written += len(p)
				if pieces++; pieces%4000 == 0 {
					most = max(most, inUse())
				}
				return len(p), nil
			}))
		})
		if written < 40<<20 || most == 0 || most > idle+(10<<20) {
			t.Errorf("%s: %d MB written, %d MB in use at most, %d MB idle", name, written>>20, most>>20, idle>>20)
		}
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// A file that could not be written is not taken for one that was.
func TestService_WriteJSON_Refused(t *testing.T) {
	t.Parallel()
	full := errors.New("the disk is full")
	d := testkit.DB(t)
	export(t, d, func(ctx context.Context, s *portability.Service) error {
		if err := s.WriteJSON(ctx, writerFunc(func([]byte) (int, error) { return 0, full })); !errors.Is(err, full) {
			t.Errorf("got %v", err)
		}
		return nil
	})
}

// Somebody else's rows are not even counted.
func TestService_CountUpTo(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	other := uuid.New()
	d.AsOwner(t, `insert into platform.tenants (id, slug, display_name) values ($1, 'other', 'Other')`, other)
	d.AsOwner(t, `insert into partners (tenant_id, id, email, name, name_norm, status, source, created_at) values ($1, $1, 'o@example.com', 'o', 'o', 'active', 'admin', now())`, other)
	addPartners(t, d, "ours", 5)
	export(t, d, func(ctx context.Context, s *portability.Service) error {
		tables, err := s.Tables(ctx)
		if err != nil {
			return err
		}
		for limit, want := range map[int]int{3: 3, 10: 5} {
			counts, err := s.CountUpTo(ctx, tables, limit)
			if err != nil {
				return err
			}
			if counts["partners"] != want || counts["commissions"] != 0 || len(counts) != len(tables) {
				t.Errorf("up to %d: got %v", limit, counts)
			}
		}
		return nil
	})
}
