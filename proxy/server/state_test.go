package server

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// world is a registry with its log.
type world struct {
	reg Registry
	log []string
	now time.Time
}

func newWorld() *world {
	w := &world{now: time.Unix(1000, 0)}
	w.reg.OnEvent(func(e Event) { w.log = append(w.log, fmt.Sprintf("<%d> %s", e.Level, e.Text)) })
	return w
}

// add makes a backend of servers, each "name word…".
func (w *world) add(t *testing.T, name string, settings Settings, lines ...string) *Backend {
	t.Helper()
	b := w.reg.Backend(name)
	var list []Declared
	for _, l := range lines {
		track, line, _ := strings.Cut(l, "|")
		if line == "" {
			track, line = "", l
		}
		parsed, err := ParseServer(newEnv(), wordsOf("server "+line), DefaultParams())
		if err != nil {
			t.Fatal(err)
		}
		d := Declared{Server: b.Prepare(parsed.Name, parsed.Params), Params: parsed.Params, ID: parsed.Params.ForcedID}
		d.Addr, _ = EndpointOf(&parsed.Addr)
		if be, s, ok := strings.Cut(track, "/"); ok {
			d.Track = w.reg.Backend(be).Server(s)
		}
		list = append(list, d)
	}
	b.Commit(list, settings, w.now)
	return b
}

func (w *world) expect(t *testing.T, what string, want ...string) {
	t.Helper()
	if d := cmp.Diff(want, w.log); d != "" {
		t.Errorf("%s:\n%s", what, d)
	}
	w.log = nil
}

func pass() *CheckResult { return &CheckResult{Status: "L4OK", OK: true} }
func refused() *CheckResult {
	return &CheckResult{Status: "L4CON", Desc: "ECONNREFUSED returned by OS (Connection refused)"}
}

const (
	leftNone = ". 0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue."
	oneUp    = ". 1 active and 0 backup servers online. 0 sessions requeued, 0 total in queue."
	noneUp   = ". 0 active and 0 backup servers online. 0 sessions requeued, 0 total in queue."
)

