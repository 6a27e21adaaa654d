package peers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// club is a few sections that reach each other in memory.
type club struct {
	t *testing.T

	mu sync.Mutex
	is map[string]*Section // by name; nil: nobody listens
}

func newClub(t *testing.T) *club {
	return &club{t: t, is: map[string]*Section{}}
}

// join makes the section of one member, with a table of its own content.
func (c *club) join(name, line string, all ...string) *Section {
	c.t.Helper()
	s := &Section{Name: "club", Local: name, PID: 1}
	for _, n := range all {
		s.Peers = append(s.Peers, &Peer{Name: n, Local: n == name, Addr: n + ":1", Dial: func(ctx context.Context) (net.Conn, error) { return c.dial(n) }})
	}
	s.Tables = []*Shared{{Table: table(c.t, "t", line), Name: "t"}}
	return s
}

func (c *club) dial(name string) (net.Conn, error) {
	c.mu.Lock()
	s := c.is[name]
	c.mu.Unlock()
	if s == nil {
		return nil, errors.New("nobody is there")
	}
	here, there := net.Pipe()
	go s.Accept(there)
	return here, nil
}

// open has a member listen and connect.
func (c *club) open(s *Section) {
	c.listen(s.Local, s)
	s.Start(false)
}

// listen says who takes connections to a name.
func (c *club) listen(name string, s *Section) {
	c.mu.Lock()
	c.is[name] = s
	c.mu.Unlock()
}

func (s *Section) set(t *testing.T, key, data string) {
	t.Helper()
	entry(t, s.Tables[0].Table, key, data, nowMS())
}

// rows are the entries of a member's table, sorted by key.
func (s *Section) rows() string {
	lines := strings.Split(strings.TrimSuffix(rows(s.Tables[0].Table, nowMS()), "\n"), "\n")
	for i := range lines {
		for j := range lines[:i] {
			if lines[i] < lines[j] {
				lines[i], lines[j] = lines[j], lines[i]
			}
		}
	}
	return strings.Join(lines, "\n")
}

// timeless are the rows without the time that is left.
func (s *Section) timeless() string {
	return regexp.MustCompile(`exp=\d+`).ReplaceAllString(s.rows(), "exp=…")
}

const line = "type string size 1k expire 1h store gpc0,gpt0,conn_rate(1m)"

func want(t *testing.T, what, want, got string) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s: %s", what, d)
	}
}

func TestShareTables(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClub(t)
		a, b, d := c.join("A", line, "A", "B", "D"), c.join("B", line, "A", "B", "D"), c.join("D", line, "A", "B", "D")
		a.set(t, "one", "gpc0=1 conn_rate=4")
		a.set(t, "two", "gpt0=2")
		c.open(a)
		time.Sleep(time.Minute)
		c.open(b) // learns what A knew before
		time.Sleep(10 * time.Second)
		const two = "key=one use=0 exp=3530000 shard=0 gpt0=0 gpc0=1 conn_rate(60000)=3\nkey=two use=0 exp=3530000 shard=0 gpt0=2 gpc0=0 conn_rate(60000)=0"
		want(t, "A", two, a.rows())
		want(t, "B", two, b.rows())
		b.set(t, "two", "gpc0=5") // an update, and a new entry the other way
		a.set(t, "three", "gpc0=3")
		c.open(d)
		time.Sleep(10 * time.Second)
		const all = "key=one use=0 exp=… shard=0 gpt0=0 gpc0=1 conn_rate(60000)=2\nkey=three use=0 exp=… shard=0 gpt0=0 gpc0=3 conn_rate(60000)=0\nkey=two use=0 exp=… shard=0 gpt0=2 gpc0=5 conn_rate(60000)=0"
		for _, s := range []*Section{a, b, d} { // who told D of "one" first decides how long it lives there
			want(t, s.Local, all, s.timeless())
		}
		b.Stop()
		a.set(t, "one", "gpc0=9")
		time.Sleep(time.Second)
		if got := d.rows(); !strings.Contains(got, "gpc0=9") {
			t.Error("D was not told:", got)
		}
		a.Stop()
		d.Stop()
	})
}

func TestCatchesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClub(t)
		a, b := c.join("A", line, "A", "B"), c.join("B", line, "A", "B")
		c.open(a)
		c.open(b)
		time.Sleep(10 * time.Second)
		for round := range 3 { // the connection breaks, updates come, it is made again
			b.mu.Lock()
			b.byName("A").session.close()
			b.mu.Unlock()
			synctest.Wait()
			a.set(t, fmt.Sprintf("k%d", round), "gpc0=1")
			b.set(t, fmt.Sprintf("l%d", round), "gpc0=2")
			time.Sleep(10 * time.Second)
		}
		if ra, rb := a.timeless(), b.timeless(); ra != rb || strings.Count(ra, "key=") != 6 {
			t.Errorf("A:\n%s\nB:\n%s", ra, rb)
		}
		a.Stop()
		b.Stop()
	})
}

// TestHandsOver is a process that tells the one which follows it everything.
func TestHandsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClub(t)
		old, next := c.join("A", line, "A"), c.join("A", line, "A")
		c.open(old)
		for i := range 500 {
			old.set(t, fmt.Sprintf("k%d", i), "gpc0=1")
		}
		time.Sleep(11 * time.Second)
		next.Start(true)
		c.listen("A", next)
		start := time.Now()
		old.Teach(t.Context())
		old.Stop()
		if d := time.Since(start); d > time.Second {
			t.Errorf("it took %v", d)
		}
		if got := strings.Count(next.rows(), "gpc0=1"); got != 500 {
			t.Errorf("%d entries", got)
		}
		next.mu.Lock()
		if next.learn.stage != learned || !next.learn.complete {
			t.Errorf("stage %d", next.learn.stage)
		}
		next.mu.Unlock()
		next.Stop()
		c.listen("A", nil) // nobody follows: that ends soon too
		last := c.join("A", line, "A")
		last.Start(false)
		start = time.Now()
		last.Teach(t.Context())
		last.Stop()
		if d := time.Since(start); d > 2*time.Second {
			t.Errorf("nobody was looked for for %v", d)
		}
	})
}

func TestShards(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClub(t)
		a, b, d := c.join("A", line, "A", "B", "D"), c.join("B", line, "A", "B", "D"), c.join("D", line, "A", "B", "D")
		a.Tables[0].Table.Spread = 2
		a.byName("B").Shard, a.byName("D").Shard = 1, 2
		for i := range 40 {
			a.set(t, fmt.Sprintf("k%d", i), "gpc0=1")
		}
		for _, s := range []*Section{a, b, d} {
			c.open(s)
		}
		time.Sleep(20 * time.Second)
		nb, nd := strings.Count(b.rows(), "key="), strings.Count(d.rows(), "key=")
		if nb == 0 || nd == 0 || nb+nd < 40 {
			t.Errorf("%d and %d entries of 40", nb, nd)
		}
		if got := strings.Count(a.rows(), "shard=1 "); got == 0 || got == 40 {
			t.Errorf("%d entries are of shard 1", got)
		}
		for _, s := range []*Section{a, b, d} {
			s.Stop()
		}
	})
}

func TestBeats(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClub(t)
		a := c.join("A", line, "A", "B")
		a.Start(false)
		start := time.Now()
		heard := c.stranger(a, greeting, 0) // silent from then on
		if d := time.Since(start); d != silenceTime {
			t.Errorf("a silent peer was kept for %v", d)
		}
		want(t, "heard", "200\n\x00\x00\x00\x04", heard)
		a.mu.Lock()
		if b := a.byName("B"); b.missedBeats != 1 || b.sentBeats != 1 {
			t.Errorf("%d missed, %d sent", b.missedBeats, b.sentBeats)
		}
		a.mu.Unlock()
		a.Stop()
	})
}

func TestLastConnectionWins(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClub(t)
		a := c.join("A", line, "A", "B")
		a.Start(false)
		first := make(chan string)
		go func() { first <- c.stranger(a, greeting, 0) }()
		time.Sleep(time.Second)
		start := time.Now()
		go c.stranger(a, greeting, time.Second)
		<-first
		if time.Since(start) != 0 {
			t.Error("the first one stayed")
		}
		a.mu.Lock()
		if b := a.byName("B"); b.collisions != 1 || b.newConns != 2 || b.session == nil {
			t.Errorf("%d collisions, %d connections", b.collisions, b.newConns)
		}
		a.mu.Unlock()
		time.Sleep(2 * time.Second)
		a.Stop()
	})
}

