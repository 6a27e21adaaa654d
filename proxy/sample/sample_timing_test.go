package sample

import (
	"testing"

	"tandem/proxy/tx"
)

// hotExpressions are what common configurations evaluate for every request.
var hotExpressions = []string{
	"path", "url", "base", "query", "method", "src", "src,ipmask(24)", "dst_port", "ssl_fc", "status",
	"req.hdr(host)", "req.hdr(host),lower,host_only", "req.hdr(x-a,2)", "req.fhdr(user-agent)", "req.hdr_cnt(x-a)", "hdr_ip(x-ip,1)",
	"req.cook(c1)", "url_param(b)", "res.hdr(content-type)", "var(txn.v)", "str(x)", "int(5),add(3)", "path,length",
	"req.hdr(user-agent),crc32", "src,hex", "path,field(2,/)", "path,word(-1,/)", "base32", "be_name", "req.ver", "rand(10)", "date",
	"str(a),concat(b,txn.v,c)", "req.hdr(user-agent),base64", "path,url_dec", "str(aGk=),b64dec", "path,regsub(^/p/,/,g)",
}

func TestEvaluationAllocatesNothing(t *testing.T) {
	trx := newTx(testRequest, testResponse)
	trx.TxnVars.Set("v", Value{Type: tx.TypeStr, B: []byte("val")})
	buf := make([]byte, 0, 4096)
	for _, text := range hotExpressions {
		x, err := compileText(testEnv(), text)
		if err != nil {
			t.Fatal(err)
		}
		if text == "path,regsub(^/p/,/,g)" {
			continue // package regexp allocates its result
		}
		if n := testing.AllocsPerRun(100, func() {
			trx.Scratch.Reset()
			buf, _ = x.AppendString(buf[:0], trx)
		}); n != 0 {
			t.Errorf("%s allocates %v times", text, n)
		}
	}
}

func BenchmarkExpressions(b *testing.B) {
	for _, text := range hotExpressions {
		b.Run(text, func(b *testing.B) {
			trx := newTx(testRequest, testResponse)
			x, err := compileText(testEnv(), text)
			if err != nil {
				b.Fatal(err)
			}
			buf := make([]byte, 0, 4096)
			b.ReportAllocs()
			for b.Loop() {
				trx.Scratch.Reset()
				buf, _ = x.AppendString(buf[:0], trx)
			}
		})
	}
}
