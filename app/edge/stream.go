package edge

import (
	"bufio"
	"context"
	"io"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
	"unicode"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/tenancy"
)

const (
	// streams is how many answers are streamed at once: each holds a connection to the database
	// for as long as its reader takes.
	streams = 3
	// patience is how long a reader may take for one piece.
	patience = 30 * time.Second
	piece    = 32 << 10
)

// Attachment says what a stream is and under which name a browser keeps it.
type Attachment struct{ Name, ContentType string }

// FileName puts the program and the day into the name of a file, such as partners.csv, which
// becomes acme-partners-2026-11-25.csv: files of several programs and days lie beside each other.
func (e *Edge) FileName(ctx context.Context, name string) string {
	words := strings.FieldsFunc(strings.ToLower(tenancy.From(ctx).Name), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	suffix := path.Ext(name)
	return strings.Join(append(words, strings.TrimSuffix(name, suffix), e.Now().UTC().Format(time.DateOnly)), "-") + suffix
}

// Stream sends an answer of any length from a detached route, piece by piece, out of one READ
// ONLY snapshot of the database. An error before the first piece is answered as any other; after
// it the connection is cut, so that nobody takes a part for the whole.
func (e *Edge) Stream(c echo.Context, a Attachment, fn func(ctx context.Context, w io.Writer) error) error {
	select {
	case e.streaming <- struct{}{}:
		defer func() { <-e.streaming }()
	default:
		return fault.RateLimited(patience)
	}
	ctx := c.Request().Context()
	o := e.txOptions(ctx, true)
	o.Snapshot, o.Long = true, true
	return e.App.InTx(ctx, o, func(ctx context.Context) error {
		out := bufio.NewWriterSize(&stream{c: c, attachment: a}, piece)
		if err := fn(ctx, out); err != nil {
			return err
		}
		return out.Flush()
	})
}

// stream begins the answer with its first piece, and gives the reader time for each.
type stream struct {
	c          echo.Context
	attachment Attachment
}

// Write is part of io.Writer.
func (s *stream) Write(p []byte) (int, error) {
	res := s.c.Response()
	if !res.Committed {
		h := res.Header()
		h.Set("Content-Type", s.attachment.ContentType)
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": s.attachment.Name}))
		h.Set("Cache-Control", "no-store")
		res.WriteHeader(http.StatusOK)
	}
	if err := http.NewResponseController(res).SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return 0, err
	}
	return res.Write(p)
}
