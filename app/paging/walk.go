package paging

import "context"

// stride is how many rows Walk holds at once.
const stride = 500

// Walk reads a whole list, page by page in its order, and visits each page.
func Walk[T any](ctx context.Context, list func(ctx context.Context, page Page) (Result[T], error), visit func(rows []T) error) error {
	page := Page{Limit: stride}
	for {
		found, err := list(ctx, page)
		if err != nil {
			return err
		}
		if err := visit(found.Items); err != nil {
			return err
		}
		if found.Next == "" {
			return nil
		}
		if page, err = Parse(found.Next, ""); err != nil {
			return err
		}
		page.Limit = stride
	}
}

// WalkRanks is Walk for a list that is ordered by figures.
func WalkRanks[T any](ctx context.Context, list func(ctx context.Context, after *Rank, limit int) (Result[T], error), visit func(rows []T) error) error {
	var after *Rank
	for {
		found, err := list(ctx, after, stride)
		if err != nil {
			return err
		}
		if err := visit(found.Items); err != nil {
			return err
		}
		if after, err = ParseRank(found.Next); err != nil || after == nil {
			return err
		}
	}
}
