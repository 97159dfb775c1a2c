package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// slowOnes is how many send, or read, as slowly as they can.
const slowOnes = 1000

// slowClients measures what others notice of a thousand who are slow: a third with their head, a
// third with their body, a third with reading the answer. Each comes again when it is cut off.
func slowClients(ctx context.Context, b *bench) (rows []Row, err error) {
	p, err := b.startProgram(ctx, "slow")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	others := load{address: p.address, connections: 4, length: b.length, want: 200, request: func(int, int) []byte {
		return []byte("GET /signin HTTP/1.1\r\nHost: " + p.address + "\r\n\r\n")
	}}
	alone := others.run(ctx)
	stop, cancel := context.WithCancel(ctx)
	var all, connected sync.WaitGroup
	connected.Add(slowOnes)
	for i := range slowOnes {
		all.Go(func() {
			first := sync.OnceFunc(connected.Done)
			for stop.Err() == nil {
				p.dawdle(stop, i, first)
			}
		})
	}
	connected.Wait()
	beside := others.run(ctx)
	memory := p.memory()
	cancel()
	all.Wait()
	if alone.failure != nil || beside.failure != nil {
		return nil, errors.Join(alone.failure, beside.failure)
	}
	row := Row{
		Work: "pages beside 1,000 slow connections", Unit: "requests/s", Against: "without them", Target: "p99 < 500 ms, memory < 300 MB",
		Reference: alone.rate(), Ours: beside.rate(), P50: beside.percentile(0.5), P99: beside.percentile(0.99), Memory: memory,
		Note: fmt.Sprintf("without: p99 %s", short(alone.percentile(0.99))),
	}
	row.Ratio = row.Ours / row.Reference
	row.Met = row.P99 < 500*time.Millisecond && memory < 300<<20
	return []Row{row}, nil
}

// dawdle is one slow connection, until the program has enough of it.
func (p *program) dawdle(ctx context.Context, i int, connected func()) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", p.address)
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	head := "GET /signin HTTP/1.1\r\nHost: " + p.address + "\r\nX-Slow: "
	switch i % 3 {
	case 1:
		head = fmt.Sprintf("POST /auth/verify HTTP/1.1\r\nHost: %s\r\nX-Forwarded-For: 20.0.%d.%d\r\nSec-Fetch-Site: same-origin\r\n"+
			"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\n", p.address, i/250, i%250)
	case 2:
		head = "GET /api/openapi.json HTTP/1.1\r\nHost: " + p.address + "\r\n\r\n"
	}
	if _, err := conn.Write([]byte(head)); err != nil {
		return
	}
	connected()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if i%3 == 2 {
			_, err = conn.Read(make([]byte, 16))
		} else {
			_, err = conn.Write([]byte("x"))
		}
		if err != nil {
			return
		}
	}
}
