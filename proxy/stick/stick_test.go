package stick

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tandem/parser/diag"
	"tandem/parser/keyword"
	"tandem/parser/source"
)

func read(t testing.TB, line string) (*Table, *diag.List, error) {
	t.Helper()
	var words []source.Word
	for _, w := range strings.Fields(line) {
		words = append(words, source.Word{Text: w})
	}
	e := &keyword.Env{Diags: &diag.List{}, Owner: "t", Words: words}
	tab, err := ReadLine(&keyword.Args{Env: e, Words: words, Pos: 1}, "t")
	return tab, e.Diags, err
}

func table(t testing.TB, line string) *Table {
	t.Helper()
	tab, _, err := read(t, "stick-table "+line)
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return tab
}

func (t *Table) mustKey(s string) []byte {
	k, err := t.ParseKey(s)
	if err != nil {
		panic(err)
	}
	return k
}

func TestLineErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ line, want string }{
		{"", "stick-table: missing size."},
		{"type", "stick-table: unknown type ''."},
		{"type foo", "stick-table: unknown type 'foo'."},
		{"type ip size", "stick-table: missing argument after 'size'."},
		{"type ip size x", "stick-table: unexpected character 'x' in argument of 'size'."},
		{"type ip size 0", "stick-table: missing size."},
		{"type string size 1k len", "stick-table: unknown argument 'len'."},
		{"type string len 0 size 1k", "'len' expects a positive integer argument."},
		{"type ip len 5 size 1k", "stick-table: unknown argument 'len'."},
		{"type ip size 1k expire x", "stick-table: unexpected character 'x' in argument of 'expire'."},
		{"type ip size 1k expire 99999999999", "stick-table: timer overflow in argument <99999999999> to <expire>, maximum value is 2147483647 ms (~24.8 days)."},
		{"type ip size 1k store foo", "stick-table: unknown store option 'foo'."},
		{"type ip size 1k store conn_rate", "stick-table: missing argument to store option 'conn_rate'."},
		{"type ip size 1k store conn_rate(x)", "stick-table: error when processing store option 'conn_rate'."},
		{"type ip size 1k store conn_cur(10s)", "stick-table: unexpected argument to store option 'conn_cur'."},
		{"type ip size 1k store gpc", "stick-table: missing argument to store option 'gpc'."},
		{"type ip size 1k store gpc(0)", "stick-table: array size is out of allowed range (1-100) for store option 'gpc'."},
		{"type ip size 1k store gpc(101)", "stick-table: array size is out of allowed range (1-100) for store option 'gpc'."},
		{"type ip size 1k store gpc(5),gpc0", "stick-table: simultaneous usage of 'gpc' and 'gpc[0/1]' in a same table is not permitted as 'gpc' overrides 'gpc[0/1]'."},
		{"type ip size 1k store gpc_rate(5)", "stick-table: missing argument to store option 'gpc_rate'."},
		{"type ip size 1k store gpc_rate(5,x)", "stick-table: error when processing store option 'gpc_rate'."},
		{"type ip size 1k store gpt(5),gpt0", "stick-table: simultaneous usage of 'gpt' and 'gpt0' in a same table is not permitted as 'gpt' overrides 'gpt0'."},
		{"type ip size 1k foo", "stick-table: unknown argument 'foo'."},
		{"type ip size 1k peers", "stick-table: missing argument after 'peers'."},
		{"type ip size 1k srvkey foo", "stick-table : unknown server key type 'foo'."},
		{"type ip size 1k write-to", "stick-table : write-to requires table name."},
	} {
		_, _, err := read(t, "stick-table "+c.line)
		if err == nil || err.Error() != c.want {
			t.Errorf("%s:\n got %v\nwant %s", c.line, err, c.want)
		}
	}
}

