package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// The sub-roles: this program started again under one of these words.
const (
	roleOrigin = "origin"
	roleDriver = "driver"
	roleRun    = "run" // runs a command and measures it
)

// runRole runs a sub-role, when the arguments name one.
func runRole(args []string) (isRole bool, err error) {
	if len(args) == 0 {
		return false, nil
	}
	switch args[0] {
	case roleOrigin:
		return true, runOrigin()
	case roleDriver:
		return true, driverMain()
	case roleRun:
		return true, runMeasured(args[1:], os.Stdout)
	}
	return false, nil
}

// ranResult is what the run role prints.
type ranResult struct {
	Wall   time.Duration `json:"wall"`
	CPU    time.Duration `json:"cpu"`
	Peak   int64         `json:"peak"` // most memory resident, bytes
	Exit   int           `json:"exit"`
	Output string        `json:"output"` // its last 2 kB
}

// runMeasured runs a command to its end. It is a role of its own because a
// child inherits the memory peak of the process that forks it: this one is
// small.
func runMeasured(args []string, out io.Writer) error {
	if len(args) == 0 {
		return fmt.Errorf("nothing to run")
	}
	var text bytes.Buffer
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = &text, &text
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	runtime.LockOSThread() // the child dies with its parent's thread
	began := time.Now()
	err := cmd.Run()
	r := ranResult{Wall: time.Since(began)}
	if cmd.ProcessState == nil {
		return err
	}
	r.Exit = cmd.ProcessState.ExitCode()
	r.CPU = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if use, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		r.Peak = use.Maxrss << 10
	}
	r.Output = text.String()
	r.Output = r.Output[max(0, len(r.Output)-2048):]
	return json.NewEncoder(out).Encode(r)
}

// startOrigin starts the backend and reads where it listens. stop ends it.
func (b *bench) startOrigin(cpus []int) (addrs originAddrs, stop func(), err error) {
	cmd := exec.Command(b.self, roleOrigin)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return addrs, nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return addrs, nil, err
	}
	if err := b.spawn.start(cmd, cpus); err != nil {
		return addrs, nil, err
	}
	stop = func() {
		in.Close()
		_ = cmd.Wait()
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &addrs)
	}
	if err != nil {
		stop()
		return addrs, nil, fmt.Errorf("the origin did not tell its address: %w", err)
	}
	return addrs, stop, nil
}

// originStats asks the origin what it saw.
func (b *bench) originStats() (s originStats, err error) {
	return askStats(b.origin.HTTP)
}

// output runs a command, pinned, to its end or ctx's.
func (b *bench) output(ctx context.Context, cpus []int, stdin []byte, path string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.WaitDelay = time.Second
	cmd.Stdin = bytes.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := b.spawn.start(cmd, cpus); err != nil {
		return nil, err
	}
	if err := cmd.Wait(); err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("ended: %w", context.Cause(ctx))
		}
		return nil, fmt.Errorf("%w: %s", err, lastLine(errs.String()+out.String()))
	}
	return out.Bytes(), nil
}

// load drives spec in a separate process, with wrk or with our own driver.
func (b *bench) load(ctx context.Context, spec loadSpec, useWrk bool, cpus []int) (loadResult, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, roundTime(spec, useWrk)+loadGrace+10*time.Second, fmt.Errorf("the driver does not stop"))
	defer cancel()
	if useWrk {
		args, err := wrkCommand(spec, b.dir)
		if err != nil {
			return loadResult{}, err
		}
		out, err := b.output(ctx, cpus, nil, b.wrk, args...)
		if err != nil {
			return loadResult{}, fmt.Errorf("wrk: %w", err)
		}
		return parseWrk(string(out))
	}
	in, err := json.Marshal(spec)
	if err != nil {
		return loadResult{}, err
	}
	out, err := b.output(ctx, cpus, in, b.self, roleDriver)
	if err != nil {
		return loadResult{}, fmt.Errorf("driver: %w", err)
	}
	var r loadResult
	if err := json.Unmarshal(out, &r); err != nil {
		return loadResult{}, fmt.Errorf("cannot read the driver's result %q: %w", strings.TrimSpace(string(out)), err)
	}
	return r, nil
}

// hold starts a driver that keeps connections open until release is called.
func (b *bench) hold(spec loadSpec, cpus []int) (r loadResult, release func(), err error) {
	text, err := json.Marshal(spec)
	if err != nil {
		return r, nil, err
	}
	cmd := exec.Command(b.self, roleDriver)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return r, nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return r, nil, err
	}
	if err := b.spawn.start(cmd, cpus); err != nil {
		return r, nil, err
	}
	release = func() {
		in.Close()
		_ = cmd.Wait()
	}
	guard := time.AfterFunc(2*time.Minute, func() { _ = cmd.Process.Kill() })
	defer guard.Stop()
	if _, err = in.Write(text); err == nil {
		err = json.NewDecoder(out).Decode(&r)
	}
	if err != nil {
		release()
		return r, nil, fmt.Errorf("driver: %w", err)
	}
	return r, release, nil
}

// parseRan reads what the run role printed.
func parseRan(out []byte) (r ranResult, err error) {
	if err = json.Unmarshal(out, &r); err != nil {
		err = fmt.Errorf("cannot read the measured run %q: %w", strings.TrimSpace(string(out)), err)
	}
	return r, err
}
