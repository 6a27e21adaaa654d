package logformat

import (
	"net/netip"
	"testing"
	"time"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

// BenchmarkHTTPLogLine writes one "option httplog" line.
func BenchmarkHTTPLogLine(b *testing.B) {
	f, err := expr.ParseFmt(HTTPLog)
	if err != nil {
		b.Fatal(err)
	}
	format, err := Compile(&keyword.Env{Diags: &diag.List{}, Scope: keyword.Frontend}, f)
	if err != nil {
		b.Fatal(err)
	}
	now := time.Now()
	t := &tx.Tx{Sess: &tx.Session{Src: netip.MustParseAddrPort("192.0.2.7:40000"), Accepted: now, HTTP: true}, Status: 200, LogURI: []byte("GET /index.html?a=b HTTP/1.1")}
	t.Time = tx.Timing{Start: now, Request: now, Queue: now, Connect: now, Response: now, End: now, Date: now}
	buf := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		buf = format.Append(buf[:0], t)
	}
	if len(buf) < 60 {
		b.Fatalf("line %q", buf)
	}
}