func TestLine(t *testing.T) {
	t.Parallel()
	tab, diags, err := read(t, "stick-table type string len 8 size 4k expire 10m nopurge srvkey addr store conn_cur,gpc(3),gpc_rate(3,10s) store conn_cur")
	if err != nil {
		t.Fatal(err)
	}
	if tab.Key != KeyString || tab.KeyLen != 8 || tab.Size != 4096 || tab.ExpireMS != 600000 || !tab.NoPurge || !tab.ByAddr {
		t.Errorf("%+v", tab.Config)
	}
	if !tab.Stores(ConnCur) || tab.Len(GPC) != 3 || tab.Period(GPCRate) != 10000 || tab.Stores(GPT) {
		t.Errorf("%+v", tab.cols)
	}
	if len(diags.All) != 1 || !strings.Contains(diags.All[0].Text, "store option 'conn_cur' already enabled, ignored.") {
		t.Errorf("%v", diags.All)
	}
}

// TestRow holds the layout of the original's "show table".
func TestRow(t *testing.T) {
	t.Parallel()
	const now = 1_000_000
	tab := table(t, "type ip size 1k expire 10m store gpc0,gpc0_rate(10s),http_req_cnt,server_id,server_key,gpt0,bytes_out_rate(1s),gpc1,glitch_cnt")
	e := tab.Entry(tab.mustKey("127.0.0.1"), now)
	e.Set(GPT0, 0, 5, now)
	e.Count(GPC0, GPC0Rate, 3, now)
	e.SetServer(2, "s2")
	got := string(tab.AppendRow(tab.AppendHead(nil, now), e, now+90))
	got = regexp.MustCompile(`0x[0-9a-f]+`).ReplaceAllString(got, "0x1")
	want := "# table: t, type: ip, size:1024, used:1\n" +
		"0x1: key=127.0.0.1 use=0 exp=599910 shard=0 server_id=2 gpt0=5 gpc0=3 gpc0_rate(10000)=3 http_req_cnt=0 bytes_out_rate(1000)=0 gpc1=0 server_key=s2 glitch_cnt=0\n"
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	tab = table(t, "type string len 8 size 4 store gpc(3),gpt(2),gpc_rate(3,10s)")
	e = tab.Entry(tab.AppendBytes(nil, []byte("/abcdefghijk")), now)
	e.Add(GPC1, 0, 3, now)
	got = string(tab.AppendRow(nil, e, now))
	if want := "key=/abcdefg use=0 exp=0 shard=0 gpt0=0 gpt1=0 gpc0=0 gpc1=3 gpc2=0 gpc0_rate(10000)=0 gpc1_rate(10000)=0 gpc2_rate(10000)=0\n"; !strings.HasSuffix(got, want) {
		t.Errorf("got %s", got)
	}
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	tab := table(t, "type integer size 10 expire 5s store gpc0")
	a, b := tab.AppendInt(nil, 1), tab.AppendInt(nil, 2)
	tab.Entry(a, 1000)
	tab.Entry(b, 2000)
	tab.Touch(a, 4000)
	if tab.Lookup(b, 6999) == nil || tab.Lookup(b, 7000) != nil {
		t.Error("b must live until 7000")
	}
	if tab.Lookup(a, 8999) == nil {
		t.Error("a was refreshed")
	}
	e := tab.Track(a, 8999)
	if n := tab.Used(100_000); n != 1 {
		t.Errorf("%d entries while one is tracked", n)
	}
	if tab.Delete(e) {
		t.Error("a tracked entry was deleted")
	}
	tab.Release(e, 100_000)
	if n := tab.Used(104_999); n != 1 {
		t.Errorf("%d entries after the release", n)
	}
	if n := tab.Used(105_000); n != 0 {
		t.Errorf("%d entries at the end", n)
	}
}

