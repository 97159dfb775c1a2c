package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Found is what is there, as Look sees it.
type Found struct {
	Binaries  string // the directory of PostgreSQL's programs
	Version   string // what they say of themselves, such as "15.20"
	Directory string // where the data is, or will be
	Made      bool   // whether there is any
	Running   bool   // whether a server serves it now
}

// Look finds out what Start would work with, and changes nothing.
func Look(o Options) (Found, error) {
	data, err := filepath.Abs(o.Data)
	if err != nil {
		return Found{}, fmt.Errorf("find the data directory: %w", err)
	}
	c := &Cluster{o: o, dir: filepath.Join(data, "pg", "data")}
	f := Found{Directory: c.dir}
	if c.bin, err = findBinaries(o.PGBin); err != nil {
		return f, err
	}
	f.Binaries = c.bin.dir
	if f.Version, err = c.bin.version(); err != nil {
		return f, err
	}
	if c.account, err = unprivileged(); err != nil {
		return f, err
	}
	_, err = os.Stat(filepath.Join(c.dir, "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return f, fmt.Errorf("look into %s: %w", c.dir, err)
	}
	f.Made, f.Running = true, c.running()
	return f, errors.Join(c.checkVersion(), c.account.canReach(filepath.Dir(c.dir)))
}

// version is the whole version of the programs: "postgres (PostgreSQL) 15.20 (Debian ...)".
func (b binaries) version() (string, error) {
	out, err := exec.Command(b.path("postgres"), "--version").Output() //nolint:gosec // found before
	if err != nil {
		return "", fmt.Errorf("ask postgres for its version: %w", err)
	}
	_, rest, _ := strings.Cut(string(out), ") ")
	version, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	if version == "" || version[0] < '0' || version[0] > '9' {
		return "", fmt.Errorf("postgres says its version is %q", out)
	}
	return version, nil
}

// major is the part of the version that the data's format goes by.
func (b binaries) major() (string, error) {
	version, err := b.version()
	if err != nil {
		return "", err
	}
	end := strings.IndexFunc(version, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		return version, nil
	}
	return version[:end], nil
}
