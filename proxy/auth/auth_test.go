package auth

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tandem/parser/diag"
	"tandem/parser/keyword"
	"tandem/parser/source"
)

// section reads the lines of a userlist "u".
func section(t testing.TB, text string) (*Userlist, *diag.List, []string) {
	t.Helper()
	l, diags := NewUserlist("u"), &diag.List{}
	var errs []string
	for line := range strings.SplitSeq(text, "\n") {
		var words []source.Word
		for _, w := range strings.Fields(line) {
			words = append(words, source.Word{Text: w})
		}
		e := &keyword.Env{Diags: diags, Scope: keyword.Userlist, Words: words}
		def, next := Words.Match(words, 0)
		if def == nil {
			t.Fatalf("unknown line %q", line)
		}
		set, _, err := def.Read(e, words, next)
		if err == nil {
			err = set(l)
		}
		if err != nil {
			errs = append(errs, err.Error())
		}
	}
	for _, err := range l.Resolve() {
		errs = append(errs, err.Error())
	}
	return l, diags, errs
}

func TestCheck(t *testing.T) {
	t.Parallel()
	// The hashes were made by the system's crypt(3).
	l, diags, errs := section(t, strings.Join([]string{
		"user plain insecure-password secret",
		"user md5 password $1$saltsalt$qjXMvbEw8oaL.CzflDtaK/",
		"user sha256 password $5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5",
		"user sha512 password $6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
		"user bcrypt password $2y$04$CCCCCCCCCCCCCCCCCCCCC.4K7lyz.nKATbsiu/RcZjqWyDNnj87qG",
		"user none",
		"user odd password $y$j9T$abc$def",
	}, "\n"))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if len(diags.All) != 1 || !strings.Contains(diags.All[0].Text, "user 'odd'") {
		t.Errorf("%v", diags.All)
	}
	for _, c := range []struct {
		user, password string
		want           bool
	}{
		{"plain", "secret", true}, {"plain", "Secret", false}, {"plain", "", false},
		{"md5", "password", true}, {"md5", "passwor", false},
		{"sha256", "Hello world!", true}, {"sha256", "Hello world", false},
		{"sha512", "Hello world!", true}, {"sha512", "x", false},
		{"bcrypt", "secret", true}, {"bcrypt", "Secret", false},
		{"none", "", false}, {"odd", "x", false}, {"nobody", "x", false},
	} {
		for range 2 { // the second time from the cache
			if got := l.Check([]byte(c.user), []byte(c.password)); got != c.want {
				t.Errorf("%s %q: %v", c.user, c.password, got)
			}
		}
	}
}

func TestGroups(t *testing.T) {
	t.Parallel()
	l, _, errs := section(t, "group g1 users a,b\ngroup g2\nuser a insecure-password x groups g2\nuser b insecure-password y\nuser c insecure-password z")
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	for _, c := range []struct {
		user, group string
		want        bool
	}{{"a", "g1", true}, {"a", "g2", true}, {"b", "g1", true}, {"b", "g2", false}, {"c", "g1", false}, {"a", "nope", false}} {
		if got := l.InGroup([]byte(c.user), c.group); got != c.want {
			t.Errorf("%s in %s: %v", c.user, c.group, got)
		}
	}
}

// TestLines holds the original's words for what it refuses or ignores.
func TestLines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text    string
		errs    []string
		warning string
	}{
		{"group", []string{"'group' expects <name> as arguments."}, ""},
		{"group g foo", []string{"'group' only supports 'users' option."}, ""},
		{"group g users a b", []string{"'group' only supports 'users' option."}, ""},
		{"group g users nope", []string{"userlist 'u': no such user 'nope' specified in group 'g'"}, ""},
		{"group g\ngroup g", nil, "ignoring duplicated group 'g' in userlist 'u'."},
		{"user", []string{"'user' expects <name> as arguments."}, ""},
		{"user a foo b", []string{"'user' only supports 'password', 'insecure-password' and 'groups' options."}, ""},
		{"user a insecure-password b groups nope", []string{"userlist 'u': no such group 'nope' specified in user 'a'"}, ""},
		{"user a insecure-password b\nuser a insecure-password c", nil, "ignoring duplicated user 'a' in userlist 'u'."},
		{"user a password", nil, ""},
	} {
		_, diags, errs := section(t, c.text)
		if d := cmp.Diff(c.errs, errs); d != "" {
			t.Errorf("%s: %s", c.text, d)
		}
		got := ""
		for _, d := range diags.All {
			got += d.Text
		}
		if got != c.warning {
			t.Errorf("%s: warning %q, want %q", c.text, got, c.warning)
		}
	}
}

func TestConcurrentCheck(t *testing.T) {
	t.Parallel()
	l, _, _ := section(t, "user sha256 password $5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if !l.Check([]byte("sha256"), []byte("Hello world!")) || l.Check([]byte("sha256"), []byte("x")) {
				t.Error("wrong answer")
			}
		})
	}
	wg.Wait()
}

// TestTable holds the laws of the table of lines.
func TestTable(t *testing.T) {
	t.Parallel()
	for _, d := range Words.All() {
		if d.Doc == "" || d.Grammar() != nil {
			t.Errorf("%s: %q %v", d.Name, d.Doc, d.Grammar())
		}
	}
}
