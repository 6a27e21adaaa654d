package engine

import (
	"net/netip"
	"testing"
	"time"

	"tandem/proxy/tx"
)

// TestRDPAddr holds how the cookie of a terminal server names an address.
func TestRDPAddr(t *testing.T) {
	t.Parallel()
	if got, ok := rdpAddr([]byte("3640205228.15629.0000")); !ok || got != netip.MustParseAddrPort("172.31.249.216:3389") {
		t.Errorf("%v %v", got, ok)
	}
	for _, bad := range []string{"", "1.2", "x.15629.0000", "1.99999.0000", "1.2.3.4"} {
		if got, ok := rdpAddr([]byte(bad)); ok {
			t.Errorf("%q: %v", bad, got)
		}
	}
}

// TestTurn holds that connections are closed all over close-spread-time.
func TestTurn(t *testing.T) {
	t.Parallel()
	var quarters [4]int
	for id := range uint64(1000) {
		d := turn(4*time.Second, id)
		if d < 0 || d >= 4*time.Second {
			t.Fatalf("%d: %v", id, d)
		}
		quarters[d/time.Second]++
	}
	for i, n := range quarters {
		if n < 200 {
			t.Errorf("quarter %d has %d of 1000", i, n)
		}
	}
}

// TestLeaksCookie holds which responses "option checkcache" refuses.
func TestLeaksCookie(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		method string
		fields [][2]string
		want   bool
	}{
		{"GET", [][2]string{{"set-cookie", "a=b"}, {"etag", `"x"`}}, true},
		{"HEAD", [][2]string{{"set-cookie", "a=b"}, {"cache-control", "max-age=10"}}, true},
		{"POST", [][2]string{{"set-cookie", "a=b"}, {"etag", `"x"`}}, false},
		{"GET", [][2]string{{"etag", `"x"`}}, false},
		{"GET", [][2]string{{"set-cookie", "a=b"}}, false},
		{"GET", [][2]string{{"set-cookie", "a=b"}, {"etag", `"x"`}, {"pragma", "no-cache"}}, false},
		{"GET", [][2]string{{"set-cookie", "a=b"}, {"etag", `"x"`}, {"cache-control", "max-age=0"}}, false},
		{"GET", [][2]string{{"set-cookie", "a=b"}, {"etag", `"x"`}, {"cache-control", "s-maxage=0, x"}}, false},
		{"GET", [][2]string{{"set-cookie", "a=b"}, {"etag", `"x"`}, {"cache-control", `no-cache="set-cookie"`}}, false},
		{"GET", [][2]string{{"set-cookie", "a=b"}, {"etag", `"x"`}, {"cache-control", "private"}}, false},
	} {
		var tr tx.Tx
		tr.Req.Method, tr.Res.Status = []byte(x.method), 200
		for _, f := range x.fields {
			tr.Res.AddString(f[0], f[1])
		}
		if got := leaksCookie(&tr); got != x.want {
			t.Errorf("%s %v: %v", x.method, x.fields, got)
		}
	}
}
