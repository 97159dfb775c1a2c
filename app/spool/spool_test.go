package spool

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func openSpool(t *testing.T, root string) *Spool {
	t.Helper()
	s, err := Open(root, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func put(t *testing.T, s *Spool, records ...string) {
	t.Helper()
	for _, r := range records {
		if err := s.Append([]byte(r)); err != nil {
			t.Fatal(err)
		}
	}
}

// replayed gives what the spool holds, and empties it.
func replayed(t *testing.T, s *Spool) []string {
	t.Helper()
	var got []string
	err := s.Replay(func(records [][]byte) error {
		for _, r := range records {
			got = append(got, string(r))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func closeSpool(t *testing.T, s *Spool) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestSpool_Replay(t *testing.T) {
	t.Parallel()

	t.Run("GivesBackInOrderAndOnce", func(t *testing.T) {
		t.Parallel()
		s := openSpool(t, t.TempDir())
		defer closeSpool(t, s)
		put(t, s, "a", "b")
		if got := s.Depth(); got != 2 {
			t.Errorf("depth %d", got)
		}
		if got := replayed(t, s); !slices.Equal(got, []string{"a", "b"}) {
			t.Errorf("got %q", got)
		}
		put(t, s, "c")
		if got := replayed(t, s); !slices.Equal(got, []string{"c"}) {
			t.Errorf("then got %q", got)
		}
		if got := replayed(t, s); len(got) != 0 || s.Depth() != 0 {
			t.Errorf("in the end got %q, depth %d", got, s.Depth())
		}
	})
	t.Run("ComesAgainAfterAFailure", func(t *testing.T) {
		t.Parallel()
		s := openSpool(t, t.TempDir())
		defer closeSpool(t, s)
		put(t, s, "a")
		away := errors.New("away")
		if err := s.Replay(func([][]byte) error { return away }); !errors.Is(err, away) {
			t.Errorf("got %v", err)
		}
		put(t, s, "b")
		if got := replayed(t, s); !slices.Equal(got, []string{"a", "b"}) {
			t.Errorf("got %q", got)
		}
	})
	t.Run("ManyAtOnceLoseNothing", func(t *testing.T) {
		t.Parallel()
		s := openSpool(t, t.TempDir())
		defer closeSpool(t, s)
		var all sync.WaitGroup
		for i := range 200 {
			all.Go(func() { put(t, s, fmt.Sprintf("%03d", i)) })
		}
		all.Wait()
		got := replayed(t, s)
		slices.Sort(got)
		if len(got) != 200 || len(slices.Compact(got)) != 200 {
			t.Errorf("got %d records", len(got))
		}
	})
	t.Run("DisturbsNobodyWhoWrites", func(t *testing.T) {
		t.Parallel()
		s := openSpool(t, t.TempDir())
		defer closeSpool(t, s)
		const writers, each = 8, 60
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				for i := range each {
					if err := s.Append(fmt.Appendf(nil, "%d-%d", w, i)); err != nil {
						t.Errorf("record %d-%d: %v", w, i, err)
					}
				}
			})
		}
		written := make(chan struct{})
		go func() { all.Wait(); close(written) }()
		var got []string
		for open := true; open; {
			select {
			case <-written:
				open = false
			default:
			}
			got = append(got, replayed(t, s)...)
		}
		slices.Sort(got)
		if len(slices.Compact(got)) != writers*each {
			t.Errorf("%d of %d records came back", len(got), writers*each)
		}
	})
	t.Run("AdoptsTheDeadOnly", func(t *testing.T) {
		t.Parallel()
		root := t.TempDir()
		dead, alive, heir := openSpool(t, root), openSpool(t, root), openSpool(t, root)
		put(t, dead, "left")
		put(t, alive, "mine")
		closeSpool(t, dead)
		defer closeSpool(t, alive)
		defer closeSpool(t, heir)
		if got := replayed(t, heir); !slices.Equal(got, []string{"left"}) {
			t.Errorf("got %q", got)
		}
		if _, err := os.Stat(dead.own.path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the dead one's directory is still there: %v", err)
		}
	})
}

// What a backup copied from one spool is replayed by another, and not before it is whole.
func TestDraft(t *testing.T) {
	t.Parallel()
	from, to := t.TempDir(), t.TempDir()
	first, second, heir := openSpool(t, from), openSpool(t, from), openSpool(t, to)
	defer func() { closeSpool(t, first); closeSpool(t, second); closeSpool(t, heir) }()
	put(t, first, "a", "b")
	put(t, second, "c")
	if err := first.PutAside([]byte("refused")); err != nil {
		t.Fatal(err)
	}
	files, err := Files(from)
	if err != nil || len(files) != 3 {
		t.Fatalf("%v, %v", files, err)
	}
	draft := NewDraft(to, time.Now())
	for _, f := range files {
		content, err := os.Open(filepath.Join(from, f.Name))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(draft.Add(f.Name, content), content.Close()); err != nil {
			t.Fatal(err)
		}
		if aside := f.Name == "refused"; f.Aside != aside {
			t.Errorf("%s is aside: %t", f.Name, f.Aside)
		}
	}
	if got := replayed(t, heir); len(got) != 0 {
		t.Errorf("before it was whole: %q", got)
	}
	if err := draft.Keep(); err != nil {
		t.Fatal(err)
	}
	got := replayed(t, heir)
	slices.Sort(got)
	if !slices.Equal(got, []string{"a", "b", "c", "refused"}) {
		t.Errorf("got %q", got)
	}
	if left, err := Files(to); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// A process may die at any byte of a write. What was acknowledged before is given back.
func TestSpool_TornTail(t *testing.T) {
	t.Parallel()
	whole := appendFrame(appendFrame(nil, []byte("first")), []byte("second"))
	for cut := range whole {
		root := t.TempDir()
		s := openSpool(t, root)
		if err := os.WriteFile(filepath.Join(s.own.path, "00000001"+suffix), whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		s.number = 1
		want := []string{}
		if cut >= frameHead+len("first") {
			want = append(want, "first")
		}
		put(t, s, "later")
		if got := replayed(t, s); !slices.Equal(got, append(want, "later")) {
			t.Errorf("cut at %d: got %q", cut, got)
		}
		closeSpool(t, s)
	}
}

// What a disk has changed is put aside, and what stands before it is not lost.
func TestSpool_Damage(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	s := openSpool(t, root)
	defer closeSpool(t, s)
	text := appendFrame(appendFrame(appendFrame(nil, []byte("good")), []byte("bad")), []byte("unread"))
	text[2*frameHead+len("good")] ^= 1
	if err := os.WriteFile(filepath.Join(s.own.path, "00000001"+suffix), text, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := replayed(t, s); !slices.Equal(got, []string{"good"}) {
		t.Errorf("got %q", got)
	}
	aside, err := filepath.Glob(filepath.Join(root, "damaged-*"))
	if err != nil || len(aside) != 1 {
		t.Errorf("put aside: %v, %v", aside, err)
	}
}

func TestOpen_NotADirectory(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(filepath.Join(file, "spool"), slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a spool inside a file was opened")
	}
}

func TestSpool_Append_Refuses(t *testing.T) {
	t.Parallel()
	s := openSpool(t, t.TempDir())
	for _, record := range []string{"", strings.Repeat("a", maxRecord+1)} {
		if err := s.Append([]byte(record)); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%d bytes: %v", len(record), err)
		}
	}
	closeSpool(t, s)
	if err := s.Append([]byte("a")); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// Whatever a file holds, reading ends, and gives only records that frames could hold.
func FuzzReadSegment(f *testing.F) {
	f.Add([]byte{})
	f.Add(appendFrame(appendFrame(nil, []byte("a")), []byte("bc")))
	f.Add(appendFrame(nil, []byte("torn"))[:9])
	f.Add([]byte{255, 255, 255, 255, 0, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "s")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		var again []byte
		end, err := readSegment(path, 3, func(records [][]byte) error {
			for _, r := range records {
				again = appendFrame(again, r)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if string(again) != string(text[:len(again)]) || (end == endWhole) != (len(again) == len(text)) {
			t.Errorf("%d of %d bytes were read, ending %d", len(again), len(text), end)
		}
	})
}
