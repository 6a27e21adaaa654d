package vrrp_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// lineCount is the number of lines of a file.
func lineCount(path string) int {
	b, _ := os.ReadFile(path)
	return strings.Count(string(b), "\n")
}

// TestPairScriptCounts counts the runs of a script until its failures, and its
// successes, count.
func TestPairScriptCounts(t *testing.T) {
	needs(t, "/usr/bin/sh")
	eachPairing(t, func(t *testing.T, l *lab, p pairing) {
		ok, runs := filepath.Join(l.dir, "ok"), filepath.Join(l.dir, "runs")
		write(t, ok, "", 0o600)
		script := fmt.Sprintf("global_defs {\n script_user root\n}\nvrrp_script chk {\n script \"/usr/bin/sh -c 'test -e %s; r=$?; echo >> %s; exit $r'\"\n interval 0.4\n timeout 3\n fall 3\n rise 2\n}\n", ok, runs)
		a, _ := l.pair(p, script+conf(3, "0.3", 150, "track_script {\n chk\n }", vip), conf(3, "0.3", 100, "", vip))
		before := lineCount(runs)
		if err := os.Remove(ok); err != nil {
			t.Fatal(err)
		}
		l.until("the fault", 10*time.Second, func() bool { return a.said("Entering FAULT STATE") })
		if n := lineCount(runs) - before; n < 3 || n > 5 {
			t.Errorf("a fault after %d runs, want 3", n)
		}
		l.until("takeover", 8*time.Second, func() bool { return l.has("b", vip) && !l.has("a", vip) })
		entered := a.count("Entering BACKUP STATE")
		before = lineCount(runs)
		write(t, ok, "", 0o600)
		l.until("the end of the fault", 10*time.Second, func() bool { return a.count("Entering BACKUP STATE") > entered })
		if n := lineCount(runs) - before; n < 2 || n > 4 {
			t.Errorf("well again after %d runs, want 2", n)
		}
		l.until("return", 8*time.Second, func() bool { return l.has("a", vip) && !l.has("b", vip) })
	})
}

// TestPairScriptTimeout has a script hang and ignore SIGTERM: it has failed,
// and is killed.
func TestPairScriptTimeout(t *testing.T) {
	needs(t, "/usr/bin/sh")
	eachPairing(t, func(t *testing.T, l *lab, p pairing) {
		// It hangs as long as its own file exists, so that one which an older
		// release does not kill ends with the test.
		stuck, said := filepath.Join(l.dir, "stuck"), filepath.Join(l.dir, "said")
		write(t, filepath.Join(l.dir, "hang"), fmt.Sprintf("if test -e %[1]s; then trap 'echo term >> %[2]s' TERM; echo $$ > %[2]s.pid; while test -e %[3]s; do /usr/bin/sleep 0.1; done; fi\n", stuck, said, filepath.Join(l.dir, "hang")), 0o755)
		script := fmt.Sprintf("global_defs {\n script_user root\n}\nvrrp_script chk {\n script \"/usr/bin/sh %s/hang\"\n interval 1\n timeout 1\n}\n", l.dir)
		a, _ := l.pair(p, script+conf(3, "0.3", 150, "track_script {\n chk\n }", vip), conf(3, "0.3", 100, "", vip))
		write(t, stuck, "", 0o600)
		l.until("the time-out", 10*time.Second, func() bool { return a.said("VRRP_Script(chk) timed_out") })
		l.until("takeover", 8*time.Second, func() bool { return l.has("b", vip) && !l.has("a", vip) })
		l.until("SIGTERM", 4*time.Second, func() bool { return lineCount(said) > 0 })
		var pid int
		b, _ := os.ReadFile(said + ".pid")
		if _, err := fmt.Sscan(string(b), &pid); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(stuck); err != nil {
			t.Fatal(err)
		}
		if p.a && !recent() {
			return // those go on waiting
		}
		l.until("SIGKILL", 8*time.Second, func() bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) })
		l.until("return", 12*time.Second, func() bool { return l.has("a", vip) && !l.has("b", vip) })
	})
}

