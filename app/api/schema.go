package api

import (
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/app/settings"
)

// schema is a JSON Schema, as far as this API needs the standard.
type schema struct {
	Ref                  string             `json:"$ref,omitempty"`
	Type                 any                `json:"type,omitempty"` // a word, or two with null
	Format               string             `json:"format,omitempty"`
	Enum                 []string           `json:"enum,omitempty"`
	MaxLength            int                `json:"maxLength,omitempty"`
	Properties           map[string]*schema `json:"properties,omitempty"`
	Required             []string           `json:"required,omitempty"`
	Items                *schema            `json:"items,omitempty"`
	AdditionalProperties any                `json:"additionalProperties,omitempty"`
	AnyOf                []*schema          `json:"anyOf,omitempty"`

	order []string // of the properties, as people read them
}

// schemas collects the named types of the API.
type schemas struct{ named map[string]*schema }

const refPrefix = "#/components/schemas/"

func (s *schemas) of(value any) *schema { return s.ofType(reflect.TypeOf(value)) }

// resolve follows a reference.
func (s *schemas) resolve(x *schema) *schema {
	if name, ok := strings.CutPrefix(x.Ref, refPrefix); ok {
		return s.named[name]
	}
	return x
}

// needed reports whether a body has a member that must be there.
func (s *schemas) needed(body *schema) bool { return len(s.resolve(body).Required) > 0 }

func (s *schemas) ofType(t reflect.Type) *schema {
	switch t {
	case reflect.TypeFor[uuid.UUID](), reflect.TypeFor[ID]():
		return &schema{Type: "string", Format: "uuid"}
	case reflect.TypeFor[time.Time](), reflect.TypeFor[stamp]():
		return &schema{Type: "string", Format: "date-time"}
	case reflect.TypeFor[json.RawMessage]():
		return &schema{Type: "object"}
	}
	if f, ok := reflect.New(t).Interface().(interface{ inner() reflect.Type }); ok {
		return nullable(s.ofType(f.inner()))
	}
	switch t.Kind() {
	case reflect.Pointer:
		return nullable(s.ofType(t.Elem()))
	case reflect.Slice:
		return &schema{Type: "array", Items: s.ofType(t.Elem())}
	case reflect.Map:
		return &schema{Type: "object", AdditionalProperties: s.ofType(t.Elem())}
	case reflect.Struct:
		return s.ofStruct(t)
	case reflect.Bool:
		return &schema{Type: "boolean"}
	case reflect.String:
		return &schema{Type: "string", Enum: words()[t]}
	default:
		return &schema{Type: "integer"}
	}
}

// ofStruct gives a reference to the type's schema, which it describes at the first time. Pages
// of lists have no name of their own.
func (s *schemas) ofStruct(t reflect.Type) *schema {
	name, generic := t.Name(), strings.Contains(t.Name(), "[")
	isInput := strings.HasSuffix(name, "In") || strings.HasSuffix(name, "Patch")
	name = publicName(name)
	if s.named[name] != nil {
		return &schema{Ref: refPrefix + name}
	}
	out := &schema{Type: "object", Properties: map[string]*schema{}}
	if isInput {
		out.AdditionalProperties = false
	}
	if !generic {
		s.named[name] = out
	}
	s.addMembers(out, t, isInput)
	if generic {
		return out
	}
	return &schema{Ref: refPrefix + name}
}

func (s *schemas) addMembers(out *schema, t reflect.Type, isInput bool) {
	for f := range t.Fields() {
		if f.Anonymous {
			s.addMembers(out, f.Type, isInput)
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		out.Properties[name] = s.ofType(f.Type)
		out.order = append(out.order, name)
		_, optional := reflect.New(f.Type).Interface().(interface{ inner() reflect.Type })
		if !optional && options != "omitempty" {
			out.Required = append(out.Required, name)
		}
	}
}

// publicName is a Go type's name as readers of the description see it: partnerIn is
// PartnerInput, partnerJSON is Partner.
func publicName(name string) string {
	for suffix, word := range map[string]string{"JSON": "", "In": "Input", "Patch": "Patch", "Body": ""} {
		if stem, ok := strings.CutSuffix(name, suffix); ok {
			name = stem + word
			break
		}
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

func nullable(s *schema) *schema {
	if s.Ref != "" {
		return &schema{AnyOf: []*schema{s, {Type: "null"}}}
	}
	if word, ok := s.Type.(string); ok {
		s.Type = []string{word, "null"}
	}
	s.Enum = nil // an enumeration would have to hold null, too
	return s
}

// words are the values of the enumerations.
func words() map[reflect.Type][]string {
	return map[reflect.Type][]string{
		reflect.TypeFor[partners.Status]():    texts(partners.Statuses()),
		reflect.TypeFor[campaigns.Model]():    texts(campaigns.Models()),
		reflect.TypeFor[campaigns.Status]():   {string(campaigns.Active), string(campaigns.Paused), string(campaigns.Archived)},
		reflect.TypeFor[campaigns.Trigger]():  {string(campaigns.Every), string(campaigns.First), string(campaigns.Subsequent)},
		reflect.TypeFor[campaigns.RuleKind](): {string(campaigns.Percent), string(campaigns.Fixed)},
		reflect.TypeFor[commissions.Status](): texts(commissions.Statuses()),
		reflect.TypeFor[commissions.Kind](): {
			string(commissions.Earned), string(commissions.Reversal), string(commissions.Adjustment), string(commissions.Bonus),
		},
		reflect.TypeFor[attribution.Status](): {
			string(attribution.StatusRecorded), string(attribution.StatusUnknownUser), string(attribution.StatusFlagged),
			string(attribution.StatusSelfReferral), string(attribution.StatusNoTouch), string(attribution.StatusOutsideWindow),
			string(attribution.StatusAttributed),
		},
		reflect.TypeFor[settings.Transport](): texts(settings.Transports()),
	}
}

func texts[T ~string](in []T) []string {
	out := make([]string, len(in))
	for i, t := range in {
		out[i] = string(t)
	}
	return out
}
