package pattern

import (
	"fmt"
	"strings"
	"testing"

	"tandem/proxy/sample"
	"tandem/proxy/tx"
)

// hotTests are what common configurations test for every request.
var hotTests = []string{
	"path_beg /static /images /p", "path_end .gif .png .html", "path /index.html", "hdr(host) -i A.B:80", "hdr_dom(host) -i b",
	"hdr_sub(host) a.b", "hdr_beg(host) -i www.", "src 10.0.0.0/8 127.0.0.0/8", "method POST PUT", "path_reg ^/p/.*\\.html$",
	"path_sub /a/ zz", "path_dir a", "hdr_cnt(x-a) gt 1", "url_param(a) -m found", "dst_port 80 443", "path_len gt 5", "ssl_fc",
}

func TestMatchingAllocatesNothing(t *testing.T) {
	trx := newTx(testRequest)
	e := testEnv()
	acls := &ACLs{}
	for _, words := range hotTests {
		acls.Add("all", mustTest(t, e, words))
	}
	for _, test := range acls.Lookup("all").Tests {
		if n := testing.AllocsPerRun(100, func() {
			trx.Scratch.Reset()
			test.Eval(trx)
		}); n != 0 {
			t.Errorf("a test of %s allocates %v times", test.Criterion(), n)
		}
	}
}

func BenchmarkTests(b *testing.B) {
	for _, words := range hotTests {
		b.Run(strings.ReplaceAll(words, "/", "|"), func(b *testing.B) {
			trx := newTx(testRequest)
			x := mustTest(b, testEnv(), words)
			b.ReportAllocs()
			for b.Loop() {
				trx.Scratch.Reset()
				x.Eval(trx)
			}
		})
	}
}

// BenchmarkLargeLists shows what the indexes are for.
func BenchmarkLargeLists(b *testing.B) {
	const n = 10000
	for _, c := range []struct {
		method Method
		key    func(i int) string
		in     string
	}{
		{Str, func(i int) string { return fmt.Sprintf("host%d.example.com", i) }, "host9999.example.com"},
		{Beg, func(i int) string { return fmt.Sprintf("/path%d/", i) }, "/path9999/x"},
		{End, func(i int) string { return fmt.Sprintf(".site%d.com", i) }, "www.site9999.com"},
		{Sub, func(i int) string { return fmt.Sprintf("word%d-", i) }, "some text with word9999- in it"},
	} {
		b.Run(c.method.String(), func(b *testing.B) {
			keys := make([]string, n)
			for i := range keys {
				keys[i] = c.key(i)
			}
			x, err := buildIndex(kind{method: c.method}, entriesOf(keys...))
			if err != nil {
				b.Fatal(err)
			}
			v := sample.Value{Type: tx.TypeStr, B: []byte(c.in)}
			b.ReportAllocs()
			for b.Loop() {
				if x.find(nil, &v) == nil {
					b.Fatal("not found")
				}
			}
		})
	}
}
