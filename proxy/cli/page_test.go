package cli

import (
	"net"
	"strings"
	"testing"
	"time"

	"tandem/proxy/config"
	"tandem/proxy/server"
	"tandem/proxy/tx"
)

const pageConfig = `
defaults
  mode http
  timeout client 5s
  timeout server 5s
  timeout connect 1s
frontend fe
  bind 127.0.0.1:18080
  acl inside src 10.0.0.0/8
  stats enable
  stats uri /stats
  stats auth u:p
  stats auth second:a:b
  stats realm My\ Realm
  stats refresh 5s
  stats admin if inside
  default_backend be
frontend bare
  bind 127.0.0.1:18081
  stats uri /
  stats scope be
  stats show-version
  stats show-node
  default_backend be
backend be
  server s1 127.0.0.1:18090
  server s2 127.0.0.1:18091
frontend none
  bind 127.0.0.1:18082
  default_backend be
`

// fakeConn is a client that has sent a body.
type fakeConn struct {
	tx.Conn
	body  string
	state tx.BodyState
}

func (c *fakeConn) WaitBody(bool, int, time.Duration) tx.BodyState { return c.state }
func (c *fakeConn) Body(bool) ([]byte, bool)                       { return []byte(c.body), true }
func (c *fakeConn) Client() net.Conn                               { return nil }

// request makes a transaction: "METHOD target" and fields "name: value".
func request(line string, fields ...string) *tx.Tx {
	method, target, _ := strings.Cut(line, " ")
	t := &tx.Tx{Sess: &tx.Session{HTTP: true}, HasReq: true}
	t.Sess.Src = addrPort("10.1.1.1:5")
	t.Req.Method, t.Req.URI, t.Req.Version = []byte(method), []byte(target), 11
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		t.Req.AddString(name, value)
	}
	return t
}

const credentials = "authorization: Basic dTpw"

func header(r *tx.Reply) string {
	var out []string
	for _, f := range r.Fields {
		out = append(out, string(f.Name)+": "+string(f.Value))
	}
	return strings.Join(out, "\n")
}

func pages(t *testing.T) (*Pages, func(name string) *config.Proxy) {
	t.Helper()
	env := compiled(t, pageConfig)
	return &Pages{Env: env}, func(name string) *config.Proxy {
		for _, p := range env.Config().Proxies {
			if p.Name == name {
				return p
			}
		}
		t.Fatal("no proxy " + name)
		return nil
	}
}

func TestPageAuthentication(t *testing.T) {
	t.Parallel()
	s, proxy := pages(t)
	for _, c := range []struct {
		field  string
		status int
	}{
		{"x: y", 401}, {credentials, 200}, {"authorization: basic dTpw", 200}, {"authorization: Basic dTpx", 401},
		{"authorization: Basic", 401}, {"authorization: Bearer dTpw", 401}, {"authorization: Basic !!!", 401},
		{"authorization: Basic c2Vjb25kOmE6Yg==", 200}, {"authorization: Basic " + strings.Repeat("A", 4000), 401},
	} {
		x := request("GET /stats", c.field)
		if !s.Serve(proxy("fe"), x) || x.Reply.Status != c.status {
			t.Errorf("%.40s: %+v", c.field, x.Reply)
		}
		if c.status == 401 && header(x.Reply) != `www-authenticate: Basic realm="My Realm"` {
			t.Errorf("challenge %q", header(x.Reply))
		}
	}
}

