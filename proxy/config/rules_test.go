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
