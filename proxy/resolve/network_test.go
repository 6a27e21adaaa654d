package resolve

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// server answers questions for any name on a socket of the loopback.
func server(t *testing.T, network string) string {
	t.Helper()
	ready := make(chan struct{})
	s := &dns.Server{Net: network, NotifyStartedFunc: func() { close(ready) }, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		n := 1
		if q.Question[0].Name == "many.ex." {
			n = 60
		}
		for i := range n {
			m.Answer = append(m.Answer, &dns.A{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET}, A: net.IPv4(192, 0, 2, byte(i+1))})
		}
		_ = w.WriteMsg(m)
	})}
	var err error
	if network == "udp" {
		s.PacketConn, err = net.ListenPacket("udp", "127.0.0.1:0")
	} else {
		s.Listener, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.ActivateAndServe() }()
	<-ready
	t.Cleanup(func() { _ = s.Shutdown() })
	if network == "udp" {
		return s.PacketConn.LocalAddr().String()
	}
	return s.Listener.Addr().String()
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		network, name string
		want          int
		count         Counter
	}{
		{"udp", "a.ex", 1, Valid}, {"tcp", "a.ex", 1, Valid}, {"tcp", "many.ex", 60, Valid}, {"udp", "many.ex", 0, TooBig},
	} {
		t.Run(c.network+" "+c.name, func(t *testing.T) {
			t.Parallel()
			s := NewSection("r")
			s.Retries, s.Retry = 1, 20*time.Second
			s.NameServers = []NameServer{{Name: "n", Addr: server(t, c.network), TCP: c.network == "tcp"}}
			r := New(s)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			r.Open = func(ns NameServer, s *Section) Transport { return &ends{Network(ns, s), cancel} }
			r.Start()
			defer r.Stop()
			if got := r.Lookup(ctx, Question{Name: c.name, IPv4: true}); len(got) != c.want {
				t.Errorf("%d addresses: %v", len(got), got)
			}
			turned := make(chan struct{})
			r.do(func() { close(turned) })
			<-turned
			if r.Counters(0)[c.count].Load() != 1 {
				t.Errorf("%s is not 1", CounterNames[c.count])
			}
		})
	}
}

// TestNetworkGone: a name server that cannot be reached is one that is silent.
func TestNetworkGone(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := NewSection("r")
	s.Retries, s.Retry = 1, 10*time.Millisecond
	s.NameServers = []NameServer{{Name: "t", Addr: l.Addr().String(), TCP: true}, {Name: "u", Addr: l.Addr().String()}}
	_ = l.Close()
	r := New(s)
	r.Start()
	defer r.Stop()
	if got := r.Lookup(t.Context(), Question{Name: "a.ex"}); got != nil {
		t.Error(got)
	}
}

// ends is a Transport that ends the wait for an answer with a datagram that is
// none.
type ends struct {
	Transport
	end func()
}

func (e *ends) Send(packet []byte, deliver func([]byte, bool) bool) error {
	return e.Transport.Send(packet, func(b []byte, cut bool) bool {
		defer func() {
			if cut {
				e.end()
			}
		}()
		return deliver(b, cut)
	})
}
