package pattern

import "testing"

func TestLookups(t *testing.T) {
	t.Parallel()
	r := NewRegistry()
	l := r.newList("x", -1)
	l.read("10.0.0.0/8\n127.0.0.1\n", false)
	if _, err := l.set(kind{method: IP}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.set(kind{method: Str, fold: true}); err != nil {
		t.Fatal(err)
	}
	got := l.Lookups("10.1.2.3")
	if len(got) != 2 {
		t.Fatalf("%d uses, want 2", len(got))
	}
	if got[0].Method != IP || !got[0].Tree || got[0].Entry == nil || got[0].Entry.Key != "10.0.0.0/8" {
		t.Errorf("as an address: %+v", got[0])
	}
	if got[1].Method != Str || got[1].Tree || !got[1].Fold || got[1].Entry != nil {
		t.Errorf("as a string: %+v", got[1])
	}
	for _, x := range l.Lookups("bogus") {
		if x.Entry != nil {
			t.Errorf("bogus matches %q", x.Entry.Key)
		}
	}
}
