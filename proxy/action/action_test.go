package action

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tandem/parser/diag"
	"tandem/parser/keyword"
	"tandem/parser/source"
	"tandem/proxy/listen"
	"tandem/proxy/server"
	"tandem/proxy/tx"
)

// compile reads one action as it stands in a rule of a frontend "f".
func compile(t testing.TB, set keyword.Scope, line string) (Action, error) {
	t.Helper()
	return compileEnv(t, newEnv(set), line)
}

func newEnv(set keyword.Scope) *keyword.Env {
	return &keyword.Env{Diags: &diag.List{}, Scope: set, Section: "listen", Owner: "f", Experimental: true}
}

func compileEnv(t testing.TB, e *keyword.Env, line string) (Action, error) {
	t.Helper()
	words := splitWords(line)
	def, next := Actions.Match(words, 0)
	if def == nil {
		t.Fatalf("%s: unknown action", line)
		return Action{}, nil
	}
	if def.In&e.Scope == 0 {
		t.Fatalf("%s: not in this rule set", line)
	}
	a, n, err := def.Read(e, words, next)
	if err == nil && n < len(words) && words[n].Text != "if" {
		t.Fatalf("%s: word %q was left", line, words[n].Text)
	}
	return a, err
}

// splitWords divides at blanks, except inside single quotes.
func splitWords(line string) []source.Word {
	var words []source.Word
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			words = append(words, source.Word{Text: part})
			continue
		}
		for _, w := range strings.Fields(part) {
			words = append(words, source.Word{Text: w})
		}
	}
	return words
}

func mustCompile(t testing.TB, set keyword.Scope, line string) Action {
	t.Helper()
	a, err := compile(t, set, line)
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return a
}

// newTx makes a transaction with a request made of a request line and fields.
func newTx(lines ...string) *tx.Tx {
	t := &tx.Tx{Sess: &tx.Session{Front: &listen.Frontend{Name: "f"}, Proc: &tx.ProcVars{}}, HasReq: true, Now: time.Unix(1e9, 0), LogLevel: -1}
	fill(&t.Req, lines)
	fill(&t.Res, nil)
	t.Res.Status = 200
	return t
}

func fill(m *tx.Message, lines []string) {
	m.Method, m.URI, m.Version = []byte("GET"), []byte("/"), 11
	for i, l := range lines {
		if i == 0 {
			method, uri, _ := strings.Cut(l, " ")
			m.Method, m.URI = []byte(method), []byte(uri)
			continue
		}
		name, value, _ := strings.Cut(l, ": ")
		m.AddString(name, value)
	}
}

func lines(m *tx.Message) []string {
	var out []string
	for _, f := range m.Fields {
		out = append(out, string(f.Name)+": "+string(f.Value))
	}
	return out
}

func fieldLines(fields []tx.Field) []string { return lines(&tx.Message{Fields: fields}) }

func TestHeaders(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		line string
		in   []string
		want []string
	}{
		{"set-header X-A b", []string{"x-a: 1", "b: 2", "X-A: 3"}, []string{"b: 2", "x-a: b"}},
		{"set-header X-A ' b '", nil, []string{"x-a:  b "}},
		{"set-header X-A ' %[str(b)] '", nil, []string{"x-a:  b "}},
		{"add-header X-A b", []string{"x-a: 1"}, []string{"x-a: 1", "x-a: b"}},
		{"del-header X-A", []string{"x-a: 1", "b: 2", "x-a: 3"}, []string{"b: 2"}},
		{"del-header X- -m beg", []string{"x-a: 1", "b: 2", "x-c: 3"}, []string{"b: 2"}},
		{"del-header -a -m end", []string{"x-a: 1", "b: 2"}, []string{"b: 2"}},
		{"del-header y -m sub", []string{"xyz: 1", "b: 2"}, []string{"b: 2"}},
		{"del-header ^x-[ac]$ -m reg", []string{"x-a: 1", "x-b: 2", "x-c: 3"}, []string{"x-b: 2"}},
		{`replace-header Cookie 'foo=([^;]*);(.*)' 'foo=\1;ip=1;\2'`,
			[]string{"cookie: foo=foobar; expires=Tue;"}, []string{"cookie: foo=foobar;ip=1; expires=Tue;"}},
		{"replace-header user-agent curl foo", []string{"user-agent: curl/7.47.0", "user-agent: x"}, []string{"user-agent: foo", "user-agent: x"}},
		{`replace-value X-Forwarded-For ^192\.168\.(.*)$ 172.16.\1`,
			[]string{"x-forwarded-for: 192.168.10.1, 192.168.13.24, 10.0.0.37"}, []string{"x-forwarded-for: 172.16.10.1, 172.16.13.24, 10.0.0.37"}},
		{"replace-value cache-control ^public$ private", []string{"cache-control: max-age=3600, public"}, []string{"cache-control: max-age=3600, private"}},
		{"replace-value a x y", []string{`a: "x,x",z`}, []string{`a: y,z`}},
		{"set-header host b", []string{"host: a"}, []string{"host: b"}},
	} {
		t.Run(c.line, func(t *testing.T) {
			t.Parallel()
			for _, set := range []keyword.Scope{httpReq, httpRes, httpAft} {
				x := newTx("GET /")
				m := &x.Req
				if set != httpReq {
					m = &x.Res
				}
				fill(m, append([]string{"GET /"}, c.in...))
				if v := mustCompile(t, set, c.line).Run(x); v != Continue {
					t.Errorf("verdict %v", v)
				}
				if d := cmp.Diff(c.want, lines(m)); d != "" {
					t.Error(d)
				}
			}
		})
	}
}

