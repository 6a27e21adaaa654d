package proxy

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"tandem/parser/diag"
	"tandem/parser/source"
	"tandem/proxy/config"
	"tandem/proxy/resolve"
	"tandem/proxy/server"
)

// nameZone is a name server in memory: records as zone files write them, by
// the name and type that are asked for.
type nameZone struct {
	mu sync.Mutex
	m  map[string][]string
}

func (z *nameZone) set(records ...string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.m = map[string][]string{}
	for _, r := range records {
		question, answer, _ := strings.Cut(r, ": ")
		z.m[question] = strings.Split(answer, "; ")
	}
}

// Send answers a question; see resolve.Transport.
func (z *nameZone) Send(packet []byte, deliver func([]byte, bool) bool) error {
	q := new(dns.Msg)
	if err := q.Unpack(packet); err != nil {
		return err
	}
	m := new(dns.Msg).SetReply(q)
	z.mu.Lock()
	list, ok := z.m[q.Question[0].Name+" "+dns.TypeToString[q.Question[0].Qtype]]
	z.mu.Unlock()
	if !ok {
		m.Rcode = dns.RcodeNameError
	}
	for _, text := range list {
		text, extra := strings.CutPrefix(text, "+")
		rr, err := dns.NewRR(text)
		if err != nil {
			return err
		}
		if extra {
			m.Extra = append(m.Extra, rr)
		} else {
			m.Answer = append(m.Answer, rr)
		}
	}
	b, err := m.Pack()
	if err == nil {
		go deliver(b, false)
	}
	return err
}

func (*nameZone) Close() {}

// named is a configuration whose servers follow a zone, and what is said of
// them.
type named struct {
	*resolving
	zone *nameZone
	mu   sync.Mutex
	said []string
}

func startNamed(t *testing.T, text string) *named {
	t.Helper()
	diags, deps := &diag.List{}, config.NewDeps()
	text = "resolvers dns\n nameserver n1 192.0.2.53:53\n hold nx 1s\n resolve_retries 1\n" + text
	cfg := config.Compile([]*source.File{source.New("t.cfg", []byte(text))}, config.Options{}, deps, diags)
	if len(diags.All) > 0 {
		t.Fatalf("%v", diags.All)
	}
	n := &named{resolving: &resolving{cfg: cfg, hosts: map[*server.Server]*hostFollower{}}, zone: &nameZone{}}
	deps.Servers.OnEvent(func(e server.Event) {
		n.mu.Lock()
		n.said = append(n.said, e.Text)
		n.mu.Unlock()
	})
	cfg.Commit(time.Now())
	for _, r := range cfg.Resolvers {
		r.Open = func(resolve.NameServer, *resolve.Section) resolve.Transport { return n.zone }
	}
	return n
}

func (n *named) run() (stop func()) {
	n.follow()
	for _, r := range n.cfg.Resolvers {
		r.Start()
	}
	return func() {
		for _, r := range n.cfg.Resolvers {
			r.Stop()
		}
	}
}

// heard returns what was said since the last call, after a moment.
func (n *named) heard(d time.Duration) []string {
	time.Sleep(d)
	n.mu.Lock()
	defer n.mu.Unlock()
	out := n.said
	n.said = nil
	return out
}

// states are the servers' addresses, administrative states, weights, names.
func (n *named) states() string {
	var out []string
	for _, p := range n.cfg.Proxies {
		for _, l := range p.Servers {
			s := l.Server
			_, admin := s.State()
			id, port := s.Identity()
			host := "-"
			if e := s.Addr(); e != nil {
				host = e.Host
			}
			out = append(out, fmt.Sprintf("%s %s:%d %d %d %s %s", s.Name, host, port, admin, s.Weight(), id.Host, id.Record))
		}
	}
	return strings.Join(out, "\n")
}

// The messages are those of haproxy 3.5.
func TestServersFollowNames(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := startNamed(t, `defaults
 timeout connect 1s
 timeout client 1s
 timeout server 1s
backend b
 server s1 www.ex:80 resolvers dns init-addr none resolve-prefer ipv4
 server s2 www.ex:80 resolvers dns init-addr none resolve-prefer ipv4
 server s3 www.ex:80 resolvers dns init-addr none resolve-prefer ipv4 resolve-opts allow-dup-ip
`)
		n.zone.set("www.ex. A: www.ex. A 192.0.2.1")
		defer n.run()()
		if d := cmp.Diff([]string{
			"b/s1: IP changed from '(none)' to '192.0.2.1' by 'dns/n1'.",
			"Server b/s1 ('www.ex') is UP/READY (resolves again).",
			"Server b/s1 administratively READY thanks to valid DNS answer.",
			"b/s3: IP changed from '(none)' to '192.0.2.1' by 'DNS cache'.",
			"Server b/s3 ('www.ex') is UP/READY (resolves again).",
			"Server b/s3 administratively READY thanks to valid DNS answer.",
		}, n.heard(500*time.Millisecond)); d != "" {
			t.Error(d)
		}
		want(t, "states", "s1 192.0.2.1:80 0 1 www.ex \ns2 -:80 32 1 www.ex \ns3 192.0.2.1:80 0 1 www.ex ", n.states())
		n.zone.set()
		if d := cmp.Diff([]string{
			"Server b/s1 is going DOWN for maintenance (DNS NX status). 1 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.",
			"Server b/s3 is going DOWN for maintenance (DNS NX status). 0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.",
			"backend b has no server available!",
		}, n.heard(2*time.Second)); d != "" {
			t.Error(d)
		}
		s := n.cfg.Proxies[0].Servers[0].Server
		for _, c := range [][2]string{
			{"WWW.ex", "no need to change the FDQN by 'stats socket command'"},
			{"a..b", "could not update b/s1 FQDN by 'stats socket command'"},
			{"api.ex", "b/s1 changed its FQDN from www.ex to api.ex by 'stats socket command'"},
		} {
			want(t, c[0], c[1], n.rename(s, c[0]))
		}
		n.zone.set("api.ex. AAAA: api.ex. AAAA 2001:db8::1")
		n.heard(2 * time.Second)
		want(t, "states", "s1 2001:db8::1:80 64 1 api.ex \ns2 -:80 32 1 www.ex \ns3 -:80 32 1 www.ex ", n.states())
	})
}

