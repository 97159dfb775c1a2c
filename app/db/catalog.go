package db

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// tenantTables are those whose rows belong to tenants: all of schema public but the migrations'
// own, and three of the platform's.
const tenantTables = `
	with tenant_tables as (
		select c.oid, n.nspname || '.' || c.relname as name, c.relrowsecurity, c.relforcerowsecurity,
			case when n.nspname || '.' || c.relname = 'platform.tenants' then 'id' else 'tenant_id' end as tenant_column
		from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where c.relkind in ('r', 'p')
			and ((n.nspname = 'public' and c.relname <> 'schema_migrations')
				or (n.nspname = 'platform' and c.relname in ('tenants', 'jobs', 'stripe_events'))))`

// laws are what the catalog has to obey so that tenants stay apart. Each is a query for the
// sentences that say where it does not.
func laws() []string {
	return []string{
		// The owner is bound only by FORCE.
		tenantTables + `
		select name || ' does not force row-level security' from tenant_tables
		where not (relrowsecurity and relforcerowsecurity)`,

		// Policies are joined by OR, so that a third one could only open what these two close.
		tenantTables + `
		select name || ' does not have exactly the policies tenant_isolation and system_override'
		from tenant_tables t
		where (select coalesce(array_agg(concat_ws(' ', p.polname, p.polpermissive, p.polcmd,
				(select string_agg(r.rolname, ',' order by r.rolname) from pg_roles r where r.oid = any (p.polroles)),
				pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) order by p.polname), '{}')
			from pg_policy p where p.polrelid = t.oid) is distinct from array[
				'system_override t * openpartner_system '
					|| '( SELECT platform.is_platform() AS is_platform) ( SELECT platform.is_platform() AS is_platform)',
				replace('tenant_isolation t * openpartner_app,openpartner_system '
					|| '(tenant_id = ( SELECT platform.current_tenant() AS current_tenant)) '
					|| '(tenant_id = ( SELECT platform.current_tenant() AS current_tenant))', 'tenant_id', tenant_column)]`,

		// Constraints ignore row-level security: what does not start with the tenant crosses it.
		tenantTables + `
		select i.indexrelid::regclass || ' is unique across tenants'
		from pg_index i join tenant_tables t on t.oid = i.indrelid
			join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
		where i.indisunique and t.name like 'public.%' and a.attname <> 'tenant_id'`,

		tenantTables + `
		select f.conname || ' on ' || t.name || ' may point into another tenant'
		from pg_constraint f join tenant_tables t on t.oid = f.conrelid
			join pg_attribute a on a.attrelid = f.conrelid and a.attnum = f.conkey[1]
		where f.contype = 'f' and t.name like 'public.%' and a.attname <> 'tenant_id'`,

		`select i.indexrelid::regclass || ' is not valid: drop it and build it again'
		from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
		where not i.indisvalid and n.nspname in ('public', 'platform', 'coordinator')`,

		// TRUNCATE is not subject to policies.
		tenantTables + `
		select r.rolname || ' may truncate ' || t.name
		from tenant_tables t, pg_roles r
		where r.rolname in ('openpartner_app', 'openpartner_system') and has_table_privilege(r.oid, t.oid, 'truncate')`,

		// These run as their owner.
		`select n.nspname || '.' || c.relname || ' shows rows past row-level security'
		from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where n.nspname in ('public', 'platform', 'coordinator') and (c.relkind = 'm'
			or (c.relkind = 'v' and not coalesce('security_invoker=true' = any (c.reloptions), false)))
		union all
		select n.nspname || '.' || p.proname || ' is a SECURITY DEFINER function'
		from pg_proc p join pg_namespace n on n.oid = p.pronamespace
		where n.nspname in ('public', 'platform', 'coordinator') and p.prosecdef`,
	}
}

// moreLaws are those that are not about tenants alone.
func moreLaws() []string {
	return []string{
		// Money, facts and the log are never swept away with something else.
		`select k.conname || ' on ' || k.conrelid::regclass || ' deletes rows that must stay'
		from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
		where k.contype = 'f' and k.confdeltype <> 'a' and n.nspname = 'public' and c.relname in ('commissions', 'events', 'clicks', 'audit_log')`,

		// Whoever is a superuser, bypasses policies or acts for such a role is not bound by any of this.
		`select m.rolname || ' is not bound by row-level security: ' || r.rolname || ' is ' ||
			case when r.rolsuper then 'a superuser' else 'allowed to bypass it' end
		from pg_roles m join pg_roles r on pg_has_role(m.oid, r.oid, 'member')
		where m.rolname in ('openpartner_app', 'openpartner_system') and (r.rolsuper or r.rolbypassrls)`,
	}
}

// Lint holds the catalog against what keeps tenants apart, and gives a sentence for every
// breach. Any role may ask.
func (p *Pool) Lint(ctx context.Context) ([]string, error) {
	var breaches []string
	for _, law := range slices.Concat(laws(), moreLaws()) {
		rows, err := p.native.Query(ctx, law)
		if err != nil {
			return nil, fmt.Errorf("lint the catalog: %w", err)
		}
		found, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return nil, fmt.Errorf("lint the catalog: %w", err)
		}
		breaches = append(breaches, found...)
	}
	return breaches, nil
}
