package proxy

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// stock is the part that distributions ship in front of a tutorial's snippet.
const stock = `
global
    log "${log}" local2
    maxconn 4000
defaults
    mode http
    log global
    option httplog
    option dontlognull
    option http-server-close
    option forwardfor except 127.0.0.0/8
    option redispatch
    retries 3
    timeout http-request 10s
    timeout queue 1m
    timeout connect 10s
    timeout client 1m
    timeout server 1m
    timeout http-keep-alive 10s
    timeout check 10s
    maxconn 3000
`

// site is a tutorial's set-up: web servers that answer with their name, and
// the proxy in front of them.
type site struct {
	*stage
	t    *testing.T
	down map[string]*atomic.Bool
}

// newSite starts web servers with these names; "${name}" is their address.
func newSite(t *testing.T, cfg string, names ...string) *site {
	t.Helper()
	s := &site{stage: &stage{vars: map[string]string{}, listens: map[string]string{}}, t: t, down: map[string]*atomic.Bool{}}
	for _, name := range names {
		down := &atomic.Bool{}
		s.down[name] = down
		ln, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/xff" {
				io.WriteString(w, r.Header.Get("X-Forwarded-For"))
				return
			}
			io.WriteString(w, name)
		}))
		web.Listener.Close()
		web.Listener = &deadable{ln, down}
		web.Start()
		t.Cleanup(web.Close)
		s.vars[name] = ln.Addr().String()
		_, s.vars[name+"_port"], _ = net.SplitHostPort(ln.Addr().String())
	}
	s.openLog(t)
	s.start(t, cfg)
	return s
}

// deadable is a listener whose machine can be unplugged: connections are
// reset as soon as they are made.
type deadable struct {
	net.Listener
	down *atomic.Bool
}

func (d *deadable) Accept() (net.Conn, error) {
	for {
		c, err := d.Listener.Accept()
		if err != nil || !d.down.Load() {
			return c, err
		}
		c.(*net.TCPConn).SetLinger(0)
		c.Close()
	}
}

