package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/tools/txtar"
)

// cacheConfig is what all tables of testdata/haproxy/cache are played on; the
// parts "cache", "backend" and "frontend" of a table add lines to it.
const cacheConfig = `
global
    log "${log}" format raw local0
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
    log global
    log-format "%%b/%%s %%ST %%B %%ts %%[res.cache_hit]%%[res.cache_name]"
frontend fe
    bind "fd@${fe}"
    default_backend be
%s
backend be
    http-request cache-use c1
%s
    http-response cache-store c1
    server s1 "${s1}"
cache c1
    total-max-size 1
%s
`

// TestCache plays the tables of testdata/haproxy/cache: what an origin says,
// what clients ask, what they get and what is logged, as the original does it.
//
//	case <name>         a host of its own
//	origin <answer>     what the origin says from now on: "<status> | <field> | … || <body>", *n* repeats a body
//	ask <request>       "<method> <target>[ HTTP/1.0] | <field> | … || <body>"
//	got <who> <answer>  hit or miss, and the answer's bytes
//	log <line>
func TestCache(t *testing.T) {
	t.Parallel()
	playCaches(t, func(s *stage, t *testing.T, cfg string) { s.start(t, cfg) }, false)
}

func playCaches(t *testing.T, start func(*stage, *testing.T, string), rewrite bool) {
	files, err := filepath.Glob("../testdata/haproxy/cache/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no tables: %v", err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txtar"), func(t *testing.T) {
			t.Parallel()
			a, err := txtar.ParseFile(f)
			if err != nil {
				t.Fatal(err)
			}
			part := map[string]*txtar.File{}
			for i := range a.Files {
				part[a.Files[i].Name] = &a.Files[i]
			}
			lines := func(name string) string {
				if part[name] == nil {
					return ""
				}
				return string(part[name].Data)
			}
			s := newStage()
			o := newOrigin(t)
			s.vars["s1"] = o.addr
			s.openLog(t)
			start(s, t, fmt.Sprintf(cacheConfig, lines("frontend"), lines("backend"), lines("cache")))
			out := s.playCache(t, o, lines("cases"), rewrite)
			if rewrite {
				part["cases"].Data = []byte(out)
				if err := os.WriteFile(f, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// playCache plays the cases and returns them with the answers that came.
func (s *stage) playCache(t *testing.T, o *origin, script string, rewrite bool) string {
	c, err := net.Dial("tcp", s.listens["fe"])
	if err != nil {
		t.Fatal(err)
	}
	defer func() { c.Close() }()
	r := bufio.NewReader(c)
	var out strings.Builder
	host, expected := "", []string(nil)
	for n, line := range strings.Split(strings.TrimRight(script, "\n"), "\n") {
		word, arg, _ := strings.Cut(line, " ")
		if word == "got" || word == "log" {
			switch {
			case rewrite:
			case len(expected) == 0:
				t.Errorf("%s: no answer for line %d", host, n+1)
			case expected[0] != line:
				t.Errorf("%s, line %d:\n got %s\nwant %s", host, n+1, expected[0], line)
				fallthrough
			default:
				expected = expected[1:]
			}
			continue
		}
		fmt.Fprintln(&out, line)
		switch word {
		case "case":
			host = arg
		case "origin":
			o.say(arg)
		case "ask":
			before := o.count()
			c.SetDeadline(time.Now().Add(patience))
			method, raw := requestOf(arg, host)
			io.WriteString(c, raw)
			answer, closed, err := readAnswer(r, method)
			if err != nil {
				t.Fatalf("%s, line %d: %s%v", host, n+1, answer, err)
			}
			who := "hit"
			if o.count() != before {
				who = "miss"
			}
			expected = []string{"got " + who + " " + answer, "log " + s.oneLog(t)}
			for _, l := range expected {
				fmt.Fprintln(&out, l)
			}
			if closed {
				c.Close()
				if c, err = net.Dial("tcp", s.listens["fe"]); err != nil {
					t.Fatal(err)
				}
				r.Reset(c)
			}
		}
	}
	return out.String()
}

// requestOf makes the bytes of a request.
func requestOf(arg, host string) (method, raw string) {
	head, body, _ := strings.Cut(arg, " || ")
	parts := strings.Split(head, " | ")
	method, _, _ = strings.Cut(parts[0], " ")
	if !strings.Contains(parts[0], " HTTP/") {
		parts[0] += " HTTP/1.1"
	}
	parts = append(parts, "Host: "+host)
	if body != "" {
		parts = append(parts, "Content-Length: "+strconv.Itoa(len(body)))
	}
	return method, strings.Join(parts, "\r\n") + "\r\n\r\n" + body
}

// readAnswer reads an answer, interim ones before it included, and shows it.
// The last digits of an Age are left out.
func readAnswer(r *bufio.Reader, method string) (text string, closed bool, err error) {
	status, length, chunks := 0, -1, false
	var fields []string
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return strings.Join(fields, " | "), true, err
		}
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			if status < 200 {
				text += strings.Join(fields, " | ") + " "
				status, fields = 0, nil
				continue
			}
			break
		}
		name, value, _ := strings.Cut(line, ": ")
		switch {
		case status == 0:
			status, _ = strconv.Atoi(strings.Fields(line)[1])
			line = strings.TrimPrefix(line, "HTTP/1.1 ")
		case name == "content-length":
			length, _ = strconv.Atoi(value)
		case name == "transfer-encoding":
			chunks = true
		case name == "connection":
			closed = closed || value == "close"
		case name == "age":
			n, _ := strconv.Atoi(value)
			line = fmt.Sprintf("age: %d..", n/100*100)
		}
		fields = append(fields, line)
	}
	text += strings.Join(fields, " | ")
	var body []byte
	switch {
	case method == "HEAD" || status == 204 || status == 304:
		return text, closed, nil
	case chunks:
		for {
			l, err := r.ReadString('\n')
			n, _ := strconv.ParseInt(strings.TrimSpace(l), 16, 32)
			if err != nil {
				return text, true, err
			}
			b := make([]byte, n+2)
			if _, err := io.ReadFull(r, b); err != nil {
				return text, true, err
			}
			if n == 0 {
				break
			}
			body = append(body, b[:n]...)
		}
	case length >= 0:
		body = make([]byte, length)
		_, err = io.ReadFull(r, body)
	default:
		closed = true
		body, err = io.ReadAll(r)
	}
	return text + " || " + showBody(body), closed, err
}

// showBody shortens what bodyOf made.
func showBody(b []byte) string {
	if len(b) > 64 {
		return fmt.Sprintf("%s*%d", b[:1], len(b))
	}
	return string(b)
}

// bodyOf makes a body: "x*100" is x a hundred times.
func bodyOf(s string) string {
	if c, n, ok := strings.Cut(s, "*"); ok {
		k, _ := strconv.Atoi(n)
		return strings.Repeat(c, k)
	}
	return s
}

// origin is a server that answers everything with what it was told last.
type origin struct {
	addr   string
	mu     sync.Mutex
	answer string
	asked  int
}

func newOrigin(t *testing.T) *origin {
	o := &origin{}
	o.addr = serveTCP(t, o.serve)
	return o
}

func (o *origin) say(s string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.answer = s
}

func (o *origin) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.asked
}

// serve answers the requests of one connection. A length is added to answers
// with a body that name none.
func (o *origin) serve(c net.Conn) {
	r := bufio.NewReader(c)
	for {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		io.Copy(io.Discard, req.Body)
		o.mu.Lock()
		o.asked++
		answer := o.answer
		o.mu.Unlock()
		head, body, _ := strings.Cut(answer, " || ")
		body = bodyOf(body)
		parts := strings.Split(head, " | ")
		if !strings.HasPrefix(parts[0], "HTTP/") {
			parts[0] = "HTTP/1.1 " + parts[0]
		}
		status, _ := strconv.Atoi(strings.Fields(parts[0])[1])
		if lower := strings.ToLower(head); strings.Contains(lower, "transfer-encoding") {
			body = fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body)
		} else if !strings.Contains(lower, "content-length") && !strings.Contains(lower, "connection: close") && status != 204 && status != 304 {
			parts = append(parts, "Content-Length: "+strconv.Itoa(len(body)))
		}
		if req.Method == "HEAD" || status == 204 || status == 304 {
			body = ""
		}
		io.WriteString(c, strings.Join(parts, "\r\n")+"\r\n\r\n"+body)
		if strings.Contains(strings.ToLower(head), "connection: close") {
			return
		}
	}
}
