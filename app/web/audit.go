package web

import (
	"context"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/csvfile"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/views/auditlog"
)

func (s *Server) auditIndex(c echo.Context) error {
	ctx := c.Request().Context()
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	filter, wrong := q.audited()
	p := auditlog.Page{
		Group: q.text("group"), ActorID: q.text("actor"), SubjectID: q.text("subject"), From: q.text("from"), To: q.text("to"),
		Errors: wrong, Now: s.Now(),
	}
	actors, err := audit.Actors(ctx)
	if err != nil {
		return err
	}
	p.Actors = withChoice(auditlog.Actors(actors), filter.Actor)
	if len(wrong) == 0 {
		found, err := audit.List(ctx, filter, page)
		if err != nil {
			return err
		}
		p.Entries, p.Pager = found.Items, csvPager(c, urls(c).Audit(), auditlog.Target, found)
	}
	return s.page(c, listStatus(wrong), "Audit log", auditlog.Index(p))
}

// audited reads the filters of the audit log.
func (f form) audited() (audit.Filter, fault.Fields) {
	wrong := fault.Fields{}
	out := audit.Filter{
		Actions: auditlog.ActionsOf(chosenOf(f, wrong, "group", auditlog.Groups())),
		Actor:   f.chosen(wrong, "actor"), Subject: f.chosen(wrong, "subject"),
	}
	out.From, out.To = f.days(wrong)
	return out, wrong
}

func (s *Server) auditCSV(c echo.Context) error {
	filter, err := filtered(c, form.audited)
	if err != nil {
		return err
	}
	return download(s, c, table[audit.Past]{
		name:    "audit-log",
		columns: []string{"id", "created_at", "actor_kind", "actor_id", "actor", "action", "subject_kind", "subject_id", "subject", "sentence", "detail"},
		list: func(ctx context.Context, page paging.Page) (paging.Result[audit.Past], error) {
			return audit.List(ctx, filter, page)
		},
		write: each(func(f *csvfile.File, e audit.Past) error {
			f.ID(e.ID).Time(e.CreatedAt).Text(e.ActorKind).MaybeID(e.ActorID).Text(e.ActorName, e.Action, e.SubjectKind).MaybeID(e.SubjectID)
			return f.Text(e.SubjectName, auditlog.Sentence(e), string(e.Detail)).End()
		}),
	})
}
