package notify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// book notes what happened, from any goroutine.
type book struct {
	mu    sync.Mutex
	lines []string
}

func (b *book) add(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines = append(b.lines, fmt.Sprintf(format, args...))
}

func (b *book) log(s string) { b.add("%s", s) }

func (b *book) take() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.lines
	b.lines = nil
	return out
}

// fakeProcess is a program that runs until it is told to end.
type fakeProcess struct {
	b    *book
	name string
	end  chan Status
}

func (p *fakeProcess) Wait() Status { return <-p.end }
func (p *fakeProcess) Signal(s syscall.Signal) {
	p.b.add("kill %d %s", s, p.name)
	select {
	case p.end <- Status{Code: -1, Signal: int(s)}:
	default:
	}
}

// start notes a command; those whose path begins with "stay" do not end.
func (b *book) start(c *Command, more ...string) (Process, error) {
	if c.Path == "bad" {
		return nil, errors.New("no such program")
	}
	b.add("run %s", strings.Join(append([]string{c.Path}, more...), " "))
	p := &fakeProcess{b: b, name: c.Path, end: make(chan Status, 1)}
	if !strings.HasPrefix(c.Path, "stay") {
		p.end <- Status{}
	}
	return p, nil
}

func cmd(path string) *Command { return &Command{Path: path, Argv: []string{path}} }

func equal(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n  %s\nwant\n  %s", what, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestOrderAndArguments(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &book{}
		n := New(Options{Log: b.log, Start: b.start})
		n.Configure(Config{
			Instances: map[string]Target{"VI_1": {
				Scripts: map[string]*Command{Master: cmd("master"), MasterRxLowerPri: cmd("lower"), Stop: cmd("stop"), Deleted: cmd("deleted"), Fault: cmd("bad")},
				Any:     cmd("any"),
			}},
			Groups: map[string]Target{"G": {Any: cmd("gany")}},
		}, false)
		for _, c := range []Change{
			{Name: "VI_1", State: Master, Priority: 150}, {Group: true, Name: "G", State: Master},
			{Name: "VI_1", State: MasterRxLowerPri, Priority: 150}, {Name: "VI_1", State: MasterPriority, Priority: 140},
			{Name: "VI_1", State: Fault, Priority: 140}, {Name: "unknown", State: Master, Priority: 1},
		} {
			n.Tell(c)
		}
		synctest.Wait()
		equal(t, "scripts", b.take(), "run master", "run any INSTANCE VI_1 MASTER 150", "run gany GROUP G MASTER 0",
			"run lower", "Error running notify script bad: no such program", "run any INSTANCE VI_1 FAULT 140")
		// What a reload removes says so by its old scripts.
		n.Configure(Config{}, true)
		n.Tell(Change{Name: "VI_1", State: Deleted, Priority: 140})
		synctest.Wait()
		equal(t, "after its end", b.take(), "run deleted", "run any INSTANCE VI_1 DELETED 140")
		n.Configure(Config{}, true)
		n.Tell(Change{Name: "VI_1", State: Deleted, Priority: 140})
		n.Close()
		n.Close()
		n.Tell(Change{Name: "VI_1", State: Master})
		synctest.Wait()
		equal(t, "much later", b.take())
	})
}

func TestLine(t *testing.T) {
	t.Parallel()
	if got := (Change{Name: "VI 1", State: Backup, Priority: 99}).Line(); got != "INSTANCE \"VI 1\" BACKUP 99\n" {
		t.Errorf("%q", got)
	}
	if got := (Change{Group: true, Name: "G", State: Stop}).Line(); got != "GROUP \"G\" STOP 0\n" {
		t.Errorf("%q", got)
	}
}

func TestScriptsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &book{}
		block := make(chan struct{})
		n := New(Options{Log: b.log, Start: func(*Command, ...string) (Process, error) {
			<-block
			return nil, errors.New("x")
		}})
		n.Configure(Config{Instances: map[string]Target{"V": {Any: cmd("any")}}}, false)
		for range scriptRoom + 10 {
			n.Tell(Change{Name: "V", State: Master})
		}
		if got := b.take(); len(got) != 1 || got[0] != "Too many notify scripts wait - dropping" {
			t.Errorf("%q", got)
		}
		close(block)
		synctest.Wait()
		b.take()
		n.Tell(Change{Name: "V", State: Master})
		synctest.Wait()
		if got := b.take(); len(got) == 0 || !strings.HasSuffix(got[0], "notify scripts were dropped") {
			t.Errorf("%q", got)
		}
		n.Close()
	})
}

