package cli

import (
	"strings"
	"testing"
)

func TestVariables(t *testing.T) {
	t.Parallel()
	env := oracleEnv(t)
	in := "experimental-mode on;"
	for _, c := range []struct{ set, get string }{
		{"proc.n int(12),add(30)", "proc.n: type=sint value=<42>"},
		{"proc.n expr int(1)", "proc.n: type=sint value=<1>"},
		{`proc.s str(hello\ w)`, "proc.s: type=str value=<hello w>"},
		{`proc.s str(updated\ ),concat(proc.n)`, ""},
		{`proc.f fmt a\ b`, "proc.f: type=str value=<a b>"},
		{"proc.b bool(true)", "proc.b: type=bool value=<1>"},
	} {
		name, _, _ := strings.Cut(c.set, " ")
		got := ask(t, env, Admin, in+"set var "+c.set+"; get var "+name+"\n")
		if c.get != "" && got != "\n\n"+c.get+"\n\n" {
			t.Errorf("%s: %q", c.set, got)
		}
	}
	for _, c := range []struct{ set, want string }{
		{"proc.x", "Expects a variable name and an expression."},
		{"sess.x int(3)", "Only process-wide variables are supported."},
		{"proc.x bogus(3)", "unknown fetch method"},
	} {
		if got := ask(t, env, Admin, in+"set var "+c.set+"\n"); !strings.Contains(got, c.want) {
			t.Errorf("%s: %q", c.set, got)
		}
	}
	if got := ask(t, env, User, "set var proc.x int(1)\n"); !strings.Contains(got, "experimental mode") {
		t.Errorf("without experimental-mode: %q", got)
	}
}
