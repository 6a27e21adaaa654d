package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"tandem/vrrp/config"
)

// pidFiles are the files that say which processes run.
type pidFiles struct{ parent, vrrp, checkers, bfd string }

// pidPaths decides where they are: the options, then /run, or /run/keepalived
// with use_pid_dir, an instance name or a network namespace.
func pidPaths(o *options, p *config.Process) pidFiles {
	dir, suffix := "/run", ""
	if p.UsePIDDir || p.Instance != "" || p.NetNamespace != "" {
		dir = "/run/keepalived"
	}
	if p.Instance != "" {
		suffix = "_" + p.Instance
	}
	pick := func(given, name string) string {
		if given != "" {
			return given
		}
		return filepath.Join(dir, name+suffix+".pid")
	}
	return pidFiles{pick(o.pid, "keepalived"), pick(o.vrrpPid, "vrrp"), pick(o.checkPid, "checkers"), pick(o.bfdPid, "bfd")}
}

// running says whether the process of a pid file is alive.
func running(path string) bool {
	data, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil || pid <= 1 || pid == os.Getpid() {
		return false
	}
	err = syscall.Kill(pid, 0)
	return (err == nil || err == syscall.EPERM) && !zombie(pid)
}

// zombie says that a process has ended and only waits to be buried: after a
// crash that may take a while, and it must not keep us from starting.
func zombie(pid int) bool {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	i := strings.LastIndexByte(string(data), ')')
	return i >= 0 && i+2 < len(data) && data[i+2] == 'Z'
}

// writePid writes a pid file; it never follows a link that somebody else laid.
func writePid(path string, pid int) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|syscall.O_NOFOLLOW, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	// Whatever the umask: who watches the daemon reads it.
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "%d\n", pid)
	return err
}
