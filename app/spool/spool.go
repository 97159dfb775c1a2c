// Package spool keeps records on the local disk until they can be stored where they belong.
//
// It knows nothing of what it keeps. A spool is a directory with one directory per process,
// locked while the process lives; what a dead process left behind is adopted by another.
// Invariant: a record whose Append returned nil is given to Replay, after any crash, at least
// once; so what Replay does with it must be harmless when done twice.
package spool

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/google/uuid"
)

// maxSegment is when a new file is begun, so that replayed ones can be removed.
const maxSegment = 64 << 20

// Spool takes records and gives them back.
type Spool struct {
	root string
	log  *slog.Logger
	own  *directory

	disk sync.Mutex // held while a file is written or ended, taken before mu

	mu      sync.Mutex
	current *segment // nil until the first record after a rotation
	number  int
	closed  bool
	waiting *group // records of the next write
	writing bool
	kept    map[string]int // records in each file of this process

	replaying sync.Mutex
}

// group is what shares one write and one fsync.
type group struct {
	frames []byte
	count  int
	done   chan struct{}
	err    error // set before done is closed
}

// Open makes this process's directory below root. An error says that nothing can be kept here.
func Open(root string, log *slog.Logger) (*Spool, error) {
	if err := os.MkdirAll(root, 0o700); err != nil {
		return nil, fmt.Errorf("make the spool: %w", err)
	}
	own, err := makeDirectory(root, fmt.Sprintf("%d-%s", os.Getpid(), uuid.NewString()[:8]))
	if err != nil {
		return nil, err
	}
	return &Spool{root: root, log: log, own: own, kept: map[string]int{}}, nil
}

// Depth is how many records of this process wait.
func (s *Spool) Depth() (records int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.kept {
		records += n
	}
	return records
}

// ErrClosed refuses records after Close.
var ErrClosed = errors.New("the spool is closed")

// Append returns when the record is on the disk. Those who come while one write is under way
// share the next one.
func (s *Spool) Append(record []byte) error {
	if len(record) == 0 || len(record) > maxRecord {
		return ErrTooLarge
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return ErrClosed
	}
	if s.waiting == nil {
		s.waiting = &group{done: make(chan struct{})}
	}
	mine := s.waiting
	mine.frames = appendFrame(mine.frames, record)
	mine.count++
	if s.writing {
		s.mu.Unlock()
		<-mine.done
		return mine.err
	}
	// Nobody is writing, so this caller does, until nobody waits any more.
	s.writing = true
	for s.waiting != nil {
		g := s.waiting
		s.waiting = nil
		s.mu.Unlock()
		g.err = s.write(g)
		close(g.done)
		s.mu.Lock()
	}
	s.writing = false
	s.mu.Unlock()
	return mine.err
}

// write puts a group into the current file. After a failure a new file is begun, because what
// the old one holds at its end is not known.
func (s *Spool) write(g *group) error {
	s.disk.Lock()
	defer s.disk.Unlock()
	s.mu.Lock()
	if s.current == nil {
		s.number++
		made, err := s.own.create(s.number)
		if err != nil {
			s.mu.Unlock()
			return err
		}
		s.current = made
	}
	to := s.current
	s.mu.Unlock()
	err := to.write(g.frames)
	if err == nil {
		s.mu.Lock()
		s.kept[to.path] += g.count
		s.mu.Unlock()
	}
	if err != nil || to.size >= maxSegment {
		s.end()
	}
	return err
}

// rotate ends the current file when no write to it is under way.
func (s *Spool) rotate() {
	s.disk.Lock()
	defer s.disk.Unlock()
	s.end()
}

// end closes the current file, if there is one. The caller holds disk.
func (s *Spool) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil {
		return
	}
	if err := s.current.close(); err != nil {
		s.log.Error("a spool file was not closed well", "file", s.current.path, "error", err)
	}
	s.current = nil
}

// Close ends the files. Records that were not replayed stay for the next process.
func (s *Spool) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.rotate()
	s.replaying.Lock() // a replay under way reads from the directory
	defer s.replaying.Unlock()
	return s.own.release()
}

// path of a process's directory.
func (s *Spool) path(name string) string { return filepath.Join(s.root, name) }
