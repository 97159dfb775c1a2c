package structure_test

import (
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/tests/testkit"
)

// schema is the catalog of a migrated database, to which each subtest puts one question.
type schema struct {
	*testkit.Database

	t *testing.T
}

// findings runs a query that gives one line of text for each defect, and reports them all.
func (s schema) findings(name, query string) {
	s.t.Run(name, func(t *testing.T) {
		t.Parallel()
		for _, line := range s.lines(t, query) {
			t.Error(line)
		}
	})
}

func (s schema) lines(t *testing.T, query string) []string {
	t.Helper()
	rows, err := s.System.Native().Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// tenantTables are all tables of public but the migrations' own, and three of platform, by which
// of their columns names the tenant.
const tenantTables = `
	with tenant_tables as (
		select c.oid, c.relname, n.nspname, c.relrowsecurity, c.relforcerowsecurity,
			case when n.nspname = 'platform' and c.relname = 'tenants' then 'id' else 'tenant_id' end as tenant_column
		from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where c.relkind in ('r', 'p') and (n.nspname = 'public' and c.relname <> 'schema_migrations'
			or n.nspname = 'platform' and c.relname in ('tenants', 'jobs', 'stripe_events'))) `

func TestSchema(t *testing.T) {
	t.Parallel()
	s := schema{testkit.DB(t), t}
	if n := len(s.lines(t, tenantTables+`select relname from tenant_tables`)); n < 15 {
		t.Fatalf("only %d tenant tables found", n)
	}
	s.tenants()
	s.keys()
	s.grants()
	s.searches()
	s.words()
}

// tenants: every row belongs to one, and row-level security sees to it.
func (s schema) tenants() {
	s.findings("TenantColumn", tenantTables+`
		select format('%I.%I has no %s uuid not null', nspname, relname, tenant_column) from tenant_tables t
		where not exists (select from pg_attribute a where a.attrelid = t.oid and a.attname = t.tenant_column
			and a.atttypid = 'uuid'::regtype and (a.attnotnull or t.relname in ('jobs', 'stripe_events')))`)
	s.findings("RowSecurity", tenantTables+`
		select format('%I.%I: enable and force row level security', nspname, relname) from tenant_tables
		where not (relrowsecurity and relforcerowsecurity)`)
	// The two approved policies, word for word; anything else would widen what they allow.
	s.findings("Policies", tenantTables+`, approved as (
			select oid, format('tenant_isolation PERMISSIVE ALL {openpartner_app,openpartner_system} using (%1$s = ( SELECT platform.current_tenant() AS current_tenant)) check (%1$s = ( SELECT platform.current_tenant() AS current_tenant))', tenant_column) as policy from tenant_tables
			union all
			select oid, 'system_override PERMISSIVE ALL {openpartner_system} using ( SELECT platform.is_platform() AS is_platform) check ( SELECT platform.is_platform() AS is_platform)' from tenant_tables),
		present as (
			select t.oid, format('%s %s %s %s using %s check %s', p.policyname, p.permissive, p.cmd, p.roles, p.qual, p.with_check) as policy
			from tenant_tables t join pg_policies p on p.schemaname = t.nspname and p.tablename = t.relname)
		select format('%s lacks: %s', oid::regclass, policy) from (table approved except table present) a
		union all
		select format('%s must not have: %s', oid::regclass, policy) from (table present except table approved) b`)
	s.findings("OnlyTenantTablesHavePolicies", tenantTables+`
		select format('%I.%I has the policy %I, and the code does not count on it', schemaname, tablename, policyname) from pg_policies p
		where not exists (select from tenant_tables t where t.nspname = p.schemaname and t.relname = p.tablename)`)
	s.findings("Functions", `
		select format('%s must be stable and run as whoever asks', oid::regprocedure) from pg_proc
		where pronamespace = 'platform'::regnamespace and proname in ('current_tenant', 'is_platform') and (provolatile <> 's' or prosecdef)`)
}

// keys: constraints see through row-level security, so each is bound to the tenant.
func (s schema) keys() {
	s.findings("UniqueIndexes", tenantTables+`
		select format('%s does not start with %s', i.indexrelid::regclass, t.tenant_column)
		from pg_index i join tenant_tables t on t.oid = i.indrelid
		where i.indisunique and t.relname <> 'tenants' and i.indexrelid not in ('platform.jobs_pkey'::regclass, 'platform.stripe_events_pkey'::regclass, 'platform.stripe_events_once'::regclass)
			and (select attname from pg_attribute where attrelid = i.indrelid and attnum = i.indkey[0]) is distinct from t.tenant_column`)
	s.findings("ForeignKeys", tenantTables+`
		select format('%s of %s does not start with tenant_id on both sides', k.conname, k.conrelid::regclass)
		from pg_constraint k join tenant_tables t on t.oid = k.conrelid join tenant_tables u on u.oid = k.confrelid
		where k.contype = 'f' and u.relname <> 'tenants' and not (
			(select attname from pg_attribute where attrelid = k.conrelid and attnum = k.conkey[1]) = 'tenant_id'
			and (select attname from pg_attribute where attrelid = k.confrelid and attnum = k.confkey[1]) = 'tenant_id')`)
	// Directly, or through something that the row must belong to. Recent clicks live for hours.
	s.findings("BelongToATenant", tenantTables+`
		select format('%s has no foreign key to platform.tenants', t.oid::regclass) from tenant_tables t
		where t.relname not in ('tenants', 'recent_clicks') and not exists (
			select from pg_constraint k join tenant_tables u on u.oid = k.confrelid
			where k.conrelid = t.oid and k.contype = 'f' and (u.relname = 'tenants' or not exists (
				select from pg_attribute a where a.attrelid = t.oid and a.attnum = any (k.conkey) and not a.attnotnull)))`)
	s.findings("MoneyIsNotSweptAway", `
		select format('%s deletes from %s', conname, conrelid::regclass) from pg_constraint
		where contype = 'f' and confdeltype <> 'a' and conrelid in ('commissions'::regclass, 'payouts'::regclass, 'payout_items'::regclass, 'events'::regclass, 'clicks'::regclass, 'audit_log'::regclass)`)
	s.findings("Validated", `select format('%s of %s is not validated', conname, conrelid::regclass) from pg_constraint where not convalidated`)
	s.findings("IndexesAreWhole", `select format('%s is not valid', indexrelid::regclass) from pg_index where not indisvalid`)
}

// grants: the roles may do what the program does and no more.
func (s schema) grants() {
	s.findings("Owners", `
		select format('%s belongs to %s', oid::regclass, pg_get_userbyid(relowner)) from pg_class
		where pg_get_userbyid(relowner) in ('openpartner_app', 'openpartner_system')
		union all
		select format('%s belongs to %s', oid::regprocedure, pg_get_userbyid(proowner)) from pg_proc
		where pg_get_userbyid(proowner) in ('openpartner_app', 'openpartner_system')`)
	s.findings("RolesAreBound", `
		select rolname || ' is not bound by row-level security' from pg_roles
		where rolname in ('openpartner_app', 'openpartner_system') and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)`)
	s.findings("OnlyRows", `
		select format('%s may %s on %s', coalesce(r.rolname, 'everybody'), a.privilege_type, c.oid::regclass)
		from pg_class c join pg_namespace n on n.oid = c.relnamespace
			cross join aclexplode(c.relacl) a left join pg_roles r on r.oid = a.grantee
		where n.nspname in ('public', 'platform', 'coordinator') and a.grantee <> c.relowner
			and (a.grantee = 0 or a.is_grantable or a.privilege_type not in ('SELECT', 'INSERT', 'UPDATE', 'DELETE'))`)
	s.findings("NoNewTables", `
		select format('%s may create things in %s', r.rolname, n.nspname) from pg_roles r, pg_namespace n
		where r.rolname in ('openpartner_app', 'openpartner_system') and n.nspname in ('public', 'platform', 'coordinator') and has_schema_privilege(r.oid, n.oid, 'CREATE')`)
	s.findings("FactsStay", `
		select format('openpartner_app may delete from %s', t) from unnest(array['commissions', 'payouts', 'payout_items', 'payout_runs', 'events', 'clicks', 'audit_log']) t
		where has_table_privilege('openpartner_app', t, 'DELETE')
		union all
		select format('openpartner_app may change %s', t) from unnest(array['events', 'audit_log', 'payout_runs']) t
		where has_table_privilege('openpartner_app', t, 'UPDATE')
		union all
		select 'openpartner_system may change audit_log' where has_table_privilege('openpartner_system', 'audit_log', 'UPDATE')
		union all
		select format('%s may be deleted from while the program stands', t) from unnest(array['commissions', 'payouts', 'payout_items', 'events', 'audit_log']) t
		where not exists (select from pg_trigger where tgrelid = t::regclass and tgfoid = 'platform.guard_deletion'::regproc and tgenabled = 'O')`)
	s.findings("TenantsAreThePlatforms", `
		select format('openpartner_app may change platform.tenants.%s', attname) from pg_attribute
		where attrelid = 'platform.tenants'::regclass and attnum > 0 and not attisdropped
			and attname in ('id', 'slug', 'status', 'suspended_at', 'cancelled_at', 'created_at', 'stripe_customer_id', 'stripe_subscription_id')
			and has_column_privilege('openpartner_app', attrelid, attnum, 'UPDATE')
		union all
		select 'openpartner_app may make or delete tenants'
		where has_table_privilege('openpartner_app', 'platform.tenants', 'INSERT') or has_table_privilege('openpartner_app', 'platform.tenants', 'DELETE')`)
	s.findings("TheHubIsNotTheApps", `
		select format('openpartner_app may use %s', c.oid::regclass) from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where n.nspname = 'coordinator' and c.relkind = 'r'
			and (has_schema_privilege('openpartner_app', n.oid, 'USAGE') or has_table_privilege('openpartner_app', c.oid, 'SELECT, INSERT, UPDATE, DELETE'))`)
	s.findings("ViewsAskAsTheCaller", `
		select format('%s: a view needs security_invoker, a materialised one can''t have it', c.oid::regclass)
		from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where n.nspname in ('public', 'platform', 'coordinator') and (c.relkind = 'm' or c.relkind = 'v' and not coalesce(c.reloptions, '{}') @> '{security_invoker=true}')`)
	s.findings("NoDefiners", `
		select format('%s is a security definer', p.oid::regprocedure)
		from pg_proc p join pg_namespace n on n.oid = p.pronamespace
		where n.nspname in ('public', 'platform', 'coordinator') and p.prosecdef`)
}

// searches: under row-level security an operator that is not leakproof runs after the tenant's
// filter, so an index on what needs one is never used.
func (s schema) searches() {
	s.findings("IndexedExpressions", tenantTables+`
		select format('%s is on an expression', i.indexrelid::regclass) from pg_index i join tenant_tables t on t.oid = i.indrelid
		where i.indexprs is not null`)
	s.findings("IndexedTypes", tenantTables+`
		select format('%s indexes %I, which is %s', i.indexrelid::regclass, a.attname, a.atttypid::regtype)
		from pg_index i join tenant_tables t on t.oid = i.indrelid
			cross join unnest(i.indkey) as k(attnum) join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
		where a.atttypid not in ('uuid'::regtype, 'text'::regtype, 'bigint'::regtype, 'integer'::regtype, 'smallint'::regtype,
			'boolean'::regtype, 'date'::regtype, 'timestamptz'::regtype)`)
	s.findings("NoEnums", `
		select format('%s is an enum: use text and a check', t.oid::regtype) from pg_type t join pg_namespace n on n.oid = t.typnamespace
		where n.nspname in ('public', 'platform', 'coordinator') and t.typtype = 'e'`)
	s.findings("NoFloats", `
		select format('%s.%I is %s', a.attrelid::regclass, a.attname, a.atttypid::regtype)
		from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
		where n.nspname in ('public', 'platform', 'coordinator') and c.relkind = 'r' and c.relname <> 'schema_migrations' and a.attnum > 0 and not a.attisdropped
			and a.atttypid in ('real'::regtype, 'double precision'::regtype, 'numeric'::regtype, 'money'::regtype, 'timestamp'::regtype)`)
}

// words: what people read.
func (s schema) words() {
	s.findings("Comments", `
		select format('%s has no comment', c.oid::regclass) from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where n.nspname in ('public', 'platform', 'coordinator') and c.relkind in ('r', 'p', 'v') and c.relname <> 'schema_migrations' and obj_description(c.oid, 'pg_class') is null`)
	s.findings("TimesEndInAt", `
		select format('%s.%I is a time and does not end in _at, _from, _to, _until or _since, and is no cut_off', a.attrelid::regclass, a.attname)
		from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
		where n.nspname in ('public') and c.relkind = 'r' and c.relname <> 'schema_migrations' and a.attnum > 0 and not a.attisdropped
			and a.atttypid = 'timestamptz'::regtype and a.attname !~ '(_(at|from|to|until|since)|^cut_off)$'`)
	s.t.Run("Conflicts", s.conflicts)
}

// conflicts: every constraint that a person can break says what to do about it.
func (s schema) conflicts(t *testing.T) {
	t.Parallel()
	// Constraints that nobody can break by what they send, and why.
	silent := map[string]string{
		"magic_links_tenant_id_token_hash_key":      "tokens are random",
		"api_keys_tenant_id_key_hash_key":           "keys are random",
		"sessions_tenant_id_id_key":                 "ids are random",
		"identities_tenant_id_user_id_click_id_key": "a second stitch is answered as the first",
		"decisions_event_fkey":                      "decided in the transaction that wrote the event",
		"decisions_binding_fkey":                    "chosen from rows that were just read",
		"decisions_campaign_fkey":                   "chosen from rows that were just read",
		"attributions_decision_fkey":                "written with its decision",
		"attributions_partner_fkey":                 "taken from a click",
		"attributions_click_fkey":                   "chosen from rows that were just read",
		"attributions_campaign_fkey":                "taken from a click",
		"commissions_event_fkey":                    "written after its event",
		"commissions_partner_fkey":                  "taken from a click",
		"commissions_campaign_fkey":                 "taken from a click",
		"commissions_rule_fkey":                     "chosen from rows that were just read",
		"commissions_one_live_earned":               "planned under the lock of the user",
		"campaign_versions_open":                    "changed under the lock of the campaign",
		"daily_clicks_key":                          "written by an upsert",
		"jobs_tenant_id_dedupe_key":                 "a second job of the same key is not added",
		"webhook_deliveries_endpoint_fkey":          "written for endpoints that were just read",
		"tenants_stripe_customer_id_key":            "customers are made for one program each",
		"usage_reports_tenant_id_day_key":           "written under the lock of the account",
		"network_approvals_link_fkey":               "written for a link that was just made",
		"network_approvals_partner_fkey":            "written for a partner who was just made or read",
		"network_memberships_callback_key_fkey":     "written for a key that was just made",
		"network_memberships_pending_key_fkey":      "written for a key that was just made",
		"payouts_partner_fkey":                      "planned for partners of commissions",
		"payouts_run_fkey":                          "written with its run",
		"payout_runs_tenant_id_period_key":          "planned under the tenant's lock",
		"payout_items_payout_fkey":                  "written with its payout",
		"payout_items_commission_fkey":              "planned from rows that were just locked",
		"payout_items_one_live":                     "planned from rows that were just locked",
		"network_outbox_partner_fkey":               "written for a partner who was just written",
		"network_outbox_tenant_id_partner_id_key":   "asked with on conflict",
		"stripe_events_once":                        "an event that comes again is answered as the first",
		"stripe_events_tenant_id_once":              "an event that comes again is answered as the first",
		"event_refs_event_fkey":                     "written after its event",
		"stripe_refunds_event_fkey":                 "written for a sale that was just read",
		"platform_admins_email_key":                 "adding somebody twice changes them",
		"platform_magic_links_token_hash_key":       "tokens are random",
		"platform_magic_links_admin_fkey":           "made for somebody who was just read",
		"platform_sessions_admin_fkey":              "made for somebody who was just read",
	}
	known := db.ConstraintNames()
	present := s.lines(t, `
		select conname from pg_constraint
		where contype in ('u', 'f', 'x') and connamespace in ('public'::regnamespace, 'platform'::regnamespace)
			and (contype <> 'f' or confrelid <> 'platform.tenants'::regclass)
		union
		select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid
		where i.indisunique and not i.indisprimary and c.relnamespace in ('public'::regnamespace, 'platform'::regnamespace)
		order by 1`)
	for _, name := range present {
		if silent[name] == "" && !slices.Contains(known, name) {
			t.Errorf("%s has no sentence in app/db/errors.go", name)
		}
		if silent[name] != "" && slices.Contains(known, name) {
			t.Errorf("%s has a sentence, so it need not be on this test's list", name)
		}
	}
	for _, name := range slices.Concat(known, keys(silent)) {
		if !slices.Contains(present, name) {
			t.Errorf("there is no constraint %s", name)
		}
	}
}

func keys(m map[string]string) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	return names
}
