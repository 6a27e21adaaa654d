package lvs

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// script is a check whose tries answer what the test says.
type script struct {
	steps int
}

func (s *script) Steps() int { return max(s.steps, 1) }

func (s *script) Probe(context.Context, int) Outcome { panic("a test answers") }

// world runs a Director against a fake kernel, with a clock of its own.
type world struct {
	t      *testing.T
	d      *Director
	k      *Fake
	now    time.Duration
	bad    map[string]Outcome // by server, what its tries find; absent: well
	shares map[string]bool    // addresses that are here
	out    []string
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, k: &Fake{}, bad: map[string]Outcome{}, shares: map[string]bool{}}
	w.d = New(Options{Present: func(a netip.Addr) bool { return w.shares[a.String()] }})
	return w
}

// perform notes effects: log lines as they are, commands after "$", notes after
// ">", mails after "@".
func (w *world) perform(effects []Effect) {
	for _, e := range effects {
		switch {
		case e.Log != "":
			w.out = append(w.out, e.Log)
		case e.Cmd != nil:
			w.out = append(w.out, "$ "+e.Cmd.String())
			_ = w.k.Do(*e.Cmd)
		case e.Note != nil:
			if e.Note.Line != "" {
				w.out = append(w.out, "> "+e.Note.Line)
			}
			if e.Note.Subject != "" {
				w.out = append(w.out, "@ "+e.Note.Subject+" "+e.Note.Body)
			}
		}
	}
}

// run lets time pass.
func (w *world) run(d time.Duration) {
	end := w.now + d
	for {
		at, on := w.d.Next()
		if !on || at > end {
			w.now = end
			return
		}
		w.now = at
		for _, j := range w.d.Due(w.now) {
			o, failed := w.bad[j.c.name()]
			if !failed {
				o = Outcome{OK: true, Text: "HTTP status code success to %s url(/)"}
			}
			w.perform(w.d.Done(j, o, w.now))
		}
	}
}

// want compares what has happened since the last call.
func (w *world) want(what string, lines ...string) {
	w.t.Helper()
	if d := cmp.Diff(lines, w.out); d != "" {
		w.t.Errorf("%s (-want +got):\n%s", what, d)
	}
	w.out = nil
}

// table compares the kernel's table.
func (w *world) table(what string, lines ...string) {
	w.t.Helper()
	slices.Sort(lines)
	if d := cmp.Diff(lines, w.k.Table.Lines()); d != "" {
		w.t.Errorf("%s: table (-want +got):\n%s", what, d)
	}
}

// server makes a server on 10.2.2.n with TCP checks.
func testServer(n int, weight uint32, checks ...*Check) *Server {
	a := netip.AddrFrom4([4]byte{10, 2, 2, byte(n)})
	return &Server{Name: fmt.Sprintf("[%s]:tcp:80", a), Dest: Dest{Addr: a, Port: 80, Weight: weight}, Checks: checks}
}

func tcpCheck(retry uint32) *Check {
	return &Check{Kind: KindTCP, Probe: &script{}, Identity: "tcp", Delay: 3 * time.Second, RetryDelay: time.Second, Retry: retry}
}

func testService(servers ...*Server) *Service {
	a := netip.MustParseAddr("10.1.1.1")
	return &Service{
		Name: "[10.1.1.1]:tcp:80", Quorum: 1, Opt: ServiceOpt{Scheduler: "rr"}, Servers: servers,
		Members: []Member{{ID: ServiceID{Protocol: TCP, Addr: a, Port: 80}}},
	}
}

const (
	srv1 = "[10.2.2.1]:tcp:80"
	srv2 = "[10.2.2.2]:tcp:80"
	svc  = "[10.1.1.1]:tcp:80"
	addS = "-A -t 10.1.1.1:80 -s rr"
)

func add(n, weight int) string {
	return fmt.Sprintf("-a -t 10.1.1.1:80 -r 10.2.2.%d:80 -m -w %d", n, weight)
}

