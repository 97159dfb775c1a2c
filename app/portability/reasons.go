package portability

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/settings"
)

// Classes of SQL errors that a row is to blame for; others are ours or the database's.
const (
	classData      = "22"
	classIntegrity = "23"
	classLimit     = "54"
)

// reason says why the database did not take a row, and whether the row is to blame.
func (w work) reason(err error) (sentence string, refused bool) {
	failed, is := errors.AsType[*pgconn.PgError](err)
	if !is {
		return "", false
	}
	if told, is := fault.From(db.Conflict(err)); is {
		return told.Message, true
	}
	switch class := failed.Code[:2]; {
	case class == classData, class == classLimit:
		return "A value is not one of its column: " + failed.Message + ".", true
	case class != classIntegrity:
		return "", false
	}
	for _, r := range w.references {
		if r.Name == failed.ConstraintName {
			return "There is no row of " + r.Parent + " that " + strings.Join(r.Columns, " and ") + " names.", true
		}
	}
	switch failed.Code {
	case "23502":
		return "There is no " + failed.ColumnName + ".", true
	case "23505":
		return "Another row has what only one may have (" + failed.ConstraintName + ").", true
	case "23514":
		return "It breaks the rule " + failed.ConstraintName + ".", true
	default:
		return "It was refused: " + failed.Message + ".", true
	}
}

// look refuses pictures that are none, since they are served to everybody, and gives the others.
func (w work) look(ctx context.Context, positions []int64) ([]int64, error) {
	var pictures []int64
	for _, position := range positions {
		bytes, err := findPicture(ctx, w.id, position)
		if err != nil {
			return nil, err
		}
		if err := settings.CheckLogo(bytes); err != nil {
			if err := refuse(ctx, w.id, w.table.Name, position, "This is not a picture as a logo may be."); err != nil {
				return nil, err
			}
			continue
		}
		pictures = append(pictures, position)
	}
	return pictures, nil
}
