package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// errNoStream says why nginx has no TCP rows.
var errNoStream = errors.New("this nginx has no stream module (Debian: libnginx-mod-stream)")

// nginxConf writes what comes nearest to haproxyConf in nginx's language.
func nginxConf(s setup, e endpoints, user string) (string, error) {
	var b strings.Builder
	line := func(format string, a ...any) { fmt.Fprintf(&b, format+"\n", a...) }
	if s.TCP && e.Module == "" {
		return "", errNoStream
	}
	if s.TCP && e.Module != "builtin" {
		line("load_module %s;", e.Module)
	}
	line("daemon off;\npid nginx.pid;\nerror_log error.log warn;")
	if user != "" {
		line("user %s;", user)
	}
	if e.Workers > 1 {
		line("worker_processes %d;", e.Workers)
	} else {
		line("master_process off;")
	}
	line("worker_rlimit_nofile %d;", 2*e.MaxConn+200)
	line("events { worker_connections %d; }", 2*e.MaxConn+100)
	if s.TCP {
		line("stream {\n  server { listen %s backlog=4096; proxy_pass %s; }\n}", e.Listen, e.Origin)
		return b.String(), nil
	}
	line("http {")
	line("  keepalive_requests 1000000000; keepalive_timeout 60s; client_max_body_size 0;")
	line("  proxy_request_buffering off; proxy_max_temp_file_size 0; proxy_http_version 1.1;")
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		line("  %s_temp_path tmp_%s;", kind, kind)
	}
	keep := "keepalive 1024; keepalive_requests 1000000000;"
	if s.Close {
		keep = ""
	} else {
		line("  proxy_set_header Connection \"\";")
	}
	line("  upstream be { server %s; %s }", e.Origin, keep)
	nginxHTTP(line, s, e, keep)
	line("  server {")
	if s.Cert != "" {
		pem := filepath.Join(e.Dir, s.Cert)
		line("    listen %s ssl backlog=4096;", e.Listen)
		line("    ssl_certificate %s; ssl_certificate_key %s;", pem, pem)
		line("    ssl_protocols TLSv1.3; ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;")
	} else {
		line("    listen %s backlog=4096;", e.Listen)
	}
	target := "be"
	if s.Rules {
		target = "$be"
		line("    location /admin { deny all; }\n    rewrite ^/old/(.*) /new/$1;")
	}
	if s.Stick {
		line("    limit_req zone=clients burst=10000 nodelay;\n    limit_req_status 429;")
	}
	line("    location / { proxy_pass http://%s; }\n  }\n}", target)
	return b.String(), nil
}

// nginxHTTP writes the lines of the http block that stand before the server.
func nginxHTTP(line func(string, ...any), s setup, e endpoints, keep string) {
	if !s.Rules {
		line("  access_log off;")
	}
	if s.Map {
		line("  map_hash_max_size 262144; map_hash_bucket_size 128;")
		line("  map $uri $looked { default none; include %s; }", filepath.Join(e.Dir, nginxMap))
		line("  proxy_set_header X-Map $looked;")
	}
	if s.Stick {
		line("  limit_req_zone $http_x_client zone=clients:10m rate=100000r/s;")
	}
	if !s.Rules {
		return
	}
	line("  map \"$host|$uri|$http_user_agent\" $be {\n    default be;")
	for _, r := range rules() {
		line("    \"%s\" %s;", r.Regex, r.Backend)
	}
	line("  }")
	for _, r := range rules() {
		line("  upstream %s { server %s; %s }", r.Backend, e.Origin, keep)
	}
	line("  log_format bench '$remote_addr:$remote_port [$time_local] $server_name $be " +
		"$request_time/$upstream_connect_time/$upstream_response_time $status $bytes_sent \"$request\"';")
	line("  access_log syslog:server=%s,facility=local0,nohostname bench;", e.Log)
	line("  proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;")
	line("  proxy_set_header X-Forwarded-Proto http; proxy_set_header X-Real-IP $remote_addr;")
	line("  proxy_set_header X-Via lbbench; proxy_set_header X-Secret \"\";")
	line("  add_header Strict-Transport-Security max-age=31536000; add_header X-Backend $be;")
}

// behindNginx names nginx as the server behind the proxies.
const behindNginx = "nginx"

// nginxServerConf makes nginx a server of the files in dir/www.
func nginxServerConf(listen, dir, user string, maxConn int) string {
	if user != "" {
		user = "user " + user + ";\n"
	}
	return fmt.Sprintf("daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log error.log warn;\n%s"+
		"worker_rlimit_nofile %d;\nevents { worker_connections %d; }\n"+
		"http {\n  access_log off; sendfile on; keepalive_requests 1000000000; open_file_cache max=10;\n"+
		"  client_body_temp_path tmp_client_body; proxy_temp_path tmp_proxy; fastcgi_temp_path tmp_fastcgi;\n"+
		"  uwsgi_temp_path tmp_uwsgi; scgi_temp_path tmp_scgi;\n"+
		"  server { listen %s backlog=4096; root %s; }\n}\n",
		user, maxConn+200, maxConn+100, listen, filepath.Join(dir, "www"))
}
