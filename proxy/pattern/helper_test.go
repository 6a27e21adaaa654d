package pattern

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"tandem/parser/diag"
	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

const testRequest = "GET /p/a/th.html?a=1 HTTP/1.1\nHost: a.b:80\nX-A: one, two\n"

func newTx(req string) *tx.Tx {
	t := &tx.Tx{Now: time.Unix(1e9, 0), Sess: &tx.Session{Proc: &tx.ProcVars{}, Src: netip.MustParseAddrPort("127.0.0.1:5"), HTTP: true}}
	lines := strings.Split(strings.TrimSuffix(req, "\n"), "\n")
	f := strings.Fields(lines[0])
	t.Req.Method, t.Req.URI, t.Req.Version, t.HasReq = []byte(f[0]), []byte(f[1]), 11, true
	for _, l := range lines[1:] {
		name, val, _ := strings.Cut(l, ": ")
		t.Req.Append(bytes.ToLower([]byte(name)), []byte(val))
	}
	return t
}

func testEnv() *keyword.Env {
	e := &keyword.Env{Diags: &diag.List{}, Section: "frontend", Owner: "fe", Offline: true}
	NewRegistry().AttachTo(e)
	return e
}

func mustTest(tb testing.TB, e *keyword.Env, words string) *Test {
	tb.Helper()
	x, err := CompileTest(e, strings.Fields(words), 0)
	if err != nil {
		tb.Fatalf("%s: %v", words, err)
	}
	return x
}
