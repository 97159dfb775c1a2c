// Command withpg runs another command beside a throwaway PostgreSQL and a build of the program:
//
//	go run ./tests/withpg go test ./...
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/openpartner/openpartner/tests/testkit"
)

func main() {
	code, err := run()
	if err != nil {
		fmt.Fprintln(os.Stderr, "withpg:", err)
	}
	os.Exit(code)
}

func run() (int, error) {
	if len(os.Args) < 2 {
		return 2, errors.New("usage: withpg command [argument ...]")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	server, err := testkit.StartServer(ctx)
	if err != nil {
		return 1, err
	}
	defer func() { _ = server.Stop() }()
	dir, err := os.MkdirTemp("", "openpartner-test")
	if err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary, err := testkit.Build(ctx, dir)
	if err != nil {
		return 1, err
	}
	cmd := exec.CommandContext(ctx, os.Args[1], os.Args[2:]...) //nolint:gosec // that is what it is for
	cmd.Env = append(os.Environ(), testkit.EnvURL+"="+server.URL, testkit.EnvBinary+"="+binary)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			return max(exit.ExitCode(), 1), nil
		}
		return 1, err
	}
	return 0, nil
}
