package cluster

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// process is a postmaster that this process started.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error // set before done is closed
}

// start runs the command from a thread that stays until the server ends: the kernel's signal
// at our death follows the thread that started the child, not the process.
func start(cmd *exec.Cmd, log *slog.Logger) (*process, error) {
	p := &process{cmd: cmd, done: make(chan struct{})}
	out, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		started <- nil
		logLines(out, log)
		p.err = cmd.Wait()
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start postgres: %w", err)
	}
	return p, nil
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// stopPatience is how long a fast shutdown may take before the server is killed, which loses
// nothing but makes the next start replay the log.
const stopPatience = 30 * time.Second

// stop asks for a fast shutdown: SIGINT ends the sessions; SIGTERM would wait for them.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop postgres: %w", err)
	}
	timer := time.NewTimer(stopPatience)
	defer timer.Stop()
	select {
	case <-p.done:
		return nil
	case <-timer.C:
		_ = p.cmd.Process.Signal(syscall.SIGQUIT)
		<-p.done
		return errors.New("postgres did not stop in time and was ended at once")
	}
}

// launch starts the server over the cluster's directory.
func (c *Cluster) launch() error {
	args := []string{
		"-D", c.dir, "-c", "listen_addresses=", "-k", c.socket, "-c", "unix_socket_permissions=0700",
		"-c", "timezone=UTC", "-c", "log_timezone=UTC", "-c", "max_connections=60",
		// Containers give little shared memory, and this app's queries are short.
		"-c", "max_parallel_workers_per_gather=0", "-c", "jit=off", "-c", "shared_buffers=" + sharedBuffers(),
		"-c", "log_destination=stderr", "-c", "logging_collector=off",
	}
	if c.o.FastUnsafe {
		args = append(args, "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "max_connections=200", "-c", "shared_buffers=32MB")
	}
	cmd := exec.Command(c.bin.path("postgres"), args...) //nolint:gosec // our own arguments
	cmd.Dir = c.dir
	cmd.Env = environment()
	cmd.SysProcAttr = c.account.attributes()
	cmd.SysProcAttr.Setpgid = true             // Ctrl-C must reach us first, and the server last
	cmd.SysProcAttr.Pdeathsig = syscall.SIGINT // and no server outlives us
	p, err := start(cmd, c.o.Log)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.process = p
	c.mu.Unlock()
	return nil
}

// environment is small on purpose: PG* variables of whoever starts us must not steer the server.
func environment() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "TZ=UTC"} //nolint:forbidigo // where programs are is no setting of ours
}
