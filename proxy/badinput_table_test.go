package proxy

import (
	"fmt"
	"slices"
	"strings"
)

// get is a GET with these header lines, sees what its server gets of it.
func get(lines string) string  { return "GET / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n\r\n" }
func sees(lines string) string { return "GET / HTTP/1.1\r\nhost: a\r\n" + lines + "\r\n\r\n" }

// post and chunked are requests with a body; postSees and chunkedSees what the
// server gets.
func post(lines, body string) string {
	return "POST / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n\r\n" + body
}
func postSees(lines, body string) string {
	return "POST / HTTP/1.1\r\nhost: a\r\n" + lines + "\r\n\r\n" + body
}
func chunked(body string) string     { return post("Transfer-Encoding: chunked", body) }
func chunkedSees(body string) string { return postSees("transfer-encoding: chunked", body) }

const plainGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
const plainSees = "GET / HTTP/1.1\r\nhost: a\r\n\r\n"

// refused are variants of one message that are all answered alike.
func refused(name, status string, sends ...string) (out []badInput) {
	for i, s := range sends {
		out = append(out, badInput{name: fmt.Sprintf("%s_%d", name, i+1), send: s, answer: status})
	}
	return out
}

// each applies make to each word.
func each(make func(string) string, words ...string) (out []string) {
	for _, w := range words {
		out = append(out, make(w))
	}
	return out
}

func withLine(format string) func(string) string {
	return func(w string) string { return get(fmt.Sprintf(format, w)) }
}

// start is a request line with a host.
func startLine(l string) string { return l + "\r\nHost: a\r\n\r\n" }

// passed is a start line that is forwarded as want.
func passed(name, l, want string) badInput {
	return badInput{name: name, send: startLine(l), answer: "200 keep", server: want + "\r\nhost: a\r\n\r\n"}
}

// badInputs: the numbers are those of the list that they come from; every
// verdict was watched on the original.
var badInputs = slices.Concat(badFields, badLengths, badCodings, badChunks, badStarts, badTargets, badHosts, badLimits, badSamples, badResponses)

