package source

import "testing"

func TestFile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		data  string
		lines int
	}{{"", 0}, {"a", 1}, {"a\n", 1}, {"a\nb", 2}, {"\n\n", 2}, {"a\r\nb\r\n", 2}} {
		if got := New("f", []byte(c.data)).Lines(); got != c.lines {
			t.Errorf("%q has %d lines, want %d", c.data, got, c.lines)
		}
	}
	f := New("f", []byte("one\n\ntwo"))
	for n, want := range map[int]string{0: "", 1: "one", 2: "", 3: "two", 4: ""} {
		if got := string(f.Line(n)); got != want {
			t.Errorf("line %d is %q, want %q", n, got, want)
		}
	}
	for off, want := range map[int][2]int{0: {1, 1}, 3: {1, 4}, 4: {2, 1}, 5: {3, 1}, 8: {3, 4}} {
		if l, col := f.Position(off); l != want[0] || col != want[1] {
			t.Errorf("offset %d is at %d:%d, want %v", off, l, col, want)
		}
	}
	for n, want := range map[int]int{0: 8, 1: 0, 2: 4, 3: 5, 4: 8} {
		if got := f.LineStart(n); got != want {
			t.Errorf("line %d starts at %d, want %d", n, got, want)
		}
	}
}

func TestSpan(t *testing.T) {
	t.Parallel()
	f, g := New("f", []byte("one two\nthree\n")), New("g", []byte("x"))
	a, b := Span{f, 4, 7}, Span{f, 8, 13}
	if a.Text() != "two" || a.Line() != 1 || a.Col() != 5 || a.String() != "f:1" || b.String() != "f:2" {
		t.Errorf("%q %d %d %s %s", a.Text(), a.Line(), a.Col(), a, b)
	}
	if s := a.To(b); s.Text() != "two\nthree" {
		t.Errorf("joined: %q", s.Text())
	}
	if s := a.To(Span{g, 0, 1}); s != a {
		t.Errorf("joined with another file: %v", s)
	}
	var none Span
	if !none.IsZero() || none.Line() != 0 || none.Col() != 0 || none.Text() != "" || none.String() != "" || none.To(a) != a {
		t.Error("the zero span is somewhere")
	}
}
