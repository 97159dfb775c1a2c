package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
)

// maxDepth is how deep a body may nest.
const maxDepth = 64

// Field is a member that may be missing: Set tells missing from null.
type Field[T any] struct {
	Set   bool
	Null  bool
	Value T
}

// UnmarshalJSON is part of json.Unmarshaler; it is called only for members that are there.
func (f *Field[T]) UnmarshalJSON(b []byte) error {
	f.Set = true
	if bytes.Equal(bytes.TrimSpace(b), []byte("null")) {
		f.Null = true
		return nil
	}
	return json.Unmarshal(b, &f.Value)
}

// inner tells the walk which type the member has.
func (f *Field[T]) inner() reflect.Type { return reflect.TypeFor[T]() }

// Ptr is nil when the member is missing or null.
func (f Field[T]) Ptr() *T {
	if !f.Set || f.Null {
		return nil
	}
	return &f.Value
}

// ID is an id as it comes in: a UUID or a ULID.
type ID uuid.UUID

// UnmarshalText is part of encoding.TextUnmarshaler.
func (id *ID) UnmarshalText(b []byte) error {
	parsed, err := ids.Parse(string(b))
	*id = ID(parsed)
	return err
}

// read takes the body of a request apart, strictly: right content type, valid UTF-8, one JSON
// value, and every member known, named once, written exactly and of the right type. What is
// wrong with a member is told by its name. A missing body is an empty object.
func read(c echo.Context, into any) error {
	body, fields, err := inspect(c, reflect.TypeOf(into).Elem())
	if err != nil {
		return err
	}
	if err := fields.Err(); err != nil {
		return err
	}
	return decode(body, into)
}

// inspect reads the body and names what does not fit the type.
func inspect(c echo.Context, t reflect.Type) ([]byte, fault.Fields, error) {
	body, err := rawBody(c)
	if err != nil {
		return nil, nil, err
	}
	if len(bytes.TrimSpace(body)) == 0 {
		body = []byte("{}")
	}
	if !utf8.Valid(body) {
		return nil, nil, fault.Malformed("The body is not valid UTF-8.")
	}
	tree, err := parse(body)
	if err != nil {
		return nil, nil, err
	}
	w := walk{fields: fault.Fields{}, lenient: c.Request().Header.Get("OpenPartner-Protocol") != ""}
	w.check("", tree, t)
	return body, w.fields, nil
}

func decode(body []byte, into any) error {
	if err := json.Unmarshal(body, into); err != nil {
		return fault.Malformed("The body could not be read.").Because(err)
	}
	return nil
}

// rawBody reads the body once; the idempotency check and the decoder share it.
func rawBody(c echo.Context) ([]byte, error) {
	if kept, ok := c.Get(bodyKey).([]byte); ok {
		return kept, nil
	}
	kind, _, err := mime.ParseMediaType(c.Request().Header.Get("Content-Type"))
	sent := c.Request().ContentLength != 0
	if (sent || c.Request().Header.Get("Content-Type") != "") && (err != nil || kind != echo.MIMEApplicationJSON) {
		return nil, &fault.Error{Kind: fault.KindUnsupported, Code: "unsupported_media_type", Message: "Send the body as application/json."}
	}
	body, err := io.ReadAll(c.Request().Body)
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, errTooLarge()
	}
	if err != nil {
		return nil, fault.Malformed("The body could not be read.").Because(err)
	}
	c.Set(bodyKey, body)
	return body, nil
}

const bodyKey = "api.body"

// node is a JSON value with the order and repetition of its members.
type node struct {
	kind    byte // { [ " 0 t n
	members []member
	items   []node
	text    string
}

type member struct {
	name  string
	value node
}

// parse reads exactly one JSON value.
func parse(body []byte) (node, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	n, err := parseValue(d, 0)
	if err != nil {
		if f, ok := fault.From(err); ok {
			return node{}, f
		}
		return node{}, fault.Malformed("The body is not valid JSON.").Because(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return node{}, fault.Malformed("There is something after the JSON value.")
	}
	return n, nil
}

func parseValue(d *json.Decoder, depth int) (node, error) {
	if depth > maxDepth {
		return node{}, fault.Malformed("The body nests deeper than 64 levels.")
	}
	token, err := d.Token()
	if err != nil {
		return node{}, err
	}
	switch t := token.(type) {
	case json.Delim:
		if t == '{' {
			return parseObject(d, depth)
		}
		return parseArray(d, depth)
	case string:
		return node{kind: '"', text: t}, nil
	case json.Number:
		return node{kind: '0', text: t.String()}, nil
	case bool:
		return node{kind: 't'}, nil
	default:
		return node{kind: 'n'}, nil
	}
}

func parseObject(d *json.Decoder, depth int) (node, error) {
	n := node{kind: '{'}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return n, err
		}
		value, err := parseValue(d, depth+1)
		if err != nil {
			return n, err
		}
		name, _ := key.(string)
		n.members = append(n.members, member{name, value})
	}
	_, err := d.Token()
	return n, err
}

