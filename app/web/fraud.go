package web

import (
	"context"
	"net/http"
	"strconv"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/tracking"
	fraudview "github.com/openpartner/openpartner/views/fraud"
	"github.com/openpartner/openpartner/views/ui"
)

// fraudIndex lists the clicks that do not count: at first those that somebody has to judge.
func (s *Server) fraudIndex(c echo.Context) error {
	ctx := c.Request().Context()
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	filter, wrong := q.flagged()
	p := fraudview.IndexPage{
		Show: q.text("show"), Flag: q.text("flag"), PartnerID: q.text("partner_id"), Errors: wrong, MayEdit: mayEdit(c), Now: s.Now(),
		Back: listHref(c),
	}
	if p.Partners, _, err = s.filterOptions(ctx, filter.PartnerID, nil); err != nil {
		return err
	}
	if len(wrong) == 0 {
		found, err := s.Tracking.Clicks(ctx, filter, page)
		if err != nil {
			return err
		}
		if p.Suspects, err = s.suspects(ctx, found.Items); err != nil {
			return err
		}
		p.Pager = csvPager(c, urls(c).Fraud(), fraudview.ListTarget, found)
	}
	return s.page(c, listStatus(wrong), "Fraud review", fraudview.Index(p))
}

// flagged reads the filters of the review.
func (f form) flagged() (tracking.ClickFilter, fault.Fields) {
	wrong := fault.Fields{}
	out := tracking.ClickFilter{Flagged: true, PartnerID: f.chosen(wrong, "partner_id")}
	flag := chosenOf(f, wrong, "flag", tracking.Flags())
	if flag != "" {
		out.Flags = []tracking.Flag{flag}
	}
	reviewed := true
	switch chosenOf(f, wrong, "show", fraudview.Shows()) {
	case fraudview.ShowReviewed:
		out.Reviewed = &reviewed
	case fraudview.ShowAll:
	default:
		reviewed = false
		out.Reviewed = &reviewed
		if flag == "" {
			out.Flags = tracking.Suspicions()
		}
	}
	return out, wrong
}

// suspects adds to clicks what speaks for and against them.
func (s *Server) suspects(ctx context.Context, clicks []tracking.Click) ([]fraudview.Suspect, error) {
	bursts, err := s.Tracking.Bursts(ctx, idsOf(clicks, func(k tracking.Click) uuid.UUID { return k.ID }))
	if err != nil {
		return nil, err
	}
	stakes, err := s.Attribution.Stakes(ctx, clicks)
	if err != nil {
		return nil, err
	}
	var partners []uuid.UUID
	for _, stake := range stakes {
		partners = append(partners, idsOf(stake.Changes, func(g attribution.Gain) uuid.UUID { return g.PartnerID })...)
	}
	names, err := s.Partners.NamesOf(ctx, partners)
	if err != nil {
		return nil, err
	}
	out := make([]fraudview.Suspect, 0, len(clicks))
	for _, k := range clicks {
		out = append(out, fraudview.Suspect{Click: k, Burst: bursts[k.ID], Stake: stakes[k.ID], Partners: names})
	}
	return out, nil
}

// suspect gives the click of the path with what depends on it.
func (s *Server) suspect(c echo.Context) (fraudview.Suspect, error) {
	ctx := c.Request().Context()
	id, err := pathID(c, "id", "click")
	if err != nil {
		return fraudview.Suspect{}, err
	}
	k, err := s.Tracking.Click(ctx, id)
	if err != nil {
		return fraudview.Suspect{}, err
	}
	all, err := s.suspects(ctx, []tracking.Click{k})
	if err != nil {
		return fraudview.Suspect{}, err
	}
	return all[0], nil
}

func (s *Server) clickFlagsNew(c echo.Context) error {
	return s.askToJudge(c, "Flag this click?", "Flag click", urls(c).ClickFlag)
}

func (s *Server) clickUnflagsNew(c echo.Context) error {
	return s.askToJudge(c, "Count this click again?", "Count click", urls(c).ClickUnflag)
}

// askToJudge asks before a flag is set or taken away, and says what it does to the money. What
// was asked in the list is answered there.
func (s *Server) askToJudge(c echo.Context, title, label string, action func(uuid.UUID) string) error {
	p, err := s.suspect(c)
	if err != nil {
		return err
	}
	question := ui.ConfirmProps{
		Title: title, Text: p.Question(), Action: action(p.Click.ID), ConfirmLabel: label, CancelHref: urls(c).ClickShow(p.Click.ID),
		Danger: p.Click.Flag == "", HX: ui.HX{Target: ui.ThisTarget},
	}
	back := localPart(c, c.QueryParam("back"))
	if back != "" {
		question.CancelHref, question.HX.Target = back, "#"+fraudview.RowID(p.Click.ID)
	}
	return s.confirm(c, http.StatusOK, question, fraudview.Consequences(p), ui.Hidden("back", back))
}

func (s *Server) clickFlagsCreate(c echo.Context) error {
	return s.judge(c, s.Attribution.Flag, "The click is flagged.")
}

func (s *Server) clickUnflagsCreate(c echo.Context) error {
	return s.judge(c, s.Attribution.Unflag, "The click counts again.")
}

func (s *Server) clickConfirmationsCreate(c echo.Context) error {
	return s.judge(c, func(ctx context.Context, id uuid.UUID) (attribution.Reviewed, error) {
		k, err := s.Tracking.Confirm(ctx, id)
		return attribution.Reviewed{Click: k}, err
	}, "The click stays flagged.")
}

// judge carries a judgement out and goes back to where it was made: in the list, htmx gets the
// row as it is now.
func (s *Server) judge(c echo.Context, step func(context.Context, uuid.UUID) (attribution.Reviewed, error), notice string) error {
	id, err := pathID(c, "id", "click")
	if err != nil {
		return err
	}
	f, err := readForm(c)
	if err != nil {
		return err
	}
	r, err := step(c.Request().Context(), id)
	if err != nil {
		return err
	}
	notice += followed(r)
	back := f.back(c)
	if back != "" && fragment(c) {
		return s.suspectRow(c, back, notice)
	}
	if back == "" {
		back = urls(c).ClickShow(id)
	}
	return s.done(c, notice, back)
}

// followed says what a judgement led to.
func followed(r attribution.Reviewed) string {
	switch {
	case r.JobID != nil:
		return " What its customers did is being decided anew."
	case r.RederivedEvents == nil || *r.RederivedEvents == 0:
		return ""
	case *r.RederivedEvents == 1:
		return " 1 event was decided anew."
	default:
		return " " + strconv.Itoa(*r.RederivedEvents) + " events were decided anew."
	}
}

// suspectRow answers a judgement in the list.
func (s *Server) suspectRow(c echo.Context, back, notice string) error {
	p, err := s.suspect(c)
	if err != nil {
		return err
	}
	waiting, err := s.Tracking.CountToReview(c.Request().Context())
	if err != nil {
		return err
	}
	row := fraudview.RowProps{Suspect: p, Now: s.Now(), MayEdit: mayEdit(c), Back: back}
	return s.answer(c, notice, fraudview.Row(row), ui.NavCounterOOB(navFraud, waiting))
}
