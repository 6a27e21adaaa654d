package balance

import (
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"tandem/parser/diag"
	"tandem/parser/keyword"
	"tandem/parser/source"
	"tandem/proxy/server"
	"tandem/proxy/tx"
)

func wordsOf(line string) []source.Word {
	var out []source.Word
	for _, f := range strings.Fields(line) {
		out = append(out, source.Word{Text: f})
	}
	return out
}

// parse reads "balance" and "hash-type" arguments.
func parse(t testing.TB, balance, hashType string) (*Algorithm, HashType) {
	t.Helper()
	e := &keyword.Env{Diags: &diag.List{}, Scope: keyword.Backend}
	var l Line
	a := keyword.Args{Env: e, Words: wordsOf(balance)}
	if err := l.ParseArgs(&a); err != nil || a.More() {
		t.Fatalf("balance %s: %v, stopped at word %d", balance, err, a.Pos)
	}
	var h HashLine
	if hashType != "" {
		if err := h.ParseArgs(&keyword.Args{Env: e, Words: wordsOf(hashType)}); err != nil {
			t.Fatalf("hash-type %s: %v", hashType, err)
		}
	}
	return l.Algorithm, h.HashType
}

// farm makes a backend of servers s1, s2 … with these weights.
func farm(weights []int, change func(i int, p *server.Params)) *server.Backend {
	var reg server.Registry
	b := reg.Backend("b")
	var list []server.Declared
	for i, w := range weights {
		p := server.DefaultParams()
		p.Weight = w
		if change != nil {
			change(i, p)
		}
		list = append(list, server.Declared{Server: b.Prepare("s"+strconv.Itoa(i+1), p), Params: p, Addr: &server.Endpoint{Host: "127.0.0.1", Port: 80}})
	}
	b.Commit(list, server.Settings{}, time.Unix(0, 0))
	return b
}

func ints(list string) []int {
	var out []int
	for _, f := range strings.Split(list, ",") {
		n, _ := strconv.Atoi(f)
		out = append(out, n)
	}
	return out
}

// request makes a transaction that carries the key where the kind of test
// puts it.
func request(kind, key string) *tx.Tx {
	t := &tx.Tx{Sess: &tx.Session{}, HasReq: true}
	t.Req.Method, t.Req.URI = []byte("GET"), []byte("/")
	switch kind {
	case "uri":
		t.Req.URI = []byte(key)
	case "src":
		t.Sess.Src = netip.AddrPortFrom(netip.MustParseAddr(key), 1234)
	case "host":
		t.Req.AddString("host", key)
	case "hdr":
		t.Req.AddString("x-u", key)
	}
	return t
}

// The file holds what haproxy 3.5 did with the same weights and keys.
func TestDistributionIsTheOriginals(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/observed.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		f := strings.Split(line, "\t")
		if strings.HasPrefix(line, "#") {
			continue
		}
		kind, balance, hashType, weights, keys, want := f[0], f[1], f[2], f[3], strings.Fields(f[4]), f[5]
		alg, h := parse(t, balance, hashType)
		p := alg.New(farm(ints(weights), nil), h)
		if kind == "seq" {
			keys = make([]string, len(want))
		}
		var got strings.Builder
		for _, k := range keys {
			s := p.Pick(request(kind, k), nil)
			if s == nil {
				got.WriteByte('-')
				continue
			}
			got.WriteString(s.Name[1:])
		}
		if got.String() != want {
			t.Errorf("balance %s, hash-type %s, weights %s, keys %v:\n got %s\nwant %s", balance, hashType, weights, keys, got.String(), want)
		}
	}
}
