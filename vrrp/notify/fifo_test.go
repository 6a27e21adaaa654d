package notify

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func own(path string) FIFO {
	return FIFO{Path: path, UID: uint32(os.Getuid()), GID: uint32(os.Getgid())}
}

// drain reads what is in a FIFO.
func drain(t *testing.T, path string) string {
	t.Helper()
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	var out strings.Builder
	buf := make([]byte, 64<<10)
	for {
		n, err := syscall.Read(fd, buf)
		if n <= 0 || err != nil {
			return out.String()
		}
		out.Write(buf[:n])
	}
}

func TestFIFO(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, c := filepath.Join(dir, "a"), filepath.Join(dir, "c")
	synctest.Test(t, func(t *testing.T) {
		b := &book{}
		n := New(Options{Log: b.log, Start: b.start})
		fifo := own(a)
		fifo.Script = cmd("stay")
		insts := map[string]Target{"V1": {}, "V2": {}}
		n.Configure(Config{Instances: insts, FIFOs: []FIFO{fifo, own(c)}}, false)
		n.Tell(Change{Name: "V1", State: Backup, Priority: 100})
		n.Tell(Change{Name: "V1", State: MasterPriority, Priority: 90})
		n.Tell(Change{Name: "V2", State: Master, Priority: 90})
		n.Tell(Change{Group: true, Name: "G", State: Backup})
		const want = "INSTANCE \"V1\" BACKUP 100\nINSTANCE \"V1\" MASTER_PRIORITY 90\nINSTANCE \"V2\" MASTER 90\nGROUP \"G\" BACKUP 0\n"
		for _, f := range []string{a, c} {
			if got := drain(t, f); got != want {
				t.Errorf("%s: %q", f, got)
			}
		}
		equal(t, "script", b.take(), "run stay "+a)
		// A reload starts the script again; the FIFO stays the same one.
		n.Configure(Config{Instances: insts, Groups: map[string]Target{"G": {}}, FIFOs: []FIFO{fifo}, StatesOnReload: true}, true)
		synctest.Wait()
		equal(t, "reload", b.take(), "kill 15 stay", "run stay "+a)
		if got := drain(t, a); got != "GROUP \"G\" BACKUP 0\nINSTANCE \"V1\" BACKUP 100\nINSTANCE \"V2\" MASTER 90\n" {
			t.Errorf("states after a reload: %q", got)
		}
		if _, err := os.Lstat(c); err == nil {
			t.Error("a FIFO that is not used any more was made here and is left behind")
		}
		// A script that ends by itself is told of, once.
		n.mu.Lock()
		p := n.pipes[0].script.(*fakeProcess)
		n.mu.Unlock()
		p.end <- Status{}
		synctest.Wait()
		equal(t, "ended", b.take(), "vrrp notify fifo script terminated")
		n.Close()
		synctest.Wait()
		equal(t, "closed", b.take())
		if _, err := os.Lstat(a); err == nil {
			t.Error("the FIFO is left behind")
		}
	})
}

func TestFIFOIsFull(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "f")
	p, err := openPipe(own(path))
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	line := strings.Repeat("x", 1000) + "\n"
	said := 0
	for range 200 { // more than a pipe holds
		if p.write(line) != "" {
			said++
		}
	}
	if said != 1 || p.dropped == 0 {
		t.Errorf("%d complaints, %d dropped", said, p.dropped)
	}
	if got := drain(t, path); len(got)%len(line) != 0 {
		t.Errorf("%d bytes went in: lines are cut", len(got))
	}
	n := p.dropped
	if got := p.write(line); !strings.HasSuffix(got, strconv.Itoa(n)+" were dropped") {
		t.Errorf("%q after %d were dropped", got, n)
	}
}

