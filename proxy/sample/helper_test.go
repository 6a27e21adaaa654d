package sample

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/listen"
	"tandem/proxy/server"
	"tandem/proxy/tx"
)

// testRequest is the request that most tests look at.
const testRequest = `GET /p/a/th.html?a=1&b=two&a=3&e= HTTP/1.1
Host: Www.Example.COM:8080
X-A: one, two
X-A: three
Cookie: c1=v1; c2=v2; c1=v3
User-Agent: UA/1.0
X-Num: 42
X-IP: 10.1.2.3, 2001:db8::1
X-E: , a ,, b ,
X-Q: "a,b",  c
X-Z:
X-P: 1.2.3.4:80, [::1]:80, ::1, [::2], 1.2.3.4:99999
`

const testResponse = `HTTP/1.1 200 OK
Content-Type: text/html
Set-Cookie: s1=a; path=/; secure
Set-Cookie: s2=b
Content-Length: 5
`

// fillMessage reads header lines into m and returns the first line.
func fillMessage(m *tx.Message, text string) []string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for _, l := range lines[1:] {
		name, val, _ := strings.Cut(l, ":")
		m.Append(bytes.ToLower([]byte(name)), []byte(strings.TrimSpace(val)))
	}
	return strings.Fields(lines[0])
}

// newTx makes a transaction with a request and, if res is not empty, a response.
func newTx(req, res string) *tx.Tx {
	now := time.Date(2026, 11, 21, 8, 30, 0, 123456789, time.UTC)
	t := &tx.Tx{Now: now, Status: -1, Sess: &tx.Session{
		ID: 7, Front: &listen.Frontend{Name: "fe", ID: 3}, Proc: &tx.ProcVars{}, HTTP: true, Requests: 1,
		Src: netip.MustParseAddrPort("127.0.0.1:54280"), Dst: netip.MustParseAddrPort("127.0.0.2:8080"),
		Accepted: now.Add(-time.Second), HandshakeDone: now.Add(-time.Second),
	}}
	t.Back = &server.Backend{Name: "be", ID: 4}
	if req != "" {
		f := fillMessage(&t.Req, req)
		t.Req.Method, t.Req.URI, t.Req.Version, t.HasReq = []byte(f[0]), []byte(f[1]), 11, true
		t.LogURI = []byte(strings.Join(f, " "))
	}
	if res != "" {
		fillMessage(&t.Res, res)
		t.Res.Status, t.Res.Version, t.HasRes = 200, 11, true
		t.Res.Framing, t.Res.Length = tx.ByLength, 5
	}
	return t
}

// testEnv makes an environment as a frontend's line has it.
func testEnv() *keyword.Env {
	return &keyword.Env{Diags: &diag.List{}, Section: "frontend", Owner: "fe"}
}

func compileText(e *keyword.Env, text string) (*Expr, error) {
	s, err := expr.ParseSample(text)
	if err != nil {
		return nil, err
	}
	return Compile(e, s)
}

// evalText returns an expression's value as text; "<none>" where there is none.
func evalText(tb testing.TB, t *tx.Tx, text string) string {
	tb.Helper()
	x, err := compileText(testEnv(), text)
	if err != nil {
		return "ERR " + err.Error()
	}
	out, ok := x.AppendString(nil, t)
	if !ok {
		return "<none>"
	}
	return string(out)
}

// evalCase is one line of a table: an expression and its value.
type evalCase struct{ expr, want string }

func runCases(tb *testing.T, t *tx.Tx, cases []evalCase) {
	tb.Helper()
	for _, c := range cases {
		if got := evalText(tb, t, c.expr); got != c.want {
			tb.Errorf("%s = %q, want %q", c.expr, got, c.want)
		}
	}
}