// TestServers plays a service with a sorry server: a server fails after its
// retries, then the other, then both return. The lines and their order are
// those of the original.
func TestServers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := testService(testServer(1, 1, tcpCheck(2)), testServer(2, 2, tcpCheck(1)))
	s.Quorum, s.Mail = 2, true
	s.Sorry = testServer(9, 1)
	s.Servers[0].Mail = true
	w.perform(w.d.Start(&Config{Services: []*Service{s}}, 0))
	w.want("start", "$ "+addS, "$ "+add(1, 1), "$ "+add(2, 2),
		"Gained quorum 2+0=2 <= 3 for VS "+svc, "> VS "+svc+" UP",
		"@ Virtualserver "+svc+" - UP => Starting with quorum up 2+0=2 <= 3 <=",
		"Activating healthchecker for service "+srv1+" for VS "+svc, "Activating healthchecker for service "+srv2+" for VS "+svc)
	w.run(time.Second)
	w.want("the first checks", "TCP connection to "+srv1+" success.", "TCP connection to "+srv2+" success.")
	w.bad[srv1] = Outcome{}
	w.run(4 * time.Second)
	w.want("before the last retry")
	w.run(time.Second)
	w.want("a server that fails", "TCP_CHECK on service "+srv1+" failed after 2 retries.",
		"Removing service "+srv1+" from VS "+svc, "$ -d -t 10.1.1.1:80 -r 10.2.2.1:80", "> RS "+srv1+" "+svc+" DOWN",
		"@ Realserver "+srv1+" of virtual server "+svc+" - DOWN => TCP CHECK failed on service <=")
	w.bad[srv2] = Outcome{}
	w.run(5 * time.Second)
	w.want("the quorum lost", "TCP_CHECK on service "+srv2+" failed after 1 retries.", "Removing service "+srv2+" from VS "+svc,
		"$ -d -t 10.1.1.1:80 -r 10.2.2.2:80", "> RS "+srv2+" "+svc+" DOWN",
		"Lost quorum 2-0=2 > 0 for VS "+svc, "Adding sorry server [10.2.2.9]:tcp:80 to VS "+svc, "Removing alive servers from the pool for VS "+svc,
		"$ "+add(9, 1), "> VS "+svc+" DOWN", "@ Virtualserver "+svc+" - DOWN => Lost quorum 2+0=2 <= 0 <=")
	delete(w.bad, srv1)
	w.run(3 * time.Second)
	w.want("a server below the quorum", "TCP connection to "+srv1+" success.", "Adding service "+srv1+" to VS "+svc, "> RS "+srv1+" "+svc+" UP",
		"@ Realserver "+srv1+" of virtual server "+svc+" - UP => TCP CHECK succeed on service <=")
	w.table("sorry", addS, add(9, 1))
	delete(w.bad, srv2)
	w.run(3 * time.Second)
	w.want("the quorum gained", "TCP connection to "+srv2+" success.", "Adding service "+srv2+" to VS "+svc, "> RS "+srv2+" "+svc+" UP",
		"Gained quorum 2+0=2 <= 3 for VS "+svc, "Removing sorry server [10.2.2.9]:tcp:80 from VS "+svc, "Adding alive servers to the pool for VS "+svc,
		"$ "+add(1, 1), "$ "+add(2, 2), "$ -d -t 10.1.1.1:80 -r 10.2.2.9:80", "> VS "+svc+" UP",
		"@ Virtualserver "+svc+" - UP => Gained quorum 2+0=2 <= 3 <=")
	w.perform(w.d.Stop(false))
	w.want("stop", "Shutting down service "+srv1+" from VS "+svc, "Shutting down service "+srv2+" from VS "+svc,
		"$ -d -t 10.1.1.1:80 -r 10.2.2.1:80", "$ -d -t 10.1.1.1:80 -r 10.2.2.2:80", "$ -D -t 10.1.1.1:80")
}