// The lines of haproxy 3.5 for the same events.
func TestChangesAreLoggedAsTheOriginal(t *testing.T) {
	t.Parallel()
	w := newWorld()
	b := w.add(t, "b", Settings{}, "s1 127.0.0.1:80 check rise 2 fall 2", "s2 127.0.0.1:81 check rise 2 fall 2 backup")
	w.add(t, "t", Settings{}, "b/s1|t1 127.0.0.1:80")
	s1, s2 := b.Server("s1"), b.Server("s2")

	s1.CheckDone(pass(), w.now)
	w.expect(t, "a first success")
	s2.CheckDone(refused(), w.now)
	w.expect(t, "a first failure", `<1> Backup Server b/s2 is DOWN, reason: Layer4 connection problem, info: "ECONNREFUSED returned by OS (Connection refused)", check duration: 0ms. 1 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.`)
	s1.CheckDone(pass(), w.now)
	s1.CheckDone(refused(), w.now)
	w.expect(t, "one failure of two")
	s1.CheckDone(refused(), w.now)
	w.expect(t, "the second failure",
		`<1> Server b/s1 is DOWN, reason: Layer4 connection problem, info: "ECONNREFUSED returned by OS (Connection refused)", check duration: 0ms`+leftNone,
		"<0> backend b has no server available!",
		"<1> Server t/t1 is DOWN via b/s1"+leftNone,
		"<0> backend t has no server available!")
	s1.CheckDone(pass(), w.now)
	w.expect(t, "one success of two")
	s1.CheckDone(pass(), w.now)
	w.expect(t, "recovery", "<5> Server b/s1 is UP, reason: Layer4 check passed, check duration: 0ms"+oneUp, "<5> Server t/t1 is UP via b/s1"+oneUp)

	s1.SetAdmin(ForcedMaint, w.now)
	w.expect(t, "maint", "<1> Server b/s1 is going DOWN for maintenance"+leftNone, "<0> backend b has no server available!",
		"<1> Server t/t1 is going DOWN for maintenance via b/s1"+leftNone, "<0> backend t has no server available!")
	s1.ClearAdmin(ForcedMaint|ForcedDrain, w.now)
	w.expect(t, "ready", "<5> Server b/s1 is UP/READY (leaving forced maintenance).", "<5> Server t/t1 is UP/READY (leaving maintenance).")
	s1.SetAdmin(ForcedDrain, w.now)
	w.expect(t, "drain", "<5> Server b/s1 enters drain state"+noneUp, "<0> backend b has no server available!",
		"<5> Server t/t1 enters drain state via b/s1"+noneUp, "<0> backend t has no server available!")
	s1.ClearAdmin(ForcedMaint|ForcedDrain, w.now)
	w.expect(t, "ready again", "<5> Server b/s1 is UP (leaving forced drain).", "<5> Server t/t1 is UP (leaving drain) via b/s1.")
	s1.SetAdmin(ForcedDrain, w.now)
	w.log = nil
	s1.SetAdmin(ForcedMaint, w.now)
	w.expect(t, "maint after drain", "<5> Server b/s1 is going DOWN for maintenance"+leftNone, "<5> Server t/t1 is going DOWN for maintenance via b/s1"+leftNone)
	s1.ClearAdmin(ForcedMaint|ForcedDrain, w.now)
	w.expect(t, "out of both", "<5> Server b/s1 is UP/READY (leaving forced maintenance).", "<5> Server t/t1 is UP/READY (leaving maintenance).")

	s1.ForceHealth(Stopped, w.now)
	w.expect(t, "health down", "<1> Server b/s1 is DOWN, changed from CLI"+leftNone, "<0> backend b has no server available!",
		"<1> Server t/t1 is DOWN via b/s1"+leftNone, "<0> backend t has no server available!")
	s1.ForceHealth(Running, w.now)
	w.expect(t, "health up", "<5> Server b/s1 is UP, changed from CLI"+oneUp, "<5> Server t/t1 is UP via b/s1"+oneUp)
	s1.ForceHealth(Stopping, w.now)
	w.expect(t, "health stopping", "<5> Server b/s1 is stopping, changed from CLI"+noneUp, "<0> backend b has no server available!",
		"<5> Server t/t1 is stopping via b/s1"+noneUp, "<0> backend t has no server available!")
	s1.CheckDone(pass(), w.now)
	w.log = nil
	s1.SetWeight(0, w.now)
	w.expect(t, "weight 0", "<0> backend b has no server available!")
	s1.SetWeight(5, w.now)
	w.expect(t, "weight 5")
}

func TestHealthChecksAreLoggedAsTheOriginal(t *testing.T) {
	t.Parallel()
	w := newWorld()
	b := w.add(t, "b", Settings{LogHealthChecks: true}, "s1 127.0.0.1:80 check rise 2 fall 2", "s2 127.0.0.1:81 check backup")
	s1 := b.Server("s1")
	s1.CheckDone(pass(), w.now)
	w.expect(t, "first", "<5> Health check for server b/s1 succeeded, reason: Layer4 check passed, check duration: 0ms, status: 1/2 DOWN.")
	s1.CheckDone(pass(), w.now)
	w.expect(t, "second", "<5> Health check for server b/s1 succeeded, reason: Layer4 check passed, check duration: 0ms, status: 2/2 UP.")
	s1.CheckDone(pass(), w.now)
	w.expect(t, "third")
	s1.CheckDone(refused(), w.now)
	w.expect(t, "failure", `<5> Health check for server b/s1 failed, reason: Layer4 connection problem, info: "ECONNREFUSED returned by OS (Connection refused)", check duration: 0ms, status: 1/2 UP.`)
	s1.CheckDone(refused(), w.now)
	w.expect(t, "down", `<5> Health check for server b/s1 failed, reason: Layer4 connection problem, info: "ECONNREFUSED returned by OS (Connection refused)", check duration: 0ms, status: 0/2 DOWN.`,
		"<1> Server b/s1 is DOWN. 0 active and 1 backup servers left. Running on backup. 0 sessions active, 0 requeued, 0 remaining in queue.")
	b.Server("s2").CheckDone(&CheckResult{Status: "L7OKC", OK: true, Drain: true, Code: 404, Duration: time.Millisecond}, w.now)
	w.expect(t, "conditional", "<5> Health check for backup server b/s2 conditionally succeeded, reason: Layer7 check conditionally passed, code: 404, check duration: 1ms, status: 1/2 DOWN.")
}

