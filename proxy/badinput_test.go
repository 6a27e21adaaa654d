package proxy

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// badInput is one message that a proxy must not be fooled by.
type badInput struct {
	name string
	opts string // lines of the frontend; "global: …" and "backend: …" go there
	send string // bytes of the client
	// answer is what the client gets: statuses, and behind them "keep" where the
	// connection must serve another request or "close" where it must end.
	// A refusal (4xx) always ends it.
	answer string
	// server is what the server must see, byte for byte. Empty after a refusal:
	// nothing, on no connection, old or new.
	server string
	log    string // regular expression, "none"; empty: as the answer implies
	reply  string // bytes of the server; empty: 200 without a body. it closes behind a final "<close>", does not wait for the body after "<early>"
	client string // what the client must see, byte for byte, instead of statuses only
	// stricter says why this proxy refuses what the original lets pass; the
	// original's own verdict is then not compared.
	stricter string
}

const badInputConfig = `
global
    log "${log}" local0
%s
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
    option httplog
frontend warm
    bind "fd@${warm}"
    default_backend be
frontend fe
    bind "fd@${fe}"
    log global
    default_backend be
%s
backend be
    http-reuse always
    server s1 "${s1}"
%s
`

const plainReply = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

// config writes the configuration of one case.
func (b *badInput) config() string {
	var global, front, back strings.Builder
	for _, l := range strings.Split(b.opts, "\n") {
		switch to, rest, _ := strings.Cut(strings.TrimSpace(l), ": "); to {
		case "global":
			fmt.Fprintln(&global, "   ", rest)
		case "backend":
			fmt.Fprintln(&back, "   ", rest)
		default:
			fmt.Fprintln(&front, "   ", l)
		}
	}
	return fmt.Sprintf(badInputConfig, &global, &front, &back)
}

// TestBadInput sends malformed, ambiguous and merely odd messages. A refused
// request must open no server connection and must not use an idle one.
func TestBadInput(t *testing.T) {
	t.Parallel()
	for _, b := range badInputs {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			b.play(t, func(s *stage, cfg string) { s.start(t, cfg) })
		})
	}
}

// play runs one case on a proxy that start serves.
func (b *badInput) play(t *testing.T, start func(*stage, string)) {
	s := newStage()
	srv := newRecorder(t, b.reply)
	s.vars["s1"] = srv.ln.Addr().String()
	s.openLog(t)
	start(s, b.config())
	if got := exchangeOnce(t, s.listens["warm"], "GET /warm HTTP/1.1\r\nHost: a\r\n\r\n", "200", nil); got != "200" {
		t.Fatalf("warm-up: %q", got)
	}
	srv.begin()
	var raw bytes.Buffer
	got := exchangeOnce(t, s.listens["fe"], b.send, b.answer, &raw)
	if diff := cmp.Diff(b.answer, got); diff != "" {
		t.Errorf("answer (-want +got):\n%s%.2000q", diff, raw.String())
	}
	if b.client != "" && b.client != raw.String() {
		t.Errorf("client:\n got %q\nwant %q", raw.String(), b.client)
	}
	switch pattern := b.logPattern(); pattern {
	case "":
	case "none": // the next request's line must be the first
		exchangeOnce(t, s.listens["fe"], "GET /logged HTTP/1.1\r\nHost: a\r\n\r\n", "200", nil)
		s.wantLogs(t, []string{`"GET /logged HTTP/1.1"`})
		return
	default:
		s.wantLogs(t, []string{pattern})
	}
	server := b.server
	if strings.HasSuffix(b.answer, " keep") {
		server += "GET /next HTTP/1.1\r\nhost: a\r\n\r\n"
	}
	if b.answer == "502 keep" && srv.trusted.Load() {
		t.Error("a server connection was used again after a bad response")
	}
	if saw := srv.seen(len(server)); saw != server {
		t.Errorf("server:\n got %.3000q\nwant %.3000q", saw, server)
	}
}

// logPattern returns what the log line must match.
func (b *badInput) logPattern() string {
	if b.log != "" {
		return b.log
	}
	status, rest, _ := strings.Cut(b.answer, " ")
	state := "----"
	switch {
	case status == "100":
		status = rest
	case strings.HasPrefix(rest, "cut"):
		state = "SD--"
	}
	switch {
	case status == "":
		return ""
	case status == "502":
		return `fe be/s1 -?\d+/\d+/\d+/-1/\d+ 502 \d+ - - PH-- \d/1/\d+/\d+/0 0/0 "`
	case status[0] == '4' && b.server == "":
		return `fe fe/<NOSRV> -1/-1/-1/-1/\d+ ` + status + ` \d+ - - PR-- \d/1/0/0/0 0/0 "<BADREQ>"`
	}
	return `fe be/s1 \d+/\d+/\d+/\d+/\d+ ` + status + ` \d+ - - ` + state + ` \d/1/\d+/\d+/0 0/0 "`
}