// TestAlphaInhibit plays alpha, omega and inhibit_on_failure.
func TestAlphaInhibit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	alpha := tcpCheck(0)
	alpha.Alpha = true
	s := testService(testServer(1, 5, alpha))
	s.Servers[0].Inhibit, s.Servers[0].Alpha, s.Omega = true, true, true
	s.Sorry = testServer(9, 1)
	w.perform(w.d.Start(&Config{Services: []*Service{s}}, 0))
	w.want("start", "$ "+addS, "$ "+add(1, 0), "$ "+add(9, 1), "Starting with quorum down 1-0=1 > 0 for VS "+svc, "> VS "+svc+" DOWN",
		"Adding sorry server [10.2.2.9]:tcp:80 to VS "+svc, "Removing alive servers from the pool for VS "+svc,
		"Activating healthchecker for service "+srv1+" for VS "+svc)
	w.run(time.Second)
	w.want("the first success", "TCP connection to "+srv1+" success.", "Enabling service "+srv1+" of VS "+svc, "> RS "+srv1+" "+svc+" UP",
		"Gained quorum 1+0=1 <= 5 for VS "+svc, "Removing sorry server [10.2.2.9]:tcp:80 from VS "+svc, "Adding alive servers to the pool for VS "+svc,
		"$ -e -t 10.1.1.1:80 -r 10.2.2.1:80 -m -w 5", "$ -d -t 10.1.1.1:80 -r 10.2.2.9:80", "> VS "+svc+" UP")
	w.bad[srv1] = Outcome{}
	w.run(3 * time.Second)
	w.want("the failure", "TCP_CHECK on service "+srv1+" failed.", "Disabling service "+srv1+" of VS "+svc, "$ -e -t 10.1.1.1:80 -r 10.2.2.1:80 -m -w 0",
		"> RS "+srv1+" "+svc+" DOWN", "Lost quorum 1-0=1 > 0 for VS "+svc,
		"Adding sorry server [10.2.2.9]:tcp:80 to VS "+svc, "Removing alive servers from the pool for VS "+svc, "$ "+add(9, 1), "> VS "+svc+" DOWN")
	w.table("inhibited", addS, add(1, 0), add(9, 1))
	delete(w.bad, srv1)
	w.run(3 * time.Second)
	w.out = nil
	w.perform(w.d.Stop(false))
	w.want("stop", "> VS "+svc+" DOWN", "> RS "+srv1+" "+svc+" DOWN", "Shutting down service "+srv1+" from VS "+svc,
		"$ -d -t 10.1.1.1:80 -r 10.2.2.1:80", "$ -D -t 10.1.1.1:80")
}

// TestQuorum plays weights that checks change, against quorum and hysteresis.
func TestQuorum(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	misc := &Check{Kind: KindMisc, About: "/m.sh", Probe: &script{}, Delay: 3 * time.Second}
	s := testService(testServer(1, 3, misc))
	s.Quorum, s.Hysteresis, s.Sorry = 3, 1, testServer(9, 1)
	w.perform(w.d.Start(&Config{Services: []*Service{s}}, 0))
	if !slices.Contains(w.out, "Starting with quorum down 3-1=4 > 3 for VS "+svc) {
		t.Errorf("start: %q", w.out)
	}
	w.out = nil
	status := func(code int) Outcome { return Outcome{OK: true, Weighs: true, Weight: int64(code - 2 - 3)} }
	for _, step := range []struct {
		code int
		want []string
	}{
		{6, []string{"Changing weight from 3 to 4 for active service " + srv1 + " of VS " + svc, "Gained quorum 3+1=4 <= 4 for VS " + svc,
			"Removing sorry server [10.2.2.9]:tcp:80 from VS " + svc, "Adding alive servers to the pool for VS " + svc, "$ " + add(1, 4),
			"$ -d -t 10.1.1.1:80 -r 10.2.2.9:80", "> VS " + svc + " UP", "Misc check for [" + srv1 + " VS " + svc + "] by [/m.sh] succeeded."}},
		{4, []string{"Changing weight from 4 to 2 for active service " + srv1 + " of VS " + svc, "$ -e -t 10.1.1.1:80 -r 10.2.2.1:80 -m -w 2"}},
		{3, []string{"Changing weight from 2 to 1 for active service " + srv1 + " of VS " + svc, "$ -e -t 10.1.1.1:80 -r 10.2.2.1:80 -m -w 1",
			"Lost quorum 3-1=2 > 1 for VS " + svc, "Adding sorry server [10.2.2.9]:tcp:80 to VS " + svc, "Removing alive servers from the pool for VS " + svc,
			"$ " + add(9, 1), "$ -d -t 10.1.1.1:80 -r 10.2.2.1:80", "> VS " + svc + " DOWN"}},
	} {
		w.bad[srv1] = status(step.code)
		w.run(3 * time.Second)
		w.want(fmt.Sprint("status ", step.code), step.want...)
	}
}