func parseArray(d *json.Decoder, depth int) (node, error) {
	n := node{kind: '['}
	for d.More() {
		value, err := parseValue(d, depth+1)
		if err != nil {
			return n, err
		}
		n.items = append(n.items, value)
	}
	_, err := d.Token()
	return n, err
}

// walk holds a value against a Go type and notes every member that does not fit.
type walk struct {
	fields  fault.Fields
	lenient bool
}

func (w walk) check(path string, n node, t reflect.Type) {
	if f, ok := reflect.New(t).Interface().(interface{ inner() reflect.Type }); ok {
		if n.kind != 'n' {
			w.check(path, n, f.inner())
		}
		return
	}
	switch {
	case t == reflect.TypeFor[json.RawMessage]():
		w.checkFree(path, n)
	case t == reflect.TypeFor[time.Time]():
		if _, err := time.Parse(time.RFC3339Nano, n.text); n.kind != '"' || err != nil {
			w.add(path, "Give a time as RFC 3339, such as 2026-01-31T12:00:00Z.")
		}
	case t == reflect.TypeFor[ID]():
		if _, err := ids.Parse(n.text); n.kind != '"' || err != nil {
			w.add(path, "This is not an id.")
		}
	case t.Kind() == reflect.Pointer:
		if n.kind != 'n' {
			w.check(path, n, t.Elem())
		}
	case t.Kind() == reflect.Struct:
		w.checkObject(path, n, t)
	case t.Kind() == reflect.Slice:
		w.checkList(path, n, t.Elem())
	case t.Kind() == reflect.Map:
		w.checkMap(path, n, t.Elem())
	default:
		w.checkScalar(path, n, t.Kind())
	}
}

func (w walk) add(path, sentence string) {
	if path == "" {
		path = "body"
	}
	w.fields.Add(path, sentence)
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func (w walk) checkObject(path string, n node, t reflect.Type) {
	if n.kind != '{' {
		w.add(path, "This must be an object.")
		return
	}
	known := map[string]reflect.Type{}
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		known[name] = f.Type
	}
	seen := map[string]bool{}
	for _, m := range n.members {
		at := join(path, m.name)
		switch memberType, ok := known[m.name]; {
		case !storable(m.name):
			w.add(path, "A name contains characters that can't be stored.")
		case !ok && !w.lenient:
			w.add(at, "There is no such field.")
		case !ok:
		case seen[m.name]:
			w.add(at, "This field occurs twice.")
		default:
			seen[m.name] = true
			w.check(at, m.value, memberType)
		}
	}
}

func (w walk) checkList(path string, n node, t reflect.Type) {
	if n.kind == 'n' {
		return
	}
	if n.kind != '[' {
		w.add(path, "This must be a list.")
		return
	}
	for i, item := range n.items {
		w.check(join(path, strconv.Itoa(i)), item, t)
	}
}

func (w walk) checkMap(path string, n node, t reflect.Type) {
	if n.kind == 'n' {
		return
	}
	if n.kind != '{' {
		w.add(path, "This must be an object.")
		return
	}
	for _, m := range n.members {
		w.check(join(path, m.name), m.value, t)
	}
}

// checkFree takes any JSON object, as long as the database can hold it.
func (w walk) checkFree(path string, n node) {
	if n.kind != '{' && n.kind != 'n' {
		w.add(path, "This must be an object.")
		return
	}
	w.checkStorable(path, n)
}

func (w walk) checkStorable(path string, n node) {
	if n.kind == '"' && !storable(n.text) {
		w.add(path, "This contains characters that can't be stored.")
	}
	for _, item := range n.items {
		w.checkStorable(path, item)
	}
	seen := map[string]bool{}
	for _, m := range n.members {
		if !storable(m.name) {
			w.add(path, "A name contains characters that can't be stored.")
		}
		if seen[m.name] {
			w.add(join(path, m.name), "This field occurs twice.")
		}
		seen[m.name] = true
		w.checkStorable(join(path, m.name), m.value)
	}
}

// storable reports whether text can be kept: PostgreSQL takes no NUL, and a lone surrogate
// arrives as the replacement character.
func storable(text string) bool { return !strings.ContainsRune(text, 0) && utf8.ValidString(text) }

func (w walk) checkScalar(path string, n node, kind reflect.Kind) {
	switch kind {
	case reflect.String:
		if n.kind != '"' {
			w.add(path, "This must be a text.")
		} else if !storable(n.text) {
			w.add(path, "This contains characters that can't be stored.")
		}
	case reflect.Bool:
		if n.kind != 't' {
			w.add(path, "This must be true or false.")
		}
	case reflect.Int, reflect.Int64:
		if _, err := strconv.ParseInt(n.text, 10, 64); n.kind != '0' || err != nil {
			w.add(path, "This must be a whole number within range.")
		}
	default:
		panic(fmt.Sprintf("api: no check for members of kind %s", kind))
	}
}
