package spool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// portion is how many records Replay gives at once.
const portion = 500

// Replay gives everything that was kept before the call to store, in the order in which it was
// written: this process's records, then those of dead processes. A file is removed when store
// has taken all of it. It stops at the first error; nothing is lost by that, but what store
// had taken comes again.
func (s *Spool) Replay(store func(records [][]byte) error) error {
	s.replaying.Lock()
	defer s.replaying.Unlock()
	s.rotate()
	if err := s.replayDirectory(s.own, store); err != nil {
		return err
	}
	entries, err := os.ReadDir(s.root)
	if err != nil {
		return fmt.Errorf("list the spool: %w", err)
	}
	for _, e := range entries {
		path := s.path(e.Name())
		if !e.IsDir() || path == s.own.path || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if err := s.adopt(path, store); err != nil {
			return err
		}
	}
	return nil
}

// adopt replays the directory of a process that died.
func (s *Spool) adopt(path string, store func(records [][]byte) error) error {
	d, err := lockDirectory(path, 0)
	if errors.Is(err, errHeld) || errors.Is(err, os.ErrNotExist) {
		return nil // its process lives, or another one has just adopted it
	}
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); err != nil {
		return d.lock.Close()
	}
	s.log.Info("adopting what another process left in the spool", "directory", path)
	return errors.Join(s.replayDirectory(d, store), d.release())
}

// replayDirectory replays all files but the one that is being written.
func (s *Spool) replayDirectory(d *directory, store func(records [][]byte) error) error {
	files, err := d.segments()
	if err != nil {
		return err
	}
	for _, path := range files {
		if d == s.own && s.writes(path) {
			continue
		}
		n := 0
		end, err := readSegment(path, portion, func(records [][]byte) error {
			n += len(records)
			return store(records)
		})
		if err != nil {
			return err
		}
		if err := s.discard(d, path, end); err != nil {
			return err
		}
		s.log.Info("spool file replayed", "file", path, "records", n)
	}
	return nil
}

// discard removes a file that was replayed. What is damaged in its middle, which no crash of a
// process does, is put aside for a person to look at.
func (s *Spool) discard(d *directory, path string, end ending) error {
	switch end {
	case endTorn:
		s.log.Warn("a spool file ends in the middle of a record that nobody was told of", "file", path)
	case endDamaged:
		aside := s.path("damaged-" + filepath.Base(d.path) + "-" + filepath.Base(path))
		s.log.Error("a spool file is damaged: what follows the damage was not replayed", "file", path, "kept_as", aside)
		if err := os.Rename(path, aside); err != nil {
			return fmt.Errorf("put a damaged spool file aside: %w", err)
		}
		s.forget(path)
		return nil
	case endWhole:
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("remove a replayed spool file: %w", err)
	}
	s.forget(path)
	return nil
}

func (s *Spool) forget(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.kept, path)
}

func (s *Spool) writes(path string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current != nil && s.current.path == path
}

// PutAside keeps a record that can't be stored, for a person to look at.
func (s *Spool) PutAside(record []byte) error {
	f, err := os.OpenFile(s.path("refused"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("put a record aside: %w", err)
	}
	_, err = f.Write(appendFrame(nil, record))
	return errors.Join(err, f.Sync(), f.Close())
}
