package portability

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/openpartner/openpartner/app/db"
)

// target is a table that an import may fill.
type target struct {
	Table

	why  string      // its rows do not come back; empty where they do
	self []reference // by which its rows refer to each other
}

// reference is a foreign key, without the tenant that each begins with.
type reference struct {
	Name, Child, Parent string
	Columns, Of         []string `bun:",array"`
	Part                bool     // the child is a part of its parent, and goes with it
}

// catalog is what an import knows of the tables: first those that others refer to.
type catalog struct {
	targets    []target
	references []reference
}

func (c catalog) find(name string) target {
	return c.targets[slices.IndexFunc(c.targets, func(t target) bool { return t.Name == name })]
}

func (c catalog) tables() []Table {
	out := make([]Table, len(c.targets))
	for i, t := range c.targets {
		out[i] = t.Table
	}
	return out
}

// staysAway says which tables go out and do not come back, and why. Those that can't be without
// a secret are found by themselves.
func staysAway() map[string]string {
	const network = "The Network knows the program that it connected. Connect this one, and tell it of all partners."
	return map[string]string{
		"network_memberships":  network,
		"network_outbox":       network,
		"network_approvals":    network,
		"billing_accounts":     "They say what the program paid the operator of another server.",
		"usage_reports":        "They say what the program paid the operator of another server.",
		"audit_log":            "The log says what happened in the program that wrote it. Keep the file to look up what was before.",
		"daily_money":          "These figures are computed anew from events and commissions.",
		"partner_applications": "These people had just sent the form, and nobody is there to answer: they may send it once more.",
	}
}

const whySecret = "Secrets never leave a program, and these can't be without one. Please make new ones."

// readCatalog asks the database which tables there are and how they depend on each other.
func readCatalog(ctx context.Context) (catalog, error) {
	tables, err := listTables(ctx)
	if err != nil {
		return catalog{}, err
	}
	order, err := db.TenantTables(ctx)
	if err != nil {
		return catalog{}, err
	}
	slices.Reverse(order)
	c := catalog{}
	if c.references, err = listReferences(ctx); err != nil {
		return catalog{}, err
	}
	keyed, err := listKeyed(ctx)
	if err != nil {
		return catalog{}, err
	}
	for _, o := range order {
		name := strings.TrimPrefix(o.Name, "public.")
		if i := slices.IndexFunc(tables, func(t Table) bool { return t.Name == name }); i >= 0 {
			c.targets = append(c.targets, c.target(tables[i], slices.Contains(keyed, name)))
		}
	}
	return c, nil
}

// target judges a table after those that it refers to. What refers to rows that stay away stays
// away, too.
func (c catalog) target(t Table, keyed bool) target {
	out := target{Table: t, why: staysAway()[t.Name]}
	if keyed {
		out.why = whySecret
	}
	for _, r := range c.references {
		switch {
		case r.Child != t.Name:
		case r.Parent == t.Name:
			out.self = append(out.self, r)
		case slices.ContainsFunc(c.targets, func(p target) bool { return p.Name == r.Parent && p.why != "" }) && out.why == "":
			out.why = "They belong to " + strings.ReplaceAll(r.Parent, "_", " ") + ", which do not come back."
		}
	}
	return out
}

// listReferences gives the foreign keys between tables of programs.
func listReferences(ctx context.Context) (out []reference, err error) {
	err = db.Tx(ctx).NewRaw(`
		select f.conname as name, f.conrelid::regclass::text as child, f.confrelid::regclass::text as parent,
			(select array_agg(a.attname::text order by k.n) from unnest(f.conkey) with ordinality k (attnum, n)
				join pg_attribute a on a.attrelid = f.conrelid and a.attnum = k.attnum where a.attname <> 'tenant_id') as columns,
			(select array_agg(a.attname::text order by k.n) from unnest(f.confkey) with ordinality k (attnum, n)
				join pg_attribute a on a.attrelid = f.confrelid and a.attnum = k.attnum where a.attname <> 'tenant_id') as of,
			f.confdeltype = 'c' as part
		from pg_constraint f join pg_class c on c.oid = f.conrelid join pg_class p on p.oid = f.confrelid
		where f.contype = 'f' and c.relnamespace = 'public'::regnamespace and p.relnamespace = 'public'::regnamespace`).Scan(ctx, &out)
	if err != nil {
		return nil, fmt.Errorf("list the foreign keys of a program: %w", err)
	}
	return out, nil
}

// listKeyed gives the tables whose rows can't be without a secret.
func listKeyed(ctx context.Context) (names []string, err error) {
	err = db.Tx(ctx).NewRaw(`
		select distinct c.relname::text from pg_attribute a join pg_class c on c.oid = a.attrelid
		where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attname ~ ? and a.attnotnull and c.relname not in (?)`,
		secretNames, bun.List(staying())).Scan(ctx, &names)
	if err != nil {
		return nil, fmt.Errorf("list the tables with secrets: %w", err)
	}
	return names, nil
}
