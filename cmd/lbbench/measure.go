package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime is the processor time that process pid has used since it began:
// user and system, all threads, also those that ended, in nanoseconds. It
// reads the process's own clock (clock_getcpuclockid(3)), since
// /proc/<pid>/stat counts in ticks of 10 ms and /proc/<pid>/schedstat knows
// the first thread only.
func cpuTime(pid int) (time.Duration, error) {
	const clockSched = 2 // CPUCLOCK_SCHED of the kernel's posix-timers
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid)<<3|clockSched, &ts); err != nil {
		return 0, fmt.Errorf("cannot read the processor clock of process %d: %w", pid, err)
	}
	return time.Duration(ts.Nano()), nil
}

// treeCPU is cpuTime summed over pid and its descendants: nginx works in
// children of the process that was started.
func treeCPU(pid int) (time.Duration, error) {
	var sum time.Duration
	for _, p := range processTree("/proc", pid) {
		d, err := cpuTime(p)
		if err != nil {
			if p != pid {
				continue // a child that has just ended
			}
			return 0, err
		}
		sum += d
	}
	return sum, nil
}

// processTree lists pid and its descendants by the children files of the
// kernel (proc_pid_children(5)); a missing file counts as no children.
func processTree(proc string, pid int) []int {
	tree := []int{pid}
	for i := 0; i < len(tree); i++ {
		files, _ := filepath.Glob(filepath.Join(proc, strconv.Itoa(tree[i]), "task", "*", "children"))
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				continue
			}
			for word := range strings.FieldsSeq(string(text)) {
				if child, err := strconv.Atoi(word); err == nil {
					tree = append(tree, child)
				}
			}
		}
	}
	return tree
}

// memory is what a process occupies, in bytes.
type memory struct {
	RSS  int64 // resident now
	Peak int64 // most that was ever resident
}

// treeMemory sums the memory of pid and its descendants. Pages that a parent
// and a child share count twice.
func treeMemory(pid int) (memory, error) {
	var sum memory
	for _, p := range processTree("/proc", pid) {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p))
		var m memory
		if err == nil {
			m, err = parseStatus(text)
		}
		if err != nil {
			if p != pid {
				continue // a child that has just ended
			}
			return memory{}, fmt.Errorf("process %d: %w", p, err)
		}
		sum.RSS += m.RSS
		sum.Peak += m.Peak
	}
	return sum, nil
}

// parseStatus reads VmRSS and VmHWM from the text of /proc/<pid>/status.
func parseStatus(text []byte) (memory, error) {
	var m memory
	for line := range bytes.Lines(text) {
		name, rest, _ := bytes.Cut(line, []byte(":"))
		var to *int64
		switch string(name) {
		case "VmRSS":
			to = &m.RSS
		case "VmHWM":
			to = &m.Peak
		default:
			continue
		}
		words := bytes.Fields(rest)
		if len(words) != 2 || string(words[1]) != "kB" {
			return memory{}, fmt.Errorf("cannot read %q", line)
		}
		kb, err := strconv.ParseInt(string(words[0]), 10, 64)
		if err != nil {
			return memory{}, fmt.Errorf("cannot read %q: %w", line, err)
		}
		*to = kb << 10
	}
	if m.RSS == 0 {
		return memory{}, fmt.Errorf("no VmRSS: the process has ended")
	}
	return m, nil
}

// parseStatSys gives the share (0..1) of system time in the text of
// /proc/<pid>/stat, and 0 when it cannot be told.
func parseStatSys(text []byte) float64 {
	// The command name may hold blanks and brackets: count after the last one.
	end := bytes.LastIndexByte(text, ')')
	if end < 0 {
		return 0
	}
	words := strings.Fields(string(text[end+1:]))
	if len(words) < 13 {
		return 0
	}
	user, err1 := strconv.ParseFloat(words[11], 64)
	sys, err2 := strconv.ParseFloat(words[12], 64)
	if err1 != nil || err2 != nil || user+sys == 0 {
		return 0
	}
	return sys / (user + sys)
}
