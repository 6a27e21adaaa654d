package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tandem/parser/diag"
	"tandem/parser/source"
)

// warnings compiles a configuration and returns what is said of its lines, as
// "line: text".
func warnings(t *testing.T, text string) []string {
	t.Helper()
	diags := &diag.List{}
	Compile([]*source.File{source.New("t.cfg", []byte(text))}, Options{}, NewDeps(), diags)
	var out []string
	for _, d := range diags.All {
		if d.Span.IsZero() {
			out = append(out, d.Text)
			continue
		}
		line, _, _ := strings.Cut(strings.Split(text, "\n")[d.Span.Line()-1], "#")
		out = append(out, strings.TrimSpace(line)+": "+d.Text)
	}
	return out
}

// TestUnreachedRules holds which rules are said to be of no use: those behind
// a final one of the same section.
func TestUnreachedRules(t *testing.T) {
	t.Parallel()
	const timeouts = "\tmode http\n\ttimeout connect 1s\n\ttimeout client 1s\n\ttimeout server 1s\n"
	got := warnings(t, "defaults d\n"+timeouts+`
	http-request allow
	http-response allow
	http-after-response allow
frontend f from d
	bind 127.0.0.1:1
	http-request deny # the defaults' rule is no reason to warn
	http-request set-var(txn.x) path
	http-response deny
	http-after-response set-status 200
defaults e
`+timeouts+`
frontend g from e
	bind 127.0.0.1:1
	http-request redirect location %[path,lower] ignore-empty
	http-request redirect location /a
	http-request deny deny_status 403
`)
	const noop = ": previous 'http-request' action is final and has no condition attached, further entries are NOOP."
	want := []string{"http-request set-var(txn.x) path" + noop, "http-request deny deny_status 403" + noop}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestRuleHeirs holds which sections may take over the rules of a defaults
// section.
func TestRuleHeirs(t *testing.T) {
	t.Parallel()
	const timeouts = "\tmode tcp\n\ttimeout connect 1s\n\ttimeout client 1s\n\ttimeout server 1s\n"
	const fe, be = "frontend f from d\n\tbind 127.0.0.1:1\n", "backend b from d\n"
	for _, c := range []struct{ rule, heirs, want string }{
		{"tcp-request content accept", be, ""},
		{"tcp-request content accept", fe, ""},
		{"tcp-request connection accept", fe, ""},
		{"tcp-response content accept", be, ""},
		{"timeout queue 1s", fe + be + "listen l from d\n\tbind 127.0.0.1:1\n", ""},
		{"tcp-request content accept", fe + be, "frontends and backends cannot inherit from the same defaults section if it defines TCP/HTTP rules (defaults section at t.cfg:1)."},
		{"tcp-request connection accept", be, "a backend section cannot inherit from a defaults section defining 'tcp-request connection' or 'tcp-request session' rules (defaults section at t.cfg:1)."},
		{"tcp-request session accept", be, "a backend section cannot inherit from a defaults section defining 'tcp-request connection' or 'tcp-request session' rules (defaults section at t.cfg:1)."},
		{"tcp-response content accept", fe, "a frontend section cannot inherit from a defaults section defining 'tcp-response content' rules (defaults section at t.cfg:1)."},
		{"tcp-request content accept", "listen l from d\n\tbind 127.0.0.1:1\n", "a listen section cannot inherit from a defaults section defining TCP/HTTP rules."},
		{"tcp-request content accept", "defaults e from d\n", "a defaults section cannot inherit from a defaults section defining TCP/HTTP rules (defaults section at t.cfg:1)."},
	} {
		got := ""
		for _, w := range warnings(t, "defaults d\n"+timeouts+"\t"+c.rule+"\n"+c.heirs) {
			if _, text, ok := strings.Cut(w, ": "); ok && strings.Contains(text, "inherit") {
				got = text
			}
		}
		if got != c.want {
			t.Errorf("%s, %q: %q, want %q", c.rule, c.heirs, got, c.want)
		}
	}
}
