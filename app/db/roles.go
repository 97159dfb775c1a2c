package db

import (
	"context"
	"errors"
	"fmt"
)

// CheckRole refuses a pool whose role row-level security does not bind: a superuser, one with
// BYPASSRLS, an owner of tables, or a member of such a role. A login that does SET ROLE is
// judged by the role it became.
func (p *Pool) CheckRole(ctx context.Context, want string, ownLogin bool) error {
	var current, session, unsafe string
	err := p.native.QueryRow(ctx, `
		with recursive mine as (
			select oid, rolname, rolsuper, rolbypassrls from pg_roles
			where rolname = case when $1 then session_user else current_user end
			union
			select r.oid, r.rolname, r.rolsuper, r.rolbypassrls
			from mine join pg_auth_members m on m.member = mine.oid join pg_roles r on r.oid = m.roleid)
		select current_user, session_user, coalesce((
			select string_agg(distinct case
				when rolsuper then rolname || ' is a superuser'
				when rolbypassrls then rolname || ' has BYPASSRLS'
				else rolname || ' owns tables of this database' end, '; ')
			from mine where rolsuper or rolbypassrls
				or exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
					where c.relowner = mine.oid and n.nspname in ('public', 'platform', 'coordinator'))), '')`,
		ownLogin).Scan(&current, &session, &unsafe)
	if err != nil {
		return fmt.Errorf("look at the database role: %w", err)
	}
	var faults []error
	if current != want {
		faults = append(faults, fmt.Errorf("the database login %q acts as %q, but this pool must act as %q", session, current, want))
	}
	if unsafe != "" {
		faults = append(faults, fmt.Errorf("the database role is not safe, row-level security would not bind it: %s", unsafe))
	}
	return errors.Join(faults...)
}
