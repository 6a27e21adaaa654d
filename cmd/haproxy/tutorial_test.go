package main

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// tutorial is one file and what it shows to the reader who follows it.
type tutorial struct {
	file  string
	shows []func(*site)
}

// The files of with-stock are the tutorials as their authors ran them: behind
// a distribution's global and defaults, in mode http. The bare ones are in
// mode tcp, where cookies, rules on HTTP and the stats page have no meaning, so
// that balancing is all that can be seen.
var tutorials = []tutorial{
	{"01-frontend-addr-roundrobin.cfg", shows(alternation("webs", "s1", "s2"), deadNode("webs", "s1", "s2"))},
	{"02-listen-addr-roundrobin.cfg", shows(alternation("main", "s1", "s2"), deadNode("main", "s1", "s2"))},
	{"03-frontend-addr-source.cfg", shows(sticky)},
	{"04-cookie-source-no-port.cfg", shows(sticky)},
	{"05-cookie-roundrobin-bound.cfg", shows(alternation("webs", "s1", "s2"))},
	{"06-stats-enable.cfg", shows(alternation("webs", "s1", "s2"), backupLast)},
	{"07-backup-with-check.cfg", shows(alternation("webs", "s1", "s2"), backupLast)},
	{"08-stats-access-control.cfg", shows(backupLast)},
	{"09-stats-realm-unescaped.cfg", shows(backupLast)},
	{"10-stats-admin-if-true.cfg", shows(backupLast)},
	{"14-haproxy-wordpress-restored.cfg", shows(pools("appsrvs", "wp1", "wp2", "staticsrvs", "stcsrvs1", "stcsrvs2"), statsPort, logLine("web", "appsrvs/wp[12]"), servedAs)},
	{"16-haproxy-discuz-post-acl.cfg", shows(alternation("webservers", "s1", "s2", "b1"))},
	{"17-haproxy-discuz-cookie-fragment.cfg", shows(cookie("webservers", "webserver"))},
	{"18-haproxy-discuz-cookie-composed.cfg", shows(alternation("webservers", "s1", "s2"))},

	{"with-stock/01-frontend-addr-roundrobin-stock.cfg", shows(alternation("webs", "s1", "s2"), logLine("main", "webs/s[12]"), forwardFor, servedAs, deadNode("webs", "s1", "s2"))},
	{"with-stock/02-listen-addr-roundrobin-stock.cfg", shows(alternation("main", "s1", "s2"), logLine("main", "main/s[12]"), deadNode("main", "s1", "s2"))},
	{"with-stock/03-frontend-addr-source-stock.cfg", shows(sticky, logLine("main", "webs/s[12]"))},
	{"with-stock/04-cookie-source-no-port-stock.cfg", shows(sticky, noCookie)},
	{"with-stock/05-cookie-roundrobin-bound-stock.cfg", shows(cookie("webs", "web"))},
	{"with-stock/06-stats-enable-stock.cfg", shows(alternation("webs", "s1", "s2"), openStats, backupLast)},
	{"with-stock/07-backup-with-check-stock.cfg", shows(openStats, backupLast)},
	{"with-stock/08-stats-access-control-stock.cfg", shows(login("/haproxyadmin?stats", "haproxy statistics", "statsadmin", "password"), backupLast)},
	{"with-stock/09-stats-realm-unescaped-stock.cfg", shows(login("/hap?stats", "INPUT your", "admin", "admin"), noAdmin("/hap?stats"))},
	{"with-stock/10-stats-admin-if-true-stock.cfg", shows(login("/hap?stats", "INPUT your", "admin", "admin"), adminAction("/hap?stats", "webs", "s1", "s2"))},
	{"with-stock/16-haproxy-discuz-post-acl-stock.cfg", shows(alternation("webservers", "s1", "s2", "b1"), upload, login("/haproxy?stats", "HAPorxy Statistics", "admin", "admin"), formToUpload("/haproxy?stats"))},
	{"with-stock/18-haproxy-discuz-cookie-composed-stock.cfg", shows(cookie("webservers", "webserver"), upload, deadNode("webservers", "s1", "s2"))},
}