func TestPageFormats(t *testing.T) {
	t.Parallel()
	s, proxy := pages(t)
	for _, c := range []struct{ target, head, begins string }{
		{"/stats", "cache-control: no-cache\ncontent-type: text/html\nrefresh: 5", "<!DOCTYPE html>"},
		{"/statsfoo", "cache-control: no-cache\ncontent-type: text/html\nrefresh: 5", "<!DOCTYPE html>"},
		{"http://x/stats;norefresh", "cache-control: no-cache\ncontent-type: text/html", "<!DOCTYPE html>"},
		{"/stats;csv;norefresh", "cache-control: no-cache\ncontent-type: text/plain", "# pxname,svname,"},
		{"/stats;json", "cache-control: no-cache\ncontent-type: application/json\nrefresh: 5", `[[{"objType":"Frontend"`},
		{"/stats;typed;norefresh", "cache-control: no-cache\ncontent-type: text/plain", "F.2.0.0.pxname.1:KNSV:str:fe\n"},
		{"/stats;json-schema;norefresh", "cache-control: no-cache\ncontent-type: application/json", `{"$schema"`},
	} {
		x := request("GET "+c.target, credentials)
		if !s.Serve(proxy("fe"), x) {
			t.Errorf("%s is not served", c.target)
			continue
		}
		if header(x.Reply) != c.head || !strings.HasPrefix(string(x.Reply.Body), c.begins) {
			t.Errorf("%s: %q, %.40q", c.target, header(x.Reply), x.Reply.Body)
		}
	}
	for _, target := range []string{"/other", "/stat"} {
		if s.Serve(proxy("fe"), request("GET "+target, credentials)) {
			t.Errorf("%s is served", target)
		}
	}
	if s.Serve(proxy("none"), request("GET /stats", credentials)) {
		t.Error("a proxy without page serves one")
	}
	x := request("PUT /stats", credentials)
	if !s.Serve(proxy("fe"), x) || x.Reply.Status != 400 {
		t.Errorf("PUT: %+v", x.Reply)
	}
}

func TestPageScopeAndVersion(t *testing.T) {
	t.Parallel()
	s, proxy := pages(t)
	x := request("GET /;csv")
	s.Serve(proxy("bare"), x)
	if got := string(x.Reply.Body); strings.Contains(got, "\nfe,") || !strings.Contains(got, "\nbe,s1,") {
		t.Errorf("scope be: %s", got)
	}
	x = request("GET /")
	s.Serve(proxy("bare"), x)
	if got := string(x.Reply.Body); !strings.Contains(got, "3.5-dev5") || strings.Contains(got, "127.0.0.1:18090") {
		t.Error("version missing or addresses shown without legends")
	}
	x = request("GET /stats", credentials)
	s.Serve(proxy("fe"), x)
	if got := string(x.Reply.Body); strings.Contains(got, "3.5-dev5") || !strings.Contains(got, `name="action"`) {
		t.Error("version shown, or an administrator sees no form")
	}
}

func TestPageActions(t *testing.T) {
	t.Parallel()
	s, proxy := pages(t)
	s1 := proxy("be").Back.Server("s1")
	for _, c := range []struct{ target, body, location string }{
		{"/stats", "s=s1&action=drain&b=be", "/stats;st=DONE"},
		{"/stats", "s=s1&action=drain&b=be", "/stats;st=NONE"},
		{"/stats;up?scope=be", "s=s1&action=ready&b=%23" + "4", "/stats;st=DONE;up?scope=be"},
		{"/stats;norefresh;st=DONE", "s=zz&action=ready&b=be", "/stats;st=ERRP;norefresh"},
		{"/stats;no-maint", "s=zz&s=s1&action=maint&b=be", "/stats;st=PART;no-maint"},
		{"/stats", "action=ready&b=be", "/stats;st=NONE"},
		{"/stats", "s=s1&action=ready&b=zz", "/stats;st=ERRP"},
		{"/stats", "s=s1&action=bogus&b=be", "/stats;st=ERRP"},
		{"/stats", "", "/stats;st=ERRP"},
		{"/stats", "s=s1&action=ready&b=be", "/stats;st=DONE"},
		{"/stats", "s=s1&s=s2&action=hdown&b=be", "/stats;st=DONE"},
		{"/stats", "s=s1&s=s2&action=hrunn&b=be", "/stats;st=DONE"},
		{"/stats", "s=s1&action=dhlth&b=be", "/stats;st=NONE"},
		{"/stats", "s=s1&action=shutdown&b=be", "/stats;st=NONE"},
	} {
		x := request("POST "+c.target, credentials)
		x.Req.Framing = tx.ByLength
		x.Conn = &fakeConn{body: c.body}
		if !s.Serve(proxy("fe"), x) || x.Reply.Status != 303 {
			t.Fatalf("%s: %+v", c.body, x.Reply)
		}
		want := "cache-control: no-cache\ncontent-type: text/plain\ncontent-length: 0\nlocation: " + c.location
		if got := header(x.Reply); got != want {
			t.Errorf("%s\n got %q\nwant %q", c.body, got, want)
		}
	}
	if op, admin := s1.State(); op != server.Running || admin != 0 {
		t.Errorf("s1 ends as %v, %v", op, admin)
	}
}

