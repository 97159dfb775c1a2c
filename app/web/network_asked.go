package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/protocol"
	networkview "github.com/openpartner/openpartner/views/network"
	"github.com/openpartner/openpartner/views/ui"
)

// atOnce is how long a page waits for the Network before it appears without its answer, which then
// comes after it.
const atOnce = time.Second

// waits, as a parameter of the address, has a page wait for the Network's answer.
const waits = "wait"

// ask asks the Network for what a page shows. A Network that takes its time, or gives no answer, is
// told in the page; what it refuses for other reasons stays an error.
func (s *Server) ask(c echo.Context, do func(ctx context.Context) error) (networkview.Asked, error) {
	patience, waiting := atOnce, c.QueryParam(waits) != ""
	if waiting {
		patience = protocol.CallTimeout
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), patience)
	defer cancel()
	err := do(ctx)
	a := networkview.Asked{Again: awaiting(c)}
	if f, is := hubFault(err); is {
		a.NotConnected = f.Code == "network_not_configured"
		a.Waiting = !waiting && errors.Is(err, context.DeadlineExceeded)
		a.Problem = f.Message
		return a, nil
	}
	return a, err
}

// awaiting is the page's own address, as it waits for the answer.
func awaiting(c echo.Context) string {
	q := url.Values{waits: {"true"}}
	for name, values := range c.QueryParams() {
		q[name] = values
	}
	return withQuery(c.Request().URL.Path, q)
}

// refused sorts what came of a call to the Network: fields that are wrong and a Network that does
// not play along go back to the form, with the status; anything else stays an error.
func refused(err error, problem *string, wrong *fault.Fields) (status int, other error) {
	if fields, is := fieldErrors(err); is {
		if wrong != nil {
			*wrong = fields
		}
		for _, sentence := range fields {
			if wrong == nil {
				*problem = sentence
			}
		}
		return http.StatusUnprocessableEntity, nil
	}
	if f, is := hubFault(err); is {
		*problem = f.Message
		return statusOf(f.Kind), nil
	}
	return http.StatusOK, err
}

// hubFault is what the Network did, or did not do, when that is what the error says.
func hubFault(err error) (*fault.Error, bool) {
	f, ok := fault.From(err)
	if !ok || !slices.Contains([]fault.Kind{fault.KindBadGateway, fault.KindGatewayTimeout, fault.KindUnavailable, fault.KindConflict}, f.Kind) {
		return nil, false
	}
	return f, true
}

// order is what a dialog asked about and what follows.
type order struct {
	asked        ui.ConfirmProps
	notice, next string
	do           func(ctx context.Context, f form) error
	note         bool     // the dialog takes a word to the other side
	keep         []string // inputs of the dialog that nobody sees
}

// call does at the Network what a dialog asked about. When that does not play along, the question
// stands there again and says so.
func (s *Server) call(c echo.Context, o order) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	var problem string
	status, err := refused(o.do(c.Request().Context(), f), &problem, nil)
	if err != nil {
		return err
	}
	return s.within(c, func() error {
		if status == http.StatusOK {
			return s.done(c, o.notice, o.next)
		}
		inputs := []templ.Component{ui.Banner(ui.Critical, problem)}
		if o.note {
			inputs = append(inputs, networkview.NoteField(f.text("note")))
		}
		for _, name := range o.keep {
			inputs = append(inputs, ui.Hidden(name, f.Get(name)))
		}
		return s.confirm(c, status, o.asked, inputs...)
	})
}
