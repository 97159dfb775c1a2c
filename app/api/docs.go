package api

import (
	"fmt"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/views/apidocs"
	"github.com/openpartner/openpartner/views/layout"
)

// docs is the readable form of the OpenAPI document.
func (s *Server) docs(c echo.Context) error {
	u := routes.From(c.Request().Context())
	base := u.Origin() + "/api/v1"
	if s.Edge.Multi {
		base = u.Origin() + "/t/your-program/api/v1"
	}
	page := apidocs.Page{Base: base, Description: "/api/openapi.json"}
	named := schemas{named: map[string]*schema{}}
	for _, name := range s.areas() {
		page.Areas = append(page.Areas, apidocs.Area{Name: name})
	}
	for _, o := range s.everyOperation() {
		i := slices.IndexFunc(page.Areas, func(a apidocs.Area) bool { return a.Name == o.area() })
		page.Areas[i].Endpoints = append(page.Areas[i].Endpoints, o.explain(&named))
	}
	for _, o := range s.openings() {
		scope := apidocs.Scope{Name: o.Scope}
		for _, one := range o.Operations {
			scope.Opens = append(scope.Opens, apidocs.Opened{ID: one.id(), Summary: one.Summary})
		}
		page.Scopes = append(page.Scopes, scope)
	}
	ctx := layout.WithChrome(c.Request().Context(), layout.Chrome{HomePath: u.Home(), TenantName: "OpenPartner"})
	var html strings.Builder
	if err := layout.Public("API reference", apidocs.Reference(page)).Render(ctx, &html); err != nil {
		return fmt.Errorf("render the reference: %w", err)
	}
	return c.HTML(200, html.String())
}

// explain is describe for people.
func (o operation) explain(named *schemas) apidocs.Endpoint {
	e := apidocs.Endpoint{
		ID: o.id(), Method: o.Method, Path: placeholder.ReplaceAllString(o.Path, "{$1}"), Summary: o.Summary,
		Who: strings.ReplaceAll(o.who(), "`", ""), Status: o.Status,
	}
	for _, name := range o.Query {
		e.Query = append(e.Query, apidocs.Member{Name: name, Type: "text", Text: queryWords()[name]})
	}
	if o.In != nil {
		e.Body = named.members(named.of(o.In), true)
	}
	if o.Out != nil {
		e.Answer = named.members(named.of(o.Out), false)
	}
	return e
}

// members lists what an object holds, in its order.
func (s *schemas) members(of *schema, input bool) []apidocs.Member {
	object := s.resolve(of)
	var out []apidocs.Member
	for _, name := range object.order {
		out = append(out, apidocs.Member{
			Name: name, Type: s.word(object.Properties[name]), Required: input && slices.Contains(object.Required, name),
		})
	}
	return out
}

// word is a type as people call it.
func (s *schemas) word(x *schema) string {
	if len(x.AnyOf) > 0 {
		return s.word(x.AnyOf[0]) + " or null"
	}
	if x.Ref != "" {
		return strings.TrimPrefix(x.Ref, refPrefix)
	}
	kind, null := fmt.Sprint(x.Type), ""
	if both, ok := x.Type.([]string); ok {
		kind, null = both[0], " or null"
	}
	switch {
	case len(x.Enum) > 0:
		return strings.Join(x.Enum, ", ") + null
	case x.Items != nil:
		return "list of " + s.word(x.Items) + null
	case x.Format != "":
		return x.Format + null
	case kind == "string":
		return "text" + null
	default:
		return kind + null
	}
}
