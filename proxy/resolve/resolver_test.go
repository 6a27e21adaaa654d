package resolve

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
)

// zone answers as a name server would, from memory.
type zone struct {
	t testing.TB

	mu     sync.Mutex
	answer func(ns, name string, typ uint16) []byte // nil: silence
	asked  []string
	start  time.Time
}

// set changes how the zone answers.
func (z *zone) set(f func(ns, name string, typ uint16) []byte) {
	z.mu.Lock()
	z.answer = f
	z.mu.Unlock()
}

// log returns what was asked and when.
func (z *zone) log() []string {
	z.mu.Lock()
	defer z.mu.Unlock()
	out := z.asked
	z.asked = nil
	return out
}

// way is the Transport to a zone.
type way struct {
	z  *zone
	ns string
}

func (w way) Send(packet []byte, deliver func([]byte, bool) bool) error {
	var q dns.Msg
	if err := q.Unpack(packet); err != nil {
		return err
	}
	w.z.mu.Lock()
	defer w.z.mu.Unlock()
	name, typ := plain(q.Question[0].Name), q.Question[0].Qtype
	w.z.asked = append(w.z.asked, fmt.Sprintf("%v %s %s %s", time.Since(w.z.start), w.ns, name, dns.TypeToString[typ]))
	if b := w.z.answer(w.ns, name, typ); b != nil {
		b = append([]byte{packet[0], packet[1]}, b[2:]...)
		go deliver(b, false)
	}
	return nil
}

func (way) Close() {}

// resolver makes a resolver of two name servers over a zone.
func (z *zone) resolver(servers ...string) *Resolver {
	s := NewSection("r")
	for _, n := range servers {
		s.NameServers = append(s.NameServers, NameServer{Name: n})
	}
	r := New(s)
	r.Open = func(ns NameServer, _ *Section) Transport { return way{z, ns.Name} }
	return r
}

// scribe is a Follower that writes down what it is told.
type scribe struct {
	mu    sync.Mutex
	start time.Time
	said  []string
}

func (s *scribe) Found(set *Set, by string) bool {
	s.say("%s by %s", strings.Join(texts(set.Addrs()), " "), by)
	return true
}

func (s *scribe) Lost(why Status) { s.say("lost: %s", why) }

func (s *scribe) say(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := fmt.Sprintf(format, args...)
	if n := len(s.said); n > 0 && strings.HasSuffix(s.said[n-1], " "+text) {
		return
	}
	s.said = append(s.said, time.Since(s.start).String()+" "+text)
}

func (s *scribe) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said
}

// inTime runs f with a zone and its resolver, and the clock of a bubble.
func inTime(t *testing.T, servers string, f func(t *testing.T, z *zone, r *Resolver, s *scribe)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		z := &zone{t: t, start: time.Now()}
		r := z.resolver(strings.Fields(servers)...)
		f(t, z, r, &scribe{start: z.start})
		r.Stop()
	})
}

// address answers type A questions with an address.
func (z *zone) address(ip string) func(ns, name string, typ uint16) []byte {
	return func(_, name string, typ uint16) []byte {
		if typ != dns.TypeA || ip == "" {
			return reply(z.t, name, typ, nil)
		}
		return reply(z.t, name, typ, nil, name+". A "+ip)
	}
}

// code answers with an error.
func (z *zone) code(rcode int) func(ns, name string, typ uint16) []byte {
	return func(_, name string, typ uint16) []byte {
		return reply(z.t, name, typ, func(m *dns.Msg) { m.Rcode = rcode })
	}
}

