package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/openpartner/openpartner/app/db/cluster"
)

// program is the real one, with a database of its own whose writes are as durable as they
// would be in earnest.
type program struct {
	address  string
	key      string
	data     string
	database string // the system role's login
	owner    string // the owner's login

	binary string
	env    []string
	cmd    *exec.Cmd
}

// startProgram starts it and waits until it is ready. Proxies on this machine are believed, so
// that a client can pretend to be many visitors.
func (b *bench) startProgram(ctx context.Context, name string) (*program, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &program{address: l.Addr().String(), binary: b.binary, data: filepath.Join(b.dir, name)}
	if err := l.Close(); err != nil {
		return nil, err
	}
	p.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + b.dir, "OPENPARTNER_DATA=" + p.data, "OPENPARTNER_LISTEN=" + p.address,
		"OPENPARTNER_PUBLIC_URL=http://" + p.address, "OPENPARTNER_ENV=development", "OPENPARTNER_TRUSTED_PROXIES=127.0.0.1",
		"LOG_FORMAT=json",
	}
	p.cmd = exec.Command(b.binary, "serve")
	p.cmd.Env = p.env
	out, err := p.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	if err := awaitReady(out); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	key, err := p.command("create-key", "--name", "bench")
	if err != nil {
		return nil, errors.Join(err, p.stop())
	}
	p.key = key
	// The program's server runs already, so this joins it and owns nothing.
	joined, err := cluster.Start(ctx, cluster.Options{Data: p.data, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, errors.Join(err, p.stop())
	}
	p.database, p.owner = joined.SystemURL(), joined.OwnerURL()
	return p, nil
}

// awaitReady reads the log until the program is ready, and has the rest thrown away.
func awaitReady(out io.Reader) error {
	lines := bufio.NewScanner(out)
	var seen bytes.Buffer
	for lines.Scan() {
		if strings.Contains(lines.Text(), `"msg":"ready"`) {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return nil
		}
		seen.WriteString(lines.Text() + "\n")
	}
	return fmt.Errorf("the program did not start:\n%s", seen.String())
}

func (p *program) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return p.cmd.Wait()
}

// command runs a subcommand beside the server.
func (p *program) command(args ...string) (string, error) {
	cmd := exec.Command(p.binary, args...)
	cmd.Env = p.env
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", args[0], err, complaints.String())
	}
	return strings.TrimSpace(string(out)), nil
}

// post sends to the JSON API, and reads the answer.
func (p *program) post(ctx context.Context, path string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+p.address+"/api/v1"+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+p.key)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("POST %s: %s\n%s", path, res.Status, answer)
	}
	return json.Unmarshal(answer, into)
}

// memory is what the process holds, without its database.
func (p *program) memory() int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}

// postmaster is the process of the program's database.
func (p *program) postmaster() (int, error) {
	text, err := os.ReadFile(filepath.Join(p.data, "pg", "data", "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	return strconv.Atoi(strings.TrimSpace(first))
}

// signalDatabase signals all processes of the program's database; each server process is a
// group of its own.
func (p *program) signalDatabase(sig syscall.Signal) error {
	postmaster, err := p.postmaster()
	if err != nil {
		return err
	}
	all := []int{postmaster}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return err
	}
	for _, name := range stats {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended meanwhile
		}
		// The fields after the name in parentheses are the state and the parent.
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if len(fields) > 1 && fields[1] == strconv.Itoa(postmaster) {
			if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name))); err == nil {
				all = append(all, pid)
			}
		}
	}
	for _, pid := range all {
		if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	return nil
}

// makeLinks makes a campaign, a partner and links, and gives the links' keys.
func (p *program) makeLinks(ctx context.Context, n int) ([]string, error) {
	var campaign, partner struct {
		ID string `json:"id"`
	}
	rules := []map[string]any{{"kind": "percent", "rate": "20"}}
	err := p.post(ctx, "/campaigns", map[string]any{"name": "Bench", "destination_url": "https://shop.example.com/sale?a=1", "rules": rules}, &campaign)
	if err != nil {
		return nil, err
	}
	err = p.post(ctx, "/partners", map[string]any{
		"email": "bench@example.com", "name": "Bench", "campaign_ids": []string{campaign.ID}, "send_invite": false,
	}, &partner)
	if err != nil {
		return nil, err
	}
	var keys []string
	for range n {
		var link struct {
			Key string `json:"key"`
		}
		if err := p.post(ctx, "/partners/"+partner.ID+"/links", map[string]any{"campaign_id": campaign.ID}, &link); err != nil {
			return nil, err
		}
		keys = append(keys, link.Key)
	}
	return keys, nil
}
