package db_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/openpartner/openpartner/tests/testkit"
)

func TestPool_Lint(t *testing.T) {
	t.Parallel()

	t.Run("NothingOnTheRealSchema", func(t *testing.T) {
		t.Parallel()
		got, err := testkit.DB(t).App.Lint(t.Context())
		if err != nil || len(got) > 0 {
			t.Errorf("got %v, %q", err, got)
		}
	})

	for name, tt := range map[string]struct{ statement, want string }{
		"NoForce":      {`alter table links no force row level security`, "public.links does not force row-level security"},
		"NoPolicy":     {`drop policy system_override on links`, "public.links does not have exactly the policies"},
		"ThirdPolicy":  {`create policy open on platform.jobs using (true)`, "platform.jobs does not have exactly the policies"},
		"OpenPolicy":   {`alter policy tenant_isolation on links using (true)`, "public.links does not have exactly the policies"},
		"BareTable":    {`create table notes (tenant_id uuid not null)`, "public.notes does not force row-level security"},
		"UniqueForAll": {`create unique index links_for_all on links (key)`, "links_for_all is unique across tenants"},
		"ForeignKey": {`
			alter table partners add constraint twisted unique (id, tenant_id);
			alter table links add constraint stray foreign key (partner_id, tenant_id) references partners (id, tenant_id)`,
			"stray on public.links may point"},
		"Cascade": {`
			alter table events drop constraint events_reverses_fkey;
			alter table events add constraint swept foreign key (tenant_id, reverses_event_id) references events (tenant_id, id) on delete cascade`,
			"swept on events deletes rows"},
		"MaterialisedView": {`create materialized view kept_links as select * from links`, "public.kept_links shows rows past"},
		"PrimaryKey": {`
			create table notes (id uuid primary key, tenant_id uuid not null)`, "notes_pkey is unique across tenants"},
		"Truncate":        {`grant truncate on links to openpartner_app`, "openpartner_app may truncate public.links"},
		"View":            {`create view all_links as select * from links`, "public.all_links shows rows past"},
		"DefinerFunction": {`create function sum_up() returns int language sql security definer as 'select 1'`, "public.sum_up is a SECURITY DEFINER"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := testkit.DB(t)
			owner, err := pgx.Connect(t.Context(), d.OwnerURL)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = owner.Close(t.Context()) }()
			if _, err := owner.Exec(t.Context(), tt.statement); err != nil {
				t.Fatal(err)
			}
			got, err := d.App.Lint(t.Context())
			if err != nil || !strings.Contains(strings.Join(got, "\n"), tt.want) {
				t.Errorf("want %q, got %q, %v", tt.want, got, err)
			}
		})
	}
}