var badFields = slices.Concat([]badInput{
	{name: "01_empty_name", send: "GET / HTTP/1.1\r\n: x\r\nHost: a\r\n\r\n", answer: "400"},
	{name: "02_name_255", send: get(strings.Repeat("x", 255) + ": 1"), answer: "200 keep", server: sees(strings.Repeat("x", 255) + ": 1")},
	{name: "16_unsafe_value", opts: "option accept-unsafe-violations-in-http-request", send: get("A: te\x00st\x01"), answer: "200 keep", server: sees("a: te\x00st\x01")},
	{name: "16_unsafe_cr", opts: "option accept-unsafe-violations-in-http-request", send: get("A: te\rst"), answer: "400"},
	{name: "16_unsafe_host", opts: "option accept-unsafe-violations-in-http-request", send: "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", answer: "400"},
	{name: "16_unsafe_authority", opts: "option accept-unsafe-violations-in-http-request", send: startLine("GET http://b/ HTTP/1.1"), answer: "200 keep", server: "GET http://b/ HTTP/1.1\r\nhost: a\r\n\r\n"},
	{name: "16_unsafe_no_version", opts: "option accept-unsafe-violations-in-http-request", send: "GET /a\r\nHost: a\r\n\r\n", answer: "200 close", server: "GET /a HTTP/1.0\r\nconnection: keep-alive\r\n\r\n"},
	{name: "16_unsafe_name", opts: "option accept-unsafe-violations-in-http-request", send: get("B\x00d: 1\r\nOk: 1"), answer: "200 keep", server: sees("ok: 1")},
	{name: "17_fold_later", send: get("A: a\r\n  b"), answer: "200 keep", server: sees("a: a    b")},
	{name: "18_underscore", send: get("a_b: 1"), answer: "200 keep", server: sees("a_b: 1")},
	{name: "19_lf_only", send: "GET / HTTP/1.1\nHost: a\nB: 1\n\n", answer: "200 keep", server: sees("b: 1")},
	{name: "19_obs_text", send: get("B: \xff\x85"), answer: "200 keep", server: sees("b: \xff\x85")},
	{name: "29_cookies", send: get("Cookie: ;a\r\nCookie: ,b=\"x\r\nCookie: =c; d=\"\\\"; e=" + strings.Repeat("f", 8000)), answer: "200 keep",
		server: sees("cookie: ;a\r\ncookie: ,b=\"x\r\ncookie: =c; d=\"\\\"; e=" + strings.Repeat("f", 8000)), opts: "capture cookie e len 10\nhttp-request set-var(txn.c) req.cook(d)", log: ` 200 \d+ - - ---- `},
},
	refused("02_name_long", "400", each(func(n string) string { return get(n + ": 1") }, strings.Repeat("x", 256), strings.Repeat("x", 270), strings.Repeat("x", 1000),
		"content-length"+strings.Repeat("x", 242), "content-length"+strings.Repeat("x", 256))...),
	refused("16_nul_cr_lf", "400", each(withLine("%s"), "A: te\r\x00st", "A: te\x00st", "A: te\rst", "te\r\x00st: 1", "A: te\nst", "A\n: 1", "A: 1\r")...),
	refused("17_fold_first", "400", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", "GET / HTTP/1.1\r\n\tHost: a\r\n\r\n", "GET / HTTP/1.1\r\n x\r\nHost: a\r\n\r\n"),
	refused("18_name_char", "400", each(withLine("a%sb: 1"), "\xff", "(", ",", "/", "@", "[", "{", "\"", "=", " ", "\t", "\r", "\x00", "\x7f")...),
	refused("18_no_colon", "400", get("nocolon"), get("no colon"), get("A : 1")),
)

var badLengths = slices.Concat(
	refused("03_length_empty", "400", each(withLine("Content-Length:%s"), "", " ", " 5,", " ,5", ",")...),
	refused("04_length_differs", "400", get("Content-Length: 5\r\nContent-Length: 6"), get("Content-Length: 5, 6"), get("Content-Length: 5\r\nContent-Length: 5, 6")),
	refused("05_length_form", "400", each(withLine("Content-Length: %s"), "+5", "-5", "0x10", "5_0", "1Z", "5 5", "５", "5.0", "5;")...),
	refused("06_length_2_64", "400", post("Content-Length: 18446744073709551616", ""), post("Content-Length: 99999999999999999999999", "")),
	[]badInput{
		{name: "04_length_same_list", send: post("Content-Length: 5, 5", "abcde"), answer: "200 keep", server: postSees("content-length: 5", "abcde")},
		{name: "04_length_same_lines", send: post("Content-Length: 5\r\nContent-Length: 5", "abcde"), answer: "200 keep", server: postSees("content-length: 5", "abcde")},
		{name: "05_length_zeros", send: post("Content-Length: 010", "abcdefghij"), answer: "200 keep", server: postSees("content-length: 10", "abcdefghij")},
		{name: "06_length_2_63", send: post("Content-Length: 9223372036854775808", ""), answer: "200", server: postSees("content-length: 9223372036854775808", ""), log: " "},
		{name: "06_length_2_64_less_1", send: post("Content-Length: 18446744073709551615", ""), answer: "200", server: postSees("content-length: 18446744073709551615", ""), log: " "},
		{name: "07_both", send: post("Content-Length: 4\r\nTransfer-Encoding: chunked", "1\r\nZ\r\n0\r\n\r\n"), answer: "200 close", server: postSees("transfer-encoding: chunked", "1\r\nZ\r\n0\r\n\r\n"),
			client: "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"},
		{name: "07_both_other_order", send: post("Transfer-Encoding: chunked\r\nContent-Length: 4", "1\r\nZ\r\n0\r\n\r\n"), answer: "200 close", server: postSees("transfer-encoding: chunked", "1\r\nZ\r\n0\r\n\r\n")},
		{name: "07_both_keep", opts: "global: h1-do-not-close-on-insecure-transfer-encoding", send: post("Content-Length: 4\r\nTransfer-Encoding: chunked", "1\r\nZ\r\n0\r\n\r\n"), answer: "200 keep",
			server: postSees("transfer-encoding: chunked", "1\r\nZ\r\n0\r\n\r\n")},
		{name: "07_both_smuggle", send: post("Content-Length: 4\r\nTransfer-Encoding: chunked", "0\r\n\r\nGET /evil HTTP/1.1\r\nHost: a\r\n\r\n"), answer: "200 close", server: postSees("transfer-encoding: chunked", "0\r\n\r\n")},
	},
)

var badCodings = slices.Concat(
	refused("09_coding_list", "400", each(withLine("Transfer-Encoding:%s"), "", " ,chunked", " chunked,", " chunked, chunked", " chunked\r\nTransfer-Encoding: chunked", " chunked\r\nTransfer-Encoding: identity")...),
	refused("10_coding_422", "422", post("Transfer-Encoding: gzip, chunked", "0\r\n\r\n"), post("Transfer-Encoding: identity, chunked", "0\r\n\r\n")),
	refused("10_coding_unknown", "400", each(func(v string) string { return post("Transfer-Encoding: "+v, "0\r\n\r\n") }, "chunked, gzip", "foobar", "identity", "chunked;q=1", `"chunked"`, "xchunked", "chunkedx", "chunked chunked")...),
	refused("11_coding_hidden", "400", post("Transfer-Encoding : chunked", "0\r\n\r\n"), post("Transfer-Encoding:\x0bchunked", "0\r\n\r\n"), post("Transfer-Encoding:\xffchunked", "0\r\n\r\n"),
		post("Transfer-Encoding: \xa0chunked", "0\r\n\r\n"), post("Transfer-Encoding\t: chunked", "0\r\n\r\n"), post("Transfer-Encoding: chunked\x0b", "0\r\n\r\n"), post("X: 1\r\n Transfer-Encoding: chunked\r\nTransfer\x00-Encoding: chunked", "0\r\n\r\n")),
	[]badInput{
		{name: "08_coding_http10", send: "POST / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nZ\r\n0\r\n\r\n", answer: "200 close",
			server: "POST / HTTP/1.0\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1\r\nZ\r\n0\r\n\r\n"},
		{name: "10_coding_case", send: post("Transfer-Encoding: Chunked", "0\r\n\r\n"), answer: "200 keep", server: chunkedSees("0\r\n\r\n")},
		{name: "10_coding_tab", send: post("Transfer-Encoding:\tchunked\t", "0\r\n\r\n"), answer: "200 keep", server: chunkedSees("0\r\n\r\n")},
	},
)

const unsafeTrailer = "no receiver has an honest use for this field in trailers (RFC 9110 6.5.1), so it is not forwarded"

var badChunks = slices.Concat(
	refused("12_size_form", "400", each(func(size string) string { return chunked(size + "\r\nabcde\r\n0\r\n\r\n") }, "", "0x5", "-1", "+1", "5_0", " 5", "10000000000000", "fffffffffffffffff", "g", "5 5")...),
	refused("13_line_ends", "400", chunked("5\nabcde\r\n0\r\n\r\n"), chunked("5\rabcde\r\n0\r\n\r\n"), chunked("5\r\nabcdef\r\n0\r\n\r\n"), chunked("5\r\nabcde0\r\n\r\n"),
		chunked("5\r\r;\r\nabcde\r\n0\r\n\r\n"), chunked("5\r\nabcde\n0\r\n\r\n"), chunked("5\r\nabcde\r0\r\n\r\n")),
	refused("14_extension", "400", each(func(ext string) string { return chunked("5" + ext + "\r\nabcde\r\n0\r\n\r\n") }, ";a\x00", ";a\x01", ";a\n", ";a\rb", ";\"a", ";a=\\b", ";a=\"\r\n\"", ";a=\"\x7f\"")...),
	refused("15_trailer_bad", "400", chunked("0\r\nA: \x00\r\n\r\n"), chunked("0\r\nA\x00: 1\r\n\r\n"), chunked("0\r\n: 1\r\n\r\n"), chunked("0\r\nnocolon\r\n\r\n"), chunked("0\r\n A: 1\r\n\r\n")),
	[]badInput{
		{name: "12_size_zeros", send: chunked("00000000000005\r\nabcde\r\n0\r\n\r\n"), answer: "200 keep", server: chunkedSees("5\r\nabcde\r\n0\r\n\r\n")},
		{name: "12_size_many_zeros", send: chunked(strings.Repeat("0", 300) + "5\r\nabcde\r\n0000\r\n\r\n"), answer: "200 keep", server: chunkedSees("5\r\nabcde\r\n0\r\n\r\n")},
		{name: "12_size_blanks", send: chunked("5  \r\nabcde\r\n0\r\n\r\n"), answer: "200 keep", server: chunkedSees("5\r\nabcde\r\n0\r\n\r\n")},
		{name: "14_extension_valid", send: chunked("5;a=b;c=\"d;\\\"e\"\r\nabcde\r\n0;x\r\n\r\n"), answer: "200 keep", server: chunkedSees("5\r\nabcde\r\n0\r\n\r\n")},
		{name: "15_trailers", send: chunked("0\r\nA: 1\r\nB: 2\r\n\r\n"), answer: "200 keep", server: chunkedSees("0\r\na: 1\r\nb: 2\r\n\r\n")},
		{name: "15_trailer_fold", send: chunked("0\r\nA: 1\r\n 2\r\n\r\n"), answer: "200 keep", server: chunkedSees("0\r\na: 1   2\r\n\r\n")},
		{name: "15_trailer_coding", send: chunked("0\r\nTransfer-Encoding: chunked\r\nA: 1\r\n\r\n"), answer: "200 keep", server: chunkedSees("0\r\na: 1\r\n\r\n"), stricter: unsafeTrailer},
		{name: "15_trailer_host", send: chunked("0\r\nHost: b\r\nA: 1\r\n\r\n"), answer: "200 keep", server: chunkedSees("0\r\na: 1\r\n\r\n"), stricter: unsafeTrailer},
		{name: "15_trailer_length", send: chunked("0\r\nContent-Length: 9\r\nA: 1\r\n\r\n"), answer: "200 keep", server: chunkedSees("0\r\na: 1\r\n\r\n"), stricter: unsafeTrailer},
	},
)

var badStarts = slices.Concat([]badInput{
	{name: "20_leading_crlf", send: "\r\n\r\n" + plainGet, answer: "200 keep", server: plainSees},
	{name: "20_leading_lf", send: "\n\n" + plainGet, answer: "200 keep", server: plainSees},
	{name: "20_crlf_100k", send: strings.Repeat("\r\n", 50000), answer: "414"},
	passed("21_two_blanks", "GET  / HTTP/1.1", "GET / HTTP/1.1"),
	passed("21_tab", "GET /\tHTTP/1.1", "GET / HTTP/1.1"),
	passed("21_http20", "GET / HTTP/2.0", "GET / HTTP/1.1"),
	passed("21_http37", "GET / HTTP/3.7", "GET / HTTP/1.1"),
	{name: "21_http09", send: startLine("GET / HTTP/0.9"), answer: "200 close", server: "GET / HTTP/0.9\r\nhost: a\r\nconnection: keep-alive\r\n\r\n"},
	{name: "21_http01", send: startLine("GET / HTTP/0.1"), answer: "200 close", server: "GET / HTTP/0.1\r\nhost: a\r\nconnection: keep-alive\r\n\r\n"},
	passed("21_lower", "get / HTTP/1.1", "get / HTTP/1.1"),
	{name: "28_pipelined_after_400", send: get("A : 1") + plainGet, answer: "400"},
	{name: "28_pipelined_before_400", send: plainGet + get("A : 1"), answer: "200 400", server: plainSees},
	{name: "28_slow_head", opts: "timeout http-request 50ms", send: "GET / HTTP/1.1\r\nHos", answer: "408", log: `fe fe/<NOSRV> -1/-1/-1/-1/\d+ 408 \d+ - - cR-- 1/1/0/0/0 0/0 "<BADREQ>"`},
	{name: "28_slow_null", opts: "timeout http-request 50ms\noption dontlognull", send: "", answer: "408", log: "none"},
},
	refused("20_leading_junk", "400", " "+plainGet, "\t"+plainGet, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "\r"+plainGet, "\r\r\n"+plainGet, "\x00"+plainGet),
	refused("21_start_line", "400", each(startLine, "GET / HTTP/1.32", "GET / HTTP/11", "GET / http/1.1", "GET / XTTP/1.1", "GET / HTTP/1.1 ", "GET /", "G=x / HTTP/1.1", "GET / HTTP/1.", "GET / HTTP/.1", "GET", "GET ", "/ HTTP/1.1", "GET / HTTP/1.1\r", "GET / HTTP/1,1", "GET / HTTP/a.1")...),
	refused("21_start_broken", "400", "GET /\nHTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\n\r\rHost: a\r\n\r\n", "GET /\r\n\r\n"),
)

var badTargets = slices.Concat([]badInput{
	passed("22_unknown_star", "Options * HTTP/1.1", "Options * HTTP/1.1"),
	passed("22_options_star", "OPTIONS * HTTP/1.1", "OPTIONS * HTTP/1.1"),
	{name: "22_connect", opts: "backend: timeout tunnel 200ms", send: "CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", answer: "200", server: "CONNECT h:80 HTTP/1.1\r\nhost: h\r\n\r\n", log: " "},
	passed("22_two_slashes", "GET //a HTTP/1.1", "GET //a HTTP/1.1"),
	passed("22_nul_escape", "GET /%00 HTTP/1.1", "GET /%00 HTTP/1.1"),
	passed("22_bad_escape", "GET /%zz HTTP/1.1", "GET /%zz HTTP/1.1"),
	passed("22_dots", "GET /../../etc HTTP/1.1", "GET /../../etc HTTP/1.1"),
	{name: "23_unsafe_hash", opts: "option accept-unsafe-violations-in-http-request", send: startLine("GET /a#b HTTP/1.1"), answer: "200 keep", server: "GET /a#b HTTP/1.1\r\nhost: a\r\n\r\n"},
	{name: "23_unsafe_8bit", opts: "option accept-unsafe-violations-in-http-request", send: startLine("GET /\x80\xff HTTP/1.1"), answer: "200 keep", server: "GET /\x80\xff HTTP/1.1\r\nhost: a\r\n\r\n"},
	passed("24_same_port", "GET http://a:80/ HTTP/1.1", "GET http://a/ HTTP/1.1"),
	passed("24_user", "GET http://u@a/ HTTP/1.1", "GET http://u@a/ HTTP/1.1"),
	passed("24_absolute", "GET http://a/b HTTP/1.1", "GET http://a/b HTTP/1.1"),
},
	refused("22_target", "400", each(startLine, "OPTIONS */x HTTP/1.1", "GET * HTTP/1.1", "GET ! HTTP/1.1", "GET admin HTTP/1.1", "GET h:80 HTTP/1.1", "PRI * HTTP/1.1", "CONNECT h HTTP/1.1", "CONNECT / HTTP/1.1", "CONNECT h: HTTP/1.1", "GET ?a HTTP/1.1")...),
	refused("23_target_char", "400", each(startLine, "GET /a#b HTTP/1.1", "GET /\x80 HTTP/1.1", "GET /\xff HTTP/1.1", "GET /a b HTTP/1.1", "GET /\x00 HTTP/1.1", "GET /\x7f HTTP/1.1", "GET /\x01 HTTP/1.1")...),
	refused("24_authority", "400", each(startLine, "GET http://b/ HTTP/1.1", "GET http://a:81/ HTTP/1.1", "GET http:///x HTTP/1.1", "GET http:// HTTP/1.1", "CONNECT b:80 HTTP/1.1")...),
)

func hostLine(v string) string { return "GET / HTTP/1.1\r\nHost: " + v + "\r\n\r\n" }

func hostPassed(name, v string) badInput {
	return badInput{name: name, send: hostLine(v), answer: "200 keep", server: "GET / HTTP/1.1\r\nhost: " + v + "\r\n\r\n"}
}

var badHosts = slices.Concat([]badInput{
	hostPassed("24_host_port_range", "a:99999"),
	hostPassed("24_host_port_letter", "a:x"),
	hostPassed("24_host_dot", "A."),
	hostPassed("24_host_dots", "a..b"),
	hostPassed("24_host_v6", "[::1]:80"),
	{name: "25_same_twice", send: get("Host: a"), answer: "200 keep", server: plainSees},
	{name: "25_same_but_case", send: get("Host: A"), answer: "200 keep", server: plainSees},
	{name: "25_missing", send: "GET / HTTP/1.1\r\nA: 1\r\n\r\n", answer: "200 keep", server: "GET / HTTP/1.1\r\na: 1\r\n\r\n"},
	{name: "25_empty", send: "GET / HTTP/1.1\r\nHost:\r\n\r\n", answer: "200 keep", server: "GET / HTTP/1.1\r\nhost: \r\n\r\n"},
	{name: "26_h2c", send: get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk"), answer: "200 keep", server: sees("connection: HTTP2-Settings\r\nhttp2-settings: AAMAAABk")},
},
	refused("24_host", "400", each(hostLine, "u@a", "a b", "a/b", "a?b", "a#b", "[::1", "a[b", "a:8[", "\xff", "a\x00", "a,b")...),
	refused("25_differ", "400", get("Host: b"), get("Host:")),
	refused("26_old_payload", "413", "GET / HTTP/1.0\r\nContent-Length: 1\r\n\r\nx", "HEAD / HTTP/1.0\r\nContent-Length: 1\r\n\r\nx", "DELETE / HTTP/1.0\r\nContent-Length: 1\r\n\r\nx", "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
)

func manyFields(n int) string {
	return strings.TrimSuffix(strings.Repeat("A: 1\r\n", n-1), "\r\n") // and the host
}

var badLimits = []badInput{
	{name: "27_fields_110", send: get(manyFields(110)), answer: "400"},
	{name: "27_fields_101", send: get(manyFields(101)), answer: "400"},
	{name: "27_fields_100", send: get(manyFields(100)), answer: "200 keep", server: sees(strings.ToLower(manyFields(100)))},
	{name: "27_field_fits", send: get("A: " + strings.Repeat("x", 15249)), answer: "200 keep", server: sees("a: " + strings.Repeat("x", 15249))},
	{name: "27_field_too_long", send: get("A: " + strings.Repeat("x", 15250)), answer: "431"},
	{name: "27_uri_too_long", send: startLine("GET /" + strings.Repeat("x", 15259) + " HTTP/1.1"), answer: "431"},
	{name: "27_trailers_101", send: chunked("0\r\n" + strings.Repeat("A: 1\r\n", 101) + "\r\n"), answer: "400"},
	{name: "10_coding_422_http10", send: "GET / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", answer: "413"},
	{name: "30_close_front", opts: "option httpclose", send: plainGet, answer: "200 close", server: plainSees},
	{name: "30_close_back", opts: "backend: option httpclose", send: plainGet, answer: "200", server: sees("connection: close"), client: "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"},
	{name: "27_field_20k", send: get("A: " + strings.Repeat("x", 20000)), answer: "431"},
	{name: "27_uri_20k", send: startLine("GET /" + strings.Repeat("x", 20000) + " HTTP/1.1"), answer: "414"},
	{name: "08_coding_http10_option", opts: "global: h1-do-not-close-on-insecure-transfer-encoding", send: "POST / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nZ\r\n0\r\n\r\n", answer: "200 close",
		server: "POST / HTTP/1.0\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1\r\nZ\r\n0\r\n\r\n"},
	{name: "26_any_method", opts: "global: h1-accept-payload-with-any-method", send: "GET / HTTP/1.0\r\nContent-Length: 1\r\n\r\nx", answer: "200 close", server: "GET / HTTP/1.0\r\ncontent-length: 1\r\nconnection: keep-alive\r\n\r\nx"},
	{name: "31_answer_before_body", send: post("Content-Length: 10", "abc"), reply: "<early>" + plainReply, answer: "200", server: postSees("content-length: 10", "abc"), log: " "},
}

// hops are as many addresses as a request may have, the last one counts.
func hops(n int) string {
	return strings.Repeat("10.0.0.1, ", n-1) + "10.0.0.9"
}

// shown puts a sample into the answer's head.
func shown(expr string) string { return "http-response set-header x %[" + expr + "]" }

func answered(x string) string {
	return "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx: " + x + "\r\n\r\n"
}

var badSamples = []badInput{
	{name: "30_hdr_ip_last", opts: "http-request set-var(txn.a) hdr_ip(x-forwarded-for,-1)\n" + shown("var(txn.a)"), send: get("X-Forwarded-For: " + hops(10)), answer: "200", server: sees("x-forwarded-for: " + hops(10)), client: answered("10.0.0.9")},
	{name: "30_hdr_ip_more", opts: "http-request set-var(txn.a) hdr_ip(x-forwarded-for,-1)\n" + shown("var(txn.a)"), send: get("X-Forwarded-For: " + hops(11)), answer: "200", server: sees("x-forwarded-for: " + hops(11)), client: answered("10.0.0.9")},
	{name: "33_json_number", opts: "http-request set-var(txn.a) req.hdr(j),json_query('$.a')\n" + shown("var(txn.a)"), send: get(`J: {"a":1e99999999}`), answer: "200", server: sees(`j: {"a":1e99999999}`)},
	{name: "33_json_deep", opts: "http-request set-var(txn.a) req.hdr(j),json_query('$.a')\n" + shown("var(txn.a)"), send: get("J: " + strings.Repeat("[", 10000)), answer: "200", server: sees("j: " + strings.Repeat("[", 10000))},
	{name: "33_jwt_claim", opts: "http-request set-var(txn.a) req.hdr(j),jwt_payload_query('$.iat','int')\n" + shown("var(txn.a)"), send: get("J: e30.eyJpYXQiOjFlOTk5OTk5OTl9.x"), answer: "200", server: sees("j: e30.eyJpYXQiOjFlOTk5OTk5OTl9.x")},
	{name: "34_regsub_grows", opts: "http-request set-var(txn.a) req.hdr(j),regsub(x,0123456789,g),length\n" + shown("var(txn.a)"), send: get("J: " + strings.Repeat("x", 10000)), answer: "200", server: sees("j: " + strings.Repeat("x", 10000))},
	{name: "34_regex_backtrack", opts: "http-request deny if { req.hdr(j) -m reg (a+)+$ }", send: get("J: " + strings.Repeat("a", 30) + "!"), answer: "200 keep", server: sees("j: " + strings.Repeat("a", 30) + "!")},
}

// reply is a case about what the server says: client is what its client gets.
func reply(name, bytes, answer, client string) badInput {
	return badInput{name: "32_" + name, send: plainGet, reply: bytes, answer: answer, server: plainSees, client: client}
}

var badResponses = []badInput{
	reply("lengths_differ", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "502 keep", ""),
	reply("nul", "HTTP/1.1 200 OK\r\nA: \x00\r\nContent-Length: 0\r\n\r\n", "502 keep", ""),
	reply("empty_name", "HTTP/1.1 200 OK\r\n: a\r\nContent-Length: 0\r\n\r\n", "502 keep", ""),
	reply("space_in_name", "HTTP/1.1 200 OK\r\nA : a\r\nContent-Length: 0\r\n\r\n", "502 keep", ""),
	reply("status_1000", "HTTP/1.1 1000 OK\r\nContent-Length: 0\r\n\r\n", "502 keep", ""),
	reply("coding_gzip", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "502 keep", ""),
	reply("coding_gzip_chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "502 keep", ""),
	reply("unasked_101", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "502 keep", ""),
	reply("garbage", "garbage\r\n\r\n", "502 keep", ""),
	reply("http09", "<html></html>\r\n\r\n<close>", "502 keep", ""),
	reply("head_20k", "HTTP/1.1 200 OK\r\nA: "+strings.Repeat("x", 20000)+"\r\nContent-Length: 0\r\n\r\n", "502 keep", ""),
	{name: "32_status_99", send: plainGet, reply: "HTTP/1.1 99 Odd\r\nContent-Length: 0\r\n\r\n", answer: `(malformed HTTP status code "99")`, server: plainSees, client: "HTTP/1.1 99 Odd\r\ncontent-length: 0\r\n\r\n", log: ` 99 49 - - ---- `},
	reply("no_reason", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "200", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
	reply("http20", "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", "200", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
	reply("lf_only", "HTTP/1.1 200 OK\nContent-Length: 2\nA: 1\n\nhi", "200", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\na: 1\r\n\r\nhi"),
	reply("both_lengths", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", "200", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"),
	reply("204_length", "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nhi", "204", "HTTP/1.1 204 No Content\r\n\r\n"),
	reply("interim", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "100 200", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
	reply("short", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc<close>", "200 cut close", ""),
	reply("chunk_bad", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\nzz\r\n", "502 keep", ""),
	reply("two_set_cookies", "HTTP/1.1 200 OK\r\nSet-Cookie: ;;=\"a\r\nSet-Cookie2: ,b=c;\r\nContent-Length: 0\r\n\r\n", "200 keep", ""),
}
