package action

import (
	"strings"
	"testing"
)

// TestErrorFileFault holds the texts that 3.5 gave for the same files.
func TestErrorFileFault(t *testing.T) {
	t.Parallel()
	head := func(n string) string { return "unable to parse headers (error offset: " + n + ")" }
	for raw, want := range map[string]string{
		"":                                            "",
		"HTTP/1.0 503 S\r\nA: b\r\n\r\nbody":          "",
		"HTTP/1.0 503 S\nA: b\n\nbody":                "",
		"HTTP/1.0 503\r\n\r\n":                        "",
		"HTTP/1.0 99 S\r\n\r\n":                       "",
		"HTTP/3.0  503 S\r\n\r\n":                     "",
		"\nHTTP/1.0 503 S\r\n\r\n":                    "",
		"HTTP/1.0 503 S\r\nA: b\r\n c\r\n\r\n":        "",
		"HTTP/1.0 304 S\r\nContent-Length: 5\r\n\r\n": "",
		"garbage\n":                                   head("0"),
		"http/1.0 503 S\r\n\r\n":                      head("0"),
		"HTTP/1.x 503 S\r\n\r\n":                      head("7"),
		"HTTP/1.0\r\n\r\n":                            head("8"),
		"HTTP/1.0 abc S\r\n\r\n":                      head("9"),
		"HTTP/1.0 5030 S\r\n\r\n":                     head("12"),
		"HTTP/1.0 503 S\r\nA b\r\n\r\n":               head("17"),
		"HTTP/1.0 503 S\r\nA : b\r\n\r\n":             head("17"),
		"HTTP/1.0 503 S\r\n: b\r\n\r\n":               head("16"),
		"HTTP/1.0 503 S\r\nContent-Length: x\r\n\r\n": head("32"),
		"HTTP/1.0 503 S\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi": head("51"),
		"HTTP":                       head("-2"),
		"HTTP/1.0 503 S\r\nA: b\r\n": head("-2"),
		"HTTP/1.1 100 S\r\n\r\n":     "invalid http status code for an error message (100)",
		"HTTP/1.1 503 S\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n": "chunk-encoded payload not supported",
		"HTTP/1.0 503 S\r\nContent-Length: 99\r\n\r\nhi":                "payload size does not match the announced content-length (2 != 99)",
		"HTTP/1.0 503 S\r\nContent-Length: 0\r\n\r\nhi":                 "message payload not expected",
		"HTTP/1.0 503 S\r\n\r\n" + strings.Repeat("x", 17000):           "unable to add payload into the HTX message",
	} {
		if got := ErrorFileFault([]byte(raw)); got != want {
			t.Errorf("%.60q: %q, want %q", raw, got, want)
		}
	}
}
