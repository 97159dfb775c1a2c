package web

import (
	"errors"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
)

// form is what a person typed.
type form struct{ url.Values }

// readForm reads the body of an unsafe request. Text that the database could not hold is
// refused here, by the name of its field.
func readForm(c echo.Context) (form, error) {
	kind, _, err := mime.ParseMediaType(c.Request().Header.Get("Content-Type"))
	if err != nil && c.Request().ContentLength != 0 {
		kind = "unknown"
	}
	switch kind {
	case "", echo.MIMEApplicationForm:
		err = c.Request().ParseForm()
	case echo.MIMEMultipartForm:
		err = c.Request().ParseMultipartForm(1 << 20)
	default:
		return form{}, &fault.Error{Kind: fault.KindUnsupported, Code: "unsupported_media_type", Message: "Send the form as a browser does."}
	}
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return form{}, &fault.Error{Kind: fault.KindTooLarge, Code: "too_large", Message: "The form is too large."}
	}
	if err != nil {
		return form{}, fault.Malformed("The form could not be read.").WithCode("malformed_form").Because(err)
	}
	f := form{c.Request().PostForm}
	if c.Request().MultipartForm != nil {
		f.Values = c.Request().MultipartForm.Value
	}
	return f, cleanText(f.Values)
}

// readQuery reads the parameters of the URL with the same care.
func readQuery(c echo.Context) (form, error) {
	f := form{c.QueryParams()}
	return f, cleanText(f.Values)
}

func cleanText(values url.Values) error {
	fields := fault.Fields{}
	for name, list := range values {
		for _, text := range list {
			if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
				fields.Add(name, "This contains characters that can't be stored.")
			}
		}
	}
	return fields.Err()
}

// text is the trimmed value of a field.
func (f form) text(name string) string { return strings.TrimSpace(f.Get(name)) }

// checked reports whether a checkbox was ticked.
func (f form) checked(name string) bool { return f.Get(name) == "true" }

// ids reads all values of a field as ids.
func (f form) ids(name string) ([]uuid.UUID, error) {
	var out []uuid.UUID
	for _, text := range f.Values[name] {
		if text == "" {
			continue
		}
		id, err := ids.Parse(text)
		if err != nil {
			return nil, fault.InvalidField(name, "Choose from the list.")
		}
		out = append(out, id)
	}
	return out, nil
}

// id reads one value as an id; nil when it is empty.
func (f form) id(name string) (*uuid.UUID, error) {
	if f.text(name) == "" {
		return nil, nil //nolint:nilnil // nothing was chosen
	}
	id, err := ids.Parse(f.text(name))
	if err != nil {
		return nil, fault.InvalidField(name, "Choose from the list.")
	}
	return &id, nil
}

// choice reads a value that is one of a few, or empty.
func choice[T ~string](f form, name string, allowed []T) (string, error) {
	chosen := f.text(name)
	if chosen != "" && !slices.Contains(allowed, T(chosen)) {
		return "", fault.InvalidField(name, "Choose from the list.")
	}
	return chosen, nil
}

// chosenOf is choice for a filter, whose wrong values are told beside it.
func chosenOf[T ~string](f form, wrong fault.Fields, name string, allowed []T) T {
	chosen, err := choice(f, name, allowed)
	if fields, is := fieldErrors(err); is {
		maps.Copy(wrong, fields)
	}
	return T(chosen)
}

// pathID reads an id from the path. Anything that is not one does not exist.
func pathID(c echo.Context, name, what string) (uuid.UUID, error) {
	id, err := ids.Parse(c.Param(name))
	if err != nil {
		return uuid.Nil, fault.NotFound(what)
	}
	return id, nil
}

// fieldErrors gives what is wrong with each input, when that is what the error says: such an
// error goes back to the form instead of to an error page.
func fieldErrors(err error) (fault.Fields, bool) {
	f, ok := fault.From(err)
	if !ok || len(f.Fields) == 0 || !slices.Contains([]fault.Kind{fault.KindInvalid, fault.KindConflict, fault.KindForbidden}, f.Kind) {
		return nil, false
	}
	return f.Fields, true
}
