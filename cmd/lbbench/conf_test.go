package main

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var testEnds = endpoints{Listen: "127.0.0.1:1", Origin: "127.0.0.1:2", Log: "127.0.0.1:3", Dir: "/d", MaxConn: 100, Workers: 1}

func TestHaproxyConfPlain(t *testing.T) {
	t.Parallel()
	want := `global
    maxconn 100
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend fe
    bind 127.0.0.1:1
    default_backend be
backend be
    server s1 127.0.0.1:2
`
	if diff := cmp.Diff(want, haproxyConf(setup{}, testEnds)); diff != "" {
		t.Error(diff)
	}
}

func TestConfsSay(t *testing.T) {
	t.Parallel()
	f := func(s setup, haproxy, nginx []string) {
		t.Helper()
		e := testEnds
		e.Module = "/m/stream.so"
		ng, err := nginxConf(s, e, "")
		if err != nil {
			t.Fatal(err)
		}
		for text, parts := range map[string][]string{haproxyConf(s, e): haproxy, ng: nginx} {
			for _, part := range parts {
				if !strings.Contains(text, part) {
					t.Errorf("%+v: no %q in:\n%s", s, part, text)
				}
			}
		}
		if strings.Count(ng, "{") != strings.Count(ng, "}") {
			t.Errorf("%+v: brackets do not match in:\n%s", s, ng)
		}
	}
	f(setup{TCP: true, Splice: true}, []string{"mode tcp", "option splice-request", "option splice-response"}, []string{"load_module /m/stream.so", "stream {", "proxy_pass 127.0.0.1:2;"})
	f(setup{Close: true}, []string{"option httpclose"}, []string{"upstream be { server 127.0.0.1:2;  }"})
	f(setup{Reuse: true}, []string{"http-reuse always"}, []string{"keepalive 1024"})
	f(setup{Cert: certRSA}, []string{"ssl crt /d/rsa2048.pem", "TLS_AES_128_GCM_SHA256"}, []string{"ssl_certificate /d/rsa2048.pem", "TLS_AES_128_GCM_SHA256"})
	f(setup{Map: true}, []string{"%[path,map_str(/d/map.haproxy,none)]"}, []string{"include /d/map.nginx;"})
	f(setup{Stick: true}, []string{"track-sc0 req.hdr(x-client)"}, []string{"limit_req_zone $http_x_client"})
	f(setup{Rules: true}, []string{"option httplog", "log 127.0.0.1:3 local0", "use_backend b30 if is_b30", "backend b30\n"},
		[]string{"syslog:server=127.0.0.1:3", "upstream b30 {", "proxy_pass http://$be;"})
}

func TestNginxConfNeedsStream(t *testing.T) {
	t.Parallel()
	if _, err := nginxConf(setup{TCP: true}, testEnds, ""); !errors.Is(err, errNoStream) {
		t.Errorf("error %v, want %v", err, errNoStream)
	}
	e := testEnds
	e.Module, e.Workers = "builtin", 2
	text, err := nginxConf(setup{TCP: true}, e, "root")
	if err != nil || strings.Contains(text, "load_module") || !strings.Contains(text, "worker_processes 2") || !strings.Contains(text, "user root;") {
		t.Errorf("error %v, text:\n%s", err, text)
	}
}

// TestRules holds each rule's request against nginx's patterns in order: it
// must be caught by its own rule and by none before it.
func TestRules(t *testing.T) {
	t.Parallel()
	all := rules()
	if len(all) != ruleCount {
		t.Fatalf("%d rules", len(all))
	}
	catches := func(r request) string {
		_, header := r.head(false)
		host, agent := "", ""
		for _, h := range header {
			if v, ok := strings.CutPrefix(h, "Host: "); ok {
				host = strings.ToLower(v)
			}
			if v, ok := strings.CutPrefix(h, "User-Agent: "); ok {
				agent = v
			}
		}
		path, _, _ := strings.Cut(r.Path, "?")
		for _, rule := range all {
			if regexp.MustCompile(strings.TrimLeft(rule.Regex, "~*")).MatchString(host + "|" + path + "|" + agent) {
				return rule.Backend
			}
		}
		return "be"
	}
	for _, rule := range all {
		if got := catches(rule.Hit); got != rule.Backend {
			t.Errorf("the request of %s is caught by %s", rule.Backend, got)
		}
	}
	reqs := ruleRequests()
	if got := catches(reqs[len(reqs)-1]); got != "be" {
		t.Errorf("the last request is caught by %s", got)
	}
}

func TestNginxServerConf(t *testing.T) {
	t.Parallel()
	text := nginxServerConf("127.0.0.1:9", "/d", "root", 50)
	for _, part := range []string{"user root;", "listen 127.0.0.1:9 ", "root /d/www;", "worker_connections 150;"} {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in:\n%s", part, text)
		}
	}
}
