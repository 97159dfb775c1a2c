package paging_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/paging"
)

// numbers is a list of n rows; after is how many were shown.
func numbers(n, after, limit int, next func(shown int) string) paging.Result[int] {
	var r paging.Result[int]
	for i := after; i < min(n, after+limit); i++ {
		r.Items = append(r.Items, i)
	}
	if shown := after + len(r.Items); shown < n {
		r.Next = next(shown)
	}
	return r
}

// Whatever the order of a list is, each row is visited once, in it.
func TestWalk(t *testing.T) {
	t.Parallel()
	byTime := func(n int, visit func([]int) error) error {
		return paging.Walk(t.Context(), func(_ context.Context, p paging.Page) (paging.Result[int], error) {
			after := 0
			if p.After != nil {
				after = int(p.After.At.UnixMicro())
			}
			return numbers(n, after, p.Limit, func(shown int) string {
				return paging.Cursor{At: time.UnixMicro(int64(shown)), ID: uuid.New()}.String()
			}), nil
		}, visit)
	}
	byRank := func(n int, visit func([]int) error) error {
		return paging.WalkRanks(t.Context(), func(_ context.Context, after *paging.Rank, limit int) (paging.Result[int], error) {
			shown := 0
			if after != nil {
				shown = int(after.Figures[0])
			}
			return numbers(n, shown, limit, func(shown int) string { return paging.Rank{Figures: [2]int64{int64(shown)}, ID: uuid.New()}.String() }), nil
		}, visit)
	}
	for name, walk := range map[string]func(int, func([]int) error) error{"Times": byTime, "Ranks": byRank} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, n := range []int{0, 1, 500, 501, 1700} {
				seen, pages := 0, 0
				err := walk(n, func(rows []int) error {
					for _, row := range rows {
						if row != seen {
							t.Fatalf("got %d in place of %d", row, seen)
						}
						seen++
					}
					pages++
					return nil
				})
				if err != nil || seen != n || pages > n/500+1 {
					t.Errorf("err %v, %d of %d rows in %d pages", err, seen, n, pages)
				}
			}
			full := errors.New("the disk is full")
			if err := walk(1700, func([]int) error { return full }); !errors.Is(err, full) {
				t.Errorf("got %v", err)
			}
		})
	}
}
