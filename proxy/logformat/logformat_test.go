package logformat

import (
	"bytes"
	"crypto/tls"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/listen"
	"tandem/proxy/server"
	"tandem/proxy/tx"
	"tandem/stats"
)

// newTx makes a finished request in UTC.
func newTx() *tx.Tx {
	at := time.Date(2026, 11, 21, 8, 39, 43, 42_000_000, time.UTC)
	ms := func(n int) time.Time { return at.Add(time.Duration(n) * time.Millisecond) }
	t := &tx.Tx{
		Sess: &tx.Session{
			ID: 55, Front: &listen.Frontend{Name: "fe", ID: 3}, Requests: 1, HTTP: true, Proc: &tx.ProcVars{},
			Src: netip.MustParseAddrPort("127.0.0.1:39714"), Dst: netip.MustParseAddrPort("127.0.0.2:80"),
			Accepted: at, HandshakeDone: ms(1),
		},
		HasReq: true, HasRes: true, Status: 200, Term: [2]byte{'-', '-'}, CookieIn: 'N', CookieOut: 'I',
		Back: &server.Backend{Name: "be"}, LogURI: []byte("GET http://h/p/a?b=1 HTTP/1.1"),
		ReqCaps: [][]byte{[]byte("three"), nil}, ResCaps: [][]byte{[]byte("a|b")},
		SrvDst:   netip.MustParseAddrPort("10.0.0.9:8080"),
		Bytes:    tx.Bytes{ReqIn: 10, ResIn: 150},
		Time:     tx.Timing{Idle: 2 * time.Millisecond, Start: ms(3), Request: ms(5), Queue: ms(6), Connect: ms(9), Response: ms(19), End: ms(42), Date: ms(3)},
		UniqueID: []byte("id-1"), QueueSrv: 1, QueueBack: 2, Retries: 1, Redispatched: true,
	}
	t.Req.Method, t.Req.URI, t.Req.Version = []byte("GET"), []byte("/p/a?b=1"), 11
	t.Req.Append([]byte("x-w"), []byte("a\"b]c\\d\x01"))
	return t
}

func compileText(text string, mode Mode) (*Format, error) {
	f, err := expr.ParseFmt(text)
	if err != nil {
		return nil, err
	}
	e := &keyword.Env{Diags: &diag.List{}, Section: "frontend", Owner: "fe"}
	p := &stats.Process{}
	p.Conns.Set(9)
	keyword.Attach(e, p)
	return CompileMode(e, f, mode)
}

func render(t *testing.T, text string, mode Mode, trx *tx.Tx) string {
	t.Helper()
	f, err := compileText(text, mode)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return string(f.Append(nil, trx))
}

func TestAliases(t *testing.T) {
	t.Parallel()
	host, _ := os.Hostname()
	trx := newTx()
	for text, want := range map[string]string{
		"%B": "150", "%U": "10", "%CC": "-", "%CS": "-", "%H": host, "%HM": "GET", "%HP": "http://h/p/a", "%HPO": "/p/a",
		"%HQ": "?b=1", "%HU": "http://h/p/a?b=1", "%HV": "HTTP/1.1", "%ID": "id-1", "%ST": "200",
		"%T": "21/Nov/2026:08:39:43 +0000", "%Tl": "21/Nov/2026:08:39:43 +0000", "%t": "21/Nov/2026:08:39:43.042",
		"%tr": "21/Nov/2026:08:39:43.045", "%trg": "21/Nov/2026:08:39:43 +0000", "%Ts": "1795250383", "%{+X}Ts": "6B0158CF",
		"%ms": "042", "%Ta": "39", "%Tc": "3", "%Td": "23", "%Th": "1", "%Ti": "2", "%Tq": "5", "%TR": "2", "%Tr": "10",
		"%Tt": "42", "%Tu": "41", "%Tw": "1", "%OG": "unspec", "%ac": "9", "%fc": "0", "%bc": "0", "%sc": "0",
		"%rc": "+1", "%sq": "1", "%bq": "2", "%b": "be", "%s": "<NOSRV>", "%f": "fe", "%ft": "fe",
		"%ci": "127.0.0.1", "%{+X}ci": "7F000001", "%cp": "39714", "%{+X}cp": "9B22", "%fi": "127.0.0.2", "%fp": "80",
		"%bi": "-", "%bp": "-", "%si": "10.0.0.9", "%sp": "8080", "%hr": "{three|}", "%hs": "{a#7Cb}", "%hrl": "three -",
		"%{+Q}hrl": `"three" ""`, "%r": "GET http://h/p/a?b=1 HTTP/1.1", "%{+Q}r": `"GET http://h/p/a?b=1 HTTP/1.1"`,
		"%ts": "--", "%tsc": "--NI", "%sslc": "-", "%sslv": "-", "%pid": strconv.Itoa(os.Getpid()), "%rt": "55", "%{+X}rt": "0037",
		"%{+Q}b": `"be"`, "%{+Q}CC": `""`, "%lc": "0", "%%": "%", "a%%b %o%ci": "a%b 127.0.0.1",
		"%{+Q}o %ci  %b": `"127.0.0.1" "be"`, "%[var(txn.no)]": "-", "%[str(x)]": "x", "%{+Q}[var(txn.no)]": `""`,
		"%{+E}[req.hdr(x-w)]": "a\\\"b\\]c\\\\d\x01", "%{+Q,+E}[str(a]b)]": `"a\]b"`,
	} {
		if got := render(t, text, Log, trx); got != want {
			t.Errorf("%s = %q, want %q", text, got, want)
		}
	}
	names, docs := AliasNames()
	for i, n := range names {
		if docs[i] == "" || n == "" {
			t.Errorf("alias %q has no doc", n)
		}
	}
	for _, n := range strings.Fields("o OG B CC CS H HM HP HPO HQ HU HV ID ST T Ta Tc Td Th Ti Tl Tq TR Tr Ts Tt Tu Tw U ac b bc bi bp bq ci cp f fc fi fp ft hr hrl hs hsl lc ms pid r rc rt s sc si sp sq sslc sslv t tr trg trl ts tsc") {
		if aliases[n] == nil {
			t.Errorf("alias %%%s is missing", n)
		}
	}
}

