// Command bench measures the product against references that run in the same run on the same
// machine, prints a table and writes bench/latest.json:
//
//	go run ./tests/withpg go run ./tests/bench [-only clicks] [-seconds 5]
//
// It is a benchmark and no test: it says what was measured beside what is aimed at. A part is a
// function that gives rows; parts lists them.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// part is one area that is measured.
type part struct {
	name string
	run  func(ctx context.Context, b *bench) ([]Row, error)
}

// parts are all of them, in the order of the table.
func parts() []part {
	return []part{
		{"clicks", clicks},
		{"events", events},
		{"pages", pages},
		{"export", export},
		{"jobs", claiming},
		{"slow", slowClients},
	}
}

// bench is what parts share.
type bench struct {
	binary string        // of the product
	dir    string        // for data, removed at the end
	length time.Duration // of one measurement
}

func main() {
	if len(os.Args) > 2 && os.Args[1] == "reference" {
		if err := serveReference(os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, "reference:", err)
			os.Exit(1)
		}
		return
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	only := flag.String("only", "", "comma-separated parts; empty for all")
	seconds := flag.Float64("seconds", 5, "how long each measurement takes")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	dir, err := os.MkdirTemp("/tmp", "opbench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // the database's user must pass
		return err
	}
	b := &bench{binary: os.Getenv("OPENPARTNER_TEST_BINARY"), dir: dir, length: time.Duration(*seconds * float64(time.Second))}
	if b.binary == "" {
		return fmt.Errorf("run it by `make bench`, which builds the program")
	}
	var rows []Row
	for _, p := range parts() {
		if *only != "" && !strings.Contains(","+*only+",", ","+p.name+",") {
			continue
		}
		got, err := p.run(ctx, b)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		rows = append(rows, got...)
	}
	if err := printTable(os.Stdout, rows); err != nil {
		return err
	}
	return writeReport(filepath.Join("bench", "latest.json"), rows)
}
