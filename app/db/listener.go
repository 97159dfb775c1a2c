package db

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// Changes is the channel on which the database tells every replica what it must no longer
// remember.
const Changes = "openpartner_changes"

const (
	listenPing    = 30 * time.Second // a connection that is silent for so long is tried
	listenRetry   = 100 * time.Millisecond
	listenRetries = 5 * time.Second // the longest wait between two tries
)

// Listener hears notifications on a connection of its own, which is in no pool: LISTEN is
// state of a session, and poolers share those.
type Listener struct {
	URL    string
	Log    *slog.Logger
	Heard  func(payload string)
	Missed func() // called whenever notifications may have been missed

	stop context.CancelFunc
	done sync.WaitGroup
}

// Start begins to listen, and goes on through outages until Stop.
func (l *Listener) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	l.stop = cancel
	l.done.Go(func() { l.loop(ctx) })
}

// Stop ends the listening and waits.
func (l *Listener) Stop() {
	l.stop()
	l.done.Wait()
}

func (l *Listener) loop(ctx context.Context) {
	wait := listenRetry
	for {
		listened, err := l.listen(ctx)
		if ctx.Err() != nil {
			return
		}
		if listened {
			wait = listenRetry
		}
		l.Log.Warn("not hearing of changes: they are noticed within half a minute", "error", err)
		timer := time.NewTimer(wait + rand.N(wait))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		wait = min(2*wait, listenRetries)
	}
}

// listen connects and passes on what it hears until the connection breaks.
func (l *Listener) listen(ctx context.Context) (listened bool, err error) {
	cfg, err := pgx.ParseConfig(l.URL)
	if err != nil {
		return false, fmt.Errorf("read the owner's database URL: %w", err)
	}
	cfg.RuntimeParams["application_name"] = "openpartner listener"
	cfg.ConnectTimeout = connectTimeout
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return false, fmt.Errorf("connect to listen: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, `listen `+Changes); err != nil {
		return false, fmt.Errorf("listen: %w", err)
	}
	l.Missed()
	for {
		heard, err := l.wait(ctx, conn)
		if err != nil {
			return true, err
		}
		if heard != "" {
			l.Heard(heard)
		}
	}
}

// wait gives the next notification, or nothing after a silence that proved to be one.
func (l *Listener) wait(ctx context.Context, conn *pgx.Conn) (string, error) {
	quiet, cancel := context.WithTimeout(ctx, listenPing)
	defer cancel()
	n, err := conn.WaitForNotification(quiet)
	switch {
	case err == nil:
		return n.Payload, nil
	case ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded):
		return "", fmt.Errorf("wait for a notification: %w", err)
	}
	tried, cancelTry := context.WithTimeout(ctx, connectTimeout)
	defer cancelTry()
	if err := conn.Ping(tried); err != nil {
		return "", fmt.Errorf("try the listening connection: %w", err)
	}
	return "", nil
}