// server answers each line by the function, on the other end of a pipe.
func server(answer func(line string) string, got *[]string) Dial {
	return func(context.Context, string, string) (net.Conn, error) {
		a, b := net.Pipe()
		go func() {
			defer b.Close()
			buf, data := make([]byte, 64<<10), ""
			if _, err := b.Write([]byte(answer(""))); err != nil {
				return
			}
			for {
				n, err := b.Read(buf)
				if err != nil {
					return
				}
				*got = append(*got, string(buf[:n]))
				if data = answer(string(buf[:n])); data == "" {
					return
				}
				if _, err := b.Write([]byte(data)); err != nil {
					return
				}
			}
		}()
		return a, nil
	}
}

// polite is a server that takes everything.
func polite(line string) string {
	switch {
	case line == "":
		return "220-welcome\r\n220 here\r\n"
	case strings.HasPrefix(line, "DATA"):
		return "354 go on\r\n"
	case strings.HasPrefix(line, "QUIT"):
		return "221 bye\r\n"
	}
	return "250 ok\r\n"
}

var testMail = Mail{
	Server: netip.MustParseAddrPort("127.0.0.1:25"), Helo: "here", From: "Joe B <joe@b.org>",
	To: []string{"Fred <fred@x.org>", "g@x.org"}, RouterID: "R D", Timeout: 2 * time.Second,
}

func TestMail(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, got := &book{}, []string{}
		n := New(Options{Log: b.log, Detail: true, Start: b.start, Dial: server(polite, &got), Now: func() time.Time {
			return time.Date(2026, 11, 21, 9, 5, 10, 0, time.UTC)
		}})
		n.Configure(Config{Mail: testMail, Instances: map[string]Target{"VI_1": {Mail: true}, "VI_2": {}}, Groups: map[string]Target{"G": {Mail: true}}}, false)
		n.Tell(Change{Name: "VI_1", State: Backup, Priority: 150})
		synctest.Wait()
		equal(t, "dialogue", got, "HELO here\r\n", "MAIL FROM:<joe@b.org>\r\n", "RCPT TO:<fred@x.org>\r\n", "RCPT TO:<g@x.org>\r\n", "DATA\r\n",
			"Date: Sat, 21 Nov 2026 09:05:10 +0000\r\nFrom: Joe B <joe@b.org>\r\nSubject: [R D] VRRP Instance VI_1 - Entering BACKUP state\r\n"+
				"X-Mailer: Keepalived\r\nTo: Fred <fred@x.org>,\r\n g@x.org\r\n\r\n=> VRRP Instance is no longer owning VRRP VIPs <=\r\n\r\n.\r\n",
			"QUIT\r\n")
		equal(t, "log", b.take(), "Remote SMTP server [127.0.0.1]:25 connected.", "SMTP alert successfully sent.")
		got = nil
		// The same again, events, ends and who wants no mail are not mailed.
		n.Tell(Change{Name: "VI_1", State: Backup})
		n.Tell(Change{Name: "VI_1", State: BackupPriority})
		n.Tell(Change{Name: "VI_1", State: Stop})
		n.Tell(Change{Name: "VI_2", State: Master})
		synctest.Wait()
		equal(t, "not mailed", got)
		n.Tell(Change{Name: "VI_1", State: Master})
		n.Tell(Change{Group: true, Name: "G", State: Fault})
		synctest.Wait()
		all := strings.Join(got, "")
		for _, want := range []string{"Subject: [R D] VRRP Instance VI_1 - Entering MASTER state\r\n", "=> VRRP Instance is now owning VRRP VIPs <=",
			"Subject: [R D] VRRP Group G - Entering FAULT state\r\n", "=> All VRRP group instances are now in FAULT state <="} {
			if !strings.Contains(all, want) {
				t.Errorf("%q is missing in %q", want, all)
			}
		}
		n.Close()
	})
}

