package balance

import (
	"testing"
	"time"

	"tandem/parser/diag"
	"tandem/parser/keyword"
	"tandem/proxy/server"
)

func TestTableLaws(t *testing.T) {
	t.Parallel()
	for _, d := range Algorithms.All() {
		if d.Doc == "" || d.Grammar() != nil || d.In == 0 {
			t.Errorf("%s: doc %q, scope %v, grammar %v", d.Name, d.Doc, d.In, d.Grammar())
		}
	}
}

// The refusals of haproxy 3.5, observed with -c.
func TestBalanceRefuses(t *testing.T) {
	t.Parallel()
	only := "balance only supports 'roundrobin', 'static-rr', 'leastconn', 'source', 'uri', 'url_param', 'hash', 'hdr(name)', 'rdp-cookie(name)', 'log-hash' and 'sticky' options."
	for line, want := range map[string]string{
		"foo":             only,
		"hdr":             only,
		"none":            only,
		"uri foo":         "balance uri only accepts parameters 'len', 'depth', 'path-only', and 'whole' (got 'foo').",
		"uri len":         "balance uri : 'len' expects a positive integer (got '').",
		"uri depth 0":     "balance uri : 'depth' expects a positive integer (got '0').",
		"url_param":       "balance url_param requires an URL parameter name.",
		"url_param a foo": "balance url_param only accepts 'check_post' modifier (got 'foo').",
		"hdr(":            "balance hdr requires an http header field name.",
		"hdr()":           "balance hdr requires an http header field name.",
		"hdr(host":        "balance hdr requires an http header field name.",
		"hdr(host) foo":   "balance hdr(host) only accepts 'use_domain_only' modifier (got 'foo').",
		"random(":         "balance random : missing closing parenthesis.",
		"random(0)":       "balance random : number of draws must be at least 1.",
		"random(x)":       "balance random : unexpected character 'x' after argument.",
		"rdp-cookie(":     "balance rdp-cookie : missing cookie name.",
		"rdp-cookie()":    "balance rdp-cookie : missing cookie name.",
		"hash":            "balance hash requires a sample expression.",
		"log-hash":        "balance log-hash requires a converter list.",
	} {
		var l Line
		err := l.ParseArgs(&keyword.Args{Env: &keyword.Env{Diags: &diag.List{}}, Words: wordsOf(line)})
		if err == nil || err.Error() != want {
			t.Errorf("balance %s:\n got %v\nwant %s", line, err, want)
		}
	}
	for line, want := range map[string]string{
		"":                   "'hash-type' only supports 'consistent' and 'map-based'.",
		"map-based foo":      "'hash-type' only supports 'sdbm', 'djb2', 'crc32', or 'wt6' hash functions.",
		"map-based sdbm foo": "'hash-type' only supports 'avalanche' as a modifier for hash functions.",
		"avalanche":          "experimental feature 'hash-type avalanche' is not supported anymore, please use 'hash-type map-based sdbm avalanche' instead.",
	} {
		var h HashLine
		if err := h.ParseArgs(&keyword.Args{Words: wordsOf(line)}); err == nil || err.Error() != want {
			t.Errorf("hash-type %s: %v, want %s", line, err, want)
		}
	}
	for line, want := range map[string]string{
		"": "'hash-balance-factor' expects an integer argument.", "100": "'hash-balance-factor' must be 0 or greater than 100.", "150": "", "0": "",
	} {
		var f FactorLine
		err := f.ParseArgs(&keyword.Args{Words: wordsOf(line)})
		if (err == nil) != (want == "") || err != nil && err.Error() != want {
			t.Errorf("hash-balance-factor %s: %v, want %s", line, err, want)
		}
	}
	var a AffinityLine
	if err := a.ParseArgs(&keyword.Args{Words: wordsOf("foo")}); err == nil || err.Error() != "'hash-preserve-affinity': unknown keyword 'foo'" {
		t.Error(err)
	}
}

var everyAlgorithm = []string{"roundrobin", "static-rr", "leastconn", "first", "source", "uri", "url_param u", "hdr(x-u)", "random", "random(3)", "rdp-cookie", "hash req.hdr(x-u)"}

func TestPickPassesOverTheFailedServer(t *testing.T) {
	t.Parallel()
	for _, name := range everyAlgorithm {
		for _, hashType := range []string{"", "consistent"} {
			alg, h := parse(t, name, hashType)
			b := farm([]int{1, 1, 1}, nil)
			p := alg.New(b, h)
			avoid := b.Server("s1")
			for range 20 {
				if s := p.Pick(request("uri", "/x"), avoid); s == nil || s == avoid {
					t.Fatalf("%s %s: picked %v", name, hashType, s)
				}
			}
			alone := farm([]int{1}, nil)
			p = alg.New(alone, h)
			if s := p.Pick(request("uri", "/x"), alone.Server("s1")); s == nil {
				t.Errorf("%s %s: the only server was not picked again", name, hashType)
			}
		}
	}
}

