package peers

import (
	"bufio"
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tandem/parser/diag"
	"tandem/parser/keyword"
	"tandem/parser/source"
	"tandem/proxy/stick"
)

// table makes a table out of the words of a stick-table line.
func table(t testing.TB, name, line string) *stick.Table {
	t.Helper()
	var words []source.Word
	for w := range strings.FieldsSeq("stick-table " + line) {
		words = append(words, source.Word{Text: w})
	}
	e := &keyword.Env{Diags: &diag.List{}, Owner: name, Words: words}
	tab, err := stick.ReadLine(&keyword.Args{Env: e, Words: words, Pos: 1}, name)
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return tab
}

// entry makes an entry with the values that "data" words say: "gpc0=5 gpt[1]=7".
func entry(t testing.TB, tab *stick.Table, key, data string, now int64) *stick.Entry {
	t.Helper()
	k, err := tab.ParseKey(key)
	if err != nil {
		t.Fatal(err)
	}
	e := tab.Entry(k, now)
	for w := range strings.FieldsSeq(data) {
		name, v, _ := strings.Cut(w, "=")
		d, i, ok := stick.ParseData("data." + name)
		n := scanNumber(v)
		if !ok || !e.Set(d, i, n, now) {
			t.Fatalf("no %s", w)
		}
	}
	return e
}

func scanNumber(s string) (n uint64) {
	for _, c := range s {
		n = n*10 + uint64(c-'0')
	}
	return n
}

// rows are a table's entries as "show table" prints them, without pointers.
func rows(tab *stick.Table, now int64) string {
	var b strings.Builder
	for _, e := range tab.Entries(now) {
		_, row, _ := strings.Cut(string(tab.AppendRow(nil, e, now)), " ")
		b.WriteString(row)
	}
	return b.String()
}

// The forms are those of doc/peers.txt of the original.
func TestIntegers(t *testing.T) {
	t.Parallel()
	for v, want := range map[uint64]string{
		0: "\x00", 239: "\xef", 240: "\xf0\x00", 255: "\xff\x00", 2287: "\xff\x7f", 2288: "\xf0\x80\x00", 10000: "\xf0\xe2\x03",
		264431: "\xff\xff\x7f", 264432: "\xf0\x80\x80\x00", 600000: "\xf0\xed\xa3\x01", 1<<64 - 1: "\xff\xf0\xfe\xfe\xfe\xfe\xfe\xfe\xfe\x0e",
	} {
		if got := string(appendInt(nil, v)); got != want {
			t.Errorf("%d: %q, want %q", v, got, want)
		}
		s := scanner{b: []byte(want + "x")}
		if got := s.int(); got != v || s.bad || string(s.b) != "x" {
			t.Errorf("%q: %d, bad %v, rest %q", want, got, s.bad, s.b)
		}
	}
	for _, bad := range []string{"", "\xf0", "\xf0\x80", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"} {
		if s := (scanner{b: []byte(bad)}); s.int() != 0 || !s.bad {
			t.Errorf("%q was read", bad)
		}
	}
}

// What haproxy 3.5 said of three tables.
const (
	saidT1 = "\x02\x02t1\x04\x04\xfe\xb6\x03\xf0\x97\x1c\x03\xf0\xe2\x03\n\xf0\xe2\x03"
	saidT2 = "\x01\x03/t2\x06 \xf1\xf1\xfep\xf0\xed\xa3\x01\x16\x03\x17\x02\x18\x02\xf0\xe2\x03"
	saidSt = "\x03\x02st\x06\x15\xf1\xf1\xfe\x00\xf0\x97\x1c"

	lineT1 = "type ip size 1k expire 1m store gpc0,gpc0_rate(10s),conn_cnt,conn_cur,http_req_rate(10s),bytes_in_cnt,gpt0"
	lineT2 = "type string size 1k expire 10m store gpt(3),gpc(2),gpc_rate(2,10s),server_id,server_key"
	lineSt = "type string len 20 size 1k expire 1m store server_id,server_key"
)

