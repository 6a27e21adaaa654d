package proxy

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"tandem/proxy/filter"
	"tandem/proxy/tx"
)

// spoeAgent is an agent that writes down what it is told and answers as the
// test wants.
type spoeAgent struct {
	addr  string
	mu    sync.Mutex
	heard []string
	conns int
	reply func(message string) []byte // actions of the ACK; nil: close, empty: none
}

func newSPOEAgent(t *testing.T, reply func(string) []byte) *spoeAgent {
	t.Helper()
	a := &spoeAgent{reply: reply}
	a.addr = serveTCP(t, a.serve)
	return a
}

func (a *spoeAgent) said() (string, int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return strings.Join(a.heard, "\n"), a.conns
}

func spopFrame(typ byte, ids, payload []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(5+len(ids)+len(payload)))
	return append(append(append(b, typ, 0, 0, 0, 1), ids...), payload...)
}

func spopText(s string) []byte { return append(filter.AppendVarint(nil, uint64(len(s))), s...) }

// setVar is the action of that name, with a text as value.
func setVar(scope byte, name, value string) []byte {
	var v tx.Value
	v.SetStr([]byte(value))
	return filter.AppendTyped(append([]byte{1, 3, scope}, spopText(name)...), &v)
}

// spopReader reads what a NOTIFY has.
type spopReader struct{ b []byte }

func (r *spopReader) num() (n uint64) {
	n = uint64(r.b[0])
	if r.b = r.b[1:]; n < 240 {
		return n
	}
	for shift := uint(4); ; shift += 7 {
		c := r.b[0]
		r.b = r.b[1:]
		if n += uint64(c) << shift; c < 128 {
			return n
		}
	}
}

func (r *spopReader) bytes(n int) []byte {
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *spopReader) text() string { return string(r.bytes(int(r.num()))) }

func (r *spopReader) value() string {
	switch t := r.bytes(1)[0]; t & 15 {
	case 0:
		return "null"
	case 1:
		return fmt.Sprint(t>>4 == 1)
	case 3, 4:
		return fmt.Sprint(int64(r.num()))
	case 6:
		return net.IP(r.bytes(4)).String()
	case 7:
		return net.IP(r.bytes(16)).String()
	case 9:
		return fmt.Sprintf("%x", r.text())
	default:
		return fmt.Sprintf("%q", r.text())
	}
}

func (a *spoeAgent) serve(c net.Conn) {
	a.mu.Lock()
	a.conns++
	a.mu.Unlock()
	in := bufio.NewReader(c)
	for {
		var n [4]byte
		if _, err := io.ReadFull(in, n[:]); err != nil {
			return
		}
		b := make([]byte, binary.BigEndian.Uint32(n[:]))
		if _, err := io.ReadFull(in, b); err != nil {
			return
		}
		switch b[0] {
		case 1:
			size := 0
			for r := (&spopReader{b[7:]}); len(r.b) > 0; {
				if name, v := r.text(), r.value(); name == "max-frame-size" {
					size, _ = strconv.Atoi(v)
				}
			}
			kv := append(append(spopText("version"), 8), spopText("2.0")...)
			kv = append(append(append(kv, spopText("max-frame-size")...), 3), filter.AppendVarint(nil, uint64(size))...)
			kv = append(append(append(kv, spopText("capabilities")...), 8), spopText("pipelining")...)
			c.Write(spopFrame(101, []byte{0, 0}, kv))
		case 3:
			r := &spopReader{b[5:]}
			r.num()
			r.num()
			ids := b[5 : len(b)-len(r.b)]
			var said []string
			for len(r.b) > 0 {
				m := r.text()
				for range r.bytes(1)[0] {
					name := r.text()
					m += " " + name + "=" + r.value()
				}
				said = append(said, m)
			}
			text := strings.Join(said, "; ")
			a.mu.Lock()
			a.heard = append(a.heard, text)
			a.mu.Unlock()
			ack := a.reply(text)
			if ack == nil {
				return
			}
			c.Write(spopFrame(103, ids, ack))
		case 2:
			return
		}
	}
}

const spoeConfig = `
defaults
    mode http
    log "${log}" local0
    option httplog
    timeout client 10s
    timeout server 10s
    timeout connect 10s
frontend fe
    bind "fd@${fe}"
    filter spoe engine e config "${file}"
    http-request set-header x-early %[var(sess.p.early)]
    %RULES
    http-after-response set-header x-vars "v=%[var(txn.p.v)] e=%[var(txn.p.err)] u="
    default_backend be
backend be
    http-response set-header x-be %[var(txn.p.v)]
    server s1 "${s1}"
backend agents
    mode spop
    server a1 "${agent}"
`

const spoeEngine = `
[e]
spoe-agent ag
    messages %MESSAGES
    %GROUPS
    option var-prefix p
    option set-on-error err
    %AGENT
    timeout processing %TIMEOUT
    use-backend agents
    log "${log}" local1
spoe-message session
    args src n=int(-5)
    event on-client-session
spoe-message request
    args method=method path=path host=req.hdr(host) none=req.hdr(none) yes=bool(true) bin=str(a),base64,b64dec
    event on-frontend-http-request
spoe-message some
    args path
    event on-frontend-http-request if { path /never }
spoe-message response
    args status
    event on-http-response
spoe-message asked
    args path
spoe-group g
    messages asked
[other]
spoe-agent nobody
    use-backend agents
`

