package h1

import (
	"testing"

	"tandem/proxy/tx"
)

const typical = "GET /static/app.js?v=3 HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\nAccept: */*\r\nAccept-Language: en-GB,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br\r\nCookie: SRV=s1; session=0123456789abcdef\r\nConnection: keep-alive\r\n\r\n"

func scanner() func() {
	src, buf := []byte(typical), make([]byte, len(typical))
	out := make([]byte, 0, 1024)
	var p Parser
	var m tx.Message
	return func() {
		copy(buf, src)
		p.Reset()
		m.Reset()
		if n, err := p.Request(buf, &m); n != len(src) || err != nil {
			panic(err)
		}
		out = AppendRequest(out[:0], &m, nil)
	}
}

func TestScanAllocatesNothing(t *testing.T) {
	f := scanner()
	if n := testing.AllocsPerRun(100, f); n != 0 {
		t.Errorf("%v allocations for one head", n)
	}
}

func BenchmarkScanAndWrite(b *testing.B) {
	f := scanner()
	b.ReportAllocs()
	b.SetBytes(int64(len(typical)))
	for b.Loop() {
		f()
	}
}