func TestFull(t *testing.T) {
	t.Parallel()
	tab := table(t, "type string size 3 store gpc0")
	for i, k := range []string{"a", "b", "c"} {
		tab.Entry([]byte(k), int64(i))
	}
	tab.Touch([]byte("a"), 5)
	tab.Entry([]byte("d"), 6)
	var keys []string
	for _, e := range tab.Entries(7) {
		keys = append(keys, e.Key())
	}
	if d := cmp.Diff([]string{"c", "a", "d"}, keys); d != "" {
		t.Error(d)
	}
	tab = table(t, "type string size 2 nopurge expire 1s store gpc0")
	tab.Entry([]byte("a"), 0)
	tab.Entry([]byte("b"), 500)
	if tab.Entry([]byte("c"), 600) != nil {
		t.Error("a full table took a key")
	}
	if tab.Entry([]byte("c"), 1100) == nil {
		t.Error("the expired entry did not make room")
	}
}

func TestBigTableIsBounded(t *testing.T) {
	t.Parallel()
	tab := table(t, "type integer size 5000 store gpc0")
	for i := range int64(20_000) {
		if tab.Entry(tab.AppendInt(nil, i), i) == nil {
			t.Fatal("no entry")
		}
	}
	if n := tab.Used(20_000); n != 5000 {
		t.Errorf("%d entries", n)
	}
}

func TestRates(t *testing.T) {
	t.Parallel()
	tab := table(t, "type ip size 10 store http_req_rate(10s),http_req_cnt,bytes_in_rate(1s) brates-factor 10")
	e := tab.Entry(tab.mustKey("1.2.3.4"), 50_000)
	for i := range int64(10) {
		e.Count(HTTPReqCnt, HTTPReqRate, 1, 50_000+i*1000)
	}
	for _, c := range []struct {
		now  int64
		want uint64
	}{{59_000, 10}, {60_000, 10}, {65_000, 5}, {69_999, 0}, {70_000, 0}} {
		if got, _ := e.Get(HTTPReqRate, 0, c.now); got != c.want {
			t.Errorf("rate at %d: %d, want %d", c.now, got, c.want)
		}
	}
	if n, _ := e.Get(HTTPReqCnt, 0, 0); n != 10 {
		t.Errorf("count %d", n)
	}
	e.Count(BytesInCnt, BytesInRate, 95, 50_000)
	if n, _ := e.Get(BytesInRate, 0, 50_000); n != 10 {
		t.Errorf("rate of bytes %d", n)
	}
	if _, ok := e.Get(BytesInCnt, 0, 0); ok {
		t.Error("bytes_in_cnt is not stored")
	}
}

