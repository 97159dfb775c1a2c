package api

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/edge"
)

// document is an OpenAPI 3.1 description, as far as this API needs the standard:
// https://spec.openapis.org/oas/v3.1.0
type document struct {
	OpenAPI    string                              `json:"openapi"`
	Info       map[string]any                      `json:"info"`
	Servers    []map[string]any                    `json:"servers"`
	Tags       []map[string]string                 `json:"tags"`
	Paths      map[string]map[string]*documentedOp `json:"paths"`
	Components components                          `json:"components"`
}

type components struct {
	Schemas         map[string]*schema        `json:"schemas"`
	SecuritySchemes map[string]map[string]any `json:"securitySchemes"`
}

type documentedOp struct {
	OperationID string                    `json:"operationId"`
	Summary     string                    `json:"summary"`
	Description string                    `json:"description,omitempty"`
	Tags        []string                  `json:"tags"`
	Security    []map[string][]string     `json:"security"`
	Parameters  []parameter               `json:"parameters,omitempty"`
	RequestBody *content                  `json:"requestBody,omitempty"`
	Responses   map[string]map[string]any `json:"responses"`
}

type parameter struct {
	Name        string  `json:"name"`
	In          string  `json:"in"`
	Required    bool    `json:"required"`
	Description string  `json:"description,omitempty"`
	Schema      *schema `json:"schema"`
}

type content struct {
	Required bool                 `json:"required"`
	Content  map[string]mediaType `json:"content"`
}

type mediaType struct {
	Schema *schema `json:"schema"`
}

func asJSON(s *schema) map[string]mediaType {
	return map[string]mediaType{echo.MIMEApplicationJSON: {Schema: s}}
}

// openAPI describes the API from the table and the types of its handlers.
func (s *Server) openAPI(c echo.Context) error {
	text, err := s.description()
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "public, max-age=300")
	return c.JSONBlob(http.StatusOK, text)
}

func (s *Server) describe(origin string) document {
	schemas := schemas{named: map[string]*schema{}}
	failure := schemas.of(errorJSON{})
	doc := document{
		OpenAPI: "3.1.0",
		Info: map[string]any{
			"title": "OpenPartner", "version": "1",
			"description": "Amounts are in minor units of their currency, times in UTC. Every POST takes an Idempotency-Key.",
			"license":     map[string]string{"name": "MIT", "identifier": "MIT"},
		},
		Servers: s.servers(origin), Paths: map[string]map[string]*documentedOp{},
	}
	for _, o := range s.everyOperation() {
		path := placeholder.ReplaceAllString(o.Path, "{$1}")
		if doc.Paths[path] == nil {
			doc.Paths[path] = map[string]*documentedOp{}
		}
		doc.Paths[path][strings.ToLower(o.Method)] = o.describe(&schemas, failure)
	}
	for _, name := range s.areas() {
		doc.Tags = append(doc.Tags, map[string]string{"name": name})
	}
	doc.Components = components{Schemas: schemas.named, SecuritySchemes: map[string]map[string]any{
		"key": {
			"type": "http", "scheme": "bearer", "x-scopes": s.scopeIDs(),
			"description": "An API key: op_live_... x-scopes lists which operations each scope opens.",
		},
	}}
	return doc
}

func (s *Server) servers(origin string) []map[string]any {
	if !s.Edge.Multi {
		return []map[string]any{{"url": origin}}
	}
	return []map[string]any{{"url": origin + "/t/{slug}", "variables": map[string]any{"slug": map[string]string{"default": "your-program"}}}}
}