func shows(f ...func(*site)) []func(*site) { return f }

// TestTutorials runs every tutorial in our binary in front of real web
// servers, with the addresses moved to loopback.
func TestTutorials(t *testing.T) {
	t.Parallel()
	for _, x := range tutorials {
		t.Run(strings.TrimSuffix(filepath.Base(x.file), ".cfg"), func(t *testing.T) {
			t.Parallel()
			text := tutorialText(t, x.file)
			if strings.HasPrefix(x.file, "17-") {
				// A backend alone, as printed: the reader has the rest.
				b, err := os.ReadFile("../../testdata/haproxy/tutorial/stock.cfg")
				if err != nil {
					t.Fatal(err)
				}
				text = string(b) + "frontend main\n    bind :80\n    default_backend webservers\n" + text
			}
			s := newSite(t, text)
			for _, show := range x.shows {
				show(s)
			}
		})
	}
}

// TestTutorialMissingBackend: the author's mistake is told with the place and
// the name that was meant.
func TestTutorialMissingBackend(t *testing.T) {
	t.Parallel()
	text := tutorialText(t, "13-haproxy-missing-backend.cfg")
	file := filepath.Join(t.TempDir(), "13.cfg")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	at := regexp.MustCompile(`(?m)^\s*(default_backend)`).FindStringSubmatchIndex(text)
	line := 1 + strings.Count(text[:at[2]], "\n")
	cmd := exec.Command(os.Args[0], "-c", "-f", file)
	cmd.Env = append(os.Environ(), envPlay+"=1")
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("exit: %v", err)
	}
	for _, want := range []string{
		"[ALERT]", "Proxy 'http_front': unable to find required default_backend: 'http_back'.",
		fmt.Sprintf("%s:%d", file, line), "'web_server'",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("does not say %q:\n%s", want, out)
		}
	}
}

// alternation: the servers answer in turn, in the order of the file.
func alternation(backend string, servers ...string) func(*site) {
	return func(s *site) {
		var w []*web
		for _, n := range servers {
			w = append(w, s.server(backend, n))
		}
		s.want("alternation", names(append(w, w...)...), s.answers(2*len(w), "/"))
	}
}

// deadNode: a server that dies is taken out, and back when it lives again.
func deadNode(backend, dead, alive string) func(*site) {
	return func(s *site) {
		a, b := s.server(backend, dead), s.server(backend, alive)
		a.stop()
		s.until("the dead node is out", names(b, b, b, b), func() string { return s.answers(4, "/") })
		a.start()
		s.until("the node is back", "both", func() string {
			if got := s.answers(2, "/"); got == names(a, b) || got == names(b, a) {
				return "both"
			}
			return "one"
		})
	}
}

// sticky: one source address stays on its server; not all share one.
func sticky(s *site) {
	seen := map[string]bool{}
	for i := range 16 {
		from := fmt.Sprintf("127.0.0.%d", 2+i)
		_, first := s.ask(from, s.request("GET", "/", ""))
		for range 3 {
			_, again := s.ask(from, s.request("GET", "/", ""))
			s.want(from+" stays", first, again)
		}
		seen[first] = true
	}
	if len(seen) != 2 {
		s.t.Errorf("16 sources went to %d servers", len(seen))
	}
}

// noCookie: servers without a value of their own set none.
func noCookie(s *site) {
	res, _ := s.ask("", s.request("GET", "/page", ""))
	s.want("Set-Cookie", "", res.Header.Get("Set-Cookie"))
}

