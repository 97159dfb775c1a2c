package web

import (
	"context"
	"io"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/csvfile"
	"github.com/openpartner/openpartner/app/edge"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/views/ui"
)

// csvSuffix turns the path of a list into that of the same list as a file.
const csvSuffix = ".csv"

// csvType says that the first row names the columns.
const csvType = "text/csv; charset=utf-8; header=present"

// table is a list as a file: its columns, its pages and how the rows of a page are written.
type table[T any] struct {
	name    string
	columns []string
	list    func(ctx context.Context, page paging.Page) (paging.Result[T], error)
	write   func(ctx context.Context, f *csvfile.File, rows []T) error
}

// download sends the whole list, as it is filtered, out of one snapshot.
func download[T any](s *Server, c echo.Context, t table[T]) error {
	return s.csv(c, t.name, t.columns, func(ctx context.Context, f *csvfile.File) error {
		return paging.Walk(ctx, t.list, func(rows []T) error { return t.write(ctx, f, rows) })
	})
}

// csv sends a file that is named after the program, what it lists and the day.
func (s *Server) csv(c echo.Context, name string, columns []string, write func(ctx context.Context, f *csvfile.File) error) error {
	file := edge.Attachment{Name: s.Edge.FileName(c.Request().Context(), name+csvSuffix), ContentType: csvType}
	return s.Edge.Stream(c, file, func(ctx context.Context, w io.Writer) error {
		f, err := csvfile.New(w, columns...)
		if err != nil {
			return err
		}
		if err := write(ctx, f); err != nil {
			return err
		}
		return f.Flush()
	})
}

// each writes rows that need nothing but themselves.
func each[T any](row func(f *csvfile.File, one T) error) func(context.Context, *csvfile.File, []T) error {
	return func(_ context.Context, f *csvfile.File, rows []T) error {
		for _, one := range rows {
			if err := row(f, one); err != nil {
				return err
			}
		}
		return nil
	}
}

// filtered reads the filters of a list, or says which of them can't be read.
func filtered[F any](c echo.Context, read func(q form) (F, fault.Fields)) (F, error) {
	q, err := readQuery(c)
	if err != nil {
		var none F
		return none, err
	}
	filter, wrong := read(q)
	return filter, wrong.Err()
}

// csvPager is pager for a list that there is as a file, too.
func csvPager[T any](c echo.Context, path, target string, r paging.Result[T]) ui.PagerProps {
	p := pager(c, path, target, r)
	if len(r.Items) > 0 {
		filters := filtersOf(c)
		filters.Del("limit") // a file is the whole list
		p.CSVHref = withQuery(path+csvSuffix, filters)
	}
	return p
}
