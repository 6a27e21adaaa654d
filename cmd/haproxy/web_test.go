package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// patience bounds every wait; a test that meets it has failed.
const patience = 20 * time.Second

// web is a tutorial's web server: nginx where it is installed, else Go's. It
// answers "/" and all below it with its address as the tutorial writes it,
// "/xff" with the X-Forwarded-For that it got, "/page" with a file, which has
// validators, so that a cache could keep it.
type web struct {
	t    *testing.T
	addr string // where it really listens
	name string
	stop func()
}

// webs counts the addresses that were given away: each web server has a
// loopback address of its own, so that it can have the port that its tutorial
// wants all servers to share.
var webs atomic.Uint32

func newLoopback() string {
	n := webs.Add(1)
	return fmt.Sprintf("127.%d.%d.%d", 1+os.Getpid()%253, 1+n/250, 1+n%250)
}

func (w *web) start() {
	w.t.Helper()
	if nginx, err := exec.LookPath("nginx"); err == nil {
		w.startNginx(nginx)
	} else {
		w.startGo()
	}
	w.t.Cleanup(func() { w.stop() })
}

func (w *web) startNginx(nginx string) {
	w.t.Helper()
	dir := w.t.TempDir()
	conf := strings.NewReplacer("DIR", dir, "ADDR", w.addr, "NAME", w.name).Replace(`
daemon off;
master_process off;
pid DIR/pid;
error_log stderr error;
events { worker_connections 64; }
http {
	access_log off;
	default_type text/plain;
	client_body_temp_path DIR;
	proxy_temp_path DIR;
	fastcgi_temp_path DIR;
	uwsgi_temp_path DIR;
	scgi_temp_path DIR;
	server {
		listen ADDR;
		location / { return 200 "NAME"; }
		location = /xff { return 200 "$http_x_forwarded_for"; }
		location = /page { root DIR; }
	}
}
`)
	file := filepath.Join(dir, "nginx.conf")
	for path, text := range map[string]string{file: conf, filepath.Join(dir, "page"): w.name} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			w.t.Fatal(err)
		}
	}
	cmd := exec.Command(nginx, "-e", "stderr", "-p", dir, "-c", file)
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { cmd.Wait(); close(done) }()
	w.stop = func() {
		cmd.Process.Kill()
		<-done
	}
	for end := time.Now().Add(patience); ; {
		if c, err := net.Dial("tcp", w.addr); err == nil {
			c.Close()
			return
		}
		select {
		case <-done:
			w.t.Fatalf("nginx ended: %s", said.String())
		case <-time.After(5 * time.Millisecond):
		}
		if time.Now().After(end) {
			w.t.Fatal("nginx does not listen")
		}
	}
}

func (w *web) startGo() {
	w.t.Helper()
	ln, err := net.Listen("tcp4", w.addr)
	if err != nil {
		w.t.Fatal(err)
	}
	born := time.Now()
	s := &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/xff":
			io.WriteString(rw, r.Header.Get("X-Forwarded-For"))
		case "/page":
			http.ServeContent(rw, r, "page", born, strings.NewReader(w.name))
		default:
			io.WriteString(rw, w.name)
		}
	})}
	go s.Serve(ln)
	w.stop = func() { s.Close() }
}
