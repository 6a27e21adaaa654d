package pattern

import (
	"fmt"
	"math/rand"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tandem/proxy/sample"
	"tandem/proxy/tx"
)

// entriesOf makes a list of keys with their own text as values.
func entriesOf(keys ...string) []*Entry {
	es := make([]*Entry, len(keys))
	for i, k := range keys {
		es[i] = newEntry(uint64(i+1), k, "v:"+k)
		es[i].order = i
	}
	return es
}

func findKey(t *testing.T, k kind, es []*Entry, v sample.Value) string {
	t.Helper()
	x, err := buildIndex(k, es)
	if err != nil {
		t.Fatal(err)
	}
	if e := x.find(nil, &v); e != nil {
		return e.Key
	}
	return ""
}

func str(s string) sample.Value { return sample.Value{Type: tx.TypeStr, B: []byte(s)} }

func TestWhichEntryWins(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method Method
		fold   bool
		keys   string
		in     string
		want   string
	}{
		{Beg, false, "/ /a /ab /abc", "/abx", "/ab"},
		{Beg, false, "/abc /", "/abcd", "/abc"},
		{Beg, true, "/ /a", "/A", "/"},
		{Beg, false, "/b", "/a", ""},
		{End, false, ".b.c .c", "a.b.c", ".b.c"},
		{End, false, ".c .b.c", "a.b.c", ".c"},
		{End, true, ".COM", "x.com", ".COM"},
		{Str, false, "a b a", "a", "a"},
		{Sub, false, "b ab", "xabx", "b"},
		{Sub, false, "zz q w e r t ab b", "xabx", "ab"},
		{Sub, true, "ZZ q w e r t AB B", "xabx", "AB"},
		{Dir, false, "/b /a/b", "/a/b/c", "/b"},
		{Dom, false, "b.c a", "a.b.c:80", "b.c"},
		{Reg, false, "^x ^a a", "ab", "^a"},
		{Reg, false, "(?=ab) b", "ab", "(?=ab)"},
		{Len, false, "1 2:3", "abc", "2:3"},
		{Bin, false, "6162 616263", "abc", "616263"},
	} {
		es := entriesOf(strings.Fields(c.keys)...)
		if got := findKey(t, kind{method: c.method, fold: c.fold}, es, str(c.in)); got != c.want {
			t.Errorf("-m %s (fold %v) of %q in {%s}: %q, want %q", c.method, c.fold, c.in, c.keys, got, c.want)
		}
	}
	ips := entriesOf("10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0", "2001:db8::/32", "10.1.2.3")
	for in, want := range map[string]string{
		"10.1.2.3": "10.1.2.3", "10.1.2.4": "10.1.0.0/16", "10.2.0.0": "10.0.0.0/8", "8.8.8.8": "0.0.0.0/0",
		"2001:db8::1": "2001:db8::/32", "::ffff:10.1.0.1": "10.1.0.0/16", "2001:db9::1": "",
	} {
		v := sample.Value{Type: tx.TypeIPv4, IP: netip.MustParseAddr(in)}
		if got := findKey(t, kind{method: IP}, ips, v); got != want {
			t.Errorf("network of %s: %q, want %q", in, got, want)
		}
	}
}

// The indexes must agree with a plain walk over the list.
func TestIndexesAgainstScan(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewSource(1))
	word := func(n int) string {
		b := make([]byte, rnd.Intn(n)+1)
		for i := range b {
			b[i] = "abA./"[rnd.Intn(5)]
		}
		return string(b)
	}
	scan := map[Method]func(s, p string) bool{
		Beg: strings.HasPrefix, End: strings.HasSuffix, Sub: strings.Contains, Str: func(s, p string) bool { return s == p },
	}
	for round := range 200 {
		keys := make([]string, rnd.Intn(12)+1)
		for i := range keys {
			keys[i] = word(4)
		}
		es := entriesOf(keys...)
		for method, match := range scan {
			for _, fold := range []bool{false, true} {
				x, err := buildIndex(kind{method: method, fold: fold}, es)
				if err != nil {
					t.Fatal(err)
				}
				for range 10 {
					in := word(8)
					want := false
					for _, k := range keys {
						if fold {
							want = want || match(strings.ToLower(in), strings.ToLower(k))
						} else {
							want = want || match(in, k)
						}
					}
					v := str(in)
					if got := x.find(nil, &v) != nil; got != want {
						t.Fatalf("round %d: -m %s fold %v: %q in %q: %v, want %v", round, method, fold, in, keys, got, want)
					}
				}
			}
		}
	}
}