func TestDefinitions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		id         uint64
		name, line string
		want       string
	}{{2, "t1", lineT1, saidT1}, {1, "/t2", lineT2, saidT2}, {3, "st", lineSt, saidSt}} {
		tab := table(t, c.name, c.line)
		d := defineTable(c.id, c.name, &tab.Config)
		if got := string(d.append(nil)); got != c.want {
			t.Errorf("%s:\n%q, want\n%q", c.name, got, c.want)
		}
		back, ok := readDefinition([]byte(c.want))
		if !ok || !back.fits(&tab.Config) || back.ID != c.id || back.Name != c.name {
			t.Errorf("%s: %+v", c.name, back)
			continue
		}
		if got := string(back.append(nil)); got != c.want {
			t.Errorf("%s: %q", c.name, got)
		}
	}
	other := table(t, "t1", "type ipv6 size 1k")
	if d, _ := readDefinition([]byte(saidT1)); d.fits(&other.Config) {
		t.Error("keys of another type fit")
	}
	for _, bad := range []string{"", "\x01", "\x01\x05abc", "\x01\x00\x04\x04\x00", saidT1[:8], "\x01\x01a\x06\x20\xf0\xff\xff\x7f\x00\x16\xff\x7f"} {
		if _, ok := readDefinition([]byte(bad)); ok {
			t.Errorf("%q was read", bad)
		}
	}
}

// What haproxy 3.5 taught, and what it showed of it.
func TestReadsUpdates(t *testing.T) {
	t.Parallel()
	const now = 1_000_000
	t1, t2, st := table(t, "t1", lineT1), table(t, "pp/t2", lineT2), table(t, "st", lineSt)
	var heard heardStrings
	n := uint32(0)
	for _, c := range []struct {
		tab  *stick.Table
		def  string
		typ  byte
		data string
		seq  uint32
	}{
		{t1, saidT1, updateTimed, "\x00\x00\x00\x01\x00\x00\xe8\x00\n\x00\x00\x01\x07\x05\xf0\x17\t\x00\xfc\x03\x02\xf0\x17\x04\x00\xf0\x91\xbd\x80\x94\x00", 1},
		{t1, saidT1, updateTimedNext, "\x00\x00\xe8\x12\n\x00\x00\x02\x00\x01\xf8\xe9\xf5\xfe~\x00\x00\x00\x00\xf8\xe9\xf5\xfe~\x00\x00\x00", 2},
		{t2, saidT2, update, "\x00\x00\x00\x01\x05hello\x03\x00\x00M\x00\xf0\xaf\x91\x00\x00\xf4\xeb\xf5\xfe~\x00\x00\xf6\x16\x05\x00", 1},
		{st, saidSt, update, "\x00\x00\x00\x07\x02u1\x01\x04\x01\x02s1", 7},
		{st, saidSt, updateNext, "\x02u3\x01\x01\x01", 8},
	} {
		d, ok := readDefinition([]byte(c.def))
		if !ok {
			t.Fatal(c.def)
		}
		if n, ok = readUpdate([]byte(c.data), c.typ, d, target{table: c.tab}, &heard, n, now); !ok || n != c.seq {
			t.Errorf("%q: update %d, %v", c.data, n, ok)
		}
	}
	want := "key=10.0.0.1 use=0 exp=59392 shard=0 gpt0=7 gpc0=5 gpc0_rate(10000)=9 conn_cnt=300 conn_cur=0 http_req_rate(10000)=4 bytes_in_cnt=5000000000\n" +
		"key=10.0.0.2 use=0 exp=59410 shard=0 gpt0=0 gpc0=1 gpc0_rate(10000)=0 conn_cnt=0 conn_cur=0 http_req_rate(10000)=0 bytes_in_cnt=0\n" +
		"key=hello use=0 exp=600000 shard=0 server_id=3 server_key=- gpt0=0 gpt1=77 gpt2=0 gpc0=300000 gpc1=0 gpc0_rate(10000)=0 gpc1_rate(10000)=5\n" +
		"key=u1 use=0 exp=60000 shard=0 server_id=1 server_key=s1\nkey=u3 use=0 exp=60000 shard=0 server_id=1 server_key=s1\n"
	if d := cmp.Diff(want, rows(t1, now)+rows(t2, now)+rows(st, now)); d != "" {
		t.Error(d)
	}
}

