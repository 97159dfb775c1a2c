package portability

import "slices"

const (
	tableOfPartners = "partners"
	tableOfPayouts  = "payouts"
	tableOfItems    = "payout_items"
)

// stayOut are columns that a file does not bring back. Whoever writes a file must not say where
// money goes: partners set their payout account up again, and that rests as any other.
func stayOut(table string) []string {
	if table != tableOfPartners {
		return nil
	}
	return []string{"stripe_account_id", "stripe_payouts_enabled", "stripe_account_changed_at"}
}

func withoutThose(table string, columns []string) []string {
	out := stayOut(table)
	return slices.DeleteFunc(columns, func(c string) bool { return c == "tenant_id" || slices.Contains(out, c) })
}

// comesBackAs is SQL that is put on top of a row of a file. What was paid stays paid, and nothing is
// sent because of a file: a payout that Stripe was still to be told of is cancelled, its rows are
// free for the next run; one that Stripe was told of waits for a person, who looks there.
func comesBackAs(t Table) string {
	const exportedAt = `(select exported_at from program_imports where id = ?0)`
	switch t.Name {
	case tableOfPayouts:
		return ` || case when r.content ->> 'rail' <> 'stripe_connect' then '{}'
				when r.content ->> 'status' = 'pending' then jsonb_build_object('status', 'cancelled', 'completed_at', ` + exportedAt + `)
				when r.content ->> 'status' = 'processing' then jsonb_build_object('status', 'needs_review') else '{}' end`
	case tableOfItems:
		return ` || case when r.content ->> 'released_at' is null and exists (
					select from payouts o where o.id::text = r.content ->> 'payout_id' and o.status = 'cancelled' and o.rail = 'stripe_connect')
				then jsonb_build_object('released_at', ` + exportedAt + `) else '{}' end`
	default:
		return ""
	}
}
