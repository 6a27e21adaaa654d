package logs

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tandem/stats"
)

// capture is a logger whose targets keep their messages: one for each format,
// "none" for a log line that names none.
type capture struct {
	Logger
	readers []*RingReader
}

func newCapture(formats ...string) *capture {
	c := &capture{}
	for _, f := range formats {
		r := NewRing(f, 1<<20)
		t := Target{Format: f, Auto: f == "none", Facility: 19, Max: Debug, Len: 1024}
		c.targets, c.outputs, c.counts = append(c.targets, t), append(c.outputs, &Output{ring: r}), append(c.counts, new(atomic.Uint64))
		c.readers = append(c.readers, r.Attach())
	}
	return c
}

// taken returns what a target got since it was last asked.
func (c *capture) taken(i int) []string {
	var out []string
	for {
		b, ok := c.readers[i].Next(nil)
		if !ok {
			return out
		}
		out = append(out, string(b))
	}
}

// TestForwardMessages puts the messages of testdata/haproxy/logforward, with
// the answers of 3.5, through each format.
func TestForwardMessages(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../testdata/haproxy/logforward/messages.txt")
	if err != nil {
		t.Fatal(err)
	}
	formats := []string{"none", "rfc3164", "rfc5424", "local", "priority", "short", "timed", "iso", "raw"}
	c := newCapture(formats...)
	now := time.Date(2031, 12, 24, 1, 2, 3, 456789000, time.UTC)
	dates := strings.NewReplacer(now.Format(isoTime), "ISO", now.Format(time.Stamp), "DATE", now.Format("2006-"), "YEAR-")
	f := &Forward{Logs: &c.Logger}
	var want, got strings.Builder
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		word, arg, _ := strings.Cut(line, " ")
		switch word {
		case "#":
			continue
		case "option":
			f.Host, f.Whole = "fill", arg == "dont-parse-log"
			if h, ok := strings.CutPrefix(arg, "host "); ok {
				f.Host = h
			}
		}
		fmt.Fprintln(&want, line)
		if word != "option" && word != "in" {
			continue
		}
		fmt.Fprintln(&got, line)
		if word == "option" {
			continue
		}
		m, err := strconv.Unquote(arg)
		if err != nil {
			t.Fatal(err)
		}
		f.Take([]byte(m), netip.MustParseAddr("127.0.0.1"), now)
		var texts []string
		by := map[string][]string{}
		for i, name := range formats {
			s := dates.Replace(strings.Join(c.taken(i), "|"))
			if by[s] == nil {
				texts = append(texts, s)
			}
			by[s] = append(by[s], name)
		}
		for _, s := range texts {
			fmt.Fprintf(&got, "%s %s\n", strings.Join(by[s], ","), strconv.Quote(s))
		}
	}
	if diff := cmp.Diff(want.String(), got.String()); diff != "" {
		t.Error(diff)
	}
}

