package spool

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"
)

// File is one that holds records, below a spool's root.
type File struct {
	Name  string // with slashes, from the root on
	Size  int64
	Aside bool // it was put aside for a person to look at, and nobody replays it
}

// Files lists what the spool of all processes holds, for backups and examinations. It disturbs nobody:
// a file may be gone when it is opened, and end in the middle of a record.
func Files(root string) ([]File, error) {
	var found []File
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // no spool yet, or replayed just now
		}
		if err != nil {
			return err
		}
		if path != root && entry.IsDir() && strings.HasPrefix(entry.Name(), ".") {
			return fs.SkipDir
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) || (err == nil && (entry.IsDir() || entry.Name() == lockName || info.Size() == 0)) {
			return nil
		}
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		found = append(found, File{Name: filepath.ToSlash(name), Size: info.Size(), Aside: filepath.Dir(path) == root})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the spool: %w", err)
	}
	return found, nil
}

// Draft is a directory with files of another spool. Nobody replays it before Keep.
type Draft struct {
	root, path, final string
	begun             bool
}

// NewDraft prepares one below root.
func NewDraft(root string, now time.Time) *Draft {
	name := "restored-" + now.UTC().Format("20060102T150405Z") + "-" + uuid.NewString()[:8]
	return &Draft{root: root, path: filepath.Join(root, "."+name), final: filepath.Join(root, name)}
}

// Add copies one file; its name may hold the directory that it was in. What was put aside is tried
// again with the rest.
func (d *Draft) Add(name string, from io.Reader) (err error) {
	if err := os.MkdirAll(d.path, 0o700); err != nil {
		return fmt.Errorf("make room in the spool: %w", err)
	}
	d.begun = true
	own := strings.TrimSuffix(strings.ReplaceAll(name, "/", "-"), suffix) + suffix
	f, err := os.OpenFile(filepath.Join(d.path, own), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("bring %s into the spool: %w", name, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := io.Copy(f, from); err != nil {
		return fmt.Errorf("bring %s into the spool: %w", name, err)
	}
	return f.Sync()
}

// Keep gives the files to the next process that replays, as if one had died and left them.
func (d *Draft) Keep() error {
	if !d.begun {
		return nil
	}
	if err := os.WriteFile(filepath.Join(d.path, lockName), nil, 0o600); err != nil {
		return fmt.Errorf("keep what was brought into the spool: %w", err)
	}
	if err := d.give(); err != nil {
		return err
	}
	if err := os.Rename(d.path, d.final); err != nil {
		return fmt.Errorf("keep what was brought into the spool: %w", err)
	}
	return syncDirectory(d.root)
}

// give lets the server read it when root restores beside one that runs as somebody else, to whom the
// data directory belongs.
func (d *Draft) give() error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(filepath.Dir(d.root))
	if err != nil {
		return fmt.Errorf("find out whose the spool is: %w", err)
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	files, err := filepath.Glob(filepath.Join(d.path, "*"))
	for _, path := range append(files, d.path, d.root) {
		err = errors.Join(err, os.Chown(path, int(owner.Uid), int(owner.Gid)))
	}
	return err
}

// Discard removes the draft. After Keep it does nothing.
func (d *Draft) Discard() error { return os.RemoveAll(d.path) }