func TestModes(t *testing.T) {
	t.Parallel()
	trx := newTx()
	for _, c := range []struct {
		text string
		mode Mode
		want string
	}{
		{"%[bin(610122ff41090a25)]", Header, "a%01\"\xffA\t%0A%"},
		{"%[bin(610122ff41090a25)]", Verbatim, "a\x01\"\xffA\t\n%"},
		{"%CC", Header, ""},
		{"%{+M}CC", Header, "-"},
		{"a  %ci   b", Header, "a  127.0.0.1   b"},
		{"a  %ci   b", Log, "a 127.0.0.1 b"},
		{`%{+json}o text %(a)ci %b`, Verbatim, `{"a": "127.0.0.1"}`},
		{`%{+json}o%(a)[req.hdr(x-w)]%(b)[int(-5)]%(c)[bool(false)]%(d)[var(txn.no)]%(e:str)[int(4)]%(f:bool)[int(4)]%(g:sint)[str(7)]`, Verbatim,
			"{\"a\": \"a\\\"b]c\\\\d\x01\", \"b\": -5, \"c\": false, \"d\": \"\", \"e\": \"4\", \"f\": true, \"g\": 7}"},
		{`%{+json}o%(a)B%(b)Tc%(c)hr%(d)hrl%(e)cp`, Log, `{"a": 150, "b": 3, "c": "{three|}", "d": ["three", "-"], "e": 39714}`},
		{`%{+cbor}o %(a)ci %(b)[int(5)]`, Verbatim, "BF6161693132372E302E302E31616205FF"},
		{`%{+cbor}o%(b)[bin(01ff41)]%(d)[int(-5)]%(e)[bool(false)]%(h)[int(70000)]`, Verbatim, "BF61625F4301FF41FF6164246165F461681A00011170FF"},
		{`%{+cbor,+bin}o%(a)[str(x)]`, Verbatim, "\xbfaaax\xff"},
		{`%{+json}[str(x)]`, Verbatim, `"x"`},
		{`%{+json}[int(4)] %{+cbor}[int(4)]`, Verbatim, "4 04"},
	} {
		if got := render(t, c.text, c.mode, trx); got != c.want {
			t.Errorf("%s (mode %d) = %q, want %q", c.text, c.mode, got, c.want)
		}
	}
}