func TestArraysStandForSingles(t *testing.T) {
	t.Parallel()
	tab := table(t, "type ip size 10 store gpc(2),gpt(1),gpc_rate(2,1s)")
	e := tab.Entry(tab.mustKey("1.2.3.4"), 0)
	e.Add(GPC, 1, 7, 0)
	e.Set(GPT0, 0, 9, 0)
	e.Add(GPCRate, 0, 2, 0)
	for _, c := range []struct {
		d    Data
		want uint64
	}{{GPC1, 7}, {GPT0, 9}, {GPC0Rate, 2}} {
		if got, ok := e.Get(c.d, 0, 0); !ok || got != c.want {
			t.Errorf("%s: %d %v", c.d, got, ok)
		}
	}
	if _, ok := e.Get(GPC, 2, 0); ok {
		t.Error("index out of the array")
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	ip4, ip6 := table(t, "type ip size 1"), table(t, "type ipv6 size 1")
	if k, ok := ip4.AppendIP(nil, netip.MustParseAddr("::ffff:1.2.3.4")); !ok || string(k) != "\x01\x02\x03\x04" {
		t.Errorf("%x %v", k, ok)
	}
	if _, ok := ip4.AppendIP(nil, netip.MustParseAddr("::1")); ok {
		t.Error("an IPv6 address in an IPv4 table")
	}
	if got := string(ip6.AppendKey(nil, string(ip6.mustKey("1.2.3.4")))); got != "::ffff:1.2.3.4" {
		t.Errorf("%s", got)
	}
	bin := table(t, "type binary len 4 size 1")
	if got := string(bin.AppendKey(nil, string(bin.AppendBytes(nil, []byte("12"))))); got != "31320000" {
		t.Errorf("%s", got)
	}
	if _, err := ip4.ParseKey("foo"); err == nil || err.Error() != "Invalid key" {
		t.Errorf("%v", err)
	}
	if _, err := bin.ParseKey("foo"); err == nil {
		t.Error("a binary key was taken")
	}
}

func TestFilter(t *testing.T) {
	t.Parallel()
	tab := table(t, "type ip size 10 store gpc(2)")
	e := tab.Entry(tab.mustKey("1.2.3.4"), 0)
	e.Set(GPC, 1, 5, 0)
	d, i, ok := ParseData("data.gpc[1]")
	if !ok || d != GPC || i != 1 {
		t.Fatalf("%v %d %v", d, i, ok)
	}
	for op, want := range map[string]bool{"eq": true, "ne": false, "le": true, "ge": true, "lt": false, "gt": false} {
		if got := (&Filter{d, i, op, 5}).Pass(e, 0); got != want {
			t.Errorf("%s: %v", op, got)
		}
	}
	if _, _, ok := ParseData("data.foo"); ok {
		t.Error("unknown data")
	}
}

func TestAdopt(t *testing.T) {
	t.Parallel()
	var r Registry
	a := table(t, "type ip size 10 store gpc0")
	r.Adopt(a)
	a.Entry(a.mustKey("1.2.3.4"), 0).Add(GPC0, 0, 3, 0)
	b := table(t, "type ip size 20 expire 1s store gpc0")
	r.Adopt(b)
	e := b.Lookup(b.mustKey("1.2.3.4"), 0)
	if e == nil {
		t.Fatal("the entries were lost")
	}
	if n, _ := e.Get(GPC0, 0, 0); n != 3 {
		t.Errorf("gpc0 %d", n)
	}
	c := table(t, "type ip size 10 store gpc1")
	r.Adopt(c)
	if c.Used(0) != 0 {
		t.Error("entries of another layout were taken over")
	}
	r.Keep(nil)
	if r.Lookup("t") != nil {
		t.Error("the table was not forgotten")
	}
}

func TestConcurrent(t *testing.T) {
	t.Parallel()
	tab := table(t, "type integer size 5000 expire 10s store conn_cur,http_req_cnt")
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range int64(2000) {
				e := tab.Track(tab.AppendInt(nil, i%50), i)
				e.Add(ConnCur, 0, 1, i)
				e.Add(HTTPReqCnt, 0, 1, i)
				e.Sub(ConnCur)
				tab.Release(e, i)
				tab.Lookup(tab.AppendInt(nil, i*int64(g)), i)
			}
		})
	}
	wg.Wait()
	total := uint64(0)
	for _, e := range tab.Entries(2000) { // no entry expires meanwhile, whoever is ahead
		n, _ := e.Get(HTTPReqCnt, 0, 0)
		cur, _ := e.Get(ConnCur, 0, 0)
		if cur != 0 || e.Users() != 0 {
			t.Errorf("key %s: %d now, %d users", fmt.Sprint(e.Key()), cur, e.Users())
		}
		total += n
	}
	if total != 8000 {
		t.Errorf("%d events", total)
	}
}

// TestTables holds the laws of the table of words.
func TestTables(t *testing.T) {
	t.Parallel()
	for _, d := range Words.All() {
		if d.Doc == "" || d.Grammar() != nil {
			t.Errorf("%s: %q %v", d.Name, d.Doc, d.Grammar())
		}
	}
}

func TestNoAllocs(t *testing.T) {
	tab := table(t, "type ip size 10 expire 1s store http_req_cnt,http_req_rate(1s)")
	key := tab.mustKey("1.2.3.4")
	tab.Entry(key, 0)
	if n := testing.AllocsPerRun(100, func() {
		e := tab.Track(key, 5)
		e.Count(HTTPReqCnt, HTTPReqRate, 1, 5)
		tab.Release(e, 5)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