// TestWeightAfterFailure plays a script that gives a weight, fails, and gives
// another one: the failure has ended the first, as in the original.
func TestWeightAfterFailure(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	misc := &Check{Kind: KindMisc, About: "/m.sh", Probe: &script{}, Delay: 3 * time.Second}
	w.perform(w.d.Start(&Config{Services: []*Service{testService(testServer(1, 3, misc))}}, 0))
	w.out = nil
	give := func(weight int64) Outcome { return Outcome{OK: true, Weighs: true, Weight: weight - 3} }
	for _, step := range []struct {
		o    Outcome
		want string
	}{
		{give(253), "Changing weight from 3 to 253 for active service " + srv1 + " of VS " + svc},
		{Outcome{Text: "exited with status 1"}, "Misc check for [" + srv1 + " VS " + svc + "] by [/m.sh] failed with retry disabled (exited with status 1)."},
		{give(126), "Changing weight from 3 to 126 for inactive service " + srv1 + " of VS " + svc},
	} {
		w.bad[srv1] = step.o
		w.run(3 * time.Second)
		if len(w.out) == 0 || w.out[0] != step.want {
			t.Errorf("got %q, want first %q", w.out, step.want)
		}
		w.out = nil
	}
	w.table("at the end", addS, add(1, 126))
}

