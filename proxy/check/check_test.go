package check

import (
	"context"
	"encoding/hex"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tandem/parser/diag"
	"tandem/parser/keyword"
	"tandem/parser/source"
	"tandem/proxy/server"
)

// split cuts a line at blanks outside of double quotes.
func split(line string) []source.Word {
	var out []source.Word
	word, quoted, open := "", false, false
	for _, c := range line + " " {
		switch {
		case c == '"':
			quoted, open = !quoted, true
		case c == ' ' && !quoted:
			if word != "" || open {
				out = append(out, source.Word{Text: strings.ReplaceAll(strings.ReplaceAll(word, `\r`, "\r"), `\n`, "\n")})
			}
			word, open = "", false
		default:
			word += string(c)
		}
	}
	return out
}

func apply(s *Setup, line string) error {
	words := split(line)
	e := &keyword.Env{Diags: &diag.List{}, Scope: keyword.Backend, LookUp: func(string) []netip.Addr { return nil }}
	d, next := Lines.Match(words, 0)
	if d == nil {
		return bad(0, "%s", Unknown(words[0].Text, words[1].Text))
	}
	change, n, err := d.Read(e, words, next)
	if err != nil {
		return err
	}
	if n < len(words) {
		return bad(n, "'%s' cannot handle unexpected argument '%s'.", d.Name, words[n].Text)
	}
	return change(s)
}

// fake is a Dialer whose connections end in a script: what it reads goes to
// got, and it answers with answer, then closes unless hang is set.
type fake struct {
	answer string
	greet  bool // answer before anything was read
	hang   bool
	got    chan string
	to     []Connect
	err    error
}

// Dial returns one end of a pipe.
func (f *fake) Dial(_ context.Context, _ *server.Server, to Connect) (net.Conn, error) {
	f.to = append(f.to, to)
	if f.err != nil {
		return nil, f.err
	}
	a, b := net.Pipe()
	go f.serve(b)
	return a, nil
}

func (f *fake) serve(c net.Conn) {
	defer func() { _ = c.Close() }()
	got := ""
	read := func() {
		buf := make([]byte, 4096)
		_ = c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		n, _ := c.Read(buf)
		got += string(buf[:n])
	}
	if !f.greet {
		read()
	}
	first := got
	go func() { f.got <- first }()
	written := make(chan struct{})
	go func() { // a pipe has no buffer: both sides may write at once
		_ = c.SetWriteDeadline(time.Now().Add(2 * time.Second))
		_, _ = c.Write([]byte(f.answer))
		close(written)
	}()
	for range 3 {
		read()
	}
	<-written
	if f.hang {
		_ = c.SetReadDeadline(time.Time{})
		_, _ = c.Read(make([]byte, 1))
	}
}

func testServer(change func(*server.Params)) *server.Server {
	var reg server.Registry
	b := reg.Backend("be")
	b.ID = 3
	p := server.DefaultParams()
	p.Check.Enabled = true
	if change != nil {
		change(p)
	}
	s := b.Prepare("s", p)
	b.Commit([]server.Declared{{Server: s, Params: p, Addr: &server.Endpoint{Network: "tcp4", Host: "127.0.0.1", Port: 80}}}, server.Settings{}, time.Unix(0, 0))
	return s
}

func http10(status, body, headers string) string {
	return "HTTP/1.0 " + status + "\r\n" + headers + "\r\n" + body
}

func unhex(s string) string {
	b, _ := hex.DecodeString(s)
	return string(b)
}

const mysqlHello = "\x3d\x00\x00\x00\x0a5.7.1\x00xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

