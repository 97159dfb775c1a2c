package edge_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/edge"
)

// streamed sends many lines: how many notes there are, and filling. In between it does what the
// query asks for.
func (d *desk) streamed(c echo.Context) error {
	file := edge.Attachment{Name: "notes.csv", ContentType: "text/csv; charset=utf-8"}
	return d.edge.Stream(c, file, func(ctx context.Context, w io.Writer) error {
		for line := range 3000 {
			var n int
			if line%1000 == 0 {
				if err := db.Tx(ctx).NewRaw(`select count(*) from notes`).Scan(ctx, &n); err != nil {
					return err
				}
			}
			if c.QueryParam("fails") == strconv.Itoa(line) {
				return errors.New("the stream failed")
			}
			if c.QueryParam("writes") == strconv.Itoa(line) {
				if _, err := db.Tx(ctx).NewRaw(`insert into notes (text) values ('streamed')`).Exec(ctx); err != nil {
					return err
				}
			}
			if c.QueryParam("waits") == strconv.Itoa(line) {
				d.held <- struct{}{}
				<-d.release
			}
			if _, err := fmt.Fprintf(w, "%d,%s\r\n", n, strings.Repeat("x", 60)); err != nil {
				return err
			}
		}
		return nil
	})
}

// get asks a real server, as only that can cut a connection.
func get(url string) (a answer, err error) {
	res, err := http.Get(url)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(text)}, err
}

func TestStream(t *testing.T) {
	t.Parallel()
	d := open(t)
	server := httptest.NewServer(d.router)
	t.Cleanup(server.Close)

	t.Run("Whole", func(t *testing.T) {
		got, err := get(server.URL + "/streamed")
		if err != nil || got.status != http.StatusOK || strings.Count(got.body, "\r\n") != 3000 {
			t.Fatalf("err %v, status %d, %d bytes", err, got.status, len(got.body))
		}
		for name, want := range map[string]string{
			"Content-Type": "text/csv; charset=utf-8", "Content-Disposition": "attachment; filename=notes.csv", "Cache-Control": "no-store",
		} {
			if value := got.header.Get(name); value != want {
				t.Errorf("%s: got %q", name, value)
			}
		}
	})
	t.Run("FailsBeforeItBegins", func(t *testing.T) {
		got, err := get(server.URL + "/streamed?fails=0")
		if err != nil || got.status != http.StatusInternalServerError || got.body != "failed" || got.header.Get("Content-Disposition") != "" {
			t.Errorf("err %v, got %d %q %v", err, got.status, got.body, got.header)
		}
	})
	t.Run("IsCutWhenItFailsLater", func(t *testing.T) {
		got, err := get(server.URL + "/streamed?fails=2500")
		if err == nil || got.status != http.StatusOK || got.body == "" {
			t.Errorf("a part was taken for the whole: status %d, %d bytes", got.status, len(got.body))
		}
	})
	t.Run("CantWrite", func(t *testing.T) {
		got, err := get(server.URL + "/streamed?writes=1")
		if err != nil || got.status != http.StatusInternalServerError || d.count("streamed") != 0 {
			t.Errorf("err %v, status %d, %d rows", err, got.status, d.count("streamed"))
		}
	})
}

// However long it takes, all of a stream is of one moment.
func TestStream_Snapshot(t *testing.T) {
	t.Parallel()
	d := open(t)
	server := httptest.NewServer(d.router)
	t.Cleanup(server.Close)
	told := make(chan string, 1)
	go func() {
		got, err := get(server.URL + "/streamed?waits=500")
		told <- fmt.Sprint(got.body, err)
	}()
	<-d.held
	if got := d.send(http.MethodPost, "/saved?text=meanwhile"); got.status != http.StatusCreated || d.count("meanwhile") != 1 {
		t.Fatalf("got %d", got.status)
	}
	d.release <- struct{}{}
	if text := <-told; strings.Contains(text, "1,x") || !strings.HasSuffix(text, "<nil>") {
		t.Errorf("the stream saw what was written meanwhile: %.200s", text)
	}
}

// Each stream holds a connection of the pool, so there are never more than a few.
func TestStream_AtOnce(t *testing.T) {
	t.Parallel()
	d := open(t)
	server := httptest.NewServer(d.router)
	t.Cleanup(server.Close)
	ended := make(chan int, 3)
	for range 3 {
		go func() {
			got, _ := get(server.URL + "/streamed?waits=10")
			ended <- got.status
		}()
		<-d.held
	}
	if got, err := get(server.URL + "/streamed"); err != nil || got.body != "failed" {
		t.Errorf("err %v, one more was served: %d", err, got.status)
	}
	for range 3 {
		d.release <- struct{}{}
		if got := <-ended; got != http.StatusOK {
			t.Errorf("got %d", got)
		}
	}
	if got, err := get(server.URL + "/streamed"); err != nil || got.status != http.StatusOK {
		t.Errorf("err %v, got %d", err, got.status)
	}
}

// The first piece arrives while the rest is not even made, so that memory holds no whole.
func TestStream_PieceByPiece(t *testing.T) {
	t.Parallel()
	d := open(t)
	server := httptest.NewServer(d.router)
	t.Cleanup(server.Close)
	res, err := http.Get(server.URL + "/streamed?waits=2000")
	if err == nil {
		_, err = io.ReadFull(res.Body, make([]byte, 32<<10))
	}
	if err != nil {
		t.Fatal(err)
	}
	<-d.held
	d.release <- struct{}{}
	if _, err := io.Copy(io.Discard, res.Body); errors.Join(err, res.Body.Close()) != nil {
		t.Error(err)
	}
}