func TestPageActionsRefused(t *testing.T) {
	t.Parallel()
	s, proxy := pages(t)
	post := func(conn *fakeConn, src string) string {
		x := request("POST /stats", credentials)
		x.Req.Framing, x.Conn = tx.ByLength, conn
		x.Sess.Src = addrPort(src)
		s.Serve(proxy("fe"), x)
		return string(x.Reply.Fields[3].Value)
	}
	form := "s=s1&action=maint&b=be"
	for _, c := range []struct {
		conn *fakeConn
		src  string
		want string
	}{
		{&fakeConn{body: form}, "192.0.2.1:5", "/stats;st=DENY"},
		{&fakeConn{body: form, state: tx.BodyFull}, "10.1.1.1:5", "/stats;st=EXCD"},
		{&fakeConn{body: form, state: tx.BodyTimeout}, "10.1.1.1:5", "/stats;st=ERRP"},
		{&fakeConn{body: form, state: tx.BodyError}, "10.1.1.1:5", "/stats;st=ERRP"},
	} {
		if got := post(c.conn, c.src); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
	if _, admin := proxy("be").Back.Server("s1").State(); admin != 0 {
		t.Errorf("a refused form changed the server: %v", admin)
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	s, _ := pages(t)
	for _, c := range []struct {
		line     string
		status   int
		has, not string
	}{
		{"GET /metrics", 200, "haproxy_process_nbthread ", "\x00"},
		{"GET /metrics?scope=server", 200, `haproxy_server_status{proxy="be",server="s1"`, "haproxy_process_"},
		{"GET /metrics?scope=global&scope=frontend", 200, "haproxy_frontend_status", "haproxy_server_"},
		{"GET /metrics?scope=bogus", 400, "", "haproxy"},
		{"GET /metrics?metrics=haproxy_process_nbthread", 200, "haproxy_process_nbthread ", "haproxy_process_node"},
		{"GET /metrics?metrics=-haproxy_process_nbthread", 200, "haproxy_process_node", "haproxy_process_nbthread "},
		{"GET /metrics?latencies", 200, `tandem_server_total_time_histogram_seconds_bucket{proxy="be",server="s1",le="0.001"} `, "tandem_certificate"},
		{"GET /metrics?latencies", 200, `tandem_backend_queue_time_histogram_seconds_count{proxy="be"} `, "tandem_certificate"},
		{"GET /metrics?latencies&metrics=tandem_server_connect_time_histogram_seconds", 200, "connect", "total"},
		{"GET /metrics?certificates", 200, "haproxy_process_node", "tandem_server"},
		{"GET /metrics?extra-counters", 200, "haproxy_process_node", "tandem_"},
		{"POST /metrics", 405, "", "haproxy"},
	} {
		x := request(c.line)
		if !s.Named("prometheus-exporter", x) || x.Reply.Status != c.status {
			t.Errorf("%s: %+v", c.line, x.Reply.Status)
			continue
		}
		body := string(x.Reply.Body)
		if !strings.Contains(body, c.has) || strings.Contains(body, c.not) {
			t.Errorf("%s: %q or %q", c.line, c.has, c.not)
		}
	}
	if s.Named("bogus", request("GET /")) {
		t.Error("an unknown service answers")
	}
}