func TestPickOfNothing(t *testing.T) {
	t.Parallel()
	for _, name := range everyAlgorithm {
		alg, h := parse(t, name, "")
		if s := alg.New(farm(nil, nil), h).Pick(request("uri", "/"), nil); s != nil {
			t.Errorf("%s picked %s of no servers", name, s.Name)
		}
	}
}

func TestFullServersArePassedOver(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"roundrobin", "static-rr", "leastconn", "first", "random"} {
		alg, h := parse(t, name, "")
		b := farm([]int{1, 1}, func(_ int, p *server.Params) { p.MaxConn = 1 })
		p := alg.New(b, h)
		seen := map[string]bool{}
		for range 2 {
			s := p.Pick(request("uri", "/"), nil)
			if s == nil || !s.Enter() {
				t.Fatalf("%s: %v", name, s)
			}
			seen[s.Name] = true
		}
		if len(seen) != 2 {
			t.Errorf("%s: only %v got requests", name, seen)
		}
		if s := p.Pick(request("uri", "/"), nil); s != nil {
			t.Errorf("%s picked %s although all are full", name, s.Name)
		}
	}
}

func TestLeastConnFollowsLoadAndWeight(t *testing.T) {
	t.Parallel()
	alg, h := parse(t, "leastconn", "")
	b := farm([]int{1, 3}, nil)
	p := alg.New(b, h)
	n := map[string]int{}
	for range 40 {
		s := p.Pick(request("uri", "/"), nil)
		s.Enter()
		n[s.Name]++
	}
	if n["s1"] != 10 || n["s2"] != 30 {
		t.Errorf("shares %v, want 10 and 30", n)
	}
}

func TestFirstFillsInOrderOfID(t *testing.T) {
	t.Parallel()
	alg, h := parse(t, "first", "")
	b := farm([]int{1, 1}, func(_ int, p *server.Params) { p.MaxConn = 2 })
	p := alg.New(b, h)
	var got string
	for range 4 {
		s := p.Pick(request("uri", "/"), nil)
		s.Enter()
		got += s.Name
	}
	if got != "s1s1s2s2" {
		t.Error(got)
	}
}

func TestRandomRespectsWeights(t *testing.T) {
	t.Parallel()
	b := farm([]int{1, 9}, nil)
	p := randomOf(1).New(b, HashType{})
	n := 0
	for range 5000 {
		if p.Pick(nil, nil).Name == "s2" {
			n++
		}
	}
	if n < 4000 || n > 4900 {
		t.Errorf("s2 got %d of 5000, want about 4500", n)
	}
}

func TestBoundedLoad(t *testing.T) {
	t.Parallel()
	alg, h := parse(t, "uri", "consistent")
	h.Factor = 150
	b := farm([]int{1, 1, 1, 1}, nil)
	p := alg.New(b, h)
	for range 40 {
		p.Pick(request("uri", "/same"), nil).Enter()
	}
	for _, s := range b.Servers() {
		if s.Cur() > 16 {
			t.Errorf("%s has %d of 40, above 1.5 times the average", s.Name, s.Cur())
		}
	}
}

func TestChangesOfTheFarmAreFollowed(t *testing.T) {
	t.Parallel()
	now := time.Unix(1, 0)
	for _, name := range everyAlgorithm {
		alg, h := parse(t, name, "")
		b := farm([]int{1, 1, 1}, nil)
		p := alg.New(b, h)
		for range 5 {
			p.Pick(request("uri", "/"), nil)
		}
		b.Server("s1").SetAdmin(server.ForcedMaint, now)
		b.Server("s2").SetWeight(0, now)
		for range 5 {
			if s := p.Pick(request("uri", "/"), nil); s == nil || s.Name != "s3" {
				t.Errorf("%s: picked %v, want s3", name, s)
			}
		}
		b.Server("s1").ClearAdmin(server.ForcedMaint, now)
		b.Server("s3").SetAdmin(server.ForcedDrain, now)
		if s := p.Pick(request("uri", "/"), nil); s == nil || s.Name != "s1" {
			t.Errorf("%s: picked %v, want s1", name, s)
		}
	}
}

func TestRDPCookie(t *testing.T) {
	t.Parallel()
	head := "\x03\x00\x00\x2a\x25\xe0\x00\x00\x00\x00\x00"
	for in, want := range map[string]string{
		head + "Cookie: mstshash=user1\r\n": "user1",
		head + "Cookie: msts=other\r\n":     "",
		head + "Cookie: mstshash=":          "",
		head + "x":                          "",
		"GET / HTTP/1.0\r\n\r\n":            "",
	} {
		if got := string(rdpValue([]byte(in), "mstshash")); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestPickDoesNotAllocate(t *testing.T) {
	for _, name := range everyAlgorithm {
		for _, hashType := range []string{"", "consistent"} {
			alg, h := parse(t, name, hashType)
			p := alg.New(farm([]int{3, 2, 1}, nil), h)
			r := request("hdr", "abc")
			p.Pick(r, nil)
			if n := testing.AllocsPerRun(100, func() { p.Pick(r, nil) }); n != 0 {
				t.Errorf("%s %s: %v allocations", name, hashType, n)
			}
		}
	}
}
