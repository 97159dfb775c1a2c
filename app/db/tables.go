package db

import (
	"context"
	"fmt"
	"slices"
)

// Table is one whose rows belong to tenants.
type Table struct {
	Name          string // quoted, with its schema
	SelfReferring bool   // rows of it may need each other
}

// TenantTables are the tables with rows of tenants, but for that of the tenants themselves, as the
// catalog has them: first those that nothing else refers to. In this order they can be emptied, and
// backwards filled.
func TenantTables(ctx context.Context) ([]Table, error) {
	var names []string
	err := Tx(ctx).NewRaw(`
		select format('%I.%I', schemaname, tablename) from pg_policies
		where policyname = 'tenant_isolation' and (schemaname, tablename) <> ('platform', 'tenants') order by 1`).Scan(ctx, &names)
	if err != nil {
		return nil, fmt.Errorf("list tenant tables: %w", err)
	}
	var keys []reference
	err = Tx(ctx).NewRaw(`
		select distinct format('%I.%I', n.nspname, c.relname) as child, format('%I.%I', m.nspname, p.relname) as parent
		from pg_constraint f join pg_class c on c.oid = f.conrelid join pg_namespace n on n.oid = c.relnamespace
			join pg_class p on p.oid = f.confrelid join pg_namespace m on m.oid = p.relnamespace
		where f.contype = 'f'`).Scan(ctx, &keys)
	if err != nil {
		return nil, fmt.Errorf("list foreign keys: %w", err)
	}
	return inOrder(names, keys)
}

// reference is a foreign key: rows of child need rows of parent.
type reference struct{ Child, Parent string }

// inOrder puts children before their parents. Tables that need each other have no order, which is
// a mistake of the schema.
func inOrder(names []string, keys []reference) ([]Table, error) {
	var out []Table
	left := slices.Clone(names)
	for len(left) > 0 {
		free := slices.IndexFunc(left, func(name string) bool {
			return !slices.ContainsFunc(keys, func(k reference) bool {
				return k.Parent == name && k.Child != name && slices.Contains(left, k.Child)
			})
		})
		if free < 0 {
			return nil, fmt.Errorf("the tables %v refer to each other in a circle", left)
		}
		out = append(out, Table{Name: left[free], SelfReferring: slices.Contains(keys, reference{left[free], left[free]})})
		left = slices.Delete(left, free, free+1)
	}
	return out, nil
}