// cookie is set, is not to be cached, and is honoured.
func cookie(backend, name string) func(*site) {
	return func(s *site) {
		for range 2 {
			res, body := s.ask("", s.request("GET", "/page", ""))
			for _, n := range []string{"s1", "s2"} {
				if s.server(backend, n).name == body {
					s.want("cookie", name+"="+n+"; path=/", res.Header.Get("Set-Cookie"))
				}
			}
			s.want("nocache", "private", res.Header.Get("Cache-Control"))
		}
		for _, n := range []string{"s2", "s1"} {
			w := s.server(backend, n)
			s.want("honoured", names(w, w, w), s.answers(3, "/", "Cookie", "a=b; "+name+"="+n))
		}
	}
}

// backupLast: the backup answers only when no other server is left.
func backupLast(s *site) {
	s1, s2, b1 := s.server("webs", "s1"), s.server("webs", "s2"), s.server("webs", "b1")
	if strings.Contains(s.answers(4, "/"), b1.name) {
		s.t.Error("the backup answers while others are there")
	}
	s1.stop()
	s.until("one left", names(s2, s2), func() string { return s.answers(2, "/") })
	s2.stop()
	s.until("the backup is used last", names(b1, b1), func() string { return s.answers(2, "/") })
	s1.start()
	s.until("the node is back", names(s1, s1), func() string { return s.answers(2, "/") })
}

// upload: POST goes to its own pool.
func upload(s *site) {
	w := s.server("updataserver", "s2")
	for range 3 {
		_, b := s.ask("", s.request("POST", "/upload", "a=b"))
		s.want("POST", w.name, b)
	}
}

// pools: static files and the rest have servers of their own.
func pools(app, app1, app2, static, static1, static2 string) func(*site) {
	return func(s *site) {
		a, b := s.server(app, app1), s.server(app, app2)
		c, d := s.server(static, static1), s.server(static, static2)
		s.want("the application", names(a, b, a, b), s.answers(4, "/index.php"))
		s.want("static by prefix", names(c, d), s.answers(2, "/IMAGES/a"))
		s.want("static by suffix", names(c, d), s.answers(2, "/wp/logo.PNG?v=1"))
	}
}

// logLine: the receiver of local2 gets the request in httplog's form.
func logLine(front, server string) func(*site) {
	return func(s *site) {
		s.answers(1, "/logged")
		s.wantLog(`^<150>\w{3} [ \d]\d \d\d:\d\d:\d\d \S+\[\d+\]: 127\.0\.0\.1:\d+ \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d\.\d{3}\] ` + front + ` ` + server + ` \d+/\d+/\d+/\d+/\d+ 200 \d+ - - ---- \d+/\d+/\d+/\d+/0 0/0 "GET /logged HTTP/1\.1"`)
	}
}

// forwardFor: 127.0.0.0/8 is excepted.
func forwardFor(s *site) { s.want("X-Forwarded-For", "", s.answers(1, "/xff")) }