// What haproxy 3.5 logs of the same answers to the same checks.
var verdicts = []struct {
	lines, answer string
	greet, hang   bool
	want, sent    string
}{
	{"option httpchk", http10("200 OK", "hello", ""), false, false, "L7OK reason: Layer7 check passed, code: 200", "OPTIONS / HTTP/1.0\r\n\r\n"},
	{"option httpchk\nhttp-check expect status 204", http10("200 OK", "hello", ""), false, false, `L7STS reason: Layer7 wrong status, code: 200, info: "OK"`, ""},
	{"option httpchk GET /x HTTP/1.1 www\nhttp-check expect string foo", http10("200 OK", "hello", ""), false, false, `L7RSP reason: Layer7 invalid response, info: "HTTP content check did not match"`, "GET /x HTTP/1.1\r\nhost: www\r\nconnection: close\r\n\r\n"},
	{"option httpchk GET /x", http10("503 Nope", "hello", ""), false, false, `L7STS reason: Layer7 wrong status, code: 503, info: "Nope"`, "GET /x HTTP/1.0\r\n\r\n"},
	{"option httpchk\nhttp-check disable-on-404", http10("404 NF", "", ""), false, false, "L7OKC reason: Layer7 check conditionally passed, code: 404", ""},
	{"option httpchk\nhttp-check expect ! string hello", http10("200 OK", "hello", ""), false, false, `L7RSP reason: Layer7 invalid response, info: "HTTP check matched unwanted content"`, ""},
	{"option httpchk\nhttp-check expect rstatus ^3", http10("200 OK", "", ""), false, false, `L7STS reason: Layer7 wrong status, code: 200, info: "OK"`, ""},
	{"option httpchk\nhttp-check expect rstring ^foo comment mycomment", http10("200 OK", "hello", ""), false, false, `L7RSP reason: Layer7 invalid response, info: "HTTP content check did not match comment: mycomment"`, ""},
	{"option httpchk\nhttp-check expect hdr name x-a value b", http10("200 OK", "", "X-A: c\r\n"), false, false, `L7STS reason: Layer7 wrong status, code: 200, info: "OK"`, ""},
	{"option httpchk\nhttp-check expect hdr name x-a value b", http10("200 OK", "", "X-A: c, b\r\n"), false, false, "L7OK reason: Layer7 check passed, code: 200", ""},
	{"option httpchk\nhttp-check expect fhdr name -m beg x- value -m sub \", b\"", http10("200 OK", "", "X-A: c, b\r\n"), false, false, "L7OK reason: Layer7 check passed, code: 200", ""},
	{"option httpchk", "garbage\r\n\r\n", false, false, "SOCKERR reason: Socket error", ""},
	{"option httpchk", "", false, false, "SOCKERR reason: Socket error", ""},
	{"option httpchk", "", false, true, "L7TOUT reason: Layer7 timeout", ""},
	{"option httpchk\nhttp-check connect\nhttp-check send meth GET uri /a ver HTTP/1.1 hdr host foo hdr x-b c body BODY\nhttp-check expect status 200-299,304", http10("200 OK", "", ""), false, false, "L7OK reason: Layer7 check passed, code: 200", "GET /a HTTP/1.1\r\nhost: foo\r\nx-b: c\r\ncontent-length: 4\r\nconnection: close\r\n\r\nBODY"},
	{"option httpchk\nhttp-check send-state", http10("200 OK", "", ""), false, false, "L7OK reason: Layer7 check passed, code: 200", "OPTIONS / HTTP/1.0\r\nx-haproxy-server-state: UP 0/3; address=127.0.0.1; port=80; name=be/s; node=vm; weight=1/1; scur=0/0; qcur=0\r\n\r\n"},
	{"option httpchk\nhttp-check expect status 200 on-success \"fine %[status]\"", http10("200 OK", "", ""), false, false, `L7OK reason: Layer7 check passed, code: 200, info: "fine 200"`, ""},
	{"option httpchk\nhttp-check expect status 201 on-error \"bad %[status]\" error-status L7OKC", http10("200 OK", "", ""), false, false, `L7OKC reason: Layer7 check conditionally passed, code: 200, info: "bad 200"`, ""},
	{"option httpchk\nhttp-check send meth POST uri /p body abc\nhttp-check expect status 200", http10("200 OK", "", ""), false, false, "L7OK reason: Layer7 check passed, code: 200", "POST /p HTTP/1.0\r\ncontent-length: 3\r\n\r\nabc"},
	{`option httpchk OPTIONS * HTTP/1.1\r\nHost:www`, http10("200 OK", "", ""), false, false, "L7OK reason: Layer7 check passed, code: 200", "OPTIONS * HTTP/1.1\r\nhost: www\r\nconnection: close\r\n\r\n"},
	{"option tcp-check\ntcp-check expect string foo", "hello\r\n", true, false, `L7RSP reason: Layer7 invalid response, info: "TCPCHK did not match content 'foo' at step 1"`, ""},
	{`option tcp-check` + "\n" + `tcp-check send PING\r\n` + "\n" + `tcp-check expect string +PONG`, "+PONG\r\n", false, false, `L7OK reason: Layer7 check passed, code: 0, info: "(tcp-check)"`, "PING\r\n"},
	{"option tcp-check\ntcp-check connect\ntcp-check send PING comment pinging\ntcp-check expect rstring ^x", "+PONG\r\n", false, false, `L7RSP reason: Layer7 invalid response, info: "TCPCHK did not match content (regex) at step 3"`, "PING"},
	{"option tcp-check\ntcp-check expect string foo", "", true, false, `L7RSP reason: Layer7 invalid response, info: "TCPCHK got an empty response at step 1"`, ""},
	{"option tcp-check\ntcp-check expect binary 666f6f", "", true, true, `L7TOUT reason: Layer7 timeout, info: " at step 1 of tcp-check (expect binary '666F6F')"`, ""},
	{"option tcp-check\ntcp-check send-binary 50494e47\ntcp-check expect ! string PONG", "+PONG\r\n", false, false, `L7RSP reason: Layer7 invalid response, info: "TCPCHK matched unwanted content 'PONG' at step 2"`, "PING"},
	{"option tcp-check\ntcp-check comment \"a comment\"\ntcp-check expect string foo", "hello\r\n", true, false, `L7RSP reason: Layer7 invalid response, info: "TCPCHK did not match content 'foo' at step 2 comment: a comment"`, ""},
	{"option tcp-check", "hello\r\n", true, false, "L4OK reason: Layer4 check passed", ""},
	{"option tcp-check\ntcp-check expect rbinary ^ff", "hello\r\n", true, false, `L7RSP reason: Layer7 invalid response, info: "TCPCHK did not match content (binary regex) at step 1"`, ""},
	{"option tcp-check\ntcp-check expect string hello on-success ok-here", "hello\r\n", true, false, `L7OK reason: Layer7 check passed, code: 0, info: "ok-here"`, ""},
	{"option tcp-check\ntcp-check expect string nope on-error \"nope %[res.payload(0,0),hex]\"", "hello\r\n", true, false, `L7RSP reason: Layer7 invalid response, info: "nope 68656C6C6F0D0A"`, ""},
	{"option smtpchk", "220 hello\r\n", true, false, "L7STS reason: Layer7 wrong status, code: 0", ""},
	{"option mysql-check user u", mysqlHello, true, false, "L7RSP reason: Layer7 invalid response", ""},
	{"option tcp-check\ntcp-check expect !rstring ^error", "valid", true, true, `L7TOUT reason: Layer7 timeout, info: " at step 1 of tcp-check (expect !rstring regex)"`, ""},
	{"option tcp-check\ntcp-check expect min-recv 5 !rstring ^error\ntcp-check expect string valid", "valid", true, true, `L7OK reason: Layer7 check passed, code: 0, info: "(tcp-check)"`, ""},
	{"option ssl-hello-chk", "", true, false, `L6RSP reason: Layer6 invalid response, info: "TCPCHK got an empty response at step 2"`, ""},
	{"option ldap-check", unhex("308400000010020101618400000007" + "0a010004000400"), false, false, `L7OK reason: Layer7 check passed, code: 0, info: "Success"`, ""},
	{"option spop-check", unhex("0000000765000000000000"), false, false, `L7RSP reason: Layer7 invalid response, info: "invalid frame received"`, ""},
	{"option spop-check", unhex("0000001465000000010000" + "0776657273696f6e" + "0803312e30"), false, false, `L7RSP reason: Layer7 invalid response, info: "unsupported version"`, ""},
	{"option spop-check", unhex("0000003665000000010000" + "0776657273696f6e0803322e30" + "0e6d61782d6672616d652d73697a6503fcf0060c6361706162696c69746965730800"), false, false, `L7OK reason: Layer7 check passed, code: 0, info: "SPOA server is ok"`, ""},
	{"option httpchk\nhttp-check expect hdr name -m reg ^X-[a-z]$", http10("200 OK", "", "x-a: 1\r\n"), false, false, "L7OK reason: Layer7 check passed, code: 200", ""},
	{"option httpchk\nhttp-check send meth GET hdr x-test server=%[var(check.none)]", http10("200 OK", "", ""), false, false, "L7OK reason: Layer7 check passed, code: 200", "GET / HTTP/1.0\r\nx-test: server=\r\n\r\n"},
	{"option smtpchk EHLO foo.bar", "554 go away\r\n", true, false, `L7STS reason: Layer7 wrong status, code: 554, info: "go away"`, ""},
	{"option smtpchk", "xyz\r\n", true, false, `L7RSP reason: Layer7 invalid response, info: "xyz"`, ""},
	{"option smtpchk", "220 hi\r\n250-a\r\n250 b\r\n221 bye\r\n", true, false, `L7OK reason: Layer7 check passed, code: 221, info: "bye"`, ""},
	{"option redis-check", "+PONG\r\n", false, false, `L7OK reason: Layer7 check passed, code: 0, info: "Redis server is ok"`, "*1\r\n$4\r\nPING\r\n"},
	{"option redis-check", "-ERR foo\r\n", false, false, `L7STS reason: Layer7 wrong status, code: 0, info: "-ERR foo"`, ""},
	{"option redis-check", "+PO", false, false, `L7STS reason: Layer7 wrong status, code: 0, info: "+PO"`, ""},
	{"option mysql-check", mysqlHello, true, false, `L7OK reason: Layer7 check passed, code: 0, info: "5.7.1"`, ""},
	{"option mysql-check user u", mysqlHello + "\x07\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00", true, false, `L7OK reason: Layer7 check passed, code: 0, info: "5.7.1"`, ""},
	{"option mysql-check user u", mysqlHello + "\x0c\x00\x00\x02\xff\xe3\x04#08S01try", true, false, `L7STS reason: Layer7 wrong status, code: 1251, info: "try"`, ""},
	{"option mysql-check user u post-80", "garbage-data-here-long", true, false, "L7RSP reason: Layer7 invalid response", ""},
	{"option pgsql-check user u", "R\x00\x00\x00\x08\x00\x00\x00\x00", false, false, `L7OK reason: Layer7 check passed, code: 0, info: "PostgreSQL server is ok"`, "\x00\x00\x00\x10\x00\x03\x00\x00user\x00u\x00\x00"},
	{"option pgsql-check user u", "E\x00\x00\x00\x20SFATAL\x00C28000\x00Mno such role\x00\x00", false, false, `L7RSP reason: Layer7 invalid response, info: "FATAL"`, ""},
	{"option pgsql-check user u", "XXXXXXXXX", false, false, `L7STS reason: Layer7 wrong status, code: 0, info: "PostgreSQL unknown error"`, ""},
	{"option ldap-check", unhex("300c02010161070a010004000400"), false, false, `L7OK reason: Layer7 check passed, code: 0, info: "Success"`, unhex("300c020101600702010304008000")},
	{"option ldap-check", unhex("300c02010161070a010204000400"), false, false, `L7STS reason: Layer7 wrong status, code: 2, info: "See RFC: http://tools.ietf.org/html/rfc4511#section-4.1.9"`, ""},
	{"option ldap-check", "garbage-garbage", false, false, `L7RSP reason: Layer7 invalid response, info: "Not LDAPv3 protocol"`, ""},
	{"option ssl-hello-chk", unhex("160300004a02"), false, false, "L6OK reason: Layer6 check passed", ""},
	{"option ssl-hello-chk", unhex("15030000020228"), false, false, "L6OK reason: Layer6 check passed", ""},
	{"option ssl-hello-chk", "foo bar", false, false, "L6RSP reason: Layer6 invalid response", ""},
	{"option spop-check", "garbage", false, false, `L7RSP reason: Layer7 invalid response, info: "invalid frame received"`, "\x00\x00\x00N\x01\x00\x00\x00\x01\x00\x00\x12supported-versions\x08\x032.0\x0emax-frame-size\x03\xfc\xf0\x06\x0ccapabilities\x08\x00\x0bhealthcheck\x11"},
	{"", "", false, false, "L4OK reason: Layer4 check passed", ""},
}

