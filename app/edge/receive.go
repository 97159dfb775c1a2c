package edge

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/fault"
)

const (
	uploads = 2 // at once
	// maxUpload is far more than any program has to say about itself.
	maxUpload = 512 << 20
)

// Receive has a detached route read a body of any length, piece by piece. Whoever sends it gets time
// for each piece. What is wrong with it is told when all of it has come: before that no browser reads
// an answer.
func (e *Edge) Receive(c echo.Context, fn func(body io.Reader) error) error {
	select {
	case e.receiving <- struct{}{}:
		defer func() { <-e.receiving }()
	default:
		return fault.RateLimited(patience)
	}
	whole, is := c.Get(bodyKey).(io.ReadCloser)
	if !is {
		return fn(http.NoBody)
	}
	u := &upload{http.MaxBytesReader(c.Response(), whole, maxUpload), http.NewResponseController(c.Response())}
	c.Request().Body = u
	err := fn(u)
	if err != nil {
		_, _ = io.Copy(io.Discard, u)
	}
	return errors.Join(err, u.time.SetWriteDeadline(time.Now().Add(patience)))
}

// upload is a body that may take its time, as long as it comes.
type upload struct {
	io.ReadCloser

	time *http.ResponseController
}

// Read is part of io.Reader.
func (u *upload) Read(p []byte) (int, error) {
	if err := u.time.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return 0, err
	}
	n, err := u.ReadCloser.Read(p)
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		err = &fault.Error{Kind: fault.KindTooLarge, Code: "too_large", Message: "The file is larger than 512 MB."}
	}
	if errors.Is(err, io.EOF) { // from here on the server only looks whether the sender is still there
		if failed := u.time.SetReadDeadline(time.Time{}); failed != nil {
			return n, failed
		}
		return n, io.EOF // as it is: some readers know no other
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = fault.Malformed("The file stopped coming for 30 seconds.").Because(err)
	}
	return n, err
}
