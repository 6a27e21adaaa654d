package proxy

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// h2Answers holds what the original answers to each case of h2cases, and
// where this proxy answers otherwise, that and why: tab-separated name,
// original's answer, ours, reason.
const h2Answers = "../testdata/haproxy/h2/answers.tsv"

const h2Config = `
global
    log "${log}" local0
defaults
    mode http
    timeout connect 5s
    timeout client 20s
    timeout server 20s
frontend fe
    bind "fd@${fe}" proto h2
    http-request return status 200 content-type text/plain string hi if { path /ret }
    http-request deny if { path /deny }
    http-request redirect location /x if { path /redir }
    http-request pause 1h if { path /wait }
    default_backend be
backend be
    server s1 "${s1}"
`

// h2Origin answers in the ways that the cases need.
func h2Origin(t *testing.T) (addr string, release func()) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	hold := make(chan struct{})
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Date"] = nil
		b, err := io.ReadAll(r.Body)
		switch r.URL.Path {
		case "/hold":
			select {
			case <-hold:
			case <-r.Context().Done():
			}
		case "/chunk":
			for i := range 3 {
				fmt.Fprintf(w, "part %d\n", i)
				w.(http.Flusher).Flush()
			}
			return
		case "/cut", "/close":
			c, _, _ := w.(http.Hijacker).Hijack()
			if r.URL.Path == "/cut" {
				io.WriteString(c, "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort")
			}
			c.Close()
			return
		case "/trailers":
			w.Header().Set("Trailer", "X-T")
			io.WriteString(w, "body")
			w.(http.Flusher).Flush()
			w.Header().Set("X-T", "v")
			return
		case "/204":
			w.WriteHeader(204)
			return
		case "/100":
			w.WriteHeader(103)
			w.WriteHeader(200)
			return
		case "/hdrs":
			fmt.Fprintf(w, "%s %s %s TE=%v cl=%d\n", r.Method, r.RequestURI, r.Host, r.TransferEncoding, r.ContentLength)
			for _, k := range []string{"Cookie", "Te", "X-A", "Connection", "Upgrade", "X-Forwarded-For"} {
				if v := r.Header[k]; v != nil {
					fmt.Fprintf(w, "%s: %q\n", k, v)
				}
			}
			fmt.Fprintf(w, "body %d %v trailer %v\n", len(b), err, r.Trailer)
			return
		}
		io.WriteString(w, "ok "+strconv.Itoa(len(b))+"\n")
	})}
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Close() })
	return ln.Addr().String(), func() { close(hold) }
}

// h2known reads the answers.
func h2known(t *testing.T) map[string][]string {
	b, err := os.ReadFile(h2Answers)
	if err != nil {
		t.Fatal(err)
	}
	m := map[string][]string{}
	for _, l := range strings.Split(strings.TrimRight(string(b), "\n"), "\n") {
		f := strings.Split(l, "\t")
		m[f[0]] = f[1:]
	}
	return m
}

// TestH2 plays good and bad sequences of frames.
func TestH2(t *testing.T) {
	t.Parallel()
	known := h2known(t)
	addr, _ := h2Origin(t)
	s := newStage("s1", addr)
	s.openLog(t)
	s.start(t, h2Config)
	for _, k := range h2cases {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			a := known[k.name]
			if a == nil {
				t.Fatal("no answer is known")
			}
			want := a[0]
			if len(a) > 2 {
				want = a[1]
			}
			k.play(t, s.listens["fe"], want)
		})
	}
}

// play sends the frames and expects want, and nothing else until a ping is
// answered where the connection still lives.
func (k *h2case) play(t *testing.T, addr, want string) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	w := newH2wire()
	k.send(w)
	sent := make(chan struct{})
	go func() {
		c.Write(w.Bytes())
		close(sent)
	}()
	asked := false
	final := want
	if !strings.HasSuffix(want, "EOF") {
		final = strings.TrimPrefix(want+"; PONG", "; ")
		if strings.HasSuffix(want, "PONG") {
			final = want + "; PONG"
		}
	}
	got := h2read(c, func(got string) bool {
		if got == want && final != want && !asked {
			asked = true
			p := newH2wire().f(fPing, 0, 0, "behind!!")
			go func() {
				<-sent
				c.Write(p.Bytes())
			}()
		}
		return got == final
	})
	if got != final {
		t.Errorf("got:  %.600s\nwant: %.600s", got, final)
	}
}
