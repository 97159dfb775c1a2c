package web

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/views/ui"
)

// chosen reads the id of a filter's choice; nil for none.
func (f form) chosen(wrong fault.Fields, name string) *uuid.UUID {
	id, err := f.id(name)
	if fields, is := fieldErrors(err); is {
		maps.Copy(wrong, fields)
	}
	return id
}

// days reads the first and the last day of a list as times; the last day belongs to it.
func (f form) days(wrong fault.Fields) (from, to *time.Time) {
	read := func(name string) *time.Time {
		if f.text(name) == "" {
			return nil
		}
		day, err := time.Parse(time.DateOnly, f.text(name))
		if err != nil {
			wrong.Add(name, "Give a day such as 2027-01-31.")
			return nil
		}
		return &day
	}
	from, to = read("from"), read("to")
	if to != nil {
		next := to.AddDate(0, 0, 1)
		to = &next
	}
	return from, to
}

// filterOptions are the partners and campaigns that lists are narrowed to. What a list is
// narrowed to already stays a choice, even where it is no longer in use.
func (s *Server) filterOptions(ctx context.Context, partner, campaign *uuid.UUID) (partners, campaigns []ui.Option, err error) {
	partners, campaigns, err = s.linkOptions(ctx)
	return withChoice(partners, partner), withChoice(campaigns, campaign), err
}

func withChoice(options []ui.Option, chosen *uuid.UUID) []ui.Option {
	if chosen == nil || slices.ContainsFunc(options, func(o ui.Option) bool { return o.Value == chosen.String() }) {
		return options
	}
	return append(options, ui.Option{Value: chosen.String(), Label: "One that is not in use any more"})
}

// listStatus is the status of a list's page; filters that can't be read give an empty one with
// the fields named.
func listStatus(wrong fault.Fields) int {
	if len(wrong) > 0 {
		return http.StatusUnprocessableEntity
	}
	return http.StatusOK
}

// back is the page of the list on which a row's button stood; empty for buttons elsewhere.
func (f form) back(c echo.Context) string { return localPart(c, f.text("back")) }
