package proxy

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/tools/txtar"
)

// TestRun plays the scripts of testdata/haproxy/run: a configuration, what
// clients and servers say, and what the log receiver must get.
//
//	-- cfg --          "fd@${fe}" is a listener made by the test, ${s1} the address of a mock server, ${s1_port} its port, ${log} a UDP receiver
//	-- client fe --    one connection to fe: send "…" (with ${s1} as above), expect "…" (exact bytes), match <regexp> (up to now), eof, gone (or reset), shut,
//	                   reset (close at once), skip <n> (bytes), times <n> <word> …, await <name> and signal <name>
//	                   (order clients and servers), serve <n> (answer that many requests), flood <n> "…" (send in the background)
//	-- server s1 --    accept, then the same words; a script of one word "idle" means that nobody may connect, "dead" that connections are refused
//	-- file x --       a file; ${x} is its path
//	-- log --          one regular expression a line, in order; "log in any order" where several clients are logged
//
// What a client has been told may not be counted, logged or given back yet:
// scripts of several clients order them by signal and await, or have patterns
// that allow both orders.
func TestRun(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../testdata/haproxy/run/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txtar"), func(t *testing.T) {
			t.Parallel()
			a, err := txtar.ParseFile(f)
			if err != nil {
				t.Fatal(err)
			}
			playScript(t, a, func(s *stage, cfg string) { s.start(t, cfg) })
		})
	}
}

// mark returns the channel that "signal name" closes.
func (s *stage) mark(name string) chan struct{} {
	c, _ := s.marks.LoadOrStore(name, make(chan struct{}))
	return c.(chan struct{})
}

func playScript(t *testing.T, a *txtar.Archive, start func(*stage, string)) {
	s := newStage()
	var cfg string
	var clients, servers sync.WaitGroup
	var clientScripts []func()
	wantLogs, logs := s.wantLogs, []string(nil)
	for _, f := range a.Files {
		kind, name, _ := strings.Cut(f.Name, " ")
		switch kind {
		case "cfg":
			cfg = string(f.Data)
		case "client":
			clientScripts = append(clientScripts, func() { s.client(t, name, string(f.Data)) })
		case "server":
			s.server(t, &servers, name, string(f.Data))
		case "file":
			s.vars[name] = filepath.Join(t.TempDir(), name)
			if err := os.WriteFile(s.vars[name], f.Data, 0o600); err != nil {
				t.Fatal(err)
			}
		case "log":
			if name == "in any order" {
				wantLogs = s.wantLogsInAnyOrder
			}
			logs = strings.Split(strings.TrimSpace(string(f.Data)), "\n")
		default:
			t.Fatalf("unknown part %q", f.Name)
		}
	}
	s.openLog(t)
	start(s, cfg)
	for _, c := range clientScripts {
		clients.Go(c)
	}
	clients.Wait()
	servers.Wait()
	wantLogs(t, logs)
}

// client plays one connection to a frontend.
func (s *stage) client(t *testing.T, name, script string) {
	c, err := net.Dial("tcp", s.listens[name])
	if err != nil {
		t.Error(err)
		return
	}
	defer c.Close()
	s.play(t, "client "+name, c, script)
}

// server plays a mock server: its script begins anew at each "accept".
func (s *stage) server(t *testing.T, wg *sync.WaitGroup, name, script string) {
	if strings.TrimSpace(script) == "dead" {
		s.vars[name] = freeAddress(t)
		return
	}
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.vars[name] = ln.Addr().String()
	_, s.vars[name+"_port"], _ = net.SplitHostPort(s.vars[name])
	if strings.TrimSpace(script) == "idle" {
		go func() {
			if c, err := ln.Accept(); err == nil {
				t.Errorf("server %s was contacted", name)
				c.Close()
			}
		}()
		t.Cleanup(func() { ln.Close() })
		return
	}
	t.Cleanup(func() { ln.Close() })
	wg.Go(func() {
		for _, part := range strings.Split(script, "accept\n")[1:] {
			ln.(*net.TCPListener).SetDeadline(time.Now().Add(patience))
			c, err := ln.Accept()
			if err != nil {
				t.Errorf("server %s: %v", name, err)
				return
			}
			s.play(t, "server "+name, c, part)
			c.Close()
		}
	})
}

