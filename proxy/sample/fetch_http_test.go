package sample

import (
	"testing"

	"tandem/proxy/tx"
)

// The values were observed on the original with the same request.
func TestHTTPFetches(t *testing.T) {
	t.Parallel()
	runCases(t, newTx(testRequest, testResponse), []evalCase{
		{"path", "/p/a/th.html"},
		{"pathq", "/p/a/th.html?a=1&b=two&a=3&e="},
		{"base", "Www.Example.COM:8080/p/a/th.html"},
		{"baseq", "Www.Example.COM:8080/p/a/th.html?a=1&b=two&a=3&e="},
		{"url", "/p/a/th.html?a=1&b=two&a=3&e="},
		{"query", "a=1&b=two&a=3&e="},
		{"query(with_qm)", "?a=1&b=two&a=3&e="},
		{"query(x)", "ERR invalid args in fetch method 'query' : supported options are: 'with_qm'"},
		{"base32", "3217012757"},
		{"base32+src,hex", "BFBFB8157F000001"},
		{"url32", "2139940916"},
		{"url32+src,hex", "7F8CE8347F000001"},
		{"method", "GET"},
		{"req.ver", "1.1"},
		{"req.proto_http", "1"},
		{"http_first_req", "1"},
		{"status", "200"},
		{"res.ver", "1.1"},
		{"capture.req.method", "GET"},
		{"capture.req.uri", "/p/a/th.html?a=1&b=two&a=3&e="},
		{"capture.req.ver", "HTTP/1.1"},
		{"capture.res.ver", "HTTP/1.1"},
		{"unique-id", "<none>"},
		{"url_ip", "<none>"},
	})
	abs := newTx("GET http://10.0.0.1:81/p/x?y#z HTTP/1.1\nHost: 10.0.0.1:81\n", "")
	runCases(t, abs, []evalCase{
		{"url", "http://10.0.0.1:81/p/x?y#z"}, {"path", "/p/x"}, {"base", "10.0.0.1:81/p/x"},
		{"query", "y#z"}, {"url_ip", "10.0.0.1"}, {"url_port", "81"}, {"status", "<none>"},
	})
	runCases(t, newTx("OPTIONS * HTTP/1.1\nHost: h\n", ""), []evalCase{{"path", "<none>"}, {"url", "*"}, {"base", "h"}})
	runCases(t, newTx("", ""), []evalCase{{"path", "<none>"}, {"hdr(host)", "<none>"}, {"method", "<none>"}, {"query", "<none>"}})
}

func TestHeaderFetches(t *testing.T) {
	t.Parallel()
	trx := newTx(testRequest, testResponse)
	trx.Req.Append([]byte("x-blank"), []byte(" a , b \t")) // as a rule may write it
	runCases(t, trx, []evalCase{
		{"req.hdr(host)", "Www.Example.COM:8080"},
		{"req.hdr(host),length", "20"},
		{"req.hdr(x-a)", "three"}, {"req.hdr(x-a,1)", "one"}, {"req.hdr(X-A,2)", "two"}, {"req.hdr(x-a,-1)", "three"},
		{"req.hdr(x-a,-3)", "one"}, {"req.hdr(x-a,4)", "<none>"},
		{"req.hdr(x-a,-11)", "ERR invalid args in fetch method 'req.hdr' : header occurrence must be >= -10"},
		{"req.hdr(a,b)", "ERR fetch method 'req.hdr' : failed to parse 'b' as type 'integer' at position 2"},
		{"req.fhdr(x-a)", "three"}, {"req.fhdr(x-a,1)", "one, two"},
		{"req.hdr_cnt(x-a)", "3"}, {"req.fhdr_cnt(x-a)", "2"}, {"req.hdr_cnt(nope)", "0"},
		{"req.fhdr(x-blank)", "a , b"}, {"req.fhdr(x-blank),length", "5"},
		{"req.hdr(x-e)", ""}, {"req.hdr(x-e,2)", "a"}, {"req.hdr_cnt(x-e)", "5"},
		{"req.hdr_cnt(x-q)", "2"}, {"req.hdr(x-q,1)", `"a,b"`}, {"req.hdr(x-q,2)", "c"},
		{"req.hdr_cnt(x-z)", "1"}, {"req.hdr(x-z)", ""},
		{"hdr_ip(x-ip)", "2001:db8::1"}, {"hdr_ip(x-ip,1)", "10.1.2.3"}, {"hdr_ip(x-a)", "<none>"},
		{"hdr_ip(x-p,1)", "1.2.3.4"}, {"hdr_ip(x-p,3)", "::1"}, {"hdr_ip(x-p,4)", "::2"}, {"hdr_ip(x-p,5)", "<none>"},
		{"hdr_val(x-num)", "42"}, {"hdr_val(x-a)", "0"},
		{"req.hdr_names(-)", "host-x-a-x-a-cookie-user-agent-x-num-x-ip-x-e-x-q-x-z-x-p-x-blank"},
		{"res.hdr(content-type)", "text/html"}, {"hdr(content-type)", "text/html"}, {"res.fhdr_cnt(set-cookie)", "2"},
		{"res.hdr_val(content-length)", "5"},
	})
	two := newTx("GET / HTTP/1.1\nA: b\nC: d\n", "")
	runCases(t, two, []evalCase{
		{"req.hdrs", "a: b\r\nc: d\r\n\r\n"},
		{"req.hdrs_bin,hex", "01610162016301640000"},
		{"hdr(a)", "b"},
	})
}

