package db

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Timeouts are what the server itself puts an end to, for each of the roles that the program works as:
// whoever asked may be paused, cut off or gone, and would hold locks and a connection for ever.
//
// They are settings of the role, which `migrate` makes, and no statement of a session: behind a pooler
// the next transaction meets another one.
func Timeouts(role string) map[string]string {
	statement := "1min" // twice what a request has
	if role == "openpartner_system" {
		statement = "10min" // retention and deletion work through all programs
	}
	return map[string]string{
		"statement_timeout":                   statement,
		"lock_timeout":                        "15s",
		"idle_in_transaction_session_timeout": "1min", // a stream waits half of it for its reader
		"client_connection_check_interval":    "10s",
	}
}

// TimeoutsMissing names the time-outs that this pool's connections don't have.
func (p *Pool) TimeoutsMissing(ctx context.Context) (missing []string, err error) {
	rows, err := p.native.Query(ctx, `
		select name from pg_settings where setting = '0' and name = any($1::text[]) order by name`, names(Timeouts("")))
	if err == nil {
		missing, err = pgx.CollectRows(rows, pgx.RowTo[string])
	}
	if err != nil {
		return nil, fmt.Errorf("look at the time-outs: %w", err)
	}
	return missing, nil
}

// becoming has a connection take on a role, and with it the time-outs that a login as it would have.
func becoming(role string) string {
	text := []string{"set role " + pgx.Identifier{role}.Sanitize()}
	timeouts := Timeouts(role)
	for _, name := range names(timeouts) {
		text = append(text, "set "+name+" = '"+timeouts[name]+"'")
	}
	return strings.Join(text, "; ")
}

func names(timeouts map[string]string) []string {
	var out []string
	for name := range timeouts {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}