// play performs the lines of one side of a connection.
func (s *stage) play(t *testing.T, who string, c net.Conn, script string) {
	c.SetDeadline(time.Now().Add(patience))
	r := bufio.NewReader(c)
	for i, line := range strings.Split(script, "\n") {
		word, arg, _ := strings.Cut(strings.TrimSpace(line), " ")
		if err := s.step(c, r, word, arg); err != nil {
			t.Errorf("%s, line %d: %s: %v", who, i+1, line, err)
			return
		}
	}
}

// step performs one line.
func (s *stage) step(c net.Conn, r *bufio.Reader, word, arg string) error {
	if word == "times" {
		count, rest, _ := strings.Cut(arg, " ")
		n, _ := strconv.Atoi(count)
		word, arg, _ := strings.Cut(rest, " ")
		for range n {
			if err := s.step(c, r, word, arg); err != nil {
				return err
			}
		}
		return nil
	}
	text := arg
	if strings.HasPrefix(arg, `"`) {
		var err error
		if text, err = strconv.Unquote(arg); err != nil {
			return err
		}
	}
	if strings.Contains(text, "${") { // addresses; all are known before the first client speaks
		for name, v := range s.vars {
			text = strings.ReplaceAll(text, "${"+name+"}", v)
		}
	}
	switch word {
	case "", "#":
		return nil
	case "send":
		_, err := io.WriteString(c, text)
		return err
	case "expect":
		b := make([]byte, len(text))
		n, err := io.ReadFull(r, b)
		if string(b[:n]) != text {
			return fmt.Errorf("got %q (%v)", b[:n], err)
		}
		return nil
	case "match":
		return match(r, text)
	case "signal":
		close(s.mark(text))
		return nil
	case "await":
		select {
		case <-s.mark(text):
			return nil
		case <-time.After(patience):
			return errors.New("nobody signals")
		}
	case "reset":
		c.(*net.TCPConn).SetLinger(0)
		return c.Close()
	case "skip":
		n, _ := strconv.Atoi(text)
		_, err := io.CopyN(io.Discard, r, int64(n))
		return err
	case "serve":
		n, _ := strconv.Atoi(text)
		for range n {
			if _, err := http.ReadRequest(r); err != nil {
				return err
			}
			if _, err := io.WriteString(c, plainReply); err != nil {
				return err
			}
		}
		return nil
	case "flood":
		count, quoted, _ := strings.Cut(text, " ")
		n, _ := strconv.Atoi(count)
		one, err := strconv.Unquote(quoted)
		go io.WriteString(c, strings.Repeat(one, n))
		return err
	case "shut":
		return c.(*net.TCPConn).CloseWrite()
	case "gone": // closed or reset, with nothing said
		if rest, _ := io.ReadAll(r); len(rest) > 0 {
			return fmt.Errorf("got %q", rest)
		}
		return nil
	case "eof":
		rest, err := io.ReadAll(r)
		if len(rest) > 0 || err != nil {
			return fmt.Errorf("got %q (%v)", rest, err)
		}
		return nil
	}
	return fmt.Errorf("unknown word %q", word)
}

// match reads until what was read matches as a whole.
func match(r *bufio.Reader, pattern string) error {
	re, err := regexp.Compile(`(?s)^(?:` + pattern + `)$`)
	if err != nil {
		return err
	}
	var got []byte
	for {
		b, err := r.ReadByte()
		if err != nil {
			return fmt.Errorf("got %q (%v)", got, err)
		}
		if got = append(got, b); r.Buffered() == 0 && re.Match(got) {
			return nil
		}
	}
}
