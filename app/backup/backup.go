// Package backup is the file that a backup is: a tar whose first member holds the checksums of all the
// others, so that `sha256sum -c SHA256SUMS` says by hand what Open says here.
//
// It knows neither databases nor spools, only members. Invariant: Open gives nothing of a file that is
// not whole, byte for byte.
package backup

import (
	"archive/tar"
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// The members that every backup has.
const (
	sums         = "SHA256SUMS"
	manifestName = "manifest.json"
	Dump         = "database.dump" // as pg_dump writes it in its custom format
	Spool        = "spool/"        // what the names of clicks on the disk begin with
)

// Format is the version of all this.
const Format = 1

// Manifest says what a backup holds.
type Manifest struct {
	Format     int               `json:"format"`
	Version    string            `json:"version"`    // of the program that made it
	Schema     int64             `json:"schema"`     // the number of the newest migration in it
	PostgreSQL string            `json:"postgresql"` // the server's version
	Taken      time.Time         `json:"taken_at"`
	Keys       map[string]string `json:"encryption_keys"` // that open what is sealed in it: fingerprints by id
	Tables     map[string]int64  `json:"tables"`          // rows by table
}

// Write makes a backup of the manifest and of all files below a directory.
func Write(to io.Writer, m Manifest, dir string) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, manifestName), append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	names, list, err := checksums(dir)
	if err != nil {
		return err
	}
	out := tar.NewWriter(to)
	if err := add(out, sums, int64(len(list)), m.Taken, strings.NewReader(list)); err != nil {
		return err
	}
	for _, name := range names {
		if err := addFile(out, dir, name, m.Taken); err != nil {
			return err
		}
	}
	return out.Close()
}

// checksums lists the files below dir, the manifest first, and their sums as sha256sum does.
func checksums(dir string) (names []string, list string, err error) {
	names = []string{manifestName}
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if name != manifestName {
			names = append(names, filepath.ToSlash(name))
		}
		return err
	})
	var text strings.Builder
	for _, name := range names {
		if err != nil {
			break
		}
		var sum string
		sum, err = sumOf(filepath.Join(dir, name))
		text.WriteString(sum + "  " + name + "\n")
	}
	return names, text.String(), err
}

func sumOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

func addFile(out *tar.Writer, dir, name string, at time.Time) error {
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return add(out, name, info.Size(), at, f)
}

func add(out *tar.Writer, name string, size int64, at time.Time, content io.Reader) error {
	if err := out.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: at}); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if _, err := io.Copy(out, content); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// File is a backup whose checksums were right when it was opened.
type File struct {
	Manifest

	Names []string // of the members, in their order
	file  *os.File
	at    map[string]section
}

type section struct{ begin, size int64 }

// Open checks the whole file, and gives nothing of one that is damaged.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the backup: %w", err)
	}
	b := &File{file: f, at: map[string]section{}}
	if err := b.verify(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s is no whole backup: %w", path, err), f.Close())
	}
	if b.Format != Format {
		return nil, errors.Join(fmt.Errorf("%s has the format %d and this program reads %d: use the version %s that made it, or a newer one",
			path, b.Format, Format, b.Version), f.Close())
	}
	return b, nil
}

func (b *File) verify() error {
	members := tar.NewReader(b.file)
	first, err := members.Next()
	if err != nil || first.Name != sums {
		return errors.Join(errors.New("it does not begin with its checksums"), err)
	}
	want, err := readSums(members)
	if err != nil {
		return err
	}
	for {
		header, err := members.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		// The reader asks for no more than it gives, so the file stands where the member begins.
		begin, err := b.file.Seek(0, io.SeekCurrent)
		if err != nil {
			return err
		}
		hash := sha256.New()
		size, err := io.Copy(hash, members)
		if err != nil {
			return fmt.Errorf("%s: %w", header.Name, err)
		}
		if want[header.Name] != hex.EncodeToString(hash.Sum(nil)) {
			return fmt.Errorf("the checksum of %s is wrong", header.Name)
		}
		delete(want, header.Name)
		b.Names = append(b.Names, header.Name)
		b.at[header.Name] = section{begin, size}
	}
	for name := range want {
		return fmt.Errorf("%s is missing", name)
	}
	text, err := b.Member(manifestName)
	if err != nil {
		return err
	}
	return json.NewDecoder(text).Decode(&b.Manifest)
}

// readSums reads what sha256sum writes.
func readSums(r io.Reader) (map[string]string, error) {
	want := map[string]string{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		sum, name, ok := strings.Cut(lines.Text(), "  ")
		if !ok || !filepath.IsLocal(name) {
			return nil, errors.New("its checksums can't be read")
		}
		want[name] = sum
	}
	return want, lines.Err()
}

// Member gives the content of one.
func (b *File) Member(name string) (io.Reader, error) {
	s, ok := b.at[name]
	if !ok {
		return nil, fmt.Errorf("the backup holds no %s", name)
	}
	return io.NewSectionReader(b.file, s.begin, s.size), nil
}

// Close is part of io.Closer.
func (b *File) Close() error { return b.file.Close() }
