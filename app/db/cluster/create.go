package cluster

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// create runs initdb when there is no cluster yet. It builds beside and renames, so that a crash
// in the middle leaves nothing that looks like a cluster.
func (c *Cluster) create(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(c.dir, "PG_VERSION")); err == nil {
		return nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look into %s: %w", c.dir, err)
	}
	if entries, err := os.ReadDir(c.dir); err == nil && len(entries) > 0 {
		return fmt.Errorf("%s is not empty and not a PostgreSQL data directory: move it away", c.dir)
	}
	building := c.dir + ".new"
	if err := os.RemoveAll(building); err != nil {
		return fmt.Errorf("clear an unfinished cluster: %w", err)
	}
	if err := c.initdb(ctx, building); err != nil {
		return err
	}
	if err := os.Remove(c.dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("make room for the cluster: %w", err)
	}
	if err := os.Rename(building, c.dir); err != nil {
		return fmt.Errorf("put the cluster in place: %w", err)
	}
	return nil
}

func (c *Cluster) initdb(ctx context.Context, dir string) error {
	// The password goes through a file that only the server's user may read.
	pwfile := filepath.Join(filepath.Dir(dir), "initdb.password")
	if err := os.WriteFile(pwfile, []byte(c.secrets.Superuser+"\n"), 0o600); err != nil {
		return fmt.Errorf("write the initial password: %w", err)
	}
	defer func() { _ = os.Remove(pwfile) }()
	if err := c.account.own(pwfile); err != nil {
		return err
	}
	args := []string{
		"-D", dir, "-U", superuser, "-E", "UTF8", "--locale=C.UTF-8", "--data-checksums",
		"--auth=scram-sha-256", "--pwfile=" + pwfile,
	}
	if c.o.FastUnsafe {
		args = append(args, "--no-sync")
	}
	cmd := exec.CommandContext(ctx, c.bin.path("initdb"), args...) //nolint:gosec // our own arguments
	cmd.Dir = filepath.Dir(dir)
	cmd.Env = environment()
	cmd.SysProcAttr = c.account.attributes()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, bytes.TrimSpace(out))
	}
	return nil
}

// checkVersion refuses data of another major version, with the way out.
func (c *Cluster) checkVersion() error {
	text, err := os.ReadFile(filepath.Join(c.dir, "PG_VERSION"))
	if err != nil {
		return fmt.Errorf("read the cluster's version: %w", err)
	}
	have := strings.TrimSpace(string(text))
	want, err := c.bin.major()
	if err != nil {
		return err
	}
	if have != want {
		return fmt.Errorf("%s was made by PostgreSQL %s, but the binaries in %s are PostgreSQL %s. Nothing was changed. "+
			"Install PostgreSQL %s and set PG_BIN to its binaries, or convert the directory with pg_upgrade of version %s",
			c.dir, have, c.bin.dir, want, have, want)
	}
	return nil
}

// makeDirectories makes what is missing. As root only pg/ is given to the server's user; the
// data directory itself must let that user pass.
func (c *Cluster) makeDirectories(data string) error {
	pg := filepath.Dir(c.dir)
	_, statErr := os.Stat(data)
	if err := os.MkdirAll(filepath.Dir(data), 0o755); err != nil { //nolint:gosec // the way to it, not the data
		return fmt.Errorf("make the way to the data directory: %w", err)
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return fmt.Errorf("make the data directory: %w", err)
	}
	if c.account.Switch && errors.Is(statErr, fs.ErrNotExist) {
		if err := os.Chmod(data, 0o711); err != nil { //nolint:gosec // the server's user must pass, not read
			return fmt.Errorf("open the data directory: %w", err)
		}
	}
	if err := os.MkdirAll(pg, 0o700); err != nil {
		return fmt.Errorf("make %s: %w", pg, err)
	}
	if err := c.account.own(pg); err != nil {
		return err
	}
	return c.account.canReach(pg)
}

// maxSocketPath is what the kernel takes for a unix socket, with PostgreSQL's file name.
const maxSocketPath = 107 - len("/.s.PGSQL.5432")

// socketDirectory is inside the data directory when its path is short enough, and else in the
// temporary directory under a name that follows from it.
func (c *Cluster) socketDirectory(data string) (string, error) {
	dir := filepath.Join(data, "pg", "socket")
	if len(dir) > maxSocketPath {
		sum := sha256.Sum256([]byte(dir))
		dir = filepath.Join("/tmp", "openpartner-"+hex.EncodeToString(sum[:6]))
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the socket directory: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil || !info.IsDir() {
		return "", fmt.Errorf("%s is not a directory", dir)
	}
	if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // private
		return "", fmt.Errorf("the socket directory %s belongs to somebody else: %w", dir, err)
	}
	return dir, c.account.own(dir)
}

// passwords are those of the four logins, made once.
type passwords struct{ Superuser, Owner, App, System string }

func loadPasswords(path string) (passwords, error) {
	var p passwords
	text, err := os.ReadFile(path)
	if err == nil {
		if err := json.Unmarshal(text, &p); err != nil {
			return p, fmt.Errorf("read %s: %w", path, err)
		}
		return p, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return p, fmt.Errorf("read the database passwords: %w", err)
	}
	p = passwords{random(), random(), random(), random()}
	text, err = json.Marshal(p)
	if err != nil {
		return p, err
	}
	// Two processes may come here at once: the first file wins and both read it.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return loadPasswords(path)
	}
	if err != nil {
		return p, fmt.Errorf("write the database passwords: %w", err)
	}
	_, writeErr := f.Write(text)
	return p, errors.Join(writeErr, f.Sync(), f.Close())
}

func random() string {
	var b [24]byte
	_, _ = rand.Read(b[:]) // crypto/rand never fails since Go 1.24
	return hex.EncodeToString(b[:])
}

// sharedBuffers is an eighth of the memory, between 32 MB and 1 GB.
func sharedBuffers() string {
	megabytes := 128
	if f, err := os.Open("/proc/meminfo"); err == nil {
		defer func() { _ = f.Close() }()
		lines := bufio.NewScanner(f)
		for lines.Scan() {
			fields := strings.Fields(lines.Text())
			if len(fields) >= 2 && fields[0] == "MemTotal:" {
				if kilobytes, err := strconv.Atoi(fields[1]); err == nil {
					megabytes = min(max(kilobytes/1024/8, 32), 1024)
				}
			}
		}
	}
	return strconv.Itoa(megabytes) + "MB"
}