// TestWords holds what kinds of checks say, on the first and on later failures.
func TestWords(t *testing.T) {
	t.Parallel()
	misc := "Misc check for [" + srv1 + " VS " + svc + "] by [/m.sh]"
	for _, tc := range []struct {
		kind  *Kind
		o     Outcome
		retry uint32
		first string   // a failure of a check that never ran
		later []string // failures after a success, with log_all_failures
	}{
		{KindTCP, Outcome{}, 1, "TCP_CHECK on service " + srv1 + " failed.",
			[]string{"TCP connection to " + srv1 + " failed.", "TCP connection to " + srv1 + " failed.", "TCP_CHECK on service " + srv1 + " failed after 1 retries."}},
		{KindTCP, Outcome{Timeout: true}, 0, "TCP_CHECK on service " + srv1 + " failed.",
			[]string{"TCP connection to " + srv1 + " timeout.", "TCP_CHECK on service " + srv1 + " failed."}},
		{KindUDP, Outcome{Text: "UDP check to %s reply data mismatch."}, 0, "UDP_CHECK on service " + srv1 + " failed.",
			[]string{"UDP check to " + srv1 + " reply data mismatch.", "UDP_CHECK on service " + srv1 + " failed."}},
		{KindPing, Outcome{Timeout: true}, 1, "ICMP CHECK on service " + srv1 + " failed.",
			[]string{"ICMP connection to address " + srv1 + " timeout.", "ICMP connection to address " + srv1 + " timeout.", "ICMP CHECK on service " + srv1 + " of " + svc + " failed after 1 retries."}},
		{KindHTTP, Outcome{Text: "Connection failed"}, 1, "HTTP_CHECK on service " + srv1 + " failed after 1 retries.",
			[]string{"Connection failed server " + srv1 + ".", "Connection failed server " + srv1 + ".", "HTTP_CHECK on service " + srv1 + " failed after 1 retries."}},
		{KindSSL, Outcome{Text: "Timeout SSL read", Timeout: true}, 0, "SSL_CHECK on service " + srv1 + " failed.",
			[]string{"Timeout SSL read server " + srv1 + ".", "SSL_CHECK on service " + srv1 + " failed."}},
		{KindSMTP, Outcome{Text: "Bad greeting banner from server [10.2.2.1]:80"}, 1, "SMTP_CHECK Bad greeting banner from server [10.2.2.1]:80",
			[]string{"SMTP_CHECK Bad greeting banner from server [10.2.2.1]:80", "SMTP_CHECK Bad greeting banner from server [10.2.2.1]:80"}},
		{KindDNS, Outcome{Text: "read error occurred. (rcode = 3)"}, 1, "DNS_CHECK (" + srv1 + ") read error occurred. (rcode = 3)",
			[]string{"DNS_CHECK (" + srv1 + ") read error occurred. (rcode = 3)", "DNS_CHECK (" + srv1 + ") read error occurred. (rcode = 3) after 1 retries"}},
		{KindMisc, Outcome{Text: "exited with status 3"}, 2, misc + " failed after 2 retries (exited with status 3).",
			[]string{misc + " failed, will do 2 retries (exited with status 3).", misc + " failed on retry 1/2 (exited with status 3).", misc + " failed after 2 retries (exited with status 3)."}},
		{KindMisc, Outcome{Text: "due to signal 9"}, 0, misc + " failed with retry disabled (due to signal 9).", []string{misc + " failed with retry disabled (due to signal 9)."}},
		{KindMisc, Outcome{Timeout: true}, 1, misc + " timed out after 1 retry.", []string{misc + " timed out, will do 1 retry.", misc + " timed out after 1 retry."}},
	} {
		t.Run(tc.kind.Name, func(t *testing.T) {
			t.Parallel()
			lines := func(first bool) []string {
				w := newWorld(t)
				c := &Check{Kind: tc.kind, About: "/m.sh", Probe: &script{}, Delay: 3 * time.Second, RetryDelay: time.Second, Retry: tc.retry, LogAll: !first}
				w.perform(w.d.Start(&Config{Services: []*Service{testService(testServer(1, 1, c))}}, 0))
				if !first {
					w.run(time.Second)
				}
				w.out = nil
				w.bad[srv1] = tc.o
				w.run(3*time.Second + time.Duration(tc.retry)*time.Second)
				return slices.DeleteFunc(w.out, func(s string) bool {
					return s[0] == '$' || s[0] == '>' || strings.HasPrefix(s, "Removing") || strings.HasPrefix(s, "Lost")
				})
			}
			if d := cmp.Diff([]string{tc.first}, lines(true)); d != "" {
				t.Errorf("first (-want +got):\n%s", d)
			}
			if d := cmp.Diff(tc.later, lines(false)); d != "" {
				t.Errorf("later (-want +got):\n%s", d)
			}
		})
	}
}

// TestPages plays a check of two pages that fails at the second: that page is
// asked for until it is well, then all are from the first.
func TestPages(t *testing.T) {
	t.Parallel()
	for _, fast := range []bool{false, true} {
		w := newWorld(t)
		c := &Check{Kind: KindHTTP, Probe: &script{steps: 2}, Delay: 3 * time.Second, Fast: fast}
		w.perform(w.d.Start(&Config{Services: []*Service{testService(testServer(1, 1, c))}}, 0))
		w.run(time.Second) // the first page
		w.bad[srv1] = Outcome{Text: "Connection failed"}
		w.run(3 * time.Second) // the second
		w.out = nil
		delete(w.bad, srv1)
		page := "HTTP status code success to " + srv1 + " url(/)"
		up := []string{"Remote Web server " + srv1 + " succeed on service.", "Adding service " + srv1 + " to VS " + svc, "$ " + add(1, 1),
			"> RS " + srv1 + " " + svc + " UP", "Gained quorum 1+0=1 <= 1 for VS " + svc, "> VS " + svc + " UP"}
		if fast {
			// Both had been asked for at the start, so it is the first that failed.
			w.run(3 * time.Second)
			w.want("fast", append([]string{page, page, page}, up...)...)
			continue
		}
		w.run(6 * time.Second)
		w.want("slow", page, page)
		w.run(3 * time.Second)
		w.want("slow", append([]string{page}, up...)...)
	}
}

