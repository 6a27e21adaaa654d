package stick

import (
	"fmt"
	"testing"
)

// names are the keys of entries.
func names(list []*Entry) string {
	out := ""
	for _, e := range list {
		out += e.Key() + " "
	}
	return out
}

func TestChangesAreNoted(t *testing.T) {
	t.Parallel()
	tab := table(t, "type string size 100 expire 10s store gpc0,conn_cur,server_id,server_key")
	const now = 1000
	old := tab.Entry([]byte("old"), now)
	log := NewChanges()
	tab.Log(log)
	for _, c := range []struct {
		what string
		do   func()
		want string
	}{
		{"made", func() { tab.Entry([]byte("new"), now) }, "new "},
		{"changed twice", func() { old.Add(GPC0, 0, 1, now); old.Add(GPC0, 0, 1, now) }, "old "},
		{"set", func() { old.Set(GPC0, 0, 7, now) }, "old "},
		{"tracked and released", func() { tab.Release(tab.Track([]byte("new"), now), now) }, "new "},
		{"refreshed", func() { tab.Touch([]byte("old"), now) }, "old "},
		{"bound to a server", func() { old.SetServer(1, "s1") }, "old "},
		{"read", func() { tab.Lookup([]byte("old"), now); old.Get(GPC0, 0, now) }, ""},
		{"learned", func() {
			e := tab.Learn([]byte("peer"), 5, now)
			e.LearnCount(GPC0, 0, 5)
			e.LearnServerKey("s2")
		}, ""},
		{"deleted", func() { tab.Delete(old) }, ""},
	} {
		c.do()
		select {
		case <-log.Wake():
		default:
		}
		if got := names(log.Take()); got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
	if !old.Gone() || !old.In(tab) {
		t.Error("a deleted entry is not gone")
	}
	tab.Log(nil)
	tab.Entry([]byte("more"), now)
	if got := names(log.Take()); got != "" {
		t.Errorf("%q was noted", got)
	}
}

func TestLearnedEntriesExpire(t *testing.T) {
	t.Parallel()
	tab := table(t, "type string size 100 expire 10s store gpc0")
	const now = 100_000
	for i := range 5 {
		tab.Entry(fmt.Appendf(nil, "own%d", i), now)
	}
	tab.Learn([]byte("short"), 2000, now)
	tab.Learn([]byte("whole"), -1, now)
	tab.Learn([]byte("longer than the table's"), 99_000, now)
	if got := tab.Used(now + 2001); got != 7 {
		t.Errorf("%d entries after 2 s", got)
	}
	if tab.Lookup([]byte("short"), now+2001) != nil || tab.Lookup([]byte("whole"), now+9999) == nil {
		t.Error("the wrong one is over")
	}
	if got := tab.Used(now + 10_001); got != 0 {
		t.Errorf("%d entries after 10 s", got)
	}
}

// The numbers are those that haproxy 3.5 showed of its entries.
func TestShardNumbers(t *testing.T) {
	t.Parallel()
	tab, _, err := read(t, "stick-table type string size 100 store gpc0")
	if err != nil {
		t.Fatal(err)
	}
	named := NewTable(func() Config { c := tab.Config; c.Name, c.Spread = "pp/t2", 3; return c }())
	for i, want := range []int{3, 1, 3, 1, 1, 2} {
		if got := named.ShardOf(named.Entry(fmt.Appendf(nil, "k%d", i+1), 0)); got != want {
			t.Errorf("k%d: %d, want %d", i+1, got, want)
		}
	}
	if got := tab.ShardOf(tab.Entry([]byte("k1"), 0)); got != 0 {
		t.Errorf("%d without shards", got)
	}
}

func TestDefaultLengths(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]int{"type string size 1": 31, "type string len 20 size 1": 20, "type binary size 1": 32, "type ipv6 size 1": 16} {
		if got := table(t, line).KeyLen; got != want {
			t.Errorf("%s: %d, want %d", line, got, want)
		}
	}
}
