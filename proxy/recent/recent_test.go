package recent

import (
	"strings"
	"testing"
)

type thing struct {
	name string
	at   Node[thing]
}

func TestList(t *testing.T) {
	t.Parallel()
	var l, other List[thing]
	m := map[string]*thing{}
	for _, n := range strings.Fields("a b c d") {
		m[n] = &thing{name: n}
		m[n].at.Of = m[n]
	}
	touch := func(n string) func() { return func() { l.Touch(&m[n].at) } }
	for _, k := range []struct {
		do   func()
		want string
	}{
		{func() {}, ""},
		{touch("a"), "a"},
		{touch("a"), "a"},
		{func() { touch("b")(); touch("c")() }, "abc"},
		{touch("a"), "bca"},
		{touch("a"), "bca"},
		{func() { l.PutBehind(nil, &m["d"].at) }, "dbca"},
		{func() { l.PutBehind(&m["b"].at, &m["d"].at) }, "bdca"},
		{func() { l.PutBehind(&m["d"].at, &m["d"].at) }, "bdca"},
		{func() { other.Touch(&m["c"].at) }, "bda"},
		{func() { m["a"].at.Leave(); m["a"].at.Leave() }, "bd"},
		{func() { m["b"].at.Leave(); m["d"].at.Leave() }, ""},
	} {
		k.do()
		there, back := "", ""
		for n := l.First(); n != nil; n = n.Next() {
			there += n.Of.name
		}
		for n := l.Last(); n != nil; n = n.Prev() {
			back = n.Of.name + back
		}
		if there != k.want || back != k.want {
			t.Errorf("%q forwards, %q backwards, want %q", there, back, k.want)
		}
	}
	if other.First() != &m["c"].at || other.Last() != other.First() {
		t.Error("the other list does not hold what was moved to it")
	}
}
