package api

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/limits"
)

const (
	maxBatch = 1000 // events of a request
	atOnce   = 50   // events of a transaction
)

type batchIn struct {
	Events []eventIn `json:"events"`
}

type batchJSON struct {
	Results []resultJSON `json:"results"`
}

type resultJSON struct {
	Index int            `json:"index"`
	ID    *uuid.UUID     `json:"id,omitempty"`
	Error *itemErrorJSON `json:"error,omitempty"`
}

type itemErrorJSON struct {
	Code    string            `json:"code"`
	Message string            `json:"message"`
	Fields  map[string]string `json:"fields,omitempty"`
}

// eventsBatch records many events, in transactions of a few, each user's together and in their
// order. One bad event does not stop the others; a transaction that fails ends the request, and
// as every event has an external id, sending it again is harmless.
func (s *Server) eventsBatch(c echo.Context) error {
	ctx := c.Request().Context()
	if _, err := s.Limiter.Take(ctx, limits.PerMinute("batch", 30), auth.From(ctx).ID.String()); err != nil {
		return err
	}
	in, out, err := readBatch(c)
	if err != nil {
		return err
	}
	for _, group := range groups(in, out) {
		err := s.Edge.Run(ctx, false, func(ctx context.Context) error { return s.recordGroup(ctx, in, group, out) })
		if err != nil {
			return err
		}
	}
	return c.JSON(http.StatusOK, batchJSON{out})
}

// readBatch reads the events. What is wrong with the form of a single one is that one's error,
// as if it had come alone.
func readBatch(c echo.Context) ([]eventIn, []resultJSON, error) {
	body, fields, err := inspect(c, reflect.TypeFor[batchIn]())
	if err != nil {
		return nil, nil, err
	}
	wrong, others := ofPart(fields, "events")
	if err := others.Err(); err != nil {
		return nil, nil, err
	}
	var raw struct{ Events []json.RawMessage }
	if err := decode(body, &raw); err != nil {
		return nil, nil, err
	}
	if len(raw.Events) == 0 || len(raw.Events) > maxBatch {
		return nil, nil, fault.InvalidField("events", "Send 1 to 1000 events.")
	}
	in, out := make([]eventIn, len(raw.Events)), make([]resultJSON, len(raw.Events))
	for i, text := range raw.Events {
		out[i].Index = i
		bad := wrong[i]
		if bad == nil {
			if err := decode(text, &in[i]); err != nil {
				return nil, nil, err
			}
			if in[i].ExternalID.Ptr() == nil {
				bad = fault.Fields{"external_id": "Each event of a batch needs an external_id, so that the batch can be sent again."}
			}
		}
		if bad != nil {
			out[i].Error = &itemErrorJSON{"invalid", fault.Invalid(bad).Message, bad}
		}
	}
	return in, out, nil
}

// groups sorts what is right by user and cuts it into transactions; it gives indexes.
func groups(in []eventIn, out []resultJSON) (all [][]int) {
	var order []int
	for i := range in {
		if out[i].Error == nil {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return strings.Compare(in[a].UserID, in[b].UserID) })
	for part := range slices.Chunk(order, atOnce) {
		all = append(all, part)
	}
	return all
}

func (s *Server) recordGroup(ctx context.Context, in []eventIn, group []int, out []resultJSON) error {
	inputs := make([]attribution.EventInput, len(group))
	for n, i := range group {
		inputs[n] = in[i].input()
	}
	recorded, err := s.Coupons.RecordAll(ctx, inputs, codes(in, group))
	if err != nil {
		return err
	}
	for n, i := range group {
		f, refused := fault.From(recorded[n].Err)
		if refused {
			out[i].Error = &itemErrorJSON{f.Code, f.Message, f.Fields}
			continue
		}
		id := recorded[n].Event.ID
		out[i].ID = &id
	}
	return nil
}

// codes are the coupon codes of a group's events; empty for those without.
func codes(in []eventIn, group []int) []string {
	out := make([]string, len(group))
	for n, i := range group {
		out[n] = in[i].Coupon.Value
	}
	return out
}

// ofPart takes the errors of the parts of a list out of all: events.3.amount is amount of 3.
func ofPart(all fault.Fields, list string) (parts map[int]fault.Fields, others fault.Fields) {
	parts, others = map[int]fault.Fields{}, fault.Fields{}
	for name, sentence := range all {
		rest, ok := strings.CutPrefix(name, list+".")
		number, field, _ := strings.Cut(rest, ".")
		i, err := strconv.Atoi(number)
		if !ok || err != nil {
			others.Add(name, sentence)
			continue
		}
		if parts[i] == nil {
			parts[i] = fault.Fields{}
		}
		if field == "" {
			field = "event"
		}
		parts[i].Add(field, sentence)
	}
	return parts, others
}
