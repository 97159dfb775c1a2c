package web

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/backlog"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/views/jobs"
	"github.com/openpartner/openpartner/views/ui"
)

// jobsIndex lists the program's jobs: at first those that are not over.
func (s *Server) jobsIndex(c echo.Context) error {
	ctx := c.Request().Context()
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	filter, wrong := q.jobs()
	p := jobs.IndexPage{Filter: filter, Errors: wrong, MayEdit: mayEdit(c), Now: s.Now()}
	if len(wrong) == 0 {
		found, err := s.Backlog.List(ctx, filter, page)
		if err != nil {
			return err
		}
		p.Jobs, p.Pager = found.Items, pager(c, urls(c).Jobs(), jobs.ListTarget, found)
	}
	if p.Hold, err = s.Backlog.Hold(ctx); err != nil {
		return err
	}
	if p.Dead, err = s.Backlog.DeadByKind(ctx); err != nil {
		return err
	}
	if !s.Edge.Multi {
		if p.Periods, err = s.Backlog.Periods(ctx); err != nil {
			return err
		}
	}
	return s.page(c, listStatus(wrong), "Jobs", jobs.Index(p))
}

// jobs reads the filters of the list.
func (f form) jobs() (backlog.Filter, fault.Fields) {
	wrong := fault.Fields{}
	return backlog.Filter{State: chosenOf(f, wrong, "state", backlog.States()), Kind: chosenOf(f, wrong, "kind", jobs.Kinds())}, wrong
}

// jobsShow shows one job; those that somebody ordered and waits for have pages of their own.
func (s *Server) jobsShow(c echo.Context) error {
	id, err := pathID(c, "id", "job")
	if err != nil {
		return err
	}
	job, err := s.Backlog.Find(c.Request().Context(), id)
	if err != nil {
		return err
	}
	if job.Kind == attribution.KindRederive {
		return s.rederivation(c, job)
	}
	return s.ok(c, jobs.Words(job.Kind), jobs.Show(jobs.ShowPage{Job: job, MayEdit: mayEdit(c), Now: s.Now()}))
}

func (s *Server) jobRetryCreate(c echo.Context) error {
	id, err := pathID(c, "id", "job")
	if err != nil {
		return err
	}
	if _, err := s.Backlog.Retry(c.Request().Context(), id); err != nil {
		return err
	}
	return s.done(c, "The job is tried again now.", urls(c).JobShow(id))
}

func (s *Server) deadJobsRetryCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	n, err := s.Backlog.RetryDead(c.Request().Context(), f.text("kind"))
	if err != nil {
		return err
	}
	notice := "There is nothing to try again."
	if n > 0 {
		notice = "Tried again now: " + strconv.Itoa(n) + "."
	}
	return s.done(c, notice, urls(c).Jobs())
}

func (s *Server) jobDiscardNew(c echo.Context) error {
	id, err := pathID(c, "id", "job")
	if err != nil {
		return err
	}
	job, err := s.Backlog.Find(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return s.confirm(c, http.StatusOK, ui.ConfirmProps{
		Title: "Discard this job?", Text: "“" + jobs.Words(job.Kind) + "” will not be done. This can't be undone.",
		Action: urls(c).JobDiscard(id), ConfirmLabel: "Discard job", CancelHref: urls(c).JobShow(id), Danger: true,
	})
}

func (s *Server) jobDiscardCreate(c echo.Context) error {
	id, err := pathID(c, "id", "job")
	if err != nil {
		return err
	}
	if _, err := s.Backlog.Cancel(c.Request().Context(), id); err != nil {
		return err
	}
	return s.done(c, "The job is discarded.", urls(c).JobShow(id))
}

// platformJobsIndex shows what the clock asks for, and which programs need help.
func (s *Platform) platformJobsIndex(c echo.Context) error {
	ctx := c.Request().Context()
	periods, err := s.Backlog.Periods(ctx)
	if err != nil {
		return err
	}
	piles, err := s.Backlog.DeadByProgram(ctx)
	if err != nil {
		return err
	}
	held, err := s.Backlog.Hold(ctx)
	if err != nil {
		return err
	}
	return s.ok(c, "Jobs", jobs.Platform(jobs.PlatformPage{Hold: held, Periods: periods, Piles: piles, Now: s.Now()}))
}