// newSPOEStage has an agent, a server and the engine's file; set are its parts
// and what they are, in turn.
func newSPOEStage(t *testing.T, agent *spoeAgent, set ...string) *stage {
	t.Helper()
	origin, _ := h2Origin(t)
	s := newStage("s1", origin, "agent", agent.addr, "file", filepath.Join(t.TempDir(), "spoe.conf"))
	s.openLog(t)
	set = append(set, "%AGENT", "", "%GROUPS", "", "%TIMEOUT", "10s", "${log}", s.vars["log"])
	if err := os.WriteFile(s.vars["file"], []byte(strings.NewReplacer(set...).Replace(spoeEngine)), 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSPOE(t *testing.T) {
	t.Parallel()
	playSPOE(t, func(t *testing.T, s *stage, cfg string) { s.start(t, cfg) })
}

// playSPOE asks an agent about two requests on one connection of a client.
func playSPOE(t *testing.T, start func(*testing.T, *stage, string)) {
	for _, k := range []struct {
		name, messages, agent, groups, rules, path string
		reply                                      func(string) []byte
		heard, vars, log                           string
	}{
		{name: "types", messages: "request", reply: func(string) []byte { return setVar(2, "v", "x") },
			heard: `request method="GET" path="/a" host="h" none=null yes=true bin=61`, vars: "v=x e= u=", log: `SPOE: \[ag\] <EVENT:on-frontend-http-request> sid=\d+ st=0 \d+ \d+/\d+`},
		{name: "events", messages: "session request some response", reply: func(m string) []byte {
			if strings.HasPrefix(m, "session") {
				return setVar(1, "early", "yes")
			}
			return []byte{}
		}, heard: "session =127.0.0.1 n=-5\nrequest method=\"GET\" path=\"/a\" host=\"h\" none=null yes=true bin=61\nresponse =200", vars: "v= e= u="},
		{name: "unset", messages: "response", rules: "http-request set-var(txn.p.v) str(old)", reply: func(string) []byte { return append([]byte{2, 2, 2}, spopText("v")...) }, heard: "response =200", vars: "v= e= u="},
		{name: "group", messages: "session", groups: "groups g", rules: "http-request send-spoe-group e g", reply: func(m string) []byte { return setVar(2, "v", strings.ReplaceAll(m, `"`, "")) },
			heard: "session =127.0.0.1 n=-5\nasked =\"/a\"", vars: "v=asked =/a e= u=", log: "EVENT:on-client-session"},
		{name: "bad action", messages: "request", reply: func(string) []byte { return append(setVar(2, "v", "x"), 9, 9, 9) }, vars: "v=x e= u="},
		{name: "close", messages: "request response", reply: func(string) []byte { return nil }, heard: "request", vars: "v= e=257 u=", log: `<140>.* SPOE: \[ag\] <EVENT:on-frontend-http-request> sid=\d+ st=257 \d+ \d+/\d+`},
		{name: "too long", messages: "request", agent: "max-frame-size 256", reply: func(string) []byte { return []byte{} }, path: "/" + strings.Repeat("a", 300), vars: "v= e=3 u=", log: `SPOE: .* st=3 `},
	} {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			agent := newSPOEAgent(t, k.reply)
			s := newSPOEStage(t, agent, "%MESSAGES", k.messages, "%AGENT", k.agent, "%GROUPS", k.groups)
			if k.path == "" {
				k.path = "/a"
			}
			start(t, s, strings.Replace(spoeConfig, "%RULES", k.rules, 1))
			c, err := net.Dial("tcp", s.listens["fe"])
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			io.WriteString(c, "GET "+k.path+" HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
			raw, err := io.ReadAll(c)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(raw), "x-vars: "+k.vars+"\r\n") {
				t.Errorf("the client got %q, want %q", raw, k.vars)
			}
			if heard, _ := agent.said(); !strings.HasPrefix(heard, k.heard) {
				t.Errorf("the agent heard\n%s\nwant\n%s", heard, k.heard)
			}
			if k.log != "" {
				s.wantLogs(t, []string{k.log})
			}
		})
	}
}

// TestSPOETimeout does not wait for an agent that is silent, and asks it no
// more for the same request.
func TestSPOETimeout(t *testing.T) {
	t.Parallel()
	hold := make(chan struct{})
	agent := newSPOEAgent(t, func(string) []byte { <-hold; return nil })
	defer close(hold)
	s := newSPOEStage(t, agent, "%MESSAGES", "request response", "%TIMEOUT", "50ms")
	s.start(t, strings.Replace(spoeConfig, "%RULES", "", 1))
	c, err := net.Dial("tcp", s.listens["fe"])
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
	raw, err := io.ReadAll(c)
	if err != nil || !strings.Contains(string(raw), "x-vars: v= e=1 u=\r\n") {
		t.Errorf("the client got %q (%v)", raw, err)
	}
	s.wantLogs(t, []string{`SPOE: \[ag\] <EVENT:on-frontend-http-request> sid=\d+ st=1 \d+ 1/1`, "fe be/s1"})
}

// TestSPOEReuse asks the same agent about requests of several clients on one
// connection.
func TestSPOEReuse(t *testing.T) {
	t.Parallel()
	agent := newSPOEAgent(t, func(string) []byte { return setVar(2, "v", "x") })
	s := newSPOEStage(t, agent, "%MESSAGES", "request")
	s.start(t, strings.Replace(spoeConfig, "%RULES", "", 1))
	for range 5 {
		c, err := net.Dial("tcp", s.listens["fe"])
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, "GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
		if raw, err := io.ReadAll(c); err != nil || !strings.Contains(string(raw), "x-vars: v=x") {
			t.Errorf("the client got %q (%v)", raw, err)
		}
		c.Close()
	}
	if heard, conns := agent.said(); strings.Count(heard, "request") != 5 || conns != 1 {
		t.Errorf("%d connections for\n%s", conns, heard)
	}
}
