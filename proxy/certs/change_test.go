package certs

import (
	"crypto/tls"
	"slices"
	"strings"
	"testing"
)

// TestChange holds that a certificate can be replaced while it is used: in two
// steps, and only by one that is whole.
func TestChange(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pemA, keyA := makePEM(t, "a.test", "a.test")
	pemB, keyB := makePEM(t, "b.test", "b.test")
	path := file(t, dir, "a.pem", pemA, keyA)
	list := file(t, dir, "l.list", []byte("# first\n\n"+path+" [alpn h2] x.test !y.x.test *.x.test\n"), nil)
	s := NewStore(&Files{})
	one, two := s.Bind("f", "t.cfg:1", false), s.Bind("f", "t.cfg:2", true)
	if _, err := s.Add(one, path, false); err != nil {
		t.Fatal(err)
	}
	if err := s.AddList(two, list, dir); err != nil {
		t.Fatal(err)
	}
	shown := func(b *Bind, name string) string {
		c, err := b.Pick(&tls.ClientHelloInfo{ServerName: name})
		if err != nil {
			return "none"
		}
		return c.Leaf.Subject.CommonName
	}
	names := func(b *Bind) (out []string) {
		for _, r := range b.Rows() {
			out = append(out, strings.TrimSpace(r.SNI+" "+strings.Join(r.Not, " ")))
		}
		return out
	}
	expect := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	refused := func(err error, part string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v, want %q", err, part)
		}
	}
	both := func(a, b []byte) []byte { return append(append([]byte(nil), a...), b...) }

	_, _, err := s.Set("nope", both(pemB, keyB))
	refused(err, "not referenced")
	_, err = s.Commit(path)
	refused(err, "No ongoing transaction")
	_, created, err := s.Set(path, pemB)
	if err != nil || !created {
		t.Fatalf("%v %v", created, err)
	}
	expect("before", shown(one, "q"), "a.test")
	_, err = s.Commit(path)
	refused(err, "inconsistencies")
	if name, created, err := s.Set(path+".key", keyB); err != nil || created || name != path {
		t.Fatalf("%v %v %v", name, created, err)
	}
	refused(s.New(path), "already exists")
	if err := s.New("n.pem"); err != nil {
		t.Fatal(err)
	}
	_, _, err = s.Set("n.pem", both(pemB, keyB))
	refused(err, "ongoing transaction is about")
	if n, err := s.Commit(path); err != nil || n != 2 {
		t.Errorf("%d instances, %v", n, err)
	}
	expect("after", shown(one, "q"), "b.test")
	expect("after, of a list", shown(two, "x.test"), "b.test")
	expect("excluded", shown(two, "y.x.test"), "none")
	expect("names", strings.Join(names(one), ","), "b.test,*")
	expect("names of the list", strings.Join(names(two), ","), "x.test,*,*.x.test !y.x.test")

	refused(s.Delete(path), "in use")
	if _, _, err := s.Set("n.pem", both(pemA, keyA)); err != nil {
		t.Fatal(err)
	}
	if err := s.Abort("n.pem"); err != nil {
		t.Error(err)
	}
	_, _, err = s.ListAdd(list, "n.pem")
	refused(err, "is empty")
	if _, _, err := s.Set("n.pem", both(pemA, keyA)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Commit("n.pem"); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"n.pem", "n.pem [alpn http/1.1] q.test"} {
		if _, n, err := s.ListAdd(list, line); err != nil || n != 1 {
			t.Fatalf("%q: %d %v", line, n, err)
		}
	}
	expect("added", shown(two, "q.test"), "a.test")
	_, err = s.ListDelete(list, "n.pem")
	refused(err, "(4, 5)")
	for _, name := range []string{"n.pem:5", "n.pem"} {
		if _, err := s.ListDelete(list, name); err != nil {
			t.Error(err)
		}
	}
	expect("deleted", shown(two, "q.test"), "none")
	if err := s.Delete("n.pem"); err != nil {
		t.Error(err)
	}
	entries, pending := s.Entries()
	if len(entries) != 1 || pending != "" || !slices.Equal(names(one), []string{"b.test", "*"}) {
		t.Errorf("%v %q", entries, pending)
	}
}