func TestHealthCounts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rise, fall int
		events     string // + and -
		want       string // U or D after each
	}{
		{2, 3, "+++", "DUU"},
		{2, 3, "++---", "DUUUD"},
		{1, 1, "+-+-", "UDUD"},
		{3, 2, "++-+++", "DDDDDU"},
		{2, 2, "++-+--", "DUUUUD"},
	} {
		h := Health{Rise: c.rise, Fall: c.fall}
		got := ""
		for _, e := range c.events {
			if e == '+' {
				h.Pass()
			} else {
				h.Fail()
			}
			if h.Good() {
				got += "U"
			} else {
				got += "D"
			}
		}
		if got != c.want {
			t.Errorf("rise %d fall %d %s: %s, want %s", c.rise, c.fall, c.events, got, c.want)
		}
	}
}

func TestBackupsServeWhenActivesAreGone(t *testing.T) {
	t.Parallel()
	w := newWorld()
	b := w.add(t, "b", Settings{}, "a :80", "b1 :80 backup", "b2 :80 backup")
	names := func() string {
		var out []string
		for _, s := range b.Farm().Servers {
			out = append(out, s.Name)
		}
		return strings.Join(out, " ")
	}
	if names() != "a" {
		t.Error(names())
	}
	b.Server("a").SetAdmin(ForcedMaint, w.now)
	if names() != "b1" || !b.Farm().Backup {
		t.Error(names())
	}
	b.Commit([]Declared{
		{Server: b.Server("a"), Params: b.Server("a").Params, ID: 1, Addr: b.Server("a").Addr()},
		{Server: b.Server("b1"), Params: b.Server("b1").Params, ID: 2, Addr: b.Server("b1").Addr()},
		{Server: b.Server("b2"), Params: b.Server("b2").Params, ID: 3, Addr: b.Server("b2").Addr()},
	}, Settings{AllBackups: true}, w.now)
	if names() != "b1 b2" {
		t.Error("allbackups:", names())
	}
}

func TestCommitAdoptsState(t *testing.T) {
	t.Parallel()
	w := newWorld()
	b := w.add(t, "b", Settings{}, "s1 127.0.0.1:80 check fall 1", "s2 127.0.0.1:81")
	s1 := b.Server("s1")
	s1.CheckDone(refused(), w.now)
	s1.SetWeight(7, w.now)
	s1.Stats.SessTot.Add(5)
	w.add(t, "b", Settings{}, "s1 127.0.0.1:80 check fall 1 maxconn 3", "s3 127.0.0.1:82")
	again := b.Server("s1")
	if op, _ := again.State(); again != s1 || op != Stopped || again.Weight() != 7 || again.MaxConn() != 3 || again.Stats.SessTot.Load() != 5 {
		t.Errorf("same object %v, state %v, weight %d, maxconn %d", again == s1, op, again.Weight(), again.MaxConn())
	}
	if b.Server("s2") != nil || b.Server("s3") == nil || b.Server("s3").ID != 2 {
		t.Errorf("servers: %v", b.Servers())
	}
}