func TestURIs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ line, method, uri, want string }{
		{"set-path /x", "GET", "/a?q=1", "GET /x?q=1"},
		{"set-path /x", "GET", "http://h/a?q=1", "GET http://h/x?q=1"},
		{"set-path /x", "GET", "http://h", "GET http://h/x"},
		{"set-path /x", "OPTIONS", "*", "OPTIONS /x"},
		{"set-pathq /x", "GET", "/a?q=1", "GET /x"},
		{"set-pathq /x?y", "GET", "http://h/a?q=1", "GET http://h/x?y"},
		{"set-query z=2", "GET", "/a?q=1", "GET /a?z=2"},
		{"set-query z=2", "GET", "/a", "GET /a?z=2"},
		{"set-uri /z", "GET", "http://h/a?q=1", "GET /z"},
		{"set-method PUT", "GET", "/a", "PUT /a"},
		{`replace-path (.*) /foo\1`, "GET", "/bar?q=1", "GET /foo/bar?q=1"},
		{`replace-path /foo/(.*) /\1`, "GET", "/foo/bar?q=1", "GET /bar?q=1"},
		{`replace-path /nope/(.*) /\1`, "GET", "/foo/bar", "GET /foo/bar"},
		{`replace-path (.*) /x`, "OPTIONS", "*", "OPTIONS *"},
		{`replace-pathq ([^?]*)(\?(.*))? \1/foo\2`, "GET", "/bar?q=1", "GET /bar/foo?q=1"},
		{`replace-uri ^http://(.*) https://\1`, "GET", "http://h/x", "GET https://h/x"},
		{`replace-uri ([^/:]*://[^/]*)?(.*) \1/foo\2`, "GET", "/bar?q=1", "GET /foo/bar?q=1"},
	} {
		t.Run(c.line+" "+c.uri, func(t *testing.T) {
			t.Parallel()
			x := newTx(c.method + " " + c.uri)
			if v := mustCompile(t, httpReq, c.line).Run(x); v != Continue {
				t.Errorf("verdict %v", v)
			}
			if got := string(x.Req.Method) + " " + string(x.Req.URI); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// TestHostFollows checks that an absolute target and the Host field stay one.
func TestHostFollows(t *testing.T) {
	t.Parallel()
	x := newTx("GET http://a/x?y", "Host: a")
	mustCompile(t, httpReq, "set-header host b:81").Run(x)
	if got := string(x.Req.URI); got != "http://b:81/x?y" {
		t.Errorf("target %s", got)
	}
	mustCompile(t, httpReq, "set-uri http://c/z").Run(x)
	if got := string(x.Req.GetID(tx.HdrHost)); got != "c" {
		t.Errorf("host %s", got)
	}
}

func TestSetStatus(t *testing.T) {
	t.Parallel()
	x := newTx()
	mustCompile(t, httpRes, "set-status 503 reason 'Slow Down'").Run(x)
	if x.Res.Status != 503 || string(x.Res.Reason) != "Slow Down" {
		t.Errorf("%d %s", x.Res.Status, x.Res.Reason)
	}
	mustCompile(t, httpAft, "set-status 431").Run(x)
	if x.Res.Status != 431 || string(x.Res.Reason) != "Request Header Fields Too Large" {
		t.Errorf("%d %s", x.Res.Status, x.Res.Reason)
	}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		set  keyword.Scope
		line string
		want Verdict
		term string
	}{
		{httpReq, "allow", Stop, ""},
		{httpAft, "allow", Stop, ""},
		{tcpCon, "accept", Stop, ""},
		{httpReq, "deny", Answer, "PR"},
		{httpRes, "deny", Answer, "PH"},
		{httpReq, "tarpit", Answer, "PT"},
		{httpReq, "return", Answer, "LR"},
		{httpRes, "return", Answer, "LH"},
		{httpReq, "reject", Close, "PR"},
		{tcpRes, "reject", Close, "PH"},
		{tcpRes, "close", Close, ""},
		{tcpCon, "silent-drop", Answer, "PR"},
		{httpReq, "redirect location /", Answer, "LR"},
	} {
		x := newTx("GET /")
		a := mustCompile(t, c.set, c.line)
		if v := a.Run(x); v != c.want || !a.Final {
			t.Errorf("%s: verdict %v, final %v", c.line, v, a.Final)
		}
		if got := strings.Trim(string(x.Term[:]), "\x00"); got != c.term {
			t.Errorf("%s: term %q, want %q", c.line, got, c.term)
		}
	}
}

// TestReplies holds the answers that the original gives, byte for byte.
func TestReplies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		line   string
		uri    string
		status int
		fields []string
		body   string // "-": the engine's error file
	}{
		{"return", "/", 200, []string{"content-length: 0"}, ""},
		{"return status 204", "/", 204, []string{"content-length: 0"}, ""},
		{"return status 200 default-errorfiles", "/", 200, nil, "-"},
		{"return status 200 content-type text/plain string hello hdr x-a b", "/", 200,
			[]string{"x-a: b", "content-length: 5", "content-type: text/plain"}, "hello"},
		{"return content-type text/plain lf-string 'a %[path]'", "/z", 200,
			[]string{"content-length: 4", "content-type: text/plain"}, "a /z"},
		{"deny", "/", 403, nil, "-"},
		{"deny deny_status 429", "/", 429, nil, "-"},
		{"deny status 429", "/", 429, []string{"content-length: 0"}, ""},
		{"deny content-type a/b string x hdr retry-after 3", "/", 403,
			[]string{"retry-after: 3", "content-length: 1", "content-type: a/b"}, "x"},
		{"tarpit", "/", 500, nil, "-"},
		{"auth realm foo", "/", 401, []string{`www-authenticate: Basic realm="foo"`}, "-"},
		{"auth", "/", 401, []string{`www-authenticate: Basic realm="f"`}, "-"},
		{"redirect location /loc", "/", 302, []string{"content-length: 0", "location: /loc", "cache-control: no-cache"}, ""},
		{"redirect prefix /pre code 303 set-cookie A=b", "/b", 303,
			[]string{"content-length: 0", "location: /pre/b", "cache-control: no-cache", "set-cookie: A=b; path=/;"}, ""},
		{"redirect scheme https code 301 clear-cookie A= drop-query append-slash", "/c?x=1", 301,
			[]string{"content-length: 0", "location: https://h:80/c/", "set-cookie: A=; path=/; Max-Age=0;"}, ""},
		{"redirect prefix /pre drop-query append-slash", "/d?x=1", 302, []string{"content-length: 0", "location: /pre/d/", "cache-control: no-cache"}, ""},
		{"redirect prefix /pre code 308", "/e?x=1", 308, []string{"content-length: 0", "location: /pre/e?x=1"}, ""},
		{"redirect prefix /", "/o?a=b", 302, []string{"content-length: 0", "location: /o?a=b", "cache-control: no-cache"}, ""},
		{"redirect location /x set-cookie A=b clear-cookie C", "/p", 302,
			[]string{"content-length: 0", "location: /x", "cache-control: no-cache", "set-cookie: C; path=/; Max-Age=0;"}, ""},
		{"redirect location /x set-cookie-fmt A=%[path]", "/p", 302,
			[]string{"content-length: 0", "location: /x", "cache-control: no-cache", "set-cookie: A=/p; path=/;"}, ""},
		{"redirect location /x set-cookie-fmt A=%[path] set-cookie B=1", "/p", 302,
			[]string{"content-length: 0", "location: /x", "cache-control: no-cache", "set-cookie: B=1; path=/;"}, ""},
		{"redirect location /x keep-query", "/q?x=1", 302, []string{"content-length: 0", "location: /x?x=1", "cache-control: no-cache"}, ""},
		{"redirect location /x?z=1 keep-query", "/q?x=1", 302, []string{"content-length: 0", "location: /x?z=1&x=1", "cache-control: no-cache"}, ""},
		{"redirect scheme https", "/u?x=1", 302, []string{"content-length: 0", "location: https://h:80/u?x=1", "cache-control: no-cache"}, ""},
		{"redirect location %[path]/y code 301", "/u", 301, []string{"content-length: 0", "location: /u/y"}, ""},
	} {
		t.Run(c.line, func(t *testing.T) {
			t.Parallel()
			x := newTx("GET "+c.uri, "Host: h:80")
			mustCompile(t, httpReq, c.line).Run(x)
			r := x.Reply
			if r == nil {
				t.Fatal("no reply")
			}
			if r.Status != c.status {
				t.Errorf("status %d, want %d", r.Status, c.status)
			}
			if (r.Body == nil) != (c.body == "-") || c.body != "-" && string(r.Body) != c.body {
				t.Errorf("body %q, want %q", r.Body, c.body)
			}
			if d := cmp.Diff(c.fields, fieldLines(r.Fields)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestRedirectIgnoreEmpty(t *testing.T) {
	t.Parallel()
	x := newTx("GET /")
	if v := mustCompile(t, httpReq, "redirect location %[req.hdr(x)] ignore-empty").Run(x); v != Continue || x.Reply != nil {
		t.Errorf("verdict %v", v)
	}
}

func TestVars(t *testing.T) {
	t.Parallel()
	x := newTx("GET /p", "a: 1")
	get := func(name string) string {
		v, ok := x.TxnVars.Get(name)
		if !ok {
			return "<none>"
		}
		return string(v.B)
	}
	for _, c := range []struct{ line, want string }{
		{"set-var(txn.a) path", "/p"},
		{"set-var(txn.a) req.hdr(none)", "/p"},
		{"set-var-fmt(txn.a) <%[path]>", "</p>"},
		{"set-var(txn.a,ifnotexists) str(x)", "</p>"},
		{"set-var(txn.a,ifexists) str(x)", "x"},
		{"set-var(txn.a,ifempty) str(y)", "x"},
		{"set-var(txn.a,ifgt) str(a)", "a"}, // only numbers are compared
		{"set-var(txn.a,iflt) str(0)", "0"},
		{"set-var(txn.b,ifgt) str(a)", "0"},
		{"set-var(txn.a,ifset,) str(b)", "b"},
		{"unset-var(txn.a)", "<none>"},
	} {
		if v := mustCompile(t, httpReq, c.line).Run(x); v != Continue {
			t.Errorf("%s: verdict %v", c.line, v)
		}
		if got := get("a"); got != c.want {
			t.Errorf("%s: %s, want %s", c.line, got, c.want)
		}
	}
}

// TestStrictMode checks that a rewrite that does not fit fails, is counted,
// and is passed over where strict mode is off, until the rule set ends.
func TestStrictMode(t *testing.T) {
	t.Parallel()
	set := mustCompile(t, httpReq, "set-header a "+strings.Repeat("x", 200))
	x := newTx("GET /")
	x.Conn = smallConn{}
	x.Back = &server.Backend{}
	if v, _ := (Rules{{Action: set}}).Run(x, 0, true); v != Fail {
		t.Errorf("verdict %v", v)
	}
	rules := Rules{{Action: mustCompile(t, httpReq, "strict-mode off")}, {Action: set}}
	if v, _ := rules.Run(x, 0, true); v != Continue || x.Req.Has([]byte("a")) {
		t.Errorf("verdict %v", v)
	}
	if v, _ := rules[1:].Run(x, 0, true); v != Fail {
		t.Errorf("strict mode did not come back: %v", v)
	}
	if n := x.Back.Stats.Rewrites.Load(); n != 3 {
		t.Errorf("%d failures counted", n)
	}
}

// smallConn has room for 100 bytes.
type smallConn struct{ tx.Conn }

func (smallConn) BufferSize() int { return 100 }

func (smallConn) Body(bool) ([]byte, bool) { return nil, true }

func (smallConn) MaxRewrite() int { return 20 }

// TestErrors holds the words of the original for what it refuses.
func TestErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		set        keyword.Scope
		line, want string
	}{
		{httpReq, "set-header a", "expects exactly 2 arguments"},
		{httpReq, "del-header", "expects at least 1 argument"},
		{httpReq, "del-header a -m foo", "-m with unsupported matching method 'foo'"},
		{httpReq, "del-header a -m", "-m flag expects exactly 1 argument"},
		{httpReq, "replace-header a b", "expects exactly 3 arguments"},
		{httpReq, "replace-path a", "expects exactly 2 arguments <match-regex> and <replace-format>"},
		{httpReq, "deny deny_status", "'status' expects <status_code> as argument"},
		{httpReq, "deny deny_status 999", "Unexpected status code '999'"},
		{httpReq, "deny deny_status x", "Unexpected status code '0'"},
		{httpReq, "deny status 402 default-errorfiles", "status code '402' not handled by default with 'default-errorfiles' argument."},
		{httpReq, "return string foo", "a content type must be defined when non-empty payload is configured"},
		{httpReq, "return content-type text/plain string", "'string' expects <str> as argument"},
		{httpReq, "return string a string b", "unexpected 'string' argument, 'string' already defined"},
		{httpReq, "return file /nonexist", "error opening file '/nonexist'"},
		{httpReq, "return hdr a", "'hdr' expects <name> and <value> as arguments"},
		{httpReq, "redirect", "redirection type expected ('prefix', 'location', or 'scheme')"},
		{httpReq, "redirect location", "missing argument for 'location'"},
		{httpReq, "redirect code 999 location /", "'code': unsupported HTTP code '999' (must be one of 301, 302, 303, 307 or 308)"},
		{httpRes, "redirect prefix /", "response only supports redirect type 'location'"},
		{httpReq, "set-var(foo) src", "invalid variable name 'foo'. A variable name must start with its scope. The scope can be 'proc', '(p)sess', '(p)txn', '(p)req', '(p)res' or 'check'"},
		{httpReq, "set-var(txn.foo,bar) src", `unknown condition "bar"`},
		{httpReq, "set-var(txn.foo src", "incomplete argument after action 'set-var(txn.foo'. Expects 'set-var(<var-name>)', 'set-var-fmt(<var-name>)' or 'unset-var(<var-name>)'"},
		{httpReq, "set-var() src", "Empty variable name cannot be accepted"},
		{httpReq, "set-var(txn.foo)", "missing fetch method"},
		{httpReq, "set-log-level foo", "expects exactly 1 argument (log level name or 'silent')"},
		{httpReq, "set-timeout", "expects exactly 2 arguments"},
		{httpReq, "set-timeout foo 1s", "'set-timeout' rule supports 'client'/'connect'/'queue'/'server'/'tarpit'/'tunnel' (got 'foo')"},
		{httpReq, "set-timeout client 0", "null value is not valid for a 'set-timeout client' rule"},
		{httpReq, "set-timeout client foo", "unexpected character 'f' in rule 'set-timeout client'"},
		{httpReq, "strict-mode", "expects exactly 1 arguments"},
		{httpReq, "strict-mode foo", "Unexpected value 'foo'. Only 'on' and 'off' are supported"},
		{httpReq, "wait-for-body at-least 1", "expects time <time> [ at-least <bytes> ]"},
		{httpReq, "wait-for-body time", "missing argument for 'time'"},
		{httpReq, "set-retries", "expects exactly 1 argument (an expression or an integer between 1 and 100)"},
		{httpReq, "set-retries 101", "expects an expression or an integer between 1 and 100"},
		{httpReq, "set-retries foo", "unknown fetch method 'foo'"},
		{httpReq, "set-bc-mark", "expects an argument"},
		{httpReq, "set-src", "missing fetch method"},
		{httpReq, "capture", "expects <expression> [ 'len' <length> | id <idx> ]"},
		{httpReq, "capture src", "expects <expression> [ 'len' <length> | id <idx> ]"},
		{httpReq, "capture src len 0", "length must be > 0"},
		{httpRes, "capture src len 5", "expects 'id', found 'len'"},
		{httpRes, "set-status x", "expects an integer status code between 100 and 999"},
		{tcpCon, "expect-proxy foo", "'tcp-request connection expect-proxy' only supports 'layer4' in proxy 'f' (got 'foo')"},
	} {
		_, err := compile(t, c.set, c.line)
		if err == nil || err.Error() != c.want {
			t.Errorf("%s:\n got %v\nwant %s", c.line, err, c.want)
		}
	}
}
