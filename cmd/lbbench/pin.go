package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// cores says where processes run.
type cores struct {
	Proxy []int // the proxy under test
	Load  []int // driver and origin
	Both  []int // everything, in the unpinned rows
	One   bool  // the machine has one core only: nothing is apart
}

// pickCores takes two of the allowed processors, if it can two that do not
// share a core; siblings gives all hardware threads of a processor's core.
func pickCores(allowed []int, siblings func(int) []int) cores {
	if len(allowed) < 2 {
		return cores{Proxy: allowed, Load: allowed, Both: allowed, One: true}
	}
	proxy, load := allowed[0], allowed[1]
	near := siblings(proxy)
	for _, c := range allowed[1:] {
		if !slices.Contains(near, c) {
			load = c
			break
		}
	}
	return cores{Proxy: []int{proxy}, Load: []int{load}, Both: []int{proxy, load}}
}

// allowedCPUs lists the processors that this process may run on.
func allowedCPUs() ([]int, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil, err
	}
	var list []int
	for i := range len(set) * 64 {
		if set.IsSet(i) {
			list = append(list, i)
		}
	}
	return list, nil
}

// cpuSiblings reads the hardware threads that share a core with processor c.
func cpuSiblings(c int) []int {
	text, err := os.ReadFile(fmt.Sprintf("/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", c))
	if err != nil {
		return []int{c}
	}
	return parseCPUList(strings.TrimSpace(string(text)))
}

// parseCPUList reads the kernel's list form, such as "0-1,4".
func parseCPUList(s string) []int {
	var out []int
	for part := range strings.SplitSeq(s, ",") {
		lo, hi, isRange := strings.Cut(part, "-")
		a, err := strconv.Atoi(lo)
		if err != nil {
			continue
		}
		b := a
		if isRange {
			if b, err = strconv.Atoi(hi); err != nil {
				continue
			}
		}
		for ; a <= b; a++ {
			out = append(out, a)
		}
	}
	return out
}

// spawner starts processes from one thread that lives as long as the program:
// a child inherits the processors of the thread that forks it, and is killed
// with that thread (PR_SET_PDEATHSIG) should the program die without tidying.
type spawner struct {
	jobs chan func()
}

// newSpawner starts the thread.
func newSpawner() *spawner {
	s := &spawner{jobs: make(chan func())}
	go func() {
		runtime.LockOSThread()
		for job := range s.jobs {
			job()
		}
	}()
	return s
}

// start runs cmd on the given processors, in a process group of its own.
func (s *spawner) start(cmd *exec.Cmd, cpus []int) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	done := make(chan error)
	s.jobs <- func() {
		var before, set unix.CPUSet
		err := unix.SchedGetaffinity(0, &before)
		if err == nil {
			for _, c := range cpus {
				set.Set(c)
			}
			err = unix.SchedSetaffinity(0, &set)
		}
		if err != nil {
			done <- fmt.Errorf("cannot pin to processors %v: %w", cpus, err)
			return
		}
		err = cmd.Start()
		_ = unix.SchedSetaffinity(0, &before) // was in force a moment ago
		done <- err
	}
	return <-done
}
