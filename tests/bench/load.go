package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"
)

// load is a closed loop: each connection sends its next request when the last was answered.
// The client does as little as HTTP allows, because it runs on the same cores.
type load struct {
	address     string
	connections int
	length      time.Duration
	request     func(connection, n int) []byte // the bytes of a request
	want        int                            // status
}

// result says how it went.
type result struct {
	requests int
	failures int
	failure  error // the first
	elapsed  time.Duration
	times    []time.Duration // in order of size
}

func (r result) rate() float64 { return float64(r.requests) / r.elapsed.Seconds() }

func (r result) percentile(p float64) time.Duration {
	if len(r.times) == 0 {
		return 0
	}
	return r.times[min(len(r.times)-1, int(p*float64(len(r.times))))]
}

func (l load) run(ctx context.Context) result {
	ctx, cancel := context.WithTimeout(ctx, l.length)
	defer cancel()
	var (
		mu    sync.Mutex
		total result
		all   sync.WaitGroup
	)
	began := time.Now()
	for c := range l.connections {
		all.Go(func() {
			one := l.connection(ctx, c)
			mu.Lock()
			defer mu.Unlock()
			total.requests += one.requests
			total.failures += one.failures
			total.times = append(total.times, one.times...)
			if total.failure == nil {
				total.failure = one.failure
			}
		})
	}
	all.Wait()
	total.elapsed = time.Since(began)
	slices.Sort(total.times)
	return total
}

func (l load) connection(ctx context.Context, c int) (r result) {
	var dialer net.Dialer
	var conn net.Conn
	var in *bufio.Reader
	defer func() {
		if conn != nil {
			_ = conn.Close()
		}
	}()
	for n := 0; ctx.Err() == nil; n++ {
		if conn == nil {
			var err error
			if conn, err = dialer.DialContext(context.WithoutCancel(ctx), "tcp", l.address); err != nil {
				r.failures++
				r.failure = err
				return r
			}
			in = bufio.NewReaderSize(conn, 4<<10)
		}
		began := time.Now()
		status, err := exchange(conn, in, l.request(c, n))
		if err == nil && status != l.want {
			err = fmt.Errorf("status %d in place of %d", status, l.want)
		}
		if err != nil {
			r.failures++
			r.failure = err
			_ = conn.Close()
			conn = nil
			continue
		}
		r.requests++
		r.times = append(r.times, time.Since(began))
	}
	return r
}

// exchange sends a request and reads the whole answer.
func exchange(conn net.Conn, in *bufio.Reader, request []byte) (status int, err error) {
	if _, err := conn.Write(request); err != nil {
		return 0, err
	}
	line, err := in.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if len(line) < 12 {
		return 0, errors.New("not an answer of HTTP")
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, err
	}
	length := 0
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return status, err
		}
		if len(line) <= 2 {
			break
		}
		if name, value, ok := bytes.Cut(line, []byte(":")); ok && bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return status, err
			}
		}
	}
	_, err = io.CopyN(io.Discard, in, int64(length))
	return status, err
}
