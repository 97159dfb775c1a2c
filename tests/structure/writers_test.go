package structure_test

import (
	"go/ast"
	"go/token"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/openpartner/openpartner/tests/testkit"
)

// writes finds the statements that change rows, and the builder's calls that name a table.
var (
	writes   = regexp.MustCompile(`(?i)\b(?:insert\s+into|delete\s+from|truncate|merge\s+into|update(?:\s+only)?)\s+((?:platform\.|public\.|coordinator\.)?[a-z_]+)`)
	modelTag = regexp.MustCompile(`bun:"table:([a-z_.]+)`)
)

// A table is written by exactly one package; who reads it is free.
func TestWriters(t *testing.T) {
	t.Parallel()
	// A second writer, and why it may be one.
	excused := map[string]map[string]string{
		"jobs": {
			"magic_links": "retention", "sessions": "retention", "idempotency_keys": "retention",
			"platform.rate_limits": "retention", "platform.magic_links": "retention", "platform.sessions": "retention",
			"platform.daily_salts": "retention", "recent_clicks": "retention", "webhook_deliveries": "retention",
			"partners": "retention of sign-ups that nobody confirmed", "partner_applications": "retention", "partner_imports": "retention", "program_imports": "retention", "platform.stripe_events": "retention", "platform.jobs": "the worker settles what outbox added",
		},
		"app/tracking":    {"platform.jobs": "tells of flagged clicks in the batch that stores them"},
		"app/billing":     {"platform.tenants": "which customer of the operator's a program is, as the system role"},
		"app/install":     {"platform.tenants": "names the program that it founds, as the system role"},
		"app/portability": {"platform.tenants": "an import restores the name"},
		"app/settings":    {"platform.tenants": "the name is a setting of the program"},
	}
	tables := map[string]bool{}
	for _, name := range (schema{testkit.DB(t), t}).lines(t, tenantTables+`
		select case nspname when 'platform' then 'platform.' else '' end || relname from tenant_tables
		union select nspname || '.' || relname from pg_class c join pg_namespace n on n.oid = c.relnamespace where nspname in ('platform', 'coordinator') and relkind = 'r'`) {
		tables[name] = true
	}
	writers := map[string]map[string]bool{}
	for _, s := range sources(t, "app", "cmd", "jobs", "views") {
		for _, table := range written(s) {
			if !tables[table] || excused[s.dir()][table] != "" {
				continue
			}
			if writers[table] == nil {
				writers[table] = map[string]bool{}
			}
			writers[table][s.dir()] = true
		}
	}
	if len(writers) < 15 {
		t.Fatalf("only %d written tables found: %v", len(writers), slices.Sorted(maps.Keys(writers)))
	}
	for table, packages := range writers {
		if len(packages) > 1 {
			t.Errorf("%s is written by %v: let one package own it", table, slices.Sorted(maps.Keys(packages)))
		}
	}
}

// written lists the tables that a file's statements change. A model that the file declares
// counts, too: its builder may write.
func written(s source) []string {
	var tables []string
	ast.Inspect(s.file, func(n ast.Node) bool {
		literal, ok := n.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		text, err := strconv.Unquote(literal.Value)
		if err != nil {
			return true
		}
		for _, found := range writes.FindAllStringSubmatch(text, -1) {
			tables = append(tables, found[1])
		}
		for _, found := range modelTag.FindAllStringSubmatch(text, -1) {
			tables = append(tables, found[1])
		}
		return true
	})
	return tables
}