// TestConveys sends entries from one table to another through the wire form.
func TestConveys(t *testing.T) {
	t.Parallel()
	const now = 5_000_000
	for _, c := range []struct{ from, to, key, data, want string }{
		{lineT1, lineT1, "192.0.2.7", "gpt0=4294967295 gpc0=240 conn_cnt=3 conn_cur=9 bytes_in_cnt=99999999999",
			"key=192.0.2.7 use=0 exp=60000 shard=0 gpt0=4294967295 gpc0=240 gpc0_rate(10000)=0 conn_cnt=3 conn_cur=0 http_req_rate(10000)=0 bytes_in_cnt=99999999999\n"},
		{lineT1, lineT1 + " recv-only", "192.0.2.7", "conn_cur=9", "key=192.0.2.7 use=0 exp=60000 shard=0 gpt0=0 gpc0=0 gpc0_rate(10000)=0 conn_cnt=0 conn_cur=9 http_req_rate(10000)=0 bytes_in_cnt=0\n"},
		{"type ipv6 size 9 store gpc(3)", "type ipv6 size 9 store gpc(2)", "2001:db8::1", "gpc[1]=7 gpc[2]=8", "key=2001:db8::1 use=0 exp=0 shard=0 gpc0=0 gpc1=7\n"},
		{"type integer size 9 store gpc0_rate(5s),gpc0", "type integer size 9 store gpc0_rate(6s),gpc0", "4000000000", "gpc0_rate=5 gpc0=2", "key=4000000000 use=0 exp=0 shard=0 gpc0=2 gpc0_rate(6000)=0\n"},
		{"type string size 9 store http_req_rate(1m)", "type string len 3 size 9 store http_req_rate(1m),gpc1", "abcdef", "http_req_rate=44", "key=abc use=0 exp=0 shard=0 http_req_rate(60000)=44 gpc1=0\n"},
		{"type ip size 9", "type ip size 9 store gpt0", "192.0.2.1", "", "key=192.0.2.1 use=0 exp=0 shard=0 gpt0=0\n"},
	} {
		from, to := table(t, "t", c.from), table(t, "t", c.to)
		e := entry(t, from, c.key, c.data, now)
		d := defineTable(1, "t", &from.Config)
		def, ok := readDefinition(d.append(nil))
		if !ok {
			t.Fatal(c.from)
		}
		var sent sentStrings
		var heard heardStrings
		if _, ok := readUpdate(appendUpdate(nil, from, e, &sent, 1, false, true, now), updateTimed, def, target{table: to}, &heard, 0, now); !ok {
			t.Errorf("%s was not read", c.from)
		}
		if d := cmp.Diff(c.want, rows(to, now)); d != "" {
			t.Errorf("%s → %s: %s", c.from, c.to, d)
		}
	}
}

func TestWriteTo(t *testing.T) {
	t.Parallel()
	const now = 5_000_000
	line := "type ip size 9 store gpt0,gpc0,server_id,server_key"
	from, to, also := table(t, "a", line), table(t, "b", line), table(t, "c", line)
	e := entry(t, from, "192.0.2.1", "gpt0=3 gpc0=4 server_id=5", now)
	e.SetServer(5, "s5")
	d := defineTable(1, "a", &from.Config)
	var sent sentStrings
	var heard heardStrings
	readUpdate(appendUpdate(nil, from, e, &sent, 1, false, false, now), update, &d, target{table: to, also: also}, &heard, 0, now)
	if d := cmp.Diff("key=192.0.2.1 use=0 exp=0 shard=0 server_id=5 gpt0=3 gpc0=0 server_key=s5\n", rows(also, now)); d != "" {
		t.Error(d)
	}
}