func TestListChanges(t *testing.T) {
	t.Parallel()
	l := NewRegistry().newList("virt@x", -1)
	s, err := l.set(kind{method: Str})
	if err != nil {
		t.Fatal(err)
	}
	has := func(key, want string) {
		t.Helper()
		v := str(key)
		got := ""
		if e := s.Find(nil, &v); e != nil {
			got = e.Value()
		}
		if got != want {
			t.Errorf("value of %s is %q, want %q", key, got, want)
		}
	}
	for i := range 3 * rebuildAfter {
		if err := l.Add(0, fmt.Sprintf("k%d", i), fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	has("k0", "0")
	has("k700", "700")
	if err := l.SetValue("k700", "new"); err != nil {
		t.Fatal(err)
	}
	has("k700", "new")
	if err := l.Delete("k700"); err != nil {
		t.Fatal(err)
	}
	has("k700", "")
	if l.Delete("k700") != ErrNoEntry || l.SetValue("k700", "x") != ErrNoEntry {
		t.Error("a key that is gone can be changed")
	}
	v := l.Prepare()
	if err := l.Add(v, "fresh", "1"); err != nil {
		t.Fatal(err)
	}
	has("fresh", "")
	has("k1", "1")
	if err := l.Commit(v); err != nil {
		t.Fatal(err)
	}
	has("fresh", "1")
	has("k1", "")
	if l.Commit(v) == nil {
		t.Error("a version can be committed twice")
	}
	if err := l.Clear(0); err != nil {
		t.Fatal(err)
	}
	has("fresh", "")
	id := uint64(0)
	if err := l.Add(0, "again", "2"); err != nil {
		t.Fatal(err)
	}
	for _, e := range l.Entries(0) {
		id = e.ID
	}
	if err := l.DeleteID(id); err != nil {
		t.Error(err)
	}
	has("again", "")
}

func TestFilesAndMaps(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, data string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	hosts := write("hosts", "# comment\n\n  a.b:80\nc.d\r\n")
	m := write("map", "/p  pool one \n/q\ttwo\n# no\n")
	ints := write("ints", "80 http\n1000:2000 high\n")
	bad := write("bad", "1\nx\n")
	trx := newTx(testRequest)
	if mustTest(t, testEnv(), "hdr(host) -f "+hosts).Eval(trx) != Pass {
		t.Error("a pattern of a file does not match")
	}
	if _, err := CompileTest(testEnv(), strings.Fields("path_len -f "+bad), 0); err == nil || !strings.Contains(err.Error(), "'x' is not a number at line 2") {
		t.Errorf("a bad line of a file: %v", err)
	}
	e := testEnv()
	reg := registryOf(e)
	open, err := reg.OpenMap(e, m, "beg", sample.MapStr)
	if err != nil {
		t.Fatal(err)
	}
	v := str("/path")
	if x, ok := open.Lookup(trx, &v); !ok || string(x.Bytes) != "pool one" || x.Key != "/p" {
		t.Errorf("map_beg gives %+v, %v", x, ok)
	}
	byInt, err := reg.OpenMap(e, ints, "int", sample.MapStr)
	if err != nil {
		t.Fatal(err)
	}
	v = sample.Value{Type: tx.TypeInt, Int: 1500}
	if x, ok := byInt.Lookup(trx, &v); !ok || string(x.Bytes) != "high" {
		t.Errorf("map_int gives %+v, %v", x, ok)
	}
	if _, err := reg.OpenMap(e, m, "beg", sample.MapInt); err == nil {
		t.Error("a map of texts is taken as one of integers")
	}
	if _, err := reg.OpenMap(e, filepath.Join(dir, "none"), "str", sample.MapStr); err == nil || !strings.HasPrefix(err.Error(), "failed to open pattern file <") {
		t.Errorf("a missing map: %v", err)
	}
	if l := reg.Lookup(m); l == nil || !l.IsMap || len(l.Entries(0)) != 2 {
		t.Errorf("the registry does not know the map: %+v", l)
	}
	if l := reg.Lookup("#" + fmt.Sprint(reg.Lists()[0].ID)); l == nil {
		t.Error("a list cannot be found by its id")
	}
}
