// Command lbbench measures this project's haproxy side by side with the
// original and with nginx: the same work for each, in turn, on one core, with
// the load on another. It needs no arguments, talks to the loopback address
// only, and takes some minutes.
//
//	go run ./cmd/lbbench
//	go run ./cmd/lbbench -row 'http-*,tcp-64' -rounds 3
//	go run ./cmd/lbbench -peer /usr/local/sbin/haproxy=haproxy-3.5 -json bench.json
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// options are the command line.
type options struct {
	rows, json, ours, base, only, driver string
	rounds                               int
	time                                 time.Duration
	list                                 bool
	peers                                peerFlags
}

func main() {
	if isRole, err := runRole(os.Args[1:]); isRole {
		exit(err)
	}
	var o options
	flag.StringVar(&o.rows, "row", "", "measure only the rows that these comma-separated `patterns` name")
	flag.BoolVar(&o.list, "list", false, "list the rows and end")
	flag.StringVar(&o.json, "json", "", "write all numbers as JSON to this `file` (- for standard output, without the table)")
	flag.IntVar(&o.rounds, "rounds", 5, "how many times each peer is measured in each row")
	flag.DurationVar(&o.time, "time", time.Second, "how long one round is loaded (wrk: whole seconds)")
	flag.Var(&o.peers, "peer", "compare with this build too: `path=name`; may be repeated")
	flag.StringVar(&o.ours, "ours", "", "our haproxy: a `file`, or none; built from cmd/haproxy if not given")
	flag.StringVar(&o.only, "only", "", "compare only the peers of these comma-separated `names`")
	flag.StringVar(&o.base, "base", "haproxy", "the `name` of the peer that ratios divide by")
	flag.StringVar(&o.driver, "driver", "auto", "`auto` (wrk where it is installed and good enough), or own")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o)
	stop()
	exit(err)
}

// exit ends the process with a message when there is an error.
func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "lbbench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// run is the whole bench.
func run(ctx context.Context, o options) error {
	if o.driver != "auto" && o.driver != "own" {
		return fmt.Errorf("-driver %s: want auto or own", o.driver)
	}
	if o.rounds < 1 || o.time < 10*time.Millisecond {
		return fmt.Errorf("want at least one round of 10ms")
	}
	maxConn, idle := connLimits()
	rows, err := chooseRows(allRows(idle), o.rows)
	if err != nil {
		return err
	}
	if o.list {
		for _, r := range rows {
			fmt.Printf("%-14s %s\n", r.Name, r.Title)
		}
		return nil
	}
	dir, err := os.MkdirTemp("", "lbbench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b, err := newBench(ctx, o, dir)
	if err != nil {
		return err
	}
	b.maxConn = maxConn
	defer close(b.spawn.jobs)
	rep := b.describe()
	var runErr error
	rep.Rows, runErr = b.run(ctx, rows)
	b.show("")
	if len(rep.Rows) > 0 { // of a run that was interrupted: what there is
		if err := output(rep, o.json); err != nil {
			return err
		}
	}
	return runErr
}

// newBench finds peers, cores and driver, and writes the files of the rows.
func newBench(ctx context.Context, o options, dir string) (*bench, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	peers, err := findPeers(ctx, o.ours, dir, o.peers)
	if err != nil {
		return nil, err
	}
	if o.only != "" {
		names := strings.Split(o.only, ",")
		peers = slices.DeleteFunc(peers, func(p peer) bool { return !slices.Contains(names, p.Name) })
	}
	cpus, err := allowedCPUs()
	if err != nil {
		return nil, fmt.Errorf("cannot read the allowed processors: %w", err)
	}
	b := &bench{
		self: self, dir: dir, spawn: newSpawner(), cores: pickCores(cpus, cpuSiblings),
		rounds: o.rounds, time: o.time, warm: 300 * time.Millisecond, settle: 500 * time.Millisecond, peers: peers, base: o.base, show: progress(os.Stderr),
	}
	b.base = chooseBase(peers, o.base)
	if o.driver == "auto" {
		b.wrk, _ = lookPath("wrk") // its absence is told in the table
	}
	if err := writeCerts(dir, time.Now()); err != nil {
		return nil, err
	}
	return b, writeMaps(dir)
}

// chooseBase gives the peer that ratios divide by: the wanted one when it can
// run, else the first other build of HAProxy, else the wanted one for all that.
func chooseBase(peers []peer, want string) string {
	for _, p := range peers {
		if p.Name == want && p.Absent == "" {
			return want
		}
	}
	for _, p := range peers {
		if p.Absent == "" && !p.Nginx && p.Name != oursName {
			return p.Name
		}
	}
	return want
}

// describe fills in what the report says beside the rows.
func (b *bench) describe() report {
	r := report{
		Date: time.Now().UTC().Format("2006-01-02 15:04 UTC"), Rounds: b.rounds, Time: b.time,
		Base: b.base, Peers: b.peers, System: systemName(),
		Driver: "wrk where it is good enough, else our own driver",
		Cores:  fmt.Sprintf("proxy on core %v, driver and origin on core %v", b.cores.Proxy, b.cores.Load),
	}
	if b.cores.One {
		r.Cores = "proxy, driver and origin share the only core: latencies and rates say little"
	}
	if b.wrk == "" {
		r.Driver = "our own driver (wrk not installed or not wanted)"
	}
	return r
}

// systemName tells processor, kernel and Go.
func systemName() string {
	model := runtime.GOARCH
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if m := cpuModel(string(text)); m != "" {
			model = m
		}
	}
	kernel, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		kernel = []byte("unknown")
	}
	return fmt.Sprintf("%s, %d processors; Linux %s; %s", model, runtime.NumCPU(), strings.TrimSpace(string(kernel)), runtime.Version())
}