func TestCookieAndParameterFetches(t *testing.T) {
	t.Parallel()
	runCases(t, newTx(testRequest, testResponse), []evalCase{
		{"req.cook(c1)", "v3"}, {"req.cook(c3)", "<none>"}, {"req.cook", "v1"}, {"cook_cnt(c1)", "2"}, {"cook_cnt", "3"},
		{"req.cook_names", "c1,c2,c1"}, {"cook_val(c1)", "0"},
		{"res.cook(s1)", "a"}, {"res.cook", "a"}, {"res.cook_cnt", "2"}, {"res.cook_names(;)", "s1;s2"}, {"scook(s2)", "b"},
		{"url_param(a)", "1"}, {"url_param(b)", "two"}, {"url_param(e)", ""}, {"url_param(zz)", "<none>"}, {"url_param", "1"},
		{"urlp_val(a)", "1"}, {"url_param(A)", "<none>"}, {"urlp(A,,i)", "1"},
	})
	odd := newTx("GET / HTTP/1.1\nCookie: c1=a b ; c2 = \"x y\";c3 ;=n; c1=; $v=1\n", "")
	runCases(t, odd, []evalCase{
		{"req.cook(c1)", ""}, {"req.cook(c2)", `"x y"`}, {"req.cook(c3)", "<none>"}, {"req.cook_cnt", "4"},
		{"req.cook_names", "c1,c2,,c1"}, {"req.cook", "a b"},
	})
}

// A fetch with several occurrences gives them one by one where it is asked to.
func TestOccurrences(t *testing.T) {
	t.Parallel()
	trx := newTx(testRequest, testResponse)
	for text, want := range map[string][]string{
		"req.hdr(x-a)":       {"one", "two", "three"},
		"req.fhdr(x-a)":      {"one, two", "three"},
		"hdr_ip(x-p)":        {"1.2.3.4", "::1", "::2"},
		"req.hdr(nope)":      nil,
		"req.hdr(x-a,2)":     {"two"},
		"req.cook(c1)":       {"v1", "v3"},
		"req.cook":           {"v1", "v2", "v3"},
		"url_param(a)":       {"1", "3"},
		"url_param":          {"1", "two", "3", ""},
		"req.hdr(x-a),upper": {"ONE", "TWO", "THREE"},
		"path":               {"/p/a/th.html"},
	} {
		x, err := compileText(testEnv(), text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		var got []string
		v := Value{Cursor: First}
		for x.Eval(trx, tx.TypeStr, &v) {
			got = append(got, string(v.B))
			if !v.More {
				break
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s gives %q, want %q", text, got, want)
			continue
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("%s gives %q, want %q", text, got, want)
			}
		}
	}
}