func TestObservedErrors(t *testing.T) {
	t.Parallel()
	for mode, want := range map[string]OpState{"mark-down": Stopped, "fail-check": Running, "fastinter": Running} {
		w := newWorld()
		b := w.add(t, "b", Settings{}, "s 127.0.0.1:80 check observe layer7 error-limit 3 on-error "+mode)
		s := b.Server("s")
		s.CheckDone(pass(), w.now)
		s.CheckDone(pass(), w.now)
		hurry := false
		for range 3 {
			hurry = s.Observed(false, true, w.now)
		}
		if op, _ := s.State(); op != want || !hurry {
			t.Errorf("%s: state %v, hurry %v", mode, op, hurry)
		}
		if mode == "mark-down" {
			w.expect(t, mode, `<1> Server b/s is DOWN, reason: Health analyze, info: "Detected 3 consecutive errors, last one was: Wrong http response"`+leftNone, "<0> backend b has no server available!")
		}
		s.Observed(false, true, w.now)
		s.Observed(true, true, w.now)
		if s.errs.Load() != 0 {
			t.Errorf("%s: a success did not clear the errors", mode)
		}
	}
}

func TestInitState(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]OpState{"up": Running, "fully-up": Running, "down": Stopped, "fully-down": Stopped, "none": Running} {
		w := newWorld()
		b := w.add(t, "b", Settings{}, "s 127.0.0.1:80 check rise 2 init-state "+word)
		s := b.Server("s")
		if op, _ := s.State(); op != want {
			t.Errorf("%s: state %v, want %v", word, op, want)
		}
		s.CheckDone(pass(), w.now)
		up := want == Running || word == "down"
		if op, _ := s.State(); (op == Running) != up {
			t.Errorf("%s: state %v after a success", word, op)
		}
	}
}

func TestStateHeader(t *testing.T) {
	t.Parallel()
	w := newWorld()
	b := w.add(t, "b", Settings{}, "s 127.0.0.1:80 check weight 2", "u /tmp/x weight 3")
	s := b.Server("s")
	s.CheckDone(pass(), w.now)
	s.CheckDone(pass(), w.now)
	want := "UP 3/3; address=127.0.0.1; port=80; name=b/s; node=n1; weight=2/5; scur=0/0; qcur=0"
	if got := s.StateHeader("n1"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := b.Server("u").StateHeader("n1"); !strings.Contains(got, "address=unix; port=unix;") {
		t.Error(got)
	}
}

type cutter struct{ cause chan byte }

// Shutdown notes the cause.
func (c *cutter) Shutdown(cause byte) { c.cause <- cause }

func TestOnMarkedDownAndUp(t *testing.T) {
	t.Parallel()
	w := newWorld()
	b := w.add(t, "b", Settings{}, "a :80 on-marked-down shutdown-sessions on-marked-up shutdown-backup-sessions", "k :81 backup")
	onA, onK := &cutter{make(chan byte, 1)}, &cutter{make(chan byte, 1)}
	b.Server("a").Attach(onA)
	b.Server("k").Attach(onK)
	b.Server("a").ForceHealth(Stopped, w.now)
	if c := <-onA.cause; c != 'D' {
		t.Errorf("cause %c", c)
	}
	b.Server("a").ForceHealth(Running, w.now)
	if c := <-onK.cause; c != 'U' {
		t.Errorf("cause %c", c)
	}
	b.Server("a").Detach(onA)
	if n := b.Server("a").ShutdownSessions('K'); n != 0 {
		t.Errorf("%d sessions left", n)
	}
}

func TestWarmPercent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		at, of time.Duration
		want   int
	}{{0, time.Minute, 1}, {6 * time.Second, time.Minute, 10}, {time.Minute, time.Minute, 100}, {2 * time.Minute, time.Minute, 100}} {
		if got := warmPercent(c.at, c.of); got != c.want {
			t.Errorf("%v of %v: %d%%, want %d%%", c.at, c.of, got, c.want)
		}
	}
}
