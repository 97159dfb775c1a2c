package settings

import (
	"github.com/openpartner/openpartner/app/portability"
	"github.com/openpartner/openpartner/views/figures"
)

// ExportPage lists what can be taken out.
type ExportPage struct {
	Tables  []portability.Table
	Rows    map[string]int
	Counted int // how far each table was counted
}

// rows is how many a table has.
func (p ExportPage) rows(t portability.Table) string {
	n := figures.Count(int64(p.Rows[t.Name]))
	if p.Rows[t.Name] == p.Counted {
		return n + " and more"
	}
	return n
}