func TestVerdictsAreTheOriginals(t *testing.T) {
	t.Parallel()
	for _, c := range verdicts {
		t.Run(c.lines, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &Setup{}
				for _, l := range strings.Split(c.lines, "\n") {
					if l != "" {
						if err := apply(s, l); err != nil {
							t.Fatal(err)
						}
					}
				}
				f := &fake{answer: c.answer, greet: c.greet, hang: c.hang, got: make(chan string, 1)}
				limit := 5 * time.Second
				if c.hang {
					limit = 100 * time.Millisecond
				}
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				defer cancel()
				p := &Probe{Server: testServer(nil), Dialer: f, Node: "vm"}
				r := s.Method().Run(ctx, p)
				r.Duration = -1
				if got := r.Status + " " + r.Reason(); got != c.want {
					t.Errorf("\n got %s\nwant %s", got, c.want)
				}
				if r.OK != (strings.HasSuffix(r.Status, "OK") || r.Status == "L7OKC") {
					t.Errorf("OK is %v for %s", r.OK, r.Status)
				}
				if c.sent != "" {
					if got := <-f.got; got != c.sent {
						t.Errorf("\nsent %q\nwant %q", got, c.sent)
					}
				}
			})
		})
	}
}

// The refusals of haproxy 3.5, observed with -c.
func TestLinesRefuse(t *testing.T) {
	t.Parallel()
	httpWords := "'only supports min-recv, [!]string', '[!]rstring', '[!]string-lf', '[!]status', '[!]rstatus', [!]hdr, [!]fhdr or comment but got '"
	for line, want := range map[string]string{
		"option httpchk GET / HTTP/1.1 www x":            "'option httpchk' cannot handle unexpected argument 'x'.",
		"option tcp-check x":                             "'option tcp-check' cannot handle unexpected argument 'x'.",
		"option mysql-check foo":                         "'option mysql-check' only supports optional values: 'user' (got 'foo').",
		"option mysql-check user":                        "'option mysql-check user' expects <username> as argument.",
		"option mysql-check user u post-42":              "keyword 'user' only supports 'post-41', 'pre-41' and 'post-80' (got 'post-42').",
		"option mysql-check user u x y":                  "'option mysql-check' cannot handle unexpected argument 'y'.",
		"option pgsql-check foo":                         "'option pgsql-check' expects 'user <username>' as argument.",
		"http-check foo":                                 "'http-check' only supports 'disable-on-404', 'send-state', 'comment', 'connect', 'send', 'expect', 'set-var-fmt(*)', 'set-var(*)', 'unset-var(*)'. but got 'foo'",
		"tcp-check foo":                                  "'tcp-check' only supports 'comment', 'connect', 'send', 'send-binary', 'expect', 'set-var-fmt(*)', 'set-var(*)', 'unset-var(*)'. but got 'foo'",
		"http-check expect":                              "'http-check expect' : expects at least a matching pattern as arguments.",
		"http-check expect foo":                          "'http-check expect' : " + httpWords + "foo' as argument..",
		"http-check expect status":                       "'http-check expect' : 'status' expects a <pattern> as argument.",
		"http-check expect status abc":                   "'http-check expect' : invalid character 'a' in the list of status codes.",
		"http-check expect status 200-":                  "'http-check expect' : invalid range of status codes '200-'.",
		"http-check expect string a b":                   "'http-check expect' : " + httpWords + "b' as argument..",
		"http-check expect hdr":                          "'http-check expect' : 'hdr' expects at the name keyword as first argument followed by a pattern.",
		"http-check expect hdr name -m foo x":            "'http-check expect' : 'hdr' : '-m' only supports 'str', 'beg', 'end', 'sub' or 'reg' (got 'foo').",
		"http-check expect ok-status FOO status 200":     "'http-check expect' : 'ok-status' only supports 'L4OK', 'L6OK', 'L7OK' or 'L7OKC' status (got 'FOO')..",
		"http-check expect error-status L7OK status 200": "'http-check expect' : 'error-status' only supports 'L4CON', 'L6RSP', 'L7RSP' or 'L7STS' status (got 'L7OK')..",
		"http-check expect tout-status L7OK status 200":  "'http-check expect' : 'tout-status' only supports 'L4TOUT', 'L6TOUT' or 'L7TOUT' status (got 'L7OK')..",
		"http-check expect comment":                      "'http-check expect' : 'comment' expects a string as argument.",
		"http-check send foo":                            "'http-check send' : expects 'comment', 'meth', 'uri', 'uri-lf', 'ver', 'hdr', 'body' or 'body-lf' but got 'foo' as argument..",
		"http-check send meth":                           "'http-check send' : 'meth' expects a string as argument..",
		"http-check send hdr a":                          "'http-check send' : 'hdr' expects <name> and <value> as arguments.",
		"http-check send-state x":                        "'http-check' cannot handle unexpected argument 'x'.",
		"http-check connect foo":                         "'http-check connect' : expects 'comment', 'port', 'addr', 'send-proxy', 'ssl', 'sni', 'alpn' or 'via-socks4', 'linger', 'default' but got 'foo' as argument..",
		"http-check connect port 99999":                  "'http-check connect' : expects a valid TCP port (from range 1 to 65535) or a sample expression, got 99999..",
		"http-check connect addr foo":                    "'http-check connect' : 'addr' : invalid address: 'foo' in 'foo'..",
		"http-check connect proto foo":                   "'http-check connect' : 'proto' : unknown MUX protocol 'foo'..",
		"http-check comment":                             "'http-check comment' : expects a string as argument.",
		"tcp-check send":                                 "'tcp-check send' : 'string' expects a send as argument.",
		"tcp-check send-binary xyz":                      "'tcp-check send-binary' : 'xyz' invalid binary string (an even number of hex digit is expected).\n.",
		"tcp-check send a b":                             "'tcp-check send' : expects 'comment' but got 'b' as argument..",
		"tcp-check expect binary zz":                     "'tcp-check expect' : invalid binary string (an hex digit is expected (found 'z')).",
	} {
		if err := apply(&Setup{}, line); err == nil || err.Error() != want {
			t.Errorf("%s:\n got %v\nwant %s", line, err, want)
		}
	}
}

