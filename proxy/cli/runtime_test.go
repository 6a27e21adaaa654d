package cli

import (
	"regexp"
	"testing"
)

// TestRuntimeCommands holds the layout of what the process says of itself.
func TestRuntimeCommands(t *testing.T) {
	t.Parallel()
	env := oracleEnv(t)
	if got := ask(t, env, Admin, "set anon on 1234; debug dev hash foo; show anon; set anon off; debug dev hash foo\n"); got != "\ne311e9\n\nAnonymized mode enabled\nKey : 1234\n\n\nfoo\n\n" {
		t.Errorf("hash: %q", got)
	}
	if got := ask(t, env, Admin, "set anon on 1234; show servers conn\n"); !regexp.MustCompile(`(?m)^[0-9a-f]{6}/[0-9a-f]{6} \d+/\d+ `).MatchString(got) {
		t.Errorf("names are not hidden: %q", got)
	}
	for command, want := range map[string]string{
		"show libs":                    `^0x[0-9a-f]{12}-0x[0-9a-f]{11}f \(0x[0-9a-f]{7,}\) /\S+\n`,
		"show pools":                   `^Dumping pools usage\. Use SIGQUIT to flush them\.\n(  - Pool size-\d+ \(\d+ bytes/8\) : \d+ allocated \(\d+ bytes\), \d+ used \(~0 by thread caches\), needed_avg \d+, 0 failures, 1 users\n)+Total: \d+ pools, \d+ bytes allocated, \d+ used \(~0 by thread caches\)\.\n\n$`,
		"show pools bysize 2":          `^Dumping pools usage \(limited to the first 2 entries\)\. .*\n  - Pool size-\d{5} .*\n  - Pool .*\nTotal: \d\d pools`,
		"show pools match size-16 1":   `^.*\n  - Pool size-16 .*\nTotal: \d pools`,
		"show pools byname match none": `^.*\nTotal: 0 pools`,
		"show ssl providers":           "^Loaded providers : \n\t- default\n\n$",
		"show tasks":                   `^Running tasks: \d+ \(\d+ threads\)\n  function +places +% +lat_tot +lat_avg +calls_tot +calls_avg calls%\n(  \S+ +\d+ +\d+\.\d .*\n)+\n$`,
	} {
		if got := ask(t, env, Admin, command+"\n"); !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("%s: %.300q", command, got)
		}
	}
}
