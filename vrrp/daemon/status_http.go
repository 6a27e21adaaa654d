package daemon

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"tandem/vrrp/fsm"
)

// statusServer serves the state over HTTP, at the addresses of tandem_status.
type statusServer struct {
	handler http.Handler
	log     func(string)
	open    map[string]*http.Server
}

func newStatusServer(read func() (Status, bool), log func(string)) *statusServer {
	return &statusServer{handler: statusHandler(read), log: log, open: map[string]*http.Server{}}
}

// configure listens at the addresses and at no others.
func (s *statusServer) configure(addrs []string) {
	for a, srv := range s.open {
		if !slices.Contains(addrs, a) {
			srv.Close()
			delete(s.open, a)
		}
	}
	for _, a := range addrs {
		if s.open[a] != nil {
			continue
		}
		l, err := listenStatus(a)
		if err != nil {
			s.log(fmt.Sprintf("tandem_status %s: %v", a, err))
			continue
		}
		srv := &http.Server{Handler: s.handler, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 8 << 10}
		s.open[a] = srv
		go srv.Serve(l)
	}
}

func (s *statusServer) close() { s.configure(nil) }

// listenStatus listens at IP:PORT or at a socket, which takes the place of one
// that nobody serves any more.
func listenStatus(addr string) (net.Listener, error) {
	if !strings.HasPrefix(addr, "/") {
		return net.Listen("tcp", addr)
	}
	l, err := net.Listen("unix", addr)
	if err == nil {
		return l, nil
	}
	if st, e := os.Lstat(addr); e != nil || st.Mode().Type() != os.ModeSocket {
		return nil, err
	}
	if c, e := net.Dial("unix", addr); e == nil {
		c.Close()
		return nil, err
	}
	if e := os.Remove(addr); e != nil {
		return nil, errors.Join(err, e)
	}
	return net.Listen("unix", addr)
}

// statusHandler answers /status, /metrics and /healthz. The last is about the
// program, which is well if its loop answers, or with ?instance=NAME about
// whether that instance is master.
func statusHandler(read func() (Status, bool)) http.Handler {
	mux := http.NewServeMux()
	page := func(path, kind string, write func(w io.Writer, s *Status)) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			s, ok := read()
			if !ok {
				http.Error(w, "stopping", http.StatusServiceUnavailable)
				return
			}
			w.Header().Set("Content-Type", kind)
			write(w, &s)
		})
	}
	page("/status", "application/json", func(w io.Writer, s *Status) {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		_ = e.Encode(s)
	})
	page("/metrics", "text/plain; version=0.0.4; charset=utf-8", writeMetrics)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		s, ok := read()
		if !ok {
			http.Error(w, "stopping", http.StatusServiceUnavailable)
			return
		}
		name := r.URL.Query().Get("instance")
		if name == "" {
			io.WriteString(w, "ok\n")
			return
		}
		i := slices.IndexFunc(s.Instances, func(in InstanceStatus) bool { return in.Name == name })
		switch {
		case i < 0:
			http.Error(w, "no such instance", http.StatusNotFound)
		case s.Instances[i].State != fsm.Master.String():
			http.Error(w, s.Instances[i].State, http.StatusServiceUnavailable)
		default:
			fmt.Fprintln(w, s.Instances[i].State)
		}
	})
	return mux
}