func TestFollowsAName(t *testing.T) {
	t.Parallel()
	inTime(t, "n1", func(t *testing.T, z *zone, r *Resolver, s *scribe) {
		z.set(z.address("192.0.2.1"))
		other := &scribe{start: z.start}
		r.Follow(Question{Name: "WWW.ex.", IPv4: true}, s)
		r.Follow(Question{Name: "www.ex", IPv4: true}, other)
		r.Start()
		time.Sleep(9500 * time.Millisecond)
		z.set(z.address("192.0.2.2"))
		time.Sleep(5 * time.Second)
		z.set(z.code(dns.RcodeNameError))
		time.Sleep(40 * time.Second)
		z.set(z.address("192.0.2.2"))
		time.Sleep(10 * time.Second)
		r.Unfollow(Question{Name: "www.ex", IPv4: true}, s)
		want := []string{"0s 192.0.2.1 by r/n1", "10s 192.0.2.2 by r/n1", "44s lost: DNS NX status", "55s 192.0.2.2 by r/n1"}
		if d := cmp.Diff(want, s.all()); d != "" {
			t.Error(d)
		}
		if got := other.all(); len(got) == 0 || got[0] != "0s 192.0.2.1 by DNS cache" {
			t.Error(got)
		}
		if n := r.Counters(0)[Valid].Load(); n == 0 || n != r.Counters(0)[Updates].Load() {
			t.Errorf("%d valid answers", n)
		}
	})
}

// The order and times are those at which haproxy 3.5 asked.
func TestAsksInTurn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what, servers string
		retries       int
		answer        func(z *zone) func(ns, name string, typ uint16) []byte
		want          []string
		status        string
	}{
		{"failures", "n1", 2, func(z *zone) func(string, string, uint16) []byte { return z.code(dns.RcodeServerFailure) },
			[]string{"0s n1 a.ex A", "0s n1 a.ex AAAA", "1s n1 a.ex A", "1s n1 a.ex AAAA", "2s n1 a.ex A", "2s n1 a.ex AAAA"}, "1s lost: unspecified DNS error"},
		{"silence", "n1", 2, func(*zone) func(string, string, uint16) []byte {
			return func(string, string, uint16) []byte { return nil }
		}, []string{"0s n1 a.ex A", "1s n1 a.ex A"}, "2s lost: DNS timeout status"},
		{"one fails, one is silent", "n1 n2", 1, func(z *zone) func(string, string, uint16) []byte {
			bad := z.code(dns.RcodeNameError)
			return func(ns, name string, typ uint16) []byte {
				if ns == "n2" {
					return nil
				}
				return bad(ns, name, typ)
			}
		}, []string{"0s n1 a.ex A", "0s n2 a.ex A", "1s n1 a.ex AAAA", "1s n2 a.ex AAAA"}, "2s lost: DNS NX status"},
		{"one is refused, one knows", "n1 n2", 1, func(z *zone) func(string, string, uint16) []byte {
			bad, good := z.code(dns.RcodeRefused), z.address("192.0.2.1")
			return func(ns, name string, typ uint16) []byte {
				if ns == "n2" {
					return good(ns, name, typ)
				}
				return bad(ns, name, typ)
			}
		}, []string{"0s n1 a.ex A", "0s n2 a.ex A", "1s n1 a.ex A", "1s n2 a.ex A", "2s n1 a.ex A", "2s n2 a.ex A"}, "0s 192.0.2.1 by r/n2"},
	} {
		inTime(t, c.servers, func(t *testing.T, z *zone, r *Resolver, s *scribe) {
			r.Section.Retries, r.Section.Hold = c.retries, Hold{}
			z.set(c.answer(z))
			r.Follow(Question{Name: "a.ex", IPv4: true}, s)
			r.Start()
			time.Sleep(2500 * time.Millisecond)
			if d := cmp.Diff(c.want, z.log()); d != "" {
				t.Errorf("%s: %s", c.what, d)
			}
			if d := cmp.Diff([]string{c.status}, s.all()); d != "" {
				t.Errorf("%s: %s", c.what, d)
			}
		})
	}
}

func TestAsksOneFamily(t *testing.T) {
	t.Parallel()
	inTime(t, "n1", func(t *testing.T, z *zone, r *Resolver, s *scribe) {
		r.Families = func() Families { return Families{IPv4: true} }
		z.set(z.address(""))
		r.Follow(Question{Name: "a.ex"}, s)
		r.Start()
		time.Sleep(500 * time.Millisecond)
		if d := cmp.Diff([]string{"0s n1 a.ex A"}, z.log()); d != "" {
			t.Error(d)
		}
	})
}