// exchangeOnce sends bytes on a connection of its own and returns the
// statuses that came back, and how the connection ended where want asks.
func exchangeOnce(t *testing.T, addr, send, want string, raw *bytes.Buffer) string {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	go io.WriteString(c, send)
	words := strings.Fields(want)
	end := ""
	if n := len(words); n > 0 && (words[n-1] == "keep" || words[n-1] == "close") {
		words, end = words[:n-1], words[n-1]
	}
	var in io.Reader = c
	if raw != nil {
		in = io.TeeReader(c, raw)
	}
	r := bufio.NewReader(in)
	var got []string
	for range words {
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			return strings.Join(append(got, fmt.Sprintf("(%v)", err)), " ")
		}
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			return strings.Join(append(got, strconv.Itoa(res.StatusCode), "cut close"), " ")
		}
		got = append(got, strconv.Itoa(res.StatusCode))
	}
	last := ""
	if len(words) > 0 {
		last = words[len(words)-1]
	}
	switch {
	case end == "keep":
		io.WriteString(c, "GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
		res, err := http.ReadResponse(r, nil)
		if err != nil || res.StatusCode != 200 {
			return strings.Join(append(got, fmt.Sprintf("(no next: %v %v)", res, err)), " ")
		}
		got = append(got, "keep")
	case end == "close" || last >= "4" && raw != nil && last != "502":
		rest, err := io.ReadAll(r)
		if len(rest) > 0 || err != nil {
			got = append(got, fmt.Sprintf("(not closed: %q %v)", rest, err))
		} else if end == "close" {
			got = append(got, "close")
		}
	}
	return strings.Join(got, " ")
}

// recorder is a server that keeps what it is sent.
type recorder struct {
	ln    net.Listener
	reply string
	mu    sync.Mutex
	conns []net.Conn
	got   []byte
	news  chan struct{}
	live  bool // past the warm-up: answer as the case says
	early bool // answer whatever has come

	trusted atomic.Bool // a request came on a connection that had carried the case's reply
}

func newRecorder(t *testing.T, reply string) *recorder {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{ln: ln, news: make(chan struct{}, 1)}
	r.reply, r.early = strings.CutPrefix(reply, "<early>")
	if r.reply == "" {
		r.reply = plainReply
	}
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			r.mu.Lock()
			r.conns = append(r.conns, c)
			if r.live {
				r.note(nil)
			}
			r.mu.Unlock()
			go r.serve(c)
		}
	}()
	t.Cleanup(func() {
		ln.Close()
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, c := range r.conns {
			c.Close()
		}
	})
	return r
}

// begin forgets the warm-up.
func (r *recorder) begin() {
	r.mu.Lock()
	r.got, r.live = nil, true
	r.mu.Unlock()
}

func (r *recorder) note(b []byte) {
	r.got = append(r.got, b...)
	select {
	case r.news <- struct{}{}:
	default:
	}
}

// seen returns everything received once it is at least n bytes.
func (r *recorder) seen(n int) string {
	deadline := time.After(patience)
	for {
		r.mu.Lock()
		got := string(r.got)
		r.mu.Unlock()
		if len(got) >= n {
			return got
		}
		select {
		case <-r.news:
		case <-deadline:
			return got
		}
	}
}

// serve answers every request that is complete.
func (r *recorder) serve(c net.Conn) {
	defer c.Close()
	var pending []byte
	replied := false
	b := make([]byte, 65536)
	for {
		n, err := c.Read(b)
		r.mu.Lock()
		r.note(b[:n])
		live := r.live
		r.mu.Unlock()
		pending = append(pending, b[:n]...)
		for {
			k := requestLen(pending)
			if k == 0 && live && r.early {
				k = len(pending)
			}
			if k == 0 {
				break
			}
			next := bytes.HasPrefix(pending, []byte("GET /next "))
			pending = slices.Clone(pending[k:])
			if replied {
				r.trusted.Store(true)
			}
			reply, end := plainReply, false
			if live && !next {
				replied = true
				reply, end = strings.CutSuffix(r.reply, "<close>")
			}
			io.WriteString(c, reply)
			if end {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// lengthField finds the length of a request; huge ones are answered at once.
var lengthField = regexp.MustCompile(`\r\ncontent-length: (\d{1,9})\r\n`)

// requestLen returns the length of the first complete request in b, 0: none.
func requestLen(b []byte) int {
	i := bytes.Index(b, []byte("\r\n\r\n"))
	if i < 0 {
		return 0
	}
	head, n := b[:i+4], i+4
	if bytes.Contains(head, []byte("\r\ntransfer-encoding: chunked\r\n")) {
		n -= 2
		j := bytes.Index(b[n:], []byte("\r\n0\r\n"))
		if j < 0 {
			return 0
		}
		n += j + 3
		if j = bytes.Index(b[n:], []byte("\r\n\r\n")); j < 0 {
			return 0
		}
		return n + j + 4
	}
	if m := lengthField.FindSubmatch(head); m != nil {
		v, _ := strconv.Atoi(string(m[1]))
		if n += v; n > len(b) {
			return 0
		}
	}
	return n
}