func TestRuleOrderRefuses(t *testing.T) {
	t.Parallel()
	first := "first step MUST also be a 'connect', optionally preceded by a 'set-var', an 'unset-var' or a 'comment', when there is a 'connect' step in the tcp-check ruleset."
	for lines, want := range map[string]string{
		"tcp-check send x\ntcp-check connect":                        "'tcp-check connect' : " + first,
		"http-check send uri /\nhttp-check connect":                  "'http-check connect' : " + first,
		"http-check expect status 200\nhttp-check send uri /":        "'http-check send' : unable to add http-check send rule at step 2 (missing connect rule)..",
		"tcp-check comment x\ntcp-check connect":                     "",
		"http-check connect\nhttp-check send uri /":                  "",
		"http-check expect status 200\nhttp-check expect status 201": "",
	} {
		s := &Setup{Kind: "httpchk"}
		var err error
		for _, l := range strings.Split(lines, "\n") {
			err = apply(s, l)
		}
		if want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%s:\n got %v\nwant %s", lines, err, want)
		}
	}
}

func TestLinesAreDocumented(t *testing.T) {
	t.Parallel()
	for _, d := range Lines.All() {
		if d.Doc == "" || d.Grammar() != nil || d.In != proxySides {
			t.Errorf("%s: doc %q, scope %v", d.Name, d.Doc, d.In)
		}
	}
}