func TestStandardFormats(t *testing.T) {
	t.Parallel()
	trx := newTx()
	trx.Sess.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, CipherSuite: tls.TLS_AES_128_GCM_SHA256}
	for text, want := range map[string]string{
		HTTPLog:    `127.0.0.1:39714 [21/Nov/2026:08:39:43.045] fe~ be/<NOSRV> 2/1/3/10/39 200 150 - - --NI 9/0/0/0/+1 1/2 {three|} {a#7Cb} "GET http://h/p/a?b=1 HTTP/1.1"`,
		TCPLog:     `127.0.0.1:39714 [21/Nov/2026:08:39:43.042] fe~ be/<NOSRV> 1/3/42 150 -- 9/0/0/0/+1 1/2`,
		HTTPLogCLF: `127.0.0.1 - - [21/Nov/2026:08:39:43 +0000] "GET http://h/p/a?b=1 HTTP/1.1" 200 150 "" "" 39714 042 "fe~" "be" "<NOSRV>" 2 1 3 10 39 --NI 9 0 0 0 +1 1 2 "" "" "three" "" "a#7Cb"`,
		TCPLogCLF:  `127.0.0.1 - - [21/Nov/2026:08:39:43 +0000] "TCP " 000 150 "" "" 39714 042 "fe~" "be" "<NOSRV>" 1 1 3 42 10 ---- 9 0 0 0 +1 1 2 "" "" `,
	} {
		if got := render(t, text, Log, trx); got != want {
			t.Errorf("\n%s\ngot  %s\nwant %s", text, got, want)
		}
	}
	if got := render(t, "%sslv %sslc", Log, trx); got != "TLSv1.3 TLS_AES_128_GCM_SHA256" {
		t.Errorf("TLS aliases: %s", got)
	}
	if _, err := compileText(HTTPSLog, Log); err != nil {
		t.Error(err)
	}
}

// A connection that brought no request is logged too.
func TestWithoutRequest(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)
	trx := &tx.Tx{Status: -1, Now: at, Sess: &tx.Session{Front: &listen.Frontend{Name: "f"}, Accepted: at, UnixPath: "/s", Listener: &listen.Listener{ID: 4}}, Term: [2]byte{'C', 'R'}}
	want := `unix:4 [02/Jan/2026:03:04:05.006] f f/<NOSRV> -1/-1/-1/-1/0 -1 0 - - CR-- 9/0/0/0/0 0/0   "<BADREQ>"`
	if got := render(t, HTTPLog, Log, trx); strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(want), " ") {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	f, err := compileText("%B %Tt %Tc %OG", Log)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(f.AppendFrom(nil, trx, "txn_connect", true)); got != "+0 +0 -1 txn_connect" {
		t.Errorf("early line: %s", got)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"%zz":             "no such format alias 'zz'. If you wanted to emit the '%' character verbatim, you need to use '%%'",
		"%[blah] x":       "failed to parse sample expression <blah] x> : unknown fetch method 'blah'",
		"%[path,blah]":    "failed to parse sample expression <path,blah]> : unknown converter 'blah'",
		"%(x:foo)ci":      "unexpected output type 'foo' at position 4 line : '%(x:foo)ci'. Supported types are: str, sint, bool, raw",
		"%[req.hdr(a,b)]": "failed to parse sample expression <req.hdr(a,b)]> : fetch method 'req.hdr' : failed to parse 'b' as type 'integer' at position 2",
	} {
		_, err := compileText(text, Header)
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	f, err := expr.ParseFmt("%[res.hdr(a)]")
	if err != nil {
		t.Fatal(err)
	}
	e := &keyword.Env{Diags: &diag.List{}, Scope: keyword.HTTPRequest, Section: "frontend"}
	if _, err := Compile(e, f); err == nil || !strings.HasPrefix(err.Error(), "sample fetch <res.hdr> may not be reliably used here because it needs 'HTTP response headers'") {
		t.Errorf("a response header in a request rule: %v", err)
	}
}

func TestLiteral(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"": true, "abc": true, "a%%b": true, "%ci": false, "a%ci": false} {
		f, err := compileText(text, Header)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := f.Literal(); ok != want {
			t.Errorf("%q is literal: %v", text, ok)
		}
	}
}

func TestFormattingAllocatesNothing(t *testing.T) {
	trx := newTx()
	for _, text := range []string{HTTPLog, TCPLog, "%[src] %[req.hdr(x-w),lower] %{+Q}[path]"} {
		f, err := compileText(text, Log)
		if err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 0, 1024)
		f.Append(buf, trx)
		if n := testing.AllocsPerRun(200, func() {
			trx.Scratch.Reset()
			buf = f.Append(buf[:0], trx)
		}); n != 0 {
			t.Errorf("%s allocates %v times", text, n)
		}
	}
}

func BenchmarkHTTPLog(b *testing.B) {
	trx := newTx()
	f, err := compileText(HTTPLog, Log)
	if err != nil {
		b.Fatal(err)
	}
	buf := bytes.NewBuffer(nil).AvailableBuffer()
	for b.Loop() {
		buf = f.Append(buf[:0], trx)
	}
}
