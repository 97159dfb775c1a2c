package ui

import (
	"strconv"
	"strings"
)

// The types of fields. Money and percent are written as people write them, so they are text with
// a decimal keyboard and the unit beside them.
const (
	TypeText     = "text"
	TypeEmail    = "email"
	TypeURL      = "url"
	TypeNumber   = "number"
	TypeDate     = "date"
	TypePassword = "password"
	TypeTel      = "tel"
	TypeFile     = "file"
	TypeColor    = "color"
	TypeMoney    = "money"
	TypePercent  = "percent"
)

// FieldProps describes a Field. Only Name and Label are needed.
type FieldProps struct {
	ID           string // The default is "field-" and the name; say it where a name occurs twice.
	Name         string
	Label        string
	Value        string
	Type         string // The default is TypeText.
	Hint         string
	Error        string // A whole sentence; the field is then marked and focused.
	Currency     string // The unit beside a money field.
	Prefix       string // A fixed text before the value, such as "https://".
	Suffix       string
	Placeholder  string
	Autocomplete string
	Inputmode    string
	Pattern      string
	Accept       string // Types of files for TypeFile.
	Min          string
	Max          string
	Step         string
	MaxLength    int
	Required     bool
	Optional     bool // Says so beside the label, where most fields of a form are required.
	Disabled     bool
	ReadOnly     bool
	Autofocus    bool
	HideLabel    bool // Keeps the label for assistive technology alone.
	Mono         bool
	HX           HX     // With a Trigger such as "input delay:300ms": a live preview of the form.
	Live         string // The address that HX asks.
}

// FieldID is the id that a field has by default; a label elsewhere may point to it.
func FieldID(name string) string { return "field-" + slug(name) }

func (p FieldProps) id() string { return or(p.ID, FieldID(p.Name)) }

func (p FieldProps) frame() frame {
	return frame{ID: p.id(), Label: p.Label, Hint: p.Hint, Error: p.Error, Optional: p.Optional, HideLabel: p.HideLabel}
}

func (p FieldProps) inputType() string {
	switch p.Type {
	case "", TypeMoney, TypePercent:
		return TypeText
	default:
		return p.Type
	}
}

func (p FieldProps) inputmode() string {
	switch {
	case p.Inputmode != "":
		return p.Inputmode
	case p.Type == TypeMoney || p.Type == TypePercent:
		return "decimal"
	case p.Type == TypeNumber:
		return "numeric"
	default:
		return ""
	}
}

func (p FieldProps) suffix() string {
	switch {
	case p.Suffix != "":
		return p.Suffix
	case p.Type == TypePercent:
		return "%"
	default:
		return p.Currency
	}
}

func (p FieldProps) wrapped() bool { return p.Prefix != "" || p.suffix() != "" }

// frame is what every control shares: its label, hint and error.
type frame struct {
	ID, Label, Hint, Error string
	Optional, HideLabel    bool
}

func (f frame) hintID() string  { return f.ID + "-hint" }
func (f frame) errorID() string { return f.ID + "-error" }

// describedBy names the texts that explain a control, the error first.
func (f frame) describedBy() string {
	var ids []string
	if f.Error != "" {
		ids = append(ids, f.errorID())
	}
	if f.Hint != "" {
		ids = append(ids, f.hintID())
	}
	return strings.Join(ids, " ")
}

// or gives the first that is not empty.
func or(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}

func itoa(n int) string { return strconv.Itoa(n) }

// slug makes a name such as rules[0].rate fit for an id.
func slug(name string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		default:
			return '-'
		}
	}, name), "-")
}