// TestSuspend plays ha_suspend.
func TestSuspend(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := testService(testServer(1, 1, tcpCheck(0)))
	s.Suspend = netip.MustParseAddr("10.1.1.1")
	w.perform(w.d.Start(&Config{Services: []*Service{s}}, 0))
	if !slices.Contains(w.out, "Deactivating healthchecker for service "+srv1+" for VS "+svc) {
		t.Errorf("start: %q", w.out)
	}
	w.out = nil
	w.bad[srv1] = Outcome{}
	w.run(10 * time.Second)
	w.want("suspended")
	w.perform(w.d.Address(s.Suspend, true))
	w.want("an address", "Netlink reflector reports IP 10.1.1.1 added", "Activating healthchecker for service "+srv1+" for VS "+svc)
	w.run(3 * time.Second)
	if len(w.out) == 0 || w.out[0] != "TCP_CHECK on service "+srv1+" failed." {
		t.Errorf("active: %q", w.out)
	}
	w.out = nil
	w.perform(w.d.Address(s.Suspend, false))
	w.want("no address", "Netlink reflector reports IP 10.1.1.1 removed", "Suspending healthchecker for service "+srv1+" for VS "+svc)
}

// TestFollow plays servers whose check is a BFD session; the lines are those of
// the original.
func TestFollow(t *testing.T) {
	t.Parallel()
	follow := func(alpha bool) *Check {
		return &Check{Kind: KindBFD, About: "B1", Identity: "bfd B1", Alpha: alpha}
	}
	w := newWorld(t)
	s := testService(testServer(1, 3, follow(false)), testServer(2, 2, follow(true)))
	s.Servers[0].Mail = true
	w.perform(w.d.Start(&Config{Services: []*Service{s}}, 0))
	w.want("start", "$ "+addS, "$ "+add(1, 3), "Gained quorum 1+0=1 <= 3 for VS "+svc, "> VS "+svc+" UP", "Activating BFD healthchecker")
	w.perform(w.d.Follow("B1", false))
	w.want("down", "BFD check of [B1] RS("+srv1+") is DOWN", "Removing service "+srv1+" from VS "+svc, "$ -d -t 10.1.1.1:80 -r 10.2.2.1:80",
		"> RS "+srv1+" "+svc+" DOWN", "@ Realserver "+srv1+" of virtual server "+svc+" - DOWN => BFD CHECK B1 failed on service <=",
		"Lost quorum 1-0=1 > 0 for VS "+svc, "> VS "+svc+" DOWN", "BFD check of [B1] RS("+srv2+") is DOWN")
	w.perform(w.d.Follow("B1", false))
	w.perform(w.d.Follow("B2", true))
	w.want("no news")
	w.perform(w.d.Follow("B1", true))
	w.want("up", "BFD check of [B1] RS("+srv1+") is UP", "Adding service "+srv1+" to VS "+svc, "$ "+add(1, 3),
		"> RS "+srv1+" "+svc+" UP", "@ Realserver "+srv1+" of virtual server "+svc+" - UP => BFD CHECK B1 succeeded on service <=",
		"Gained quorum 1+0=1 <= 3 for VS "+svc, "> VS "+svc+" UP",
		"BFD check of [B1] RS("+srv2+") is UP", "Adding service "+srv2+" to VS "+svc, "$ "+add(2, 2), "> RS "+srv2+" "+svc+" UP")
}