// What is no FIFO of ours is not written to, and stays as it is.
func TestForeignFIFO(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, link, target := filepath.Join(dir, "file"), filepath.Join(dir, "link"), filepath.Join(dir, "target")
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(target, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, link} {
		p, err := openPipe(FIFO{Kind: "vrrp ", Path: path})
		if want := "vrrp notify fifo " + path + " is not a fifo we own - not using"; err == nil || err.Error() != want {
			t.Errorf("%v, %v, want %q", p, err, want)
		}
	}
	if _, err := openPipe(own(filepath.Join(dir, "no", "such"))); err == nil {
		t.Error("opened below a directory that does not exist")
	}
	if data, _ := os.ReadFile(file); string(data) != "old" {
		t.Errorf("the file now holds %q", data)
	}
	// One that was there before stays.
	p, err := openPipe(own(target))
	if err != nil {
		t.Fatal(err)
	}
	p.close()
	p.remove()
	if _, err := os.Lstat(target); err != nil {
		t.Error("a FIFO of somebody else was removed")
	}
}

// helper is a command that runs this test program as a program.
func helper(args ...string) *Command {
	return &Command{Path: os.Args[0], Argv: append([]string{"name", "--"}, args...), UID: uint32(os.Getuid()), GID: uint32(os.Getgid())}
}

// TestMain makes this program the programs that its own tests run.
func TestMain(m *testing.M) {
	flag.Parse()
	if args := flag.Args(); len(args) > 0 {
		play(args)
	}
	os.Exit(m.Run())
}

// play is one of those programs; it does not return.
func play(args []string) {
	switch args[0] {
	case "exit":
		n, _ := strconv.Atoi(args[1])
		os.Exit(n)
	case "env":
		// Standard input and output lead nowhere.
		n, err := os.Stdin.Read(make([]byte, 1))
		group := syscall.Getpgrp() == os.Getpid()
		if n != 0 || err != io.EOF || !group || os.Getenv("IFS") != "" || os.Getenv("LD_PRELOAD") != "" || len(args) != 3 || args[2] != "a b" {
			os.Exit(1)
		}
		os.Exit(0)
	case "hang":
		time.Sleep(time.Minute)
	}
	os.Exit(9)
}

func TestStartProcess(t *testing.T) {
	t.Parallel()
	tests := []struct {
		args []string
		sig  syscall.Signal
		want Status
	}{
		{args: []string{"exit", "0"}},
		{args: []string{"exit", "7"}, want: Status{Code: 7}},
		{args: []string{"env", "x"}},
		{args: []string{"hang"}, sig: syscall.SIGKILL, want: Status{Code: -1, Signal: 9}},
	}
	for _, tc := range tests {
		t.Run(tc.args[0], func(t *testing.T) {
			t.Parallel()
			p, err := StartProcess(helper(tc.args...), "a b")
			if err != nil {
				t.Fatal(err)
			}
			if tc.sig != 0 {
				p.Signal(tc.sig)
			}
			if got := p.Wait(); got != tc.want {
				t.Errorf("%+v, want %+v", got, tc.want)
			}
			p.Signal(syscall.SIGKILL) // nobody's number by now
		})
	}
	if _, err := StartProcess(&Command{Path: "/nonexistent/program", Argv: []string{"x"}}); err == nil {
		t.Error("started what does not exist")
	}
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	got := environment([]string{"PATH=/bin", "IFS=x", "LD_PRELOAD=y", "TANDEM_KEEPALIVED=vrrp", "LDAP=1"})
	equal(t, "environment", got, "PATH=/bin", "LDAP=1")
}

func TestRun(t *testing.T) {
	t.Parallel()
	b := &book{}
	if !Run(StartProcess, helper("exit", "0"), "startup script", time.Minute, b.log) {
		t.Error("a success is none")
	}
	if Run(StartProcess, helper("exit", "3"), "startup script", time.Minute, b.log) {
		t.Error("a failure is none")
	}
	if Run(b.start, cmd("bad"), "startup script", time.Minute, b.log) {
		t.Error("what cannot be started succeeded")
	}
	p := os.Args[0]
	equal(t, "log", b.take(), "Running startup script "+p, "startup script script succeeded",
		"Running startup script "+p, "startup script script failed, status 3",
		"Running startup script bad", "Call of startup script bad failed: no such program")
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		if Run(b.start, cmd("stay"), "shutdown script", 3*time.Second, b.log) || time.Since(begin) != 3*time.Second {
			t.Errorf("a script that takes too long ended well, or after %v", time.Since(begin))
		}
		equal(t, "log", b.take(), "Running shutdown script stay", "run stay", "kill 15 stay", "shutdown script timed out")
	})
}