func TestMailRefused(t *testing.T) {
	t.Parallel()
	refuse := func(prefix, with string) func(string) string {
		return func(line string) string {
			if strings.HasPrefix(line, prefix) {
				return with
			}
			return polite(line)
		}
	}
	hang := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	var got []string
	tests := []struct {
		name string
		dial Dial
		want string
	}{
		{"recipient", server(refuse("RCPT TO:<g", "550 no\r\n"), &got), "Error processing RCPT cmd on SMTP server [127.0.0.1]:25. SMTP status code = 550"},
		{"sender", server(refuse("MAIL", "421-no\r\n421 no\r\n"), &got), "Error processing MAIL cmd on SMTP server [127.0.0.1]:25. SMTP status code = 421"},
		{"silence", func(context.Context, string, string) (net.Conn, error) { a, _ := net.Pipe(); return a, nil }, "Timeout reading data to remote SMTP server [127.0.0.1]:25."},
		{"nonsense", server(refuse("HELO", "hello there\r\n"), &got), "Cannot send data to remote SMTP server [127.0.0.1]:25."},
		{"endless", server(refuse("HELO", strings.Repeat("250-x\r\n", 20000)), &got), "Cannot send data to remote SMTP server [127.0.0.1]:25."},
		{"hang up", server(refuse("DATA", ""), &got), "Cannot send data to remote SMTP server [127.0.0.1]:25."},
		{"no connection", func(context.Context, string, string) (net.Conn, error) { return nil, syscall.ECONNREFUSED }, "SMTP connection ERROR to [127.0.0.1]:25."},
		{"no answer", hang, "Timeout connecting SMTP server [127.0.0.1]:25."},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &book{}
				begin := time.Now()
				testMail.deliver(tc.dial, message{subject: "s", body: "b"}, b.log, b.log)
				if got := b.take(); got[len(got)-1] != tc.want {
					t.Errorf("log %q, want %q", got, tc.want)
				}
				if d := time.Since(begin); d > 2*time.Second {
					t.Errorf("took %v", d)
				}
			})
		})
	}
}

// Nothing in a name gets out of the line that it stands in.
func TestMailInjection(t *testing.T) {
	t.Parallel()
	m := testMail
	m.RouterID = strings.Repeat("x", 10000) + "\r\nBcc: evil@x.org"
	m.To = append([]string{"a@x.org\r\nRCPT TO:<evil@x.org>", "<b@x.org\r\nDATA", strings.Repeat("c", 10000) + "@x.org", "<>", "two words@x.org"}, m.To...)
	msg, ok := m.alert(Change{Name: "V\r\n.\r\nQUIT", State: Master}, time.Unix(0, 0))
	if !ok {
		t.Fatal("not mailed")
	}
	msg.body = ".\n" + msg.body
	text := m.text(msg)
	head, body, _ := strings.Cut(text, "\r\n\r\n")
	for _, line := range strings.Split(head, "\r\n") {
		name, _, _ := strings.Cut(line, ":")
		if !slices.Contains([]string{"Date", "From", "Subject", "X-Mailer", "To"}, name) && !strings.HasPrefix(line, " ") || len(line) > 600 {
			t.Errorf("header %.100q", line)
		}
	}
	if strings.Count(text, "\r\n.\r\n") != 1 || !strings.HasPrefix(body, "..\r\n") || strings.Count(text, "evil@x.org") != 0 {
		t.Errorf("text %.300q", text)
	}
	if got := len(m.recipients()); got != 2 {
		t.Errorf("%d recipients, want 2", got)
	}
	m.NoFaults = true
	if _, ok := m.alert(Change{Name: "V", State: Fault}, time.Now()); ok {
		t.Error("no_email_faults is not heeded")
	}
	m.To = nil
	for range 500 {
		m.To = append(m.To, "a@b.org")
	}
	if got := len(m.recipients()); got != maxRecipients {
		t.Errorf("%d recipients, want %d", got, maxRecipients)
	}
}
