package spool

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

const (
	lockName = "lock"
	suffix   = ".spool"
)

// directory is that of one process; the kernel gives its lock back when the process dies.
type directory struct {
	path string
	lock *os.File
}

// makeDirectory makes and locks a new one, and shows that files can be kept in it.
func makeDirectory(root, name string) (*directory, error) {
	// It gets its final name only when it is locked, so that nobody takes it for an orphan.
	draft := filepath.Join(root, "."+name)
	if err := os.Mkdir(draft, 0o700); err != nil {
		return nil, fmt.Errorf("make the spool's directory: %w", err)
	}
	d, err := lockDirectory(draft, os.O_CREATE)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(draft))
	}
	final := filepath.Join(root, name)
	if err := os.Rename(draft, final); err != nil {
		return nil, errors.Join(fmt.Errorf("name the spool's directory: %w", err), d.release())
	}
	d.path = final
	return d, syncDirectory(root)
}

// errHeld says that a living process uses the directory.
var errHeld = errors.New("the directory is in use")

func lockDirectory(path string, flags int) (*directory, error) {
	f, err := os.OpenFile(filepath.Join(path, lockName), os.O_RDWR|flags, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the spool's lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		closed := f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errors.Join(errHeld, closed)
		}
		return nil, errors.Join(fmt.Errorf("lock the spool: %w", err), closed)
	}
	return &directory{path: path, lock: f}, nil
}

// release gives the lock back, and removes the directory when nothing is left in it.
func (d *directory) release() error {
	files, err := d.segments()
	if err == nil && len(files) == 0 {
		err = errors.Join(os.Remove(filepath.Join(d.path, lockName)), os.Remove(d.path))
	}
	return errors.Join(err, d.lock.Close())
}

// segments are the files in the order in which they were written.
func (d *directory) segments() ([]string, error) {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return nil, fmt.Errorf("list the spool: %w", err)
	}
	var out []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), suffix) {
			out = append(out, filepath.Join(d.path, e.Name()))
		}
	}
	slices.Sort(out)
	return out, nil
}

// segment is a file that is being written.
type segment struct {
	path string
	file *os.File
	size int64
}

func (d *directory) create(number int) (*segment, error) {
	path := filepath.Join(d.path, fmt.Sprintf("%08d%s", number, suffix))
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("begin a spool file: %w", err)
	}
	if err := syncDirectory(d.path); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &segment{path: path, file: f}, nil
}

func (s *segment) write(frames []byte) error {
	n, err := s.file.Write(frames)
	s.size += int64(n)
	if err != nil {
		return fmt.Errorf("write to the spool: %w", err)
	}
	if err := s.file.Sync(); err != nil {
		return fmt.Errorf("sync the spool: %w", err)
	}
	return nil
}

func (s *segment) close() error { return s.file.Close() }

// syncDirectory makes names in a directory survive a power cut.
func syncDirectory(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	return errors.Join(f.Sync(), f.Close())
}

// ending is how a file ends.
type ending int

const (
	endWhole ending = iota
	endTorn
	endDamaged
)

// readSegment gives the records of a file in order, in portions, and says how it ended.
func readSegment(path string, portion int, take func(records [][]byte) error) (ending, error) {
	f, err := os.Open(path)
	if err != nil {
		return endWhole, fmt.Errorf("open a spool file: %w", err)
	}
	defer func() { _ = f.Close() }()
	in := bufio.NewReader(f)
	var records [][]byte
	for {
		record, readErr := readFrame(in)
		if readErr == nil {
			if records = append(records, record); len(records) < portion {
				continue
			}
		}
		if len(records) > 0 {
			if err := take(records); err != nil {
				return endWhole, err
			}
			records = nil
		}
		switch {
		case readErr == nil:
		case errors.Is(readErr, io.EOF):
			return endWhole, nil
		case errors.Is(readErr, errTorn):
			return endTorn, nil
		case errors.Is(readErr, errDamaged):
			return endDamaged, nil
		default:
			return endWhole, fmt.Errorf("read a spool file: %w", readErr)
		}
	}
}