// TestForwardFrames sends messages over a connection: what 3.5 takes of them,
// and whether it hangs up.
func TestForwardFrames(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("z", 5000)
	for _, x := range []struct {
		in     string // pieces, separated by '~'
		want   []string
		bad    bool
		byLine bool
	}{
		{in: "<13>a\n", want: []string{"a"}},
		{in: "<13>a\n<14>b\n", want: []string{"a", "b"}},
		{in: "<13>a~b\n", want: []string{"ab"}},
		{in: "<13>a"},
		{in: "6 <13>ab", want: []string{"ab"}},
		{in: "6 <13>ab6 <13>cd", want: []string{"ab", "cd"}},
		{in: "6 <13~>ab", want: []string{"ab"}},
		{in: "6~ <13>ab", want: []string{"ab"}},
		{in: "6 <13>ab<13>x\n", want: []string{"ab", "x"}},
		{in: "6 <13>ab\n<13>x\n", want: []string{"ab"}, bad: true},
		{in: "hello\n<13>x\n", bad: true},
		{in: "0 x", bad: true},
		{in: "05 <13>a", bad: true},
		{in: "-5 <13>x", bad: true},
		{in: "5<13>a\n", bad: true}, // 3.5 waits for a space for ever
		{in: "7 <13>ab\n", want: []string{"ab"}},
		{in: "99999999999 x", bad: true},
		{in: "5000 " + long[:5000], bad: true},
		{in: "<13>" + long + "\n<13>x\n", bad: true},
		{in: "\n<13>x\n", bad: true},
		{in: "<13>a\r\n", want: []string{"a"}},
		{in: "<13>a\x00\n", want: []string{"a"}},
		{in: "<13>\n<13>x\n", want: []string{"x"}},
		{in: "3 abc", want: []string{"abc"}},
		{in: "<13>a\n\n\n<13>b\n", want: []string{"a"}, bad: true},
		{in: "6 <13>ab\n", want: []string{"6 <13>ab"}, byLine: true},
		{in: "hello\nx\n", want: []string{"hello", "x"}, byLine: true},
	} {
		c := newCapture("raw")
		var received stats.Counter
		f := &Forward{Logs: &c.Logger, ByLine: x.byLine, MaxFrame: 4096, Received: &received}
		here, there := net.Pipe()
		done := make(chan struct{})
		go func() {
			f.Stream(there, netip.Addr{})
			there.Close()
			close(done)
		}()
		for _, p := range strings.Split(x.in, "~") {
			if _, err := here.Write([]byte(p)); err != nil {
				break // it hung up
			}
		}
		here.Close()
		<-done
		if diff := cmp.Diff(x.want, c.taken(0)); diff != "" {
			t.Errorf("%.40q (-want +got):\n%s", x.in, diff)
		}
		if bad := f.Bad.Load() > 0; bad != x.bad {
			t.Errorf("%.40q: bad framing %v, want %v", x.in, bad, x.bad)
		}
	}
}

// Levels and samples choose among the targets as for our own messages.
func TestForwardTargets(t *testing.T) {
	t.Parallel()
	c := newCapture("priority", "priority", "priority")
	c.targets[0].Max = Err
	c.targets[1].Min = Warning
	c.targets[2].Sample = &Sampling{Ranges: [][2]int{{2, 2}}, Size: 2}
	f := &Forward{Logs: &c.Logger}
	for _, m := range []string{"<11>a", "<12>b", "<14>c", "d"} {
		f.Take([]byte(m), netip.Addr{}, time.Unix(0, 0))
	}
	want := [][]string{{"<11>a", "<152>d"}, {"<12>a", "<12>b", "<14>c", "<156>d"}, {"<12>b", "<152>d"}}
	for i := range want {
		if diff := cmp.Diff(want[i], c.taken(i)); diff != "" {
			t.Errorf("target %d (-want +got):\n%s", i, diff)
		}
	}
}

// Whatever comes, it is passed on in every format, and bytes of the text are
// neither lost nor made up.
func FuzzReadSyslog(f *testing.F) {
	for _, s := range []string{"<13>Oct 11 22:14:15 h su[1]: msg", "<13>1 2003-10-11T22:14:15Z h su 5 - [x a=\"\\]\"] msg", "<", "<13>1 - - - - - [", "Oct 11 22:14:15 h "} {
		f.Add([]byte(s))
	}
	formats := []string{"rfc3164", "rfc5424", "local", "priority", "short", "timed", "iso", "raw"}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, ok := ReadSyslog(b)
		if !ok {
			return
		}
		if !strings.HasSuffix(strings.TrimRight(string(b), "\n\x00"), string(m.Text)) {
			t.Errorf("text %q is not the end of %q", m.Text, b)
		}
		for _, name := range formats {
			if got := m.appendTo(nil, &Target{Format: name}, 13, time.Unix(0, 0)); !strings.HasSuffix(string(got), string(m.Text)) {
				t.Errorf("%s: %q", name, got)
			}
		}
	})
}