// cpuModel finds the processor's name in the text of /proc/cpuinfo.
func cpuModel(text string) string {
	for line := range strings.SplitSeq(text, "\n") {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// connLimits raises this process's limit of descriptors, which its children
// inherit, and gives the connections that proxies may have and that the idle
// row opens. A proxy needs two descriptors for each.
func connLimits() (maxConn, idle int) {
	var lim syscall.Rlimit
	n := 1024
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &lim); err == nil {
		lim.Cur = lim.Max
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &lim) // with fewer the rows are smaller, no worse
		n = int(min(lim.Max, 1<<20))
	}
	maxConn = min(8000, max(100, (n-200)/3)) // a pipe for splicing takes some more
	return maxConn, min(5000, maxConn-50)
}

// progress gives a function that shows how far the run is: a line rewritten
// in place on a terminal, else one line for each row. A text that ends in "] "
// stands before the following ones.
func progress(w *os.File) func(string, ...any) {
	info, err := w.Stat()
	tty := err == nil && info.Mode()&os.ModeCharDevice != 0
	began, head := time.Now(), ""
	return func(format string, a ...any) {
		text := fmt.Sprintf(format, a...)
		isHead := strings.HasSuffix(text, "] ")
		if isHead {
			head, text = text, ""
		}
		switch {
		case tty && format == "":
			fmt.Fprint(w, "\r\x1b[K")
		case tty:
			fmt.Fprintf(w, "\r\x1b[K%s %s%s", time.Since(began).Round(time.Second), head, text)
		case isHead:
			fmt.Fprintln(w, time.Since(began).Round(time.Second), strings.TrimSpace(head))
		}
	}
}

// output writes the JSON where it is wanted, and the table.
func output(r report, jsonPath string) error {
	if jsonPath != "" {
		text, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			return err
		}
		text = append(text, '\n')
		if jsonPath == "-" {
			_, err := os.Stdout.Write(text)
			return err
		}
		if err := os.WriteFile(jsonPath, text, 0o644); err != nil {
			return err
		}
	}
	return writeTable(os.Stdout, r)
}
