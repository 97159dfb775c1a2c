package config_test

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/openpartner/openpartner/app/config"
)

// variables gives the names that the configuration reads, with their defaults.
func variables(t reflect.Type, into map[string]string) map[string]string {
	for field := range t.Fields() {
		if name := field.Tag.Get("env"); name != "" {
			into[name] = field.Tag.Get("envDefault")
		} else if field.Type.Kind() == reflect.Struct {
			variables(field.Type, into)
		}
	}
	return into
}

// found reads names and defaults from a document.
func found(t *testing.T, path, pattern string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
		out[m[1]] = strings.Trim(m[2], "` ")
	}
	return out
}

// Whoever sets the program up reads these two; a variable is in both, with its default, or in
// neither.
func TestDocuments(t *testing.T) {
	t.Parallel()
	want := variables(reflect.TypeFor[config.Config](), map[string]string{})
	for path, pattern := range map[string]string{
		"../../.env.example":         `(?m)^([A-Z_]+)=(.*)$`,
		"../../docs/SELF-HOSTING.md": "(?m)^\\| `([A-Z_]+)` \\|([^|]*)\\|",
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			got := found(t, path, pattern)
			for name, value := range want {
				if have, there := got[name]; !there || have != value {
					t.Errorf("%s=%s: there is %q, %t", name, value, have, there)
				}
			}
			for name := range got {
				if _, known := want[name]; !known {
					t.Errorf("%s is no variable of the program", name)
				}
			}
		})
	}
}

// The example as it stands is the same as no settings at all.
func TestExample(t *testing.T) {
	t.Parallel()
	var environ []string
	for name, value := range found(t, "../../.env.example", `(?m)^([A-Z_]+)=(.*)$`) {
		environ = append(environ, name+"="+value)
	}
	got, err := config.Load(environ)
	if err != nil {
		t.Fatal(err)
	}
	want, err := config.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
