package main

import (
	"fmt"
	"path/filepath"
	"strings"
)

// setup is what a row asks of a proxy, in neither one's language.
type setup struct {
	TCP    bool   // relay bytes instead of HTTP
	Splice bool   // let the kernel move the bytes (HAProxy's splice-request, splice-response)
	Close  bool   // a new connection to the server for each request
	Reuse  bool   // share server connections between all clients
	Cert   string // serve TLS with this file
	Rules  bool   // 30 conditions, header rewriting, a log line each
	Map    bool   // look the path up in a table of 100,000
	Stick  bool   // count requests of each client in a table
}

// endpoints is where a proxy finds the rest of the bench.
type endpoints struct {
	Listen  string // address to serve
	Origin  string // address of the backend
	Log     string // UDP address that takes log lines
	Dir     string // holds certificates and map files
	MaxConn int    // connections to allow
	Workers int    // processes of nginx; HAProxy sees by itself what it may use
	Module  string // file of nginx's stream module, when it is a separate one
}

// Names of the map files in the run's directory.
const (
	haproxyMap = "map.haproxy"
	nginxMap   = "map.nginx"
)

// haproxyConf writes the configuration for HAProxy and for us.
func haproxyConf(s setup, e endpoints) string {
	var b strings.Builder
	line := func(format string, a ...any) { fmt.Fprintf(&b, format+"\n", a...) }
	server := func() { line("    server s1 %s", e.Origin) }

	line("global")
	line("    maxconn %d", e.MaxConn)
	if s.Cert != "" {
		line("    ssl-default-bind-ciphersuites TLS_AES_128_GCM_SHA256")
	}
	if s.Rules {
		line("    log %s local0", e.Log)
	}
	line("defaults")
	if s.TCP {
		line("    mode tcp")
	} else {
		line("    mode http")
	}
	line("    timeout connect 5s\n    timeout client 60s\n    timeout server 60s")
	switch {
	case s.Splice:
		line("    option splice-request\n    option splice-response")
	case s.Close:
		line("    option httpclose")
	case s.Reuse:
		line("    http-reuse always")
	}
	if s.Rules {
		line("    log global\n    option httplog\n    option forwardfor")
	}
	line("frontend fe")
	if s.Cert != "" {
		line("    bind %s ssl crt %s ssl-min-ver TLSv1.3", e.Listen, filepath.Join(e.Dir, s.Cert))
	} else {
		line("    bind %s", e.Listen)
	}
	if s.Map {
		line("    http-request set-header X-Map %%[path,map_str(%s,none)]", filepath.Join(e.Dir, haproxyMap))
	}
	if s.Stick {
		line("    stick-table type string len 32 size 100k expire 60s store conn_cnt,http_req_cnt,http_req_rate(10s),bytes_out_rate(10s)")
		line("    http-request track-sc0 req.hdr(x-client)")
		line("    http-request deny deny_status 429 if { sc_http_req_rate(0) gt 10000000 }")
	}
	if s.Rules {
		haproxyRules(line)
	}
	line("    default_backend be")
	line("backend be")
	if s.Rules {
		line("    http-response set-header X-Backend be")
	}
	server()
	if s.Rules {
		for _, r := range rules() {
			line("backend %s\n    http-response set-header X-Backend %s", r.Backend, r.Backend)
			server()
		}
	}
	return b.String()
}

// haproxyRules writes the rule-heavy frontend's lines.
func haproxyRules(line func(string, ...any)) {
	for _, r := range rules() {
		line("    acl is_%s %s", r.Backend, r.ACL)
	}
	line("    http-request deny if { path_beg /admin } !{ src 10.0.0.0/8 }")
	line("    http-request replace-path ^/old/(.*) /new/\\1")
	line("    http-request set-header X-Forwarded-Proto http")
	line("    http-request set-header X-Real-IP %%[src]")
	line("    http-request add-header X-Via lbbench")
	line("    http-request del-header X-Secret")
	line("    http-response set-header Strict-Transport-Security max-age=31536000")
	line("    http-response del-header Server")
	for _, r := range rules() {
		line("    use_backend %s if is_%s", r.Backend, r.Backend)
	}
}