func TestServersFollowRecords(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := startNamed(t, `defaults
 timeout connect 1s
 timeout client 1s
 timeout server 1s
backend b
 server-template s 3 _h._tcp.ex resolvers dns init-addr none resolve-prefer ipv4
`)
		const a, b, c = "_h._tcp.ex. SRV 1 300 8001 a.ex.", "_h._tcp.ex. SRV 1 0 8002 b.ex.", "_h._tcp.ex. SRV 1 1 8003 a.ex."
		const more = "; +a.ex. A 192.0.2.1"
		n.zone.set("_h._tcp.ex. SRV: "+a+"; "+b+more, "b.ex. A: b.ex. A 192.0.2.2")
		defer n.run()()
		if d := cmp.Diff([]string{
			"b/s1: IP changed from '(none)' to '192.0.2.1', port changed from '+0' to '8001' by 'DNS additional record'.",
			"b/s1 changed its FQDN from (null) to a.ex by 'SRV record'",
			"Server b/s1 ('a.ex') is UP/READY (resolves again).",
			"Server b/s1 administratively READY thanks to valid DNS answer.",
			"b/s2 changed its FQDN from (null) to b.ex by 'SRV record'",
			"b/s2: IP changed from '(none)' to '192.0.2.2' by 'dns/n1'.",
			"Server b/s2 ('b.ex') is UP/READY (resolves again).",
			"Server b/s2 administratively READY thanks to valid DNS answer.",
		}, n.heard(500*time.Millisecond)); d != "" {
			t.Error(d)
		}
		want(t, "states", "s1 192.0.2.1:8001 64 2 a.ex _h._tcp.ex\ns2 192.0.2.2:8002 64 0 b.ex _h._tcp.ex\ns3 -:0 32 1  _h._tcp.ex", n.states())
		n.zone.set("_h._tcp.ex. SRV: "+b+"; "+c, "b.ex. A: b.ex. A 192.0.2.3", "a.ex. A: a.ex. A 192.0.2.1")
		said := n.heard(2 * time.Second)
		if !slices.Contains(said, "Server b/s1 is going DOWN for maintenance (entry removed from SRV record). 0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.") {
			t.Error(strings.Join(said, "\n"))
		}
		want(t, "states", "s1 192.0.2.1:8003 64 1 a.ex _h._tcp.ex\ns2 192.0.2.3:8002 64 0 b.ex _h._tcp.ex\ns3 -:0 32 1  _h._tcp.ex", n.states())
		n.zone.set()
		n.heard(3 * time.Second)
		want(t, "states", "s1 -:0 96 1  _h._tcp.ex\ns2 -:0 96 0  _h._tcp.ex\ns3 -:0 32 1  _h._tcp.ex", n.states())
	})
}

// TestTargetsOutliveTheProcess: servers keep the targets that a state file
// tells, and nothing is said of those that answers confirm.
func TestTargetsOutliveTheProcess(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state")
	const state = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port\n" +
		"3 b 1 s1 192.0.2.1 2 64 2 1 21 1 0 0 0 0 0 0 a.ex 8001 _h._tcp.ex 0 0 - - 0\n" +
		"3 b 2 s2 192.0.2.9 2 64 1 1 21 1 0 0 0 0 0 0 a.ex 8009 _other._tcp.ex 0 0 - - 0\n"
	if err := os.WriteFile(file, []byte(state), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		n := startNamed(t, "global\n server-state-file "+file+`
defaults
 timeout connect 1s
 timeout client 1s
 timeout server 1s
backend b
 load-server-state-from-file global
 server-template s 2 _h._tcp.ex resolvers dns
`)
		want(t, "states", "s1 192.0.2.1:8001 0 2 a.ex _h._tcp.ex\ns2 -:0 32 1  _h._tcp.ex", n.states())
		n.heard(0)
		n.zone.set("_h._tcp.ex. SRV: _h._tcp.ex. SRV 1 300 8001 a.ex.", "a.ex. A: a.ex. A 192.0.2.1")
		defer n.run()()
		if said := n.heard(2 * time.Second); len(said) > 0 {
			t.Error(strings.Join(said, "\n"))
		}
	})
}
