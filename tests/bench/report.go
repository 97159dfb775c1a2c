package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"text/tabwriter"
	"time"
)

// Row is one line of the table. Figures that do not apply are zero.
type Row struct {
	Work      string        `json:"work"`
	Unit      string        `json:"unit"` // of Reference and Ours, such as "requests/s"
	Reference float64       `json:"reference"`
	Against   string        `json:"against"` // what the reference is
	Ours      float64       `json:"ours"`
	Ratio     float64       `json:"ratio"`
	Target    string        `json:"target"`
	Met       bool          `json:"met"`
	P50       time.Duration `json:"p50_ns"`
	P99       time.Duration `json:"p99_ns"`
	Memory    int64         `json:"memory_bytes"` // resident, of our process
	Note      string        `json:"note,omitempty"`
}

func printTable(w io.Writer, rows []Row) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(cells ...any) {
		for _, c := range cells {
			_, _ = fmt.Fprintf(t, "%v\t", c) // Flush tells of errors
		}
		_, _ = fmt.Fprintln(t)
	}
	line("work", "reference", "ours", "unit", "ratio", "target", "met", "p50", "p99", "memory", "note")
	for _, r := range rows {
		line(r.Work, figure(r.Reference), figure(r.Ours), r.Unit, fraction(r.Ratio), r.Target, yes(r.Met),
			short(r.P50), short(r.P99), megabytes(r.Memory), r.Note)
	}
	return t.Flush()
}

func figure(v float64) string {
	if v == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f", v)
}

func fraction(v float64) string {
	if v == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", v)
}

func yes(met bool) string {
	if met {
		return "yes"
	}
	return "NO"
}

func short(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	return d.Round(10 * time.Microsecond).String()
}

func megabytes(n int64) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprintf("%d MB", n>>20)
}

// writeReport keeps the figures, with what they were measured on.
func writeReport(path string, rows []Row) error {
	text, err := json.MarshalIndent(struct {
		At   time.Time `json:"at"`
		Go   string    `json:"go"`
		CPUs int       `json:"cpus"`
		Rows []Row     `json:"rows"`
	}{time.Now().UTC(), runtime.Version(), runtime.NumCPU(), rows}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // figures for all
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644) //nolint:gosec // figures for all
}
