package cluster

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// ErrNoTools says what to do on a machine without PostgreSQL's client programs.
var ErrNoTools = errors.New("install PostgreSQL's client programs (Debian: apt-get install postgresql-client), or set PG_BIN to their directory")

// FindTool finds one of PostgreSQL's client programs that can talk to a server of this major version:
// the same, or else the next newer one.
func FindTool(ctx context.Context, pgBin, name string, server int) (string, error) {
	best, bestMajor, oldest := "", 0, 0
	for _, path := range toolPaths(pgBin, name) {
		major, err := toolMajor(ctx, path)
		if err != nil {
			continue
		}
		oldest = max(oldest, major)
		if major >= server && (best == "" || major < bestMajor) {
			best, bestMajor = path, major
		}
	}
	switch {
	case best != "":
		return best, nil
	case oldest > 0:
		return "", fmt.Errorf("%s is of PostgreSQL %d and the server of %d: %w", name, oldest, server, ErrNoTools)
	default:
		return "", fmt.Errorf("%s is not there: %w", name, ErrNoTools)
	}
}

func toolPaths(pgBin, name string) []string {
	if pgBin != "" {
		return []string{filepath.Join(pgBin, name)}
	}
	paths, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name) // the pattern is right
	if found, err := exec.LookPath(name); err == nil {
		paths = append(paths, found)
	}
	return paths
}

// toolMajor reads "pg_dump (PostgreSQL) 15.18 (Debian ...)".
func toolMajor(ctx context.Context, path string) (int, error) {
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return 0, fmt.Errorf("ask %s for its version: %w", path, err)
	}
	_, version, _ := strings.Cut(string(out), ") ")
	end := strings.IndexFunc(version, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(version)
	}
	return strconv.Atoi(version[:end])
}
