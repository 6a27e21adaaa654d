package action

import (
	"testing"

	"tandem/proxy/tx"
)

// hot are the actions that must not allocate once a transaction's memory has
// grown to its size.
var hot = []string{
	"set-header x-a literal",
	"set-header x-a %[path]-%[req.hdr(host)]",
	"add-header x-a %[path]",
	"del-header user-agent",
	"set-path /x%[path]",
	"set-var(txn.a) path",
	"set-var-fmt(txn.b) %[path]",
	"deny",
	"return status 204",
	"allow",
}

func hotTx() *tx.Tx {
	return newTx("GET /index.html", "Host: www.example.com", "User-Agent: test", "Accept: */*")
}

// again brings a transaction back to the start, with the memory that it has.
func again(x *tx.Tx) {
	x.Req.Reset()
	x.Scratch.Reset()
	x.TxnVars.Reset()
	x.Req.Method, x.Req.URI = get, target
	x.Req.Append(nameHost, host)
}

var (
	get, target    = []byte("GET"), []byte("/index.html")
	nameHost, host = []byte("host"), []byte("www.example.com")
)

func TestNoAllocs(t *testing.T) {
	for _, line := range hot {
		a, x := mustCompile(t, httpReq, line), hotTx()
		if n := testing.AllocsPerRun(200, func() {
			again(x)
			a.Run(x)
		}); n != 0 {
			t.Errorf("%s: %v allocations", line, n)
		}
	}
}

func BenchmarkActions(b *testing.B) {
	for _, line := range hot {
		b.Run(line, func(b *testing.B) {
			a, x := mustCompile(b, httpReq, line), hotTx()
			b.ReportAllocs()
			for b.Loop() {
				again(x)
				a.Run(x)
			}
		})
	}
}
