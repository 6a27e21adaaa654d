package action

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tandem/parser/diag"
	"tandem/parser/keyword"
	"tandem/parser/source"
	"tandem/proxy/server"
	"tandem/proxy/stick"
	"tandem/proxy/tx"
)

// TestNormalize holds the examples of the configuration manual.
func TestNormalize(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ form, in, want string }{
		{"fragment-encode", "/#foo", "/%23foo"},
		{"fragment-strip", "/#foo", "/"},
		{"path-strip-dot", "/.", "/"},
		{"path-strip-dot", "/./bar/", "/bar/"},
		{"path-strip-dot", "/a/./a", "/a/a"},
		{"path-strip-dot", "/.well-known/", "/.well-known/"},
		{"path-strip-dotdot", "/foo/../", "/"},
		{"path-strip-dotdot", "/foo/../bar/", "/bar/"},
		{"path-strip-dotdot", "/foo/bar/../", "/foo/"},
		{"path-strip-dotdot", "/../bar/", "/../bar/"},
		{"path-strip-dotdot", "/bar/../../", "/../"},
		{"path-strip-dotdot", "/foo//../", "/foo/"},
		{"path-strip-dotdot", "/foo/..", "/"},
		{"path-strip-dotdot", "/foo/%2E%2E/", "/foo/%2E%2E/"},
		{"path-strip-dotdot", "http://h/a/../b?x=/../", "http://h/b?x=/../"},
		{"path-strip-dotdot full", "/../bar/", "/bar/"},
		{"path-strip-dotdot full", "/bar/../../", "/"},
		{"path-strip-dotdot full", "/..", "/"},
		{"path-merge-slashes", "//", "/"},
		{"path-merge-slashes", "/foo//bar?a//b", "/foo/bar?a//b"},
		{"percent-decode-unreserved", "/%61dmin", "/admin"},
		{"percent-decode-unreserved", "/foo%3Fbar=baz", "/foo%3Fbar=baz"},
		{"percent-decode-unreserved", "/%%36%36", "/%66"},
		{"percent-decode-unreserved", "/%ZZ", "/%ZZ"},
		{"percent-decode-unreserved strict", "/%%36%36", "400"},
		{"percent-decode-unreserved strict", "/%ZZ", "400"},
		{"percent-to-uppercase", "/%6f", "/%6F"},
		{"percent-to-uppercase", "/%zz", "/%zz"},
		{"percent-to-uppercase strict", "/%zz", "400"},
		{"query-sort-by-name", "/?c=3&a=1&b=2", "/?a=1&b=2&c=3"},
		{"query-sort-by-name", "/?aaa=3&a=1&aa=2", "/?a=1&aa=2&aaa=3"},
		{"query-sort-by-name", "/?a=3&b=4&a=1&b=5&a=2", "/?a=3&a=1&a=2&b=4&b=5"},
		{"path-strip-dot", "*", "*"},
	} {
		x := newTx("GET " + c.in)
		v := mustCompile(t, httpReq, "normalize-uri "+c.form).Run(x)
		got := string(x.Req.URI)
		if v == Answer {
			got = "400"
		}
		if got != c.want {
			t.Errorf("%s %s: %s, want %s", c.form, c.in, got, c.want)
		}
	}
}

func FuzzNormalize(f *testing.F) {
	for _, s := range []string{"/a/../b", "http://h", "//", "%", "/..", "*", "a:/?b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		for name, form := range forms {
			for _, do := range []normalizer{form.plain, form.with} {
				if do == nil {
					continue
				}
				once, ok := do(nil, []byte(uri))
				if !ok {
					continue
				}
				if strings.HasPrefix(name, "percent-decode") {
					continue // "/%%36%36" becomes "/%66", as the manual warns
				}
				if twice, _ := do(nil, once); string(twice) != string(once) {
					t.Fatalf("%s: %q, %q, %q", name, uri, once, twice)
				}
			}
		}
	})
}

// stickEnv links the references of e to a table as the configuration does.
func resolveTables(t *testing.T, e *keyword.Env, table *stick.Table) {
	t.Helper()
	for _, r := range e.Refs {
		r.Resolve(table)
		if r.Check != nil {
			if text := r.Check(table); text != "" {
				t.Fatal(text)
			}
		}
	}
}

