package testkit

import (
	"bufio"
	"bytes"
	"strings"
	"sync"
	"time"
)

// output collects what a program prints, and lets tests wait for a line.
type output struct {
	mu     sync.Mutex
	text   bytes.Buffer
	more   *sync.Cond
	closed bool
}

func newOutput() *output {
	o := &output{}
	o.more = sync.NewCond(&o.mu)
	return o
}

// Write is part of io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer o.more.Broadcast()
	return o.text.Write(p)
}

// size is how much there is by now.
func (o *output) size() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Len()
}

func (o *output) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.more.Broadcast()
}

// wait gives the first n whole lines after a place with text in them; false when the program
// ended without, or patience did.
func (o *output) wait(text string, n, since int) (found []string, ok bool) {
	over := false
	timer := time.AfterFunc(patience, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		over = true
		o.more.Broadcast()
	})
	defer timer.Stop()
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		found = nil
		lines := bufio.NewScanner(bytes.NewReader(o.text.Bytes()[since:]))
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if strings.Contains(lines.Text(), text) {
				found = append(found, lines.Text())
			}
			if len(found) == n {
				return found, true
			}
		}
		if o.closed || over {
			return nil, false
		}
		o.more.Wait()
	}
}

// String gives all of it.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