// servedAs: as root, the process has the user and the root directory that the
// tutorial wants.
func servedAs(s *site) {
	if os.Getuid() != 0 {
		return
	}
	want := "haproxy"
	if _, err := user.Lookup(want); err != nil {
		want = "nobody"
	}
	u, err := user.Lookup(want)
	if err != nil {
		s.t.Fatal(err)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	s.want("user", u.Uid, regexp.MustCompile(`(?m)^Uid:\s+(\d+)`).FindStringSubmatch(string(status))[1])
	root, err := os.Readlink(fmt.Sprintf("/proc/%d/root", s.cmd.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	s.want("chroot", filepath.Join(s.dir, "empty"), root)
}

// openStats: the page is there for everybody.
func openStats(s *site) {
	res, page := s.ask("", s.request("GET", "/haproxy?stats", ""))
	if res.StatusCode != 200 || !strings.Contains(page, "webs") {
		s.t.Errorf("stats page: status %d, %d bytes", res.StatusCode, len(page))
	}
}

// login: the page wants the password, hides the version and shows its own
// backend alone.
func login(uri, realm, name, password string) func(*site) {
	return func(s *site) {
		res, _ := s.ask("", s.request("GET", uri, ""))
		s.want("without login", `401 Basic realm="`+realm+`"`, res.Status[:4]+res.Header.Get("Www-Authenticate"))
		ask := func(uri, password string) (*http.Response, string) {
			req := s.request("GET", uri, "")
			req.SetBasicAuth(name, password)
			return s.ask("", req)
		}
		res, _ = ask(uri, "wrong")
		s.want("wrong password", "401", res.Status[:3])
		res, page := ask(uri, password)
		if res.StatusCode != 200 || strings.Contains(page, "HAProxy version") || strings.Contains(page, "<a name=\"main\">") {
			s.t.Errorf("stats page: status %d, %d bytes", res.StatusCode, len(page))
		}
		_, csv := ask(uri+";csv", password)
		if !strings.HasPrefix(csv, "# pxname,svname,qcur,") || !strings.Contains(csv, ",s1,") || strings.Contains(csv, "\nmain,") {
			s.t.Errorf("csv: %.300q", csv)
		}
	}
}

// act submits the form of the stats page and returns status and where to.
func (s *site) act(uri, backend, server, action string) string {
	s.t.Helper()
	form := url.Values{"s": {server}, "action": {action}, "b": {backend}}
	req := s.request("POST", uri, form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth("admin", "admin")
	res, _ := s.ask("", req)
	return res.Status[:4] + res.Header.Get("Location")
}

// noAdmin: without "stats admin" the form changes nothing.
func noAdmin(uri string) func(*site) {
	return func(s *site) {
		s.want("admin action", "303 "+uri+";st=DENY", s.act(uri, "webs", "s1", "maint"))
		s.want("both serve", "true", fmt.Sprint(strings.Contains(s.answers(2, "/"), s.server("webs", "s1").name)))
	}
}

// formToUpload: this tutorial's rule sends every POST to the upload pool, that
// of its own stats page too, so the form changes nothing.
func formToUpload(uri string) func(*site) {
	return func(s *site) {
		s.want("admin action", "200 ", s.act(uri, "webservers", "s1", "maint"))
		s.want("both serve", "true", fmt.Sprint(strings.Contains(s.answers(3, "/"), s.server("webservers", "s1").name)))
	}
}

// adminAction: the first server goes into maintenance and comes back.
func adminAction(uri, backend string, servers ...string) func(*site) {
	return func(s *site) {
		gone := s.server(backend, servers[0]).name
		s.want("maintenance", "303 "+uri+";st=DONE", s.act(uri, backend, servers[0], "maint"))
		if got := s.answers(2*len(servers), "/"); strings.Contains(got, gone) {
			s.t.Errorf("a server in maintenance answers: %s", got)
		}
		s.want("ready", "303 "+uri+";st=DONE", s.act(uri, backend, servers[0], "ready"))
		s.until("it is back", "true", func() string { return fmt.Sprint(strings.Contains(s.answers(len(servers), "/"), gone)) })
	}
}

// statsPort: the page on a port of its own, with its form.
func statsPort(s *site) {
	s.front, s.admin = s.admin, s.front
	defer func() { s.front, s.admin = s.admin, s.front }()
	res, _ := s.ask("", s.request("GET", "/admin?stats", ""))
	s.want("without login", "401", res.Status[:3])
	s.want("admin action", "303 /admin?stats;st=DONE", s.act("/admin?stats", "appsrvs", "wp2", "maint"))
	s.front, s.admin = s.admin, s.front
	w := s.server("appsrvs", "wp1")
	s.want("one left", names(w, w, w), s.answers(3, "/index.php"))
	s.front, s.admin = s.admin, s.front
	s.want("admin action", "303 /admin?stats;st=DONE", s.act("/admin?stats", "appsrvs", "wp2", "ready"))
}