func TestLookup(t *testing.T) {
	t.Parallel()
	inTime(t, "n1", func(t *testing.T, z *zone, r *Resolver, _ *scribe) {
		z.set(z.address("192.0.2.1"))
		r.Start()
		look := func(name string) string {
			ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
			defer cancel()
			return strings.Join(texts(r.Lookup(ctx, Question{Name: name, IPv4: true})), " ")
		}
		if got := look("a.ex"); got != "192.0.2.1" {
			t.Error(got)
		}
		z.set(z.code(dns.RcodeNameError))
		time.Sleep(9 * time.Second)
		if got := look("A.ex"); got != "192.0.2.1" || len(z.log()) != 1 {
			t.Error("not the answer of before:", got)
		}
		time.Sleep(2 * time.Second)
		if got := look("a.ex"); got != "" {
			t.Error("a failure that an older answer does not hide:", got)
		}
		z.set(func(string, string, uint16) []byte { return nil })
		start := time.Now()
		if got := look("b.ex"); got != "" || time.Since(start) != 3*time.Second {
			t.Errorf("%q after %v of silence", got, time.Since(start))
		}
		z.log()
		if got := look("a..ex"); got != "" || len(z.log()) != 0 {
			t.Error("a name that is none was asked for")
		}
	})
}

// TestOddAnswers: what is not an answer to the question changes nothing but
// counters.
func TestOddAnswers(t *testing.T) {
	t.Parallel()
	inTime(t, "n1", func(t *testing.T, z *zone, r *Resolver, s *scribe) {
		var kept func([]byte, bool) bool
		var id [2]byte
		r.Open = func(NameServer, *Section) Transport {
			return sendFunc(func(packet []byte, deliver func([]byte, bool) bool) error {
				kept, id = deliver, [2]byte(packet)
				return nil
			})
		}
		r.Follow(Question{Name: "a.ex", IPv4: true}, s)
		r.Start()
		synctest.Wait()
		good := reply(t, "a.ex", dns.TypeA, nil, "a.ex. A 192.0.2.1")
		copy(good, id[:])
		wrong := append([]byte{id[0] ^ 1}, good[1:]...)
		kept(wrong, false)
		kept(good[:5], false)
		kept(good, true)
		synctest.Wait()
		if got := s.all(); len(got) != 0 {
			t.Error(got)
		}
		kept(good, false)
		synctest.Wait()
		kept(good, false) // twice
		synctest.Wait()
		if d := cmp.Diff([]string{"0s 192.0.2.1 by r/n1"}, s.all()); d != "" {
			t.Error(d)
		}
		for c, want := range map[Counter]uint64{Outdated: 2, Invalid: 1, TooBig: 1, Valid: 1, Sent: 1} {
			if got := r.Counters(0)[c].Load(); got != want {
				t.Errorf("%s: %d, want %d", CounterNames[c], got, want)
			}
		}
	})
}

type sendFunc func([]byte, func([]byte, bool) bool) error

func (f sendFunc) Send(b []byte, deliver func([]byte, bool) bool) error { return f(b, deliver) }
func (sendFunc) Close()                                                 {}

// TestHoldsWhatTheStartFound: an address that a server has from the start is
// outweighed by failures as one of an answer is.
func TestHoldsWhatTheStartFound(t *testing.T) {
	t.Parallel()
	inTime(t, "n1", func(t *testing.T, z *zone, r *Resolver, s *scribe) {
		z.set(z.code(dns.RcodeNameError))
		r.Section.Hold.NX, r.Section.Retries = 10*time.Second, 1
		r.Follow(Question{Name: "a.ex"}, s)
		r.Start()
		time.Sleep(20 * time.Second)
		if d := cmp.Diff([]string{"10s lost: DNS NX status"}, s.all()); d != "" {
			t.Error(d)
		}
	})
}

func TestHurry(t *testing.T) {
	t.Parallel()
	inTime(t, "n1", func(t *testing.T, z *zone, r *Resolver, s *scribe) {
		r.Section.Resolve = time.Minute
		z.set(z.address("192.0.2.1"))
		r.Follow(Question{Name: "a.ex", IPv4: true}, s)
		r.Start()
		time.Sleep(2 * time.Second)
		r.Hurry(Question{Name: "a.ex", IPv4: true})
		time.Sleep(2 * time.Second)
		if d := cmp.Diff([]string{"0s n1 a.ex A", "2s n1 a.ex A"}, z.log()); d != "" {
			t.Error(d)
		}
	})
}