// areas are the groups of endpoints, in the order of the table.
func (s *Server) areas() []string {
	var names []string
	seen := map[string]bool{}
	for _, o := range s.everyOperation() {
		if name := o.area(); !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names
}

// area is the first part of the path.
func (o operation) area() string {
	path := strings.TrimPrefix(o.Path, "/api/v1/")
	if end := strings.IndexAny(path, "/."); end > 0 {
		return path[:end]
	}
	return path
}

var placeholder = regexp.MustCompile(`:(\w+)`)

func (o operation) describe(schemas *schemas, failure *schema) *documentedOp {
	out := &documentedOp{
		OperationID: o.id(), Summary: o.Summary, Description: o.who(), Tags: []string{o.area()}, Security: o.security(),
		Responses: map[string]map[string]any{"default": {"description": "What went wrong.", "content": asJSON(failure)}},
	}
	for _, m := range placeholder.FindAllStringSubmatch(o.Path, -1) {
		kind := &schema{Type: "string", Format: "uuid"}
		if o.File != "" {
			kind.Format = "" // a name
		}
		out.Parameters = append(out.Parameters, parameter{Name: m[1], In: "path", Required: true, Schema: kind})
	}
	for _, name := range o.Query {
		out.Parameters = append(out.Parameters, parameter{Name: name, In: "query", Description: queryWords()[name], Schema: &schema{Type: "string"}})
	}
	if o.Method == http.MethodPost {
		out.Parameters = append(out.Parameters, parameter{Name: "Idempotency-Key", In: "header", Schema: &schema{Type: "string", MaxLength: maxKey}})
	}
	if o.In != nil {
		body := schemas.of(o.In)
		out.RequestBody = &content{Required: schemas.needed(body), Content: asJSON(body)}
	}
	answer := map[string]any{"description": "Done."}
	if o.Out != nil {
		answer["content"] = asJSON(schemas.of(o.Out))
	}
	if o.File != "" {
		answer["content"] = map[string]mediaType{o.File: {Schema: &schema{Type: "string"}}}
	}
	out.Responses[strconv.Itoa(o.Status)] = answer
	if o.Path == "/api/v1/events" && o.Method == http.MethodPost {
		out.Responses["200"] = map[string]any{"description": "The event was recorded before.", "content": answer["content"]}
	}
	return out
}

// id is the method and path as one word: post_partners_id_invite.
func (o operation) id() string {
	path := strings.NewReplacer("/api/v1/", "", "/", "_", ":", "", "-", "_", ".", "_").Replace(o.Path)
	return strings.ToLower(o.Method) + "_" + path
}

// who says in words which keys may.
func (o operation) who() string {
	words := "Scope `" + o.Scope + "`."
	if o.Or != "" {
		words = "Scope `" + o.Scope + "` or `" + o.Or + "`."
	}
	switch {
	case o.Auth == edge.Public:
		return "Open to everybody; a key makes what it says trusted."
	case o.Scope == "":
		return "Any key."
	case o.Scope == auth.AdminScope || o.Scope == auth.AdminReadScope:
		words = "Admin keys."
	}
	if o.Role == own {
		words += " A partner's key sees and changes its own."
	}
	return words
}

func (o operation) security() []map[string][]string {
	key := map[string][]string{"key": {}}
	if o.Auth == edge.Public {
		return []map[string][]string{{}, key}
	}
	return []map[string][]string{key}
}

// queryWords explain the parameters of lists and reports.
func queryWords() map[string]string {
	return map[string]string{
		"cursor":      "next_cursor of the page before.",
		"limit":       "How many, 1 to 200; 50 without.",
		"from":        "A time, or a day in UTC, from which on.",
		"to":          "A time before which, or a last day in UTC. Reports count whole days.",
		"q":           "The beginning of a name, of an e-mail address or of what is shown of a key.",
		"bucket":      "day or week.",
		"source":      "Only those who came this way.",
		"status":      "Only those in this state.",
		"kind":        "Only those of this kind.",
		"created_by":  "Only what this person or key made.",
		"type":        "Only events of this type.",
		"dry_run":     "true only tells what would happen.",
		"user_id":     "Only events of this user.",
		"partner_id":  "Only what belongs to this partner.",
		"campaign_id": "Only what belongs to this campaign.",
	}
}
