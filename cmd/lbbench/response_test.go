package main

import (
	"strings"
	"testing"
)

func TestRespReader(t *testing.T) {
	t.Parallel()
	one := "HTTP/1.1 200 OK\r\nX: y\r\ncontent-length: 5\r\n\r\nhello"
	empty := "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
	stream := one + one + empty + one
	for size := 1; size <= len(stream); size++ {
		r := respReader{want: -1}
		done := 0
		for rest := stream; rest != ""; {
			n := min(size, len(rest))
			got, err := r.feed([]byte(rest[:n]))
			if err != nil {
				t.Fatalf("pieces of %d: %v", size, err)
			}
			done += got
			rest = rest[n:]
		}
		if done != 4 || r.inBody || len(r.head) != 0 {
			t.Fatalf("pieces of %d: %d answers, state %+v", size, done, r)
		}
	}
}

func TestRespReaderRefuses(t *testing.T) {
	t.Parallel()
	f := func(in string, want string) {
		t.Helper()
		r := respReader{want: 5}
		_, err := r.feed([]byte(in))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("feed(%.40q): error %v, want %q", in, err, want)
		}
	}
	f("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 5\r\n\r\nhello", "503")
	f("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", errNoLength.Error())
	f("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhell", "4 bytes instead of 5")
	f("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "bad Content-Length")
	f(strings.Repeat("x", 17<<10), errHeadTooLong.Error())
}

func TestRespReaderCloses(t *testing.T) {
	t.Parallel()
	r := respReader{want: -1}
	if _, err := r.feed([]byte("HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n")); err != nil || !r.closes {
		t.Errorf("closes = %v, error %v", r.closes, err)
	}
	if _, err := r.feed([]byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")); err != nil || r.closes {
		t.Errorf("closes = %v, error %v", r.closes, err)
	}
}

func TestParseUint(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int64{"0": 0, "8388608": 8 << 20, "": -1, "1a": -1, "+1": -1, "9999999999999999999": -1} {
		got, ok := parseUint([]byte(in))
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("parseUint(%q) = %d, want %d", in, got, want)
		}
	}
}