// TestPairTrackFile writes values into a file that moves a master's priority.
func TestPairTrackFile(t *testing.T) {
	eachPairing(t, func(t *testing.T, l *lab, p pairing) {
		value := filepath.Join(l.dir, "value")
		file := fmt.Sprintf("track_file f {\n file %s\n weight 1\n init_file 7 overwrite\n}\n", value)
		l.pair(p, file+conf(3, "0.2", 150, "track_file {\n f\n }", vip), conf(3, "0.2", 100, "", vip))
		if b, err := os.ReadFile(value); err != nil || strings.TrimSpace(string(b)) != "7" {
			t.Errorf("init_file made %q, %v", b, err)
		}
		last := func(prio int) func() bool {
			return func() bool {
				s := l.adverts(time.Time{})
				return s[len(s)-1].src == addrA && s[len(s)-1].prio == prio
			}
		}
		l.until("the first value", 4*time.Second, last(157))
		for _, step := range []struct {
			text string
			prio int
		}{{"50", 200}, {"253\n", 254}, {"-40", 110}, {"junk", 150}, {"0x10", 166}, {"", 150}, {"9999", 254}, {"0", 150}} {
			write(t, value, step.text, 0o600)
			l.until(fmt.Sprintf("priority %d with %q", step.prio, step.text), 6*time.Second, last(step.prio))
		}
		mark := time.Now()
		write(t, value, "-254", 0o600)
		l.until("takeover", 8*time.Second, func() bool { return l.ruled(mark, addrB, 2) && !l.has("a", vip) })
		mark = time.Now()
		write(t, value, "0", 0o600)
		l.until("return", 8*time.Second, func() bool { return l.ruled(mark, addrA, 2) && l.has("a", vip) })
		mark = time.Now()
		write(t, value, "-60", 0o600)
		l.until("takeover", 8*time.Second, func() bool { return l.ruled(mark, addrB, 2) && !l.has("a", vip) })
	})
}

// TestSameScripts has both programs run scripts with every kind of quoting, as
// other users, and compares what the scripts were given.
func TestSameScripts(t *testing.T) {
	t.Parallel()
	needs(t, "/usr/bin/sh", "/usr/bin/id")
	if reference() == "" {
		t.Skip("keepalived is not installed")
	}
	run := func(ref bool) []string {
		l := newLab(t)
		// Other users must get at it.
		for _, d := range []string{l.dir, filepath.Dir(l.dir)} {
			if err := os.Chmod(d, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		out := filepath.Join(l.dir, "out")
		if err := os.Mkdir(out, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(out, 0o777); err != nil {
			t.Fatal(err)
		}
		script := filepath.Join(l.dir, "args")
		write(t, script, "#!/usr/bin/sh\n{ printf '%s:' \"$(/usr/bin/id -u)\" \"$(/usr/bin/id -g)\" \"$(/usr/bin/id -G)\" \"${IFS+ifs}\"; printf '<%s>' \"$0\" \"$@\"; echo; } >> "+out+"/$1.$$\n", 0o755)
		escapes := ""
		if recent() { // older ones read them otherwise
			escapes = ` fi\ ve six\x41seven \"quoted\" a\tb \\`
		}
		text := "global_defs {\n script_user root\n}\n" + conf(3, "0.2", 150, strings.Join([]string{
			`notify_master "` + script + ` master 'two  words'` + escapes + ` '' end"`,
			`notify_backup "` + script + ` backup 'it''s' $HOME *" nobody nogroup`,
			`notify "` + script + ` any" nobody`,
			`notify_stop ` + script,
			`notify_fault "` + script + ` fault"`,
			`notify_master_rx_lower_pri "` + script + ` lower"`,
			`notify_priority_changes true`,
		}, "\n"), vip)
		p := l.start("a", ref, text)
		count := func(n int) func() bool {
			return func() bool { e, _ := os.ReadDir(out); return len(e) >= n }
		}
		l.until("backup and master", 10*time.Second, func() bool { return l.has("a", vip) && count(4)() })
		mark := l.forge(stranger(3, 200*time.Millisecond, 50, vip))
		l.until("the answer", 5*time.Second, func() bool { return len(l.from(mark, addrA)) > 0 && count(5)() })
		p.stop()
		var got []string
		e, _ := os.ReadDir(out)
		for _, f := range e {
			b, _ := os.ReadFile(filepath.Join(out, f.Name()))
			got = append(got, strings.ReplaceAll(string(b), l.dir, "DIR"))
		}
		slices.Sort(got)
		return got
	}
	c, o := run(true), run(false)
	if d := cmp.Diff(c, o); d != "" || len(o) < 7 {
		t.Errorf("%d scripts (-original +ours):\n%s", len(o), d)
	}
}
