package lua

import "testing"

// BenchmarkState measures what a state costs, that is a machine's first file.
func BenchmarkState(b *testing.B) {
	for b.Loop() {
		New().newState(0)
	}
}

// BenchmarkConverter measures the call of a short function.
func BenchmarkConverter(b *testing.B) {
	m := New()
	st := m.newState(0)
	m.states = append(m.states, st)
	fn, err := st.compile(`return ("x"):rep(3) .. "y"`, "b")
	if err != nil {
		b.Fatal(err)
	}
	e := &entry{name: "b", kind: kindConv}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := st.call(&run{st: st, entry: e, kind: kindConv}, fn, 1); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLoop measures a million turns of a loop under the limits.
func BenchmarkLoop(b *testing.B) {
	m := New()
	st := m.newState(0)
	m.states = append(m.states, st)
	fn, err := st.compile(`local n = 0 for i = 1, 1000000 do n = n + i % 7 end return n`, "b")
	if err != nil {
		b.Fatal(err)
	}
	e := &entry{name: "b", kind: kindConv}
	for b.Loop() {
		if _, err := st.call(&run{st: st, entry: e, kind: kindTask, mayYield: true}, fn, 1); err != nil {
			b.Fatal(err)
		}
	}
}
