package edge

import (
	"bytes"
	"maps"
	"net/http"
)

// buffer holds an answer back until the transaction has committed.
type buffer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newBuffer(from http.Header) *buffer {
	return &buffer{header: maps.Clone(from)}
}

// Header is part of http.ResponseWriter.
func (b *buffer) Header() http.Header { return b.header }

// WriteHeader is part of http.ResponseWriter.
func (b *buffer) WriteHeader(status int) {
	if b.status == 0 {
		b.status = status
	}
}

// Write is part of http.ResponseWriter.
func (b *buffer) Write(p []byte) (int, error) {
	b.WriteHeader(http.StatusOK)
	return b.body.Write(p)
}

// flushTo sends the answer.
func (b *buffer) flushTo(w http.ResponseWriter) error {
	target := w.Header()
	clear(target)
	maps.Copy(target, b.header)
	if b.status == 0 {
		b.status = http.StatusOK
	}
	w.WriteHeader(b.status)
	_, err := w.Write(b.body.Bytes())
	return err
}