func TestStringsByNumber(t *testing.T) {
	t.Parallel()
	var sent sentStrings
	var heard heardStrings
	for i := range 1000 {
		text := "server" + string(rune('a'+i%26)) + string(rune('a'+i/7%23))
		b := sent.append(nil, text)
		s := scanner{b: b}
		if got := heard.read(&s); got != text || s.bad || len(s.b) > 0 {
			t.Fatalf("%d: %q read as %q", i, text, got)
		}
	}
	if got := sent.append(nil, ""); string(got) != "\x00" {
		t.Errorf("%q", got)
	}
	var empty heardStrings
	for _, bad := range []string{"\x01\x05", "\x01\x00", "\x03\x81\x01a", "\x04\x01\x09s1", "\x03\x01\x00x", "\x02\xf0\x00", "\x05\x01"} {
		if s := (scanner{b: []byte(bad)}); empty.read(&s) != "" || !s.bad {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestHello(t *testing.T) {
	t.Parallel()
	h := hello{to: "B", from: "A", pid: 42}
	if got := string(h.append(nil)); got != "HAProxyS 2.1\nB\nA 42 1\n" {
		t.Errorf("%q", got)
	}
	for text, want := range map[string]Status{
		"HAProxyS 2.1\nB\nA 42 1\n": Succeeded, "HAProxyS 2.0\nB\nA 1 0\n": Succeeded, "HAProxyS 3.0\nB\nA 1 1\n": BadVersion,
		"HAProxyS\nB\nA 1 1\n": BadProtocol, "GET / HTTP/1.1\nHost: a\n\n": BadProtocol, "HAProxyS 2.1\nB\nA\n": BadProtocol, "HAProxyS 2\nB\nA 1 1\n": BadVersion,
	} {
		if _, s, err := readHello(bufio.NewReader(strings.NewReader(text))); s != want || err != nil {
			t.Errorf("%q: %d %v, want %d", text, s, err, want)
		}
	}
	for _, text := range []string{"", "HAProxyS 2.1\nB\n", strings.Repeat("x", 10000)} {
		if _, _, err := readHello(bufio.NewReader(strings.NewReader(text))); err == nil {
			t.Errorf("%.20q: no error", text)
		}
	}
}

func TestFrames(t *testing.T) {
	t.Parallel()
	in := "\x00\x04" + "\x0a\x84\x05\x02\x00\x00\x00\x01" + "\x0a\x80\xf0\x00" + strings.Repeat("x", 240)
	r := bufio.NewReader(strings.NewReader(in))
	var got []string
	var buf []byte
	for {
		f, b, err := readFrame(r, buf)
		if buf = b; err != nil {
			break
		}
		got = append(got, string(append([]byte{f.class, f.typ, byte(len(f.data))}, f.data[:min(2, len(f.data))]...)))
	}
	if d := cmp.Diff([]string{"\x00\x04\x00", "\x0a\x84\x05\x02\x00", "\x0a\x80\xf0xx"}, got); d != "" {
		t.Error(d)
	}
	for _, bad := range []string{"\x0a", "\x0a\x80", "\x0a\x80\x05abc", "\x0a\x80\xff\xff\xff\xff\x7f", "\x0a\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"} {
		if _, _, err := readFrame(bufio.NewReader(strings.NewReader(bad)), nil); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
	if got := appendAck(nil, 2, 1); string(got) != "\x0a\x84\x05\x02\x00\x00\x00\x01" {
		t.Errorf("%q", got)
	}
}

// FuzzUpdates gives definitions and updates of any bytes: they are refused, or
// taken into the table without harm.
func FuzzUpdates(f *testing.F) {
	f.Add([]byte(saidT1), []byte("\x00\x00\x00\x01\n\x00\x00\x01\x07\x05\xf0\x17\t\x00\xfc\x03\x02\xf0\x17\x04\x00\x01"), byte(update))
	f.Add([]byte(saidT2), []byte("\x00\x00\x00\x01\x05hello\x03\x04\x01\x02s1\x00M\x00\xf0\xaf\x91\x00\x00\xf4\x00\x00\x00\x00\x00\x00"), byte(update))
	f.Add([]byte(saidSt), []byte("\x00\x00\x10\x00\x02u3\x01\x01\x01"), byte(updateTimedNext))
	f.Fuzz(func(t *testing.T, def, data []byte, typ byte) {
		const now = 1_000_000
		d, ok := readDefinition(def)
		if !ok {
			return
		}
		if again, ok := readDefinition(d.append(nil)); !ok || again.Name != d.Name || again.Data&(1<<stick.NumData-1) != d.Data&(1<<stick.NumData-1) {
			t.Errorf("%+v read again is %+v", d, again)
		}
		var heard heardStrings
		for _, line := range []string{lineT1, lineT2, lineSt, "type integer size 5 store gpc(9)", "type binary size 5 store glitch_rate(1s)"} {
			tab := table(t, "t", line)
			readUpdate(data, typ, d, target{table: tab}, &heard, 0, now)
			_ = rows(tab, now)
		}
	})
}

// FuzzFrames reads any bytes as messages.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("\x00\x04\x0a\x84\x05\x02\x00\x00\x00\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bufio.NewReader(bytes.NewReader(b))
		var buf []byte
		for {
			frame, grown, err := readFrame(r, buf)
			if err != nil {
				return
			}
			if buf = grown; len(frame.data) > maxMessage {
				t.Fatalf("%d bytes", len(frame.data))
			}
		}
	})
}
