package cluster

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"sort"
	"strconv"
	"syscall"
)

// binaries are PostgreSQL's programs on this machine.
type binaries struct{ dir string }

func (b binaries) path(name string) string { return filepath.Join(b.dir, name) }

// ErrNoBinaries says what to do on a machine without PostgreSQL.
var ErrNoBinaries = errors.New("no PostgreSQL binaries found: install PostgreSQL (Debian: apt-get install postgresql), " +
	"set PG_BIN to the directory that holds postgres and initdb, or set DATABASE_URL to a server")

// findBinaries looks in PG_BIN, behind PATH, and where Debian installs, the newest first.
func findBinaries(configured string) (binaries, error) {
	if configured != "" {
		b := binaries{dir: configured}
		if !b.complete() {
			return b, fmt.Errorf("PG_BIN=%s does not hold postgres and initdb", configured)
		}
		return b, nil
	}
	var candidates []string
	if found, err := exec.LookPath("postgres"); err == nil {
		if target, err := filepath.EvalSymlinks(found); err == nil {
			candidates = append(candidates, filepath.Dir(target))
		}
	}
	installed, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is right
	sort.Slice(installed, func(i, j int) bool { return versionOf(installed[i]) > versionOf(installed[j]) })
	for _, dir := range append(candidates, installed...) {
		if b := (binaries{dir: dir}); b.complete() {
			return b, nil
		}
	}
	return binaries{}, ErrNoBinaries
}

func versionOf(dir string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
	return n
}

func (b binaries) complete() bool {
	for _, name := range []string{"postgres", "initdb"} {
		if info, err := os.Stat(b.path(name)); err != nil || info.Mode()&0o111 == 0 {
			return false
		}
	}
	return true
}

// account is the user that the server runs as: PostgreSQL refuses to run as root.
type account struct {
	Switch   bool
	uid, gid uint32
}

func unprivileged() (account, error) {
	if os.Geteuid() != 0 {
		if _, err := user.Current(); err != nil {
			return account{}, fmt.Errorf("this process runs as user id %d, which has no entry in /etc/passwd; PostgreSQL needs one: %w", os.Geteuid(), err)
		}
		return account{}, nil
	}
	for _, name := range []string{"postgres", "openpartner", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		if uidErr == nil && gidErr == nil {
			return account{Switch: true, uid: uint32(uid), gid: uint32(gid)}, nil
		}
	}
	return account{}, errors.New("PostgreSQL refuses to run as root, and there is no user postgres, openpartner or nobody to run it as")
}

func (a account) attributes() *syscall.SysProcAttr {
	if !a.Switch {
		return &syscall.SysProcAttr{}
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: a.uid, Gid: a.gid, Groups: []uint32{a.gid}}}
}

// own gives a path to the server's user.
func (a account) own(path string) error {
	if !a.Switch {
		return nil
	}
	if err := os.Chown(path, int(a.uid), int(a.gid)); err != nil {
		return fmt.Errorf("give %s to the database's user: %w", path, err)
	}
	return nil
}

// canReach checks that the server's user may pass every directory above path.
func (a account) canReach(path string) error {
	if !a.Switch {
		return nil
	}
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil {
			return fmt.Errorf("look at %s: %w", dir, err)
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok && !a.mayPass(stat, info.Mode()) {
			return fmt.Errorf("the database's user (id %d) may not enter %s: run chmod o+x %s, or set OPENPARTNER_DATA to another place", a.uid, dir, dir)
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}

func (a account) mayPass(stat *syscall.Stat_t, mode os.FileMode) bool {
	switch {
	case stat.Uid == a.uid:
		return mode&0o100 != 0
	case stat.Gid == a.gid:
		return mode&0o010 != 0
	default:
		return mode&0o001 != 0
	}
}