// get makes a request on a connection of its own and returns the answer.
func (s *site) get(method, path string, header ...string) (*http.Response, string) {
	s.t.Helper()
	req, err := http.NewRequest(method, "http://"+s.listens["fe"]+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	tr := &http.Transport{DisableKeepAlives: true}
	res, err := (&http.Client{Transport: tr, Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res, string(b)
}

// bodies makes n GETs and returns who answered.
func (s *site) bodies(n int, path string, header ...string) string {
	var got []string
	for range n {
		_, b := s.get("GET", path, header...)
		got = append(got, b)
	}
	return strings.Join(got, " ")
}

func want(t *testing.T, what, want, got string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// until repeats a question until it is answered with want.
func until(t *testing.T, what, want string, ask func() string) {
	t.Helper()
	last := ""
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if last = ask(); last == want {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Errorf("%s: got %q, want %q", what, last, want)
}

func TestTutorialRoundRobin(t *testing.T) {
	t.Parallel()
	s := newSite(t, stock+`
frontend main
    bind "fd@${fe}"
    default_backend webs
backend webs
    balance roundrobin
    server s1 "${s1}" check
    server s2 "${s2}" check
`, "s1", "s2")
	want(t, "alternation", "s1 s2 s1 s2", s.bodies(4, "/"))
	want(t, "forwardfor leaves out 127.0.0.0/8", "", s.bodies(1, "/xff"))
	s.wantLogs(t, []string{`<150>.* 127\.0\.0\.1:\d+ \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d\.\d{3}\] main webs/s1 \d+/\d+/\d+/\d+/\d+ 200 \d+ - - ---- \d+/\d+/\d+/\d+/0 0/0 "GET / HTTP/1.1"`})
}

func TestTutorialSource(t *testing.T) {
	t.Parallel()
	s := newSite(t, stock+`
listen webs
    bind "fd@${fe}"
    balance source
    server s1 "${s1}" check
    server s2 "${s2}" check
`, "s1", "s2")
	_, first := s.get("GET", "/")
	want(t, "the same client stays", strings.Join([]string{first, first, first, first, first}, " "), s.bodies(5, "/"))
}

func TestTutorialCookie(t *testing.T) {
	t.Parallel()
	s := newSite(t, stock+`
frontend main
    bind "fd@${fe}"
    default_backend webservers
backend webservers
    balance roundrobin
    cookie webserver insert nocache
    server s1 "${s1}" cookie s1 check weight 1
    server s2 "${s2}" cookie s2 check weight 1
`, "s1", "s2")
	res, body := s.get("GET", "/")
	want(t, "cookie", "webserver="+body+"; path=/", res.Header.Get("Set-Cookie"))
	want(t, "nocache only where a cache would keep the answer", "", res.Header.Get("Cache-Control"))
	want(t, "cookie honoured", "s2 s2 s2", s.bodies(3, "/", "Cookie", "a=b; webserver=s2"))
	want(t, "the other one", "s1 s1 s1", s.bodies(3, "/", "Cookie", "webserver=s1"))
}

func TestTutorialUploadPool(t *testing.T) {
	t.Parallel()
	s := newSite(t, stock+`
frontend main
    bind "fd@${fe}"
    acl http_method method -i POST
    use_backend updataserver if http_method
    default_backend webservers
backend webservers
    balance roundrobin
    server s1 "${s1}" check weight 1
backend updataserver
    balance roundrobin
    server s2 "${s2}" check
`, "s1", "s2")
	want(t, "GET", "s1 s1", s.bodies(2, "/"))
	_, body := s.get("POST", "/")
	want(t, "POST", "s2", body)
}

func TestTutorialStaticPool(t *testing.T) {
	t.Parallel()
	s := newSite(t, stock+`
frontend web
    bind "fd@${fe}"
    acl url_static path_beg -i /static /images /javascript /stylesheets
    acl url_static path_end -i .jpg .gif .png .css .js .html .txt .htm
    use_backend staticsrvs if url_static
    default_backend appsrvs
backend staticsrvs
    server st "${st}" check
backend appsrvs
    server wp "${wp}" check
`, "st", "wp")
	want(t, "by prefix", "st", s.bodies(1, "/IMAGES/a"))
	want(t, "by suffix", "st", s.bodies(1, "/wp/logo.PNG?v=1"))
	want(t, "the rest", "wp", s.bodies(1, "/index.php"))
}

func TestTutorialBackup(t *testing.T) {
	t.Parallel()
	s := newSite(t, stock+`
frontend main
    bind "fd@${fe}"
    default_backend webs
backend webs
    balance roundrobin
    option httpchk GET /
    default-server inter 20ms fall 2 rise 2
    server s1 "${s1}" check
    server s2 "${s2}" check
    server b1 "${b1}" backup check
`, "s1", "s2", "b1")
	want(t, "all up", "s1 s2", s.bodies(2, "/"))
	s.down["s1"].Store(true)
	until(t, "dead node taken out", "s2 s2 s2", func() string { return s.bodies(3, "/") })
	s.down["s2"].Store(true)
	until(t, "backup used last", "b1 b1", func() string { return s.bodies(2, "/") })
	s.down["s1"].Store(false)
	until(t, "node back", "s1 s1", func() string { return s.bodies(2, "/") })
}

func TestTutorialStats(t *testing.T) {
	t.Parallel()
	s := newSite(t, stock+`
frontend main
    bind "fd@${fe}"
    default_backend webs
backend webs
    balance roundrobin
    server s1 "${s1}" check
    server s2 "${s2}" check
    stats enable
    stats hide-version
    stats uri /haproxy?stats
    stats scope .
    stats realm HAPorxy\ Statistics
    stats auth admin:admin
    stats admin if TRUE
`, "s1", "s2")
	res, _ := s.get("GET", "/haproxy?stats")
	want(t, "without login", `401 Basic realm="HAPorxy Statistics"`, res.Status[:4]+res.Header.Get("Www-Authenticate"))
	login := []string{"Authorization", "Basic YWRtaW46YWRtaW4="}
	res, page := s.get("GET", "/haproxy?stats", login...)
	if res.StatusCode != 200 || !strings.Contains(page, "webs") || strings.Contains(page, Version) {
		t.Errorf("stats page: status %d, %d bytes", res.StatusCode, len(page))
	}
	_, csv := s.get("GET", "/haproxy?stats;csv", login...)
	if !strings.HasPrefix(csv, "# pxname,svname,qcur,") || !strings.Contains(csv, "\nwebs,s1,") {
		t.Errorf("csv: %.200q", csv)
	}
	form := url.Values{"s": {"s1"}, "action": {"maint"}, "b": {"webs"}}
	req, _ := http.NewRequest("POST", "http://"+s.listens["fe"]+"/haproxy?stats", strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth("admin", "admin")
	res, err := (&http.Client{Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	want(t, "admin action", "303 /haproxy?stats;st=DONE", res.Status[:4]+res.Header.Get("Location"))
	want(t, "server in maintenance", "s2 s2 s2", s.bodies(3, "/"))
}