// TestShowPeers holds the layout of haproxy 3.5.
func TestShowPeers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClub(t)
		a := c.join("A", line+",server_key", "A", "B")
		a.set(t, "x", "gpc0=1")
		a.Tables[0].Table.Entries(nowMS())[0].SetServer(0, "s1")
		a.Start(false)
		synctest.Wait() // it called B in vain
		here, there := net.Pipe()
		go a.Accept(there)
		go io.Copy(io.Discard, here)
		_, _ = io.WriteString(here, greeting+"\x00\x00")
		time.Sleep(time.Second)
		_, _ = io.WriteString(here, said(t, 5, "type string size 1k store server_key,gpc0")+"\x0a\x80\x0c\x00\x00\x00\x07\x01y\x09\x04\x01\x02s2")
		time.Sleep(time.Second)
		got := regexp.MustCompile(`0x[0-9a-f]{9,}`).ReplaceAllString(string(a.Append(nil, true, time.Now())), "PTR")
		_ = here.Close()
		got = regexp.MustCompile(`(?m)^( +(4|8|12|16|20|24|28|[3-9][0-9]|1[0-9][0-9]) -> .*\n)+`).ReplaceAllString(got, "…\n")
		got = regexp.MustCompile(`task_calls=\d+`).ReplaceAllString(got, "task_calls=N")
		want(t, "show peers", `PTR: [01/Jan/2000:00:00:02] id=club disabled=0 flags=0x28000003 resync_timeout=<PAST> task_calls=N
  PTR: id=B(remote,active) addr=B:1 app_state=RUNNING learn_state=ASSIGNED last_status=ESTA last_hdshk=2s
        reconnect=3s heartbeat=<NEVER> confirm=1 tx_hbt=0 rx_hbt=0 no_hbt=0 new_conn=1 proto_err=0 coll=0
        flags=0x100028 appctx:PTR st0=7 st1=0 task_calls=N state=EST
        xprt=RAW src=pipe addr=pipe
        remote_table:PTR id=t local_id=1 remote_id=5
        last_local_table:PTR id=t local_id=1 remote_id=5
        shared tables:
          PTR local_id=1 remote_id=5 flags=0x0 remote_data=0x80004
              last_acked=7 last_pushed=1 last_get=7 teaching_origin=1 update=1
              table:PTR id=t update=2 localupdate=1 refcnt=1
        TX dictionary cache:
            0 -> s1
        RX dictionary cache:
            0 -> s2    1 -> -    2 -> -    3 -> -
…
  PTR: id=A(local,inactive) addr=A:1 app_state=STOPPED learn_state=NOTASSIGNED last_status=NONE last_hdshk=<NEVER>
        reconnect=<NEVER> heartbeat=<NEVER> confirm=0 tx_hbt=0 rx_hbt=0 no_hbt=0 new_conn=0 proto_err=0 coll=0
        flags=0x0
        shared tables:
          PTR local_id=1 remote_id=0 flags=0x0 remote_data=0x0
              last_acked=0 last_pushed=0 last_get=0 teaching_origin=0 update=0
              table:PTR id=t update=2 localupdate=1 refcnt=1
        TX dictionary cache:
        RX dictionary cache:
            0 -> -    1 -> -    2 -> -    3 -> -
…
`, got)
		a.Stop()
	})
}

func TestLearner(t *testing.T) {
	t.Parallel()
	a, b := &Peer{Name: "A"}, &Peer{Name: "B"}
	both := []*Peer{a, b}
	now := time.Unix(100, 0)
	at := func(s int) time.Time { return now.Add(time.Duration(s) * time.Second) }
	var l learner
	l.start(true, now)
	if l.choose(both) != nil {
		t.Error("remote peers are asked while the local one may come")
	}
	l.tick(at(5))
	if l.choose(both) != a || l.choose(both) != nil {
		t.Error("not A, once")
	}
	l.finished(a, false, at(6)) // only a part
	if l.choose(both) != b {
		t.Error("not B after A")
	}
	l.gone(b, at(7))
	if l.choose([]*Peer{b}) != b {
		t.Error("not B again")
	}
	l.finished(b, true, at(8))
	if l.stage != learned || !l.complete || !l.wake().IsZero() {
		t.Errorf("%+v", l)
	}
	l.start(false, now)
	l.tick(at(4))
	if l.stage != fromRemote {
		t.Error("too early")
	}
	if l.tick(at(5)); l.stage != learned || !l.complete {
		t.Error("nobody came, and that is not the end")
	}
}