func newTable(t *testing.T, line string) *stick.Table {
	t.Helper()
	words := splitWords("stick-table " + line)
	e := &keyword.Env{Diags: &diag.List{}, Owner: "f", Words: words}
	table, err := stick.ReadLine(&keyword.Args{Env: e, Words: words, Pos: 1}, "f")
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestTrack(t *testing.T) {
	t.Parallel()
	table := newTable(t, "type string len 16 size 10 expire 1m store gpc(3),gpc_rate(3,1s),gpt(1),conn_cur,conn_cnt,http_req_cnt,http_err_cnt,http_fail_cnt")
	x := newTx("GET /key")
	run := func(set keyword.Scope, line string) {
		t.Helper()
		e := newEnv(set)
		a, err := compileEnv(t, e, line)
		if err != nil {
			t.Fatal(err)
		}
		resolveTables(t, e, table)
		if v := a.Run(x); v != Continue {
			t.Errorf("%s: verdict %v", line, v)
		}
	}
	run(httpReq, "track-sc0 path table t")
	run(httpReq, "track-sc0 str(other)") // the first stays
	run(httpReq, "sc-inc-gpc0(0)")
	run(httpReq, "sc-inc-gpc(1,0)")
	run(httpReq, "sc-inc-gpc1(0)")
	run(httpReq, "sc-add-gpc(2,0) 40")
	run(httpReq, "sc-add-gpc(2,0) int(2)")
	run(httpReq, "sc-set-gpt0(0) 7")
	run(httpReq, "sc-set-gpt(0,0) int(8)")
	run(httpReq, "sc-inc-gpc0(2)") // not tracked: nothing happens
	x.Res.Status = 404
	run(httpRes, "track-sc1 str(resp)")
	now := x.Now.UnixMilli()
	for _, c := range []struct {
		key  string
		data stick.Data
		i    int
		want uint64
	}{
		{"/key", stick.GPC, 0, 1}, {"/key", stick.GPC, 1, 2}, {"/key", stick.GPC, 2, 42}, {"/key", stick.GPCRate, 2, 42},
		{"/key", stick.GPT, 0, 8}, {"/key", stick.ConnCur, 0, 1}, {"/key", stick.ConnCnt, 0, 1}, {"/key", stick.HTTPReqCnt, 0, 1},
		{"resp", stick.HTTPErrCnt, 0, 1}, {"resp", stick.HTTPFailCnt, 0, 0},
	} {
		e := table.Lookup([]byte(c.key), now)
		if e == nil {
			t.Fatalf("%s: no entry", c.key)
		}
		if got, ok := e.Get(c.data, c.i, now); !ok || got != c.want {
			t.Errorf("%s %s[%d]: %d %v, want %d", c.key, c.data, c.i, got, ok, c.want)
		}
	}
	if table.Used(now) != 2 {
		t.Errorf("%d entries", table.Used(now))
	}
	x.Sess.EndRequest(x.Now)
	e := table.Lookup([]byte("/key"), now)
	if n, _ := e.Get(stick.ConnCur, 0, now); n != 0 || e.Users() != 0 {
		t.Errorf("%d connections, %d users at the end", n, e.Users())
	}
}

func TestStick(t *testing.T) {
	t.Parallel()
	var reg server.Registry
	b := reg.Backend("b")
	s1 := &server.Server{Backend: b, Name: "s1", ID: 1}
	table := newTable(t, "type string size 10")
	words := splitWords("stick on path table b if TRUE")
	e := &keyword.Env{Diags: &diag.List{}, Owner: "b", Section: "backend", Words: words}
	in := &keyword.Args{Env: e, Words: words, Pos: 1}
	r, err := ReadStick(in)
	if err != nil || in.Peek() != "if" || !r.Match || !r.StoreRequest || r.StoreResponse {
		t.Fatalf("%+v %v", r, err)
	}
	resolveTables(t, e, table)
	x := newTx("GET /a")
	x.Server = s1
	if s := r.Find(x, b); s != nil {
		t.Errorf("found %v in an empty table", s)
	}
	r.Store(x)
	entry := table.Lookup([]byte("/a"), x.Now.UnixMilli())
	if entry == nil {
		t.Fatal("nothing was stored")
	}
	if id, name := entry.Server(); id != 1 || name != "s1" {
		t.Errorf("stored %d %s", id, name)
	}
	for _, c := range []struct{ line, want string }{
		{"stick", "'stick' expects 'on', 'match', or 'store'."},
		{"stick foo", "'stick' expects 'on', 'match', or 'store'."},
		{"stick on", "'stick' expects a fetch method."},
		{"stick on src foo", "'stick': unknown keyword 'foo'."},
	} {
		w := splitWords(c.line)
		if _, err := ReadStick(&keyword.Args{Env: e, Words: w, Pos: 1}); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v", c.line, err)
		}
	}
}

func TestMoreErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		set        keyword.Scope
		line, want string
	}{
		{httpReq, "track-sc0", "missing fetch method"},
		{httpReq, "track-sc0 src table", "missing table name"},
		{httpReq, "track-sc9 src", "9 track-sc number exceeding 2 (tune.stick-counters-1) value"},
		{httpReq, "track-scx src", "Wrong track-sc number 'x'"},
		{httpReq, "sc-inc-gpc0(x)", "invalid stick table track ID. Expects sc-inc-gpc0(x)(<Track ID>)"},
		{httpReq, "sc-inc-gpc0(9)", "invalid stick table track ID. The max allowed ID is 2 (tune.stick-counters)"},
		{httpReq, "sc-inc-gpc(1)", "Missing gpc ID 'sc-inc-gpc(1)'. Expects sc-inc-gpc(<GPC ID>,<Track ID>)"},
		{httpReq, "sc-inc-gpc(1,x)", "invalid stick table track ID 'sc-inc-gpc(1,x)'. Expects sc-inc-gpc(<GPC ID>,<Track ID>)"},
		{httpReq, "sc-inc-gpc(1,1", "invalid stick table track ID 'sc-inc-gpc(1,1'. Expects sc-inc-gpc(<GPC ID>,<Track ID>)"},
		{httpReq, "sc-set-gpt(x,0) 5", "Missing gpt ID 'sc-set-gpt(x,0)'. Expects sc-set-gpt(<GPT ID>,<Track ID>)"},
		{httpReq, "sc-set-gpt0(0) foo", "unknown fetch method 'foo'"},
		{httpReq, "use-service", "'use-service' expects a service name."},
		{httpReq, "use-service foo", "'foo' unknown service name."},
		{httpReq, "normalize-uri", "missing argument <normalizer>"},
		{httpReq, "normalize-uri foo", "unknown normalizer 'foo'"},
		{httpReq, "normalize-uri path-strip-dotdot foo", "unknown argument 'foo' for 'path-strip-dotdot' normalizer"},
		{httpReq, "do-log profile", "action 'do-log': 'profile' expects argument."},
		{httpReq, "set-map(foo) a", "expects exactly 2 arguments"},
		{httpReq, "add-acl(foo)", "expects exactly 1 arguments"},
		{httpReq, "cache-use", "expects a cache name"},
		{httpReq, "do-resolve(a)", "Can't parse 'do-resolve(a)'. Expects 'do-resolve(<varname>,<resolvers>[,<options>]) <expr>'. Available options are 'ipv4' and 'ipv6'"},
		{httpReq, "do-resolve(txn.a,b)", "Can't parse '': missing fetch method. Expects 'do-resolve(<varname>,<resolvers>[,<options>]) <expr>'. Available options are 'ipv4' and 'ipv6'"},
		{httpReq, "send-spoe-group a", "expects 2 arguments: <engine-id> <group-id>"},
		{httpReq, "set-bandwidth-limit", "missing bwlim filter name"},
		{httpReq, "add-headers-bin", "expects exactly one argument or three arguments <headers> prefix <pfx>"},
		{httpReq, "add-headers-bin src prefix", "expects 1 argument: <headers>; or 3 arguments: <headers> prefix <pfx>"},
		{httpReq, "del-headers-bin src -m reg", "-m reg is unsupported with del-headers-bin due to performance reasons"},
		{httpReq, "pause foo", "unexpected character 'f' in rule 'pause'"},
		{httpReq, "pause 0", "null value is not valid for a 'pause' rule"},
		{tcpCnt, "switch-mode tcp", "'tcp-request switch-mode' expects a valid mode (got 'tcp')."},
		{tcpCnt, "capture src", "'tcp-request content capture' : a positive 'len' argument is mandatory"},
		{httpReq, "silent-drop rst-ttl 300", "valid rst-ttl values are [1-255]\n"},
		{httpReq, "auth realm", "missing realm value.\n"},
	} {
		_, err := compile(t, c.set, c.line)
		if err == nil || err.Error() != c.want {
			t.Errorf("%s:\n got %v\nwant %s", c.line, err, c.want)
		}
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	x := newTx("GET /", "n: 7", "ip: 10.1.2.3")
	for _, l := range []string{
		"set-timeout server 5s", "set-timeout tunnel req.hdr(n)", "set-retries 3", "set-nice 5000",
		"set-log-level silent", "set-priority-class int(-9000)", "set-priority-offset int(12)",
		"set-src req.hdr(ip)", "set-src-port int(81)", "set-dst req.hdr(ip)", "set-dst-port req.hdr(n)",
		"set-bc-mark 0x10", "set-bc-tos int(32)", "set-fc-tos 8", "set-mark 1", "disable-l7-retry", "wait-for-handshake",
	} {
		if v := mustCompile(t, httpReq, l).Run(x); v != Continue {
			t.Errorf("%s: %v", l, v)
		}
	}
	s := x.Settings
	got := []any{*s.TimeoutServer, *s.TimeoutTunnel, *s.Retries, x.Nice, x.LogLevel, s.PriorityClass, s.PriorityOffset,
		x.Sess.Src.String(), x.Sess.Dst.String(), s.Dst.String(), *s.BCMark, *s.BCTOS, x.Sess.TOS, x.Sess.Mark, s.DisableL7Retry}
	want := []any{5 * time.Second, 7 * time.Millisecond, 3, 1024, 8, -2047, 12,
		"10.1.2.3:81", "10.1.2.3:7", "10.1.2.3:7", 16, 32, 8, 1, true}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestHeaderBlocks writes a block in the notation of req.hdrs_bin.
func TestHeaderBlocks(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("v", 300)
	block := "\x03x-a\x011\x03x-B" + "\xfc\x03" + long + "\x01c\x00\x00\x00"
	for _, c := range []struct {
		line string
		want []string
	}{
		{"add-headers-bin var(txn.b)", []string{"x-a: 0", "c: 9", "x-a: 1", "x-b: " + long, "c: "}},
		{"set-headers-bin var(txn.b)", []string{"x-a: 1", "x-b: " + long, "c: "}},
		{"set-headers-bin var(txn.b) prefix x-", []string{"c: 9", "x-a: 1", "x-b: " + long}},
	} {
		x := newTx("GET /", "x-a: 0", "c: 9")
		x.TxnVars.Set("b", tx.Value{Type: tx.TypeBin, B: []byte(block)})
		if v := mustCompile(t, httpReq, c.line).Run(x); v != Continue {
			t.Errorf("%s: verdict %v", c.line, v)
		}
		if d := cmp.Diff(c.want, lines(&x.Req)); d != "" {
			t.Errorf("%s: %s", c.line, d)
		}
	}
	x := newTx("GET /", "x-a: 0", "c: 9", "xy: 1")
	x.TxnVars.Set("b", tx.Value{Type: tx.TypeBin, B: []byte("\x02X-\x00")})
	mustCompile(t, httpReq, "del-headers-bin var(txn.b) -m beg").Run(x)
	if d := cmp.Diff([]string{"c: 9", "xy: 1"}, lines(&x.Req)); d != "" {
		t.Error(d)
	}
	x.TxnVars.Set("b", tx.Value{Type: tx.TypeBin, B: []byte("\x09short")})
	if v := mustCompile(t, httpReq, "add-headers-bin var(txn.b)").Run(x); v != Fail {
		t.Errorf("a block that is cut short: %v", v)
	}
}

// TestEncodedBreaksAreCleaned checks that a client cannot smuggle lines into
// what rules build from its request.
func TestEncodedBreaksAreCleaned(t *testing.T) {
	t.Parallel()
	x := newTx("GET /")
	x.TxnVars.Set("v", tx.Value{Type: tx.TypeStr, B: []byte("a\r\nevil: 1\x00")})
	mustCompile(t, httpReq, "set-header x %[var(txn.v)]").Run(x)
	mustCompile(t, httpReq, "set-path /%[var(txn.v)]").Run(x)
	if got := string(x.Req.Get([]byte("x"))); got == "" || strings.ContainsAny(got, "\r\n\x00") {
		t.Errorf("%q", got)
	}
	if got := string(x.Req.URI); strings.ContainsAny(got, "\r\n\x00") {
		t.Errorf("%q", got)
	}
	mustCompile(t, httpReq, "redirect location /%[var(txn.v)]").Run(x)
	for _, f := range x.Reply.Fields {
		if strings.ContainsAny(string(f.Value), "\r\n\x00") {
			t.Errorf("%q", f.Value)
		}
	}
}

// TestTable holds the laws of the table of actions.
func TestTable(t *testing.T) {
	t.Parallel()
	for _, d := range Actions.All() {
		if d.Doc == "" || !strings.HasSuffix(d.Doc, ".") {
			t.Errorf("%s: doc %q", d.Name, d.Doc)
		}
		if err := d.Grammar(); err != nil {
			t.Errorf("%s: %v", d.Name, err)
		}
		if d.In == 0 {
			t.Errorf("%s stands nowhere", d.Name)
		}
	}
}

// TestCoverage compares the table with the actions of the configuration
// manual 4.3, and their rule sets.
func TestCoverage(t *testing.T) {
	t.Parallel()
	var have []string
	for _, d := range Actions.All() {
		sets := ""
		for _, s := range []struct {
			bit  keyword.Scope
			mark string
		}{{keyword.QUICInitial, "q"}, {tcpCon, "c"}, {tcpSes, "s"}, {tcpCnt, "n"}, {tcpRes, "r"}, {httpReq, "R"}, {httpRes, "S"}, {httpAft, "A"}} {
			if d.In&s.bit != 0 {
				sets += s.mark
			}
		}
		have = append(have, strings.TrimSuffix(d.Name, "(")+" "+sets)
	}
	slices.Sort(have)
	want := strings.Fields(strings.ReplaceAll(matrix, " ", "~"))
	for i := range want {
		want[i] = strings.ReplaceAll(want[i], "~", " ")
	}
	slices.Sort(want)
	if d := cmp.Diff(want, have); d != "" {
		t.Error(d)
	}
}

// matrix is the manual's matrix: q quic-initial, c s n tcp-request
// connection, session, content, r tcp-response, R S A http-request, -response,
// -after-response.
const matrix = `accept qcsnr
add-acl RS
add-header RSA
add-headers-bin RSA
allow RSA
attach-srv s
auth R
cache-store S
cache-use R
capture nRSA
close r
del-acl RSA
del-header RSA
del-headers-bin RSA
del-map RSA
deny RS
dgram-drop q
disable-l7-retry R
do-log qcsnrRSA
do-resolve nR
early-hint R
expect-netscaler-cip c
expect-proxy c
normalize-uri R
pause RS
redirect RS
reject qcsnrR
replace-header RSA
replace-path R
replace-pathq R
replace-uri R
replace-value RSA
return RS
sc-add-gpc csnrRSA
sc-inc-gpc csnrRSA
sc-inc-gpc0 csnrRSA
sc-inc-gpc1 csnrRSA
sc-set-gpt csnrRSA
sc-set-gpt0 csnrRSA
send-retry q
send-spoe-group nrRS
set-bandwidth-limit nrRS
set-bc-mark nR
set-bc-tos nR
set-dst csnR
set-dst-port csnR
set-fc-mark csnrRS
set-fc-tos csnrRS
set-header RSA
set-headers-bin RSA
set-log-level nrRSA
set-map RSA
set-mark csnrRS
set-method R
set-nice nrRS
set-path R
set-pathq R
set-priority-class nR
set-priority-offset nR
set-query R
set-retries nR
set-src csnR
set-src-port csnR
set-status SA
set-timeout RS
set-tos csnrRS
set-uri R
set-var csnrRSA
set-var-fmt csnrRSA
silent-drop csnrRS
strict-mode RSA
switch-mode n
tarpit R
track-sc csnRS
unset-var csnrRSA
use-service nR
wait-for-body RS
wait-for-handshake R
`

// TestSpacedConverters checks the old notation of converters as words of
// their own.
func TestSpacedConverters(t *testing.T) {
	t.Parallel()
	x := newTx("GET /ABC")
	words := []source.Word{{Text: "set-var(txn.a)"}, {Text: "path"}, {Text: "base64"}, {Text: "if"}, {Text: "TRUE"}}
	e := newEnv(httpReq)
	def, next := Actions.Match(words, 0)
	a, n, err := def.Read(e, words, next)
	if err != nil || n != 3 {
		t.Fatalf("%d %v", n, err)
	}
	a.Run(x)
	if v, _ := x.TxnVars.Get("a"); string(v.B) != "L0FCQw==" {
		t.Errorf("%s", v.B)
	}
}
