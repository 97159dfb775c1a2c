package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"

	"github.com/openpartner/openpartner/app/db/cluster"
)

// pgTools runs PostgreSQL's own programs as the owner, who sees all rows.
type pgTools struct {
	bin    string // PG_BIN
	server int    // the server's major version
	name   string // what people see in pg_stat_activity
	owner  string
}

// command is one of the programs; connected ones get the owner's login, whose password no list of
// processes shows.
func (t pgTools) command(ctx context.Context, connects bool, name string, args ...string) (*exec.Cmd, *bytes.Buffer, error) {
	path, err := cluster.FindTool(ctx, t.bin, name, t.server)
	if err != nil {
		return nil, nil, err
	}
	cmd := exec.CommandContext(ctx, path, args...) //nolint:gosec // our own arguments
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	if connects {
		login, password, err := t.login()
		if err != nil {
			return nil, nil, err
		}
		cmd.Args = append(cmd.Args, "--dbname="+login)
		if password != "" {
			cmd.Env = append(cmd.Env, "PGPASSWORD="+password)
		}
	}
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	return cmd, &complaints, nil
}

// login is the owner's URL as libpq takes it. Under row-level security the owner sees rows only with
// app.platform_admin on: without it a dump is empty and says nothing about it.
func (t pgTools) login() (login, password string, err error) {
	u, err := url.Parse(t.owner)
	if err != nil || !strings.HasPrefix(u.Scheme, "postgres") {
		return "", "", errors.New("DATABASE_URL must be an address such as postgres://user@host/database for this")
	}
	q := u.Query()
	for name := range q {
		if strings.HasPrefix(name, "pool_") || strings.HasSuffix(name, "_cache_capacity") || name == "default_query_exec_mode" {
			q.Del(name) // our driver's own
		}
	}
	password = q.Get("password")
	q.Del("password")
	if own, given := u.User.Password(); given {
		password, u.User = own, url.User(u.User.Username())
	}
	q.Set("application_name", t.name)
	q.Set("options", strings.TrimSpace(q.Get("options")+" -c app.platform_admin=on"))
	u.RawQuery = strings.ReplaceAll(q.Encode(), "+", "%20") // a space, as libpq reads it
	return u.String(), password, nil
}

// complaint is why a program failed, with the last it said.
func complaint(name string, err error, said *bytes.Buffer) error {
	lines := strings.Split(strings.TrimSpace(said.String()), "\n")
	return fmt.Errorf("%s: %w: %s", name, err, strings.Join(lines[max(0, len(lines)-3):], "; "))
}