func TestUnusedRulesWarn(t *testing.T) {
	t.Parallel()
	s := &Setup{}
	if err := apply(s, "tcp-check connect"); err != nil {
		t.Fatal(err)
	}
	if got := s.Unused("b"); got != "backend 'b' uses tcp-check rules without 'option tcp-check', so the rules are ignored." {
		t.Error(got)
	}
	c := s.Clone()
	if err := apply(c, "option tcp-check"); err != nil || c.Unused("b") != "" || s.Unused("b") == "" {
		t.Errorf("the clone: %v, %q; the original: %q", err, c.Unused("b"), s.Unused("b"))
	}
}

func TestOwnRulesReplaceInheritedOnes(t *testing.T) {
	t.Parallel()
	d := &Setup{}
	for _, l := range []string{"option httpchk GET /x HTTP/1.1", "http-check send hdr host a", "http-check send-state"} {
		if err := apply(d, l); err != nil {
			t.Fatal(err)
		}
	}
	c := d.Clone()
	if err := apply(c, "http-check send hdr host b"); err != nil {
		t.Fatal(err)
	}
	if len(c.http) != 1 || len(d.http) != 1 || !c.SendState || c.uri != "" || c.Kind != "httpchk" || d.uri != "/x" {
		t.Errorf("own %d rules, inherited %d, send-state %v", len(c.http), len(d.http), c.SendState)
	}
}
