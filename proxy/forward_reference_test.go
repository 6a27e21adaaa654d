//go:build reference

package proxy

import (
	"fmt"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// forwardFormats are the formats of testdata/haproxy/logforward, "none" for a
// log line that names none.
var forwardFormats = []string{"none", "rfc3164", "rfc5424", "local", "priority", "short", "timed", "iso", "raw"}

// TestForwardReference sends the messages of testdata/haproxy/logforward
// through the haproxy binary that TANDEM_HAPROXY names; with TANDEM_REWRITE
// set it writes its answers down.
func TestForwardReference(t *testing.T) {
	bin := os.Getenv("TANDEM_HAPROXY")
	if bin == "" {
		t.Skip("TANDEM_HAPROXY names no haproxy")
	}
	const file = "../testdata/haproxy/logforward/messages.txt"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	var f *forwardRig
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		word, arg, _ := strings.Cut(line, " ")
		switch {
		case word == "#" || word == "option" || word == "in":
			fmt.Fprintln(&out, line)
		}
		switch word {
		case "option":
			f = startForward(t, bin, line)
		case "in":
			m, err := strconv.Unquote(arg)
			if err != nil {
				t.Fatal(err)
			}
			f.show(t, &out, m)
		}
	}
	if os.Getenv("TANDEM_REWRITE") != "" {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want(t, "forwarded", string(text), out.String())
}

// forwardRig is a log-forward section with a receiver for each format.
type forwardRig struct {
	to   net.Conn
	from []net.PacketConn
}

func startForward(t *testing.T, bin, option string) *forwardRig {
	pc, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := pc.LocalAddr().String()
	pc.Close()
	if option == "option" {
		option = ""
	}
	cfg := "log-forward lf\n\tdgram-bind " + addr + "\n\t" + option + "\n"
	f := &forwardRig{}
	for _, name := range forwardFormats {
		c, err := net.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		f.from = append(f.from, c)
		if name != "none" {
			name = " format " + name
		} else {
			name = ""
		}
		cfg += "\tlog " + c.LocalAddr().String() + name + " local3\n"
	}
	newStage().startReference(t, bin, cfg)
	if f.to, err = net.Dial("udp4", addr); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.to.Close() })
	for end := time.Now().Add(patience); time.Now().Before(end); { // until it listens
		f.to.Write([]byte("<13>Oct 11 22:14:15 h t: up"))
		f.from[0].SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		if _, _, err := f.from[0].ReadFrom(make([]byte, 1000)); err == nil {
			break
		}
	}
	f.until(t, 8, "sync")
	return f
}

// until reads what the receiver i gets before a mark.
func (f *forwardRig) until(t *testing.T, i int, mark string) string {
	f.to.Write([]byte("<13>Oct 11 22:14:15 h t: " + mark))
	got, b := "", make([]byte, 65536)
	for {
		f.from[i].SetReadDeadline(time.Now().Add(patience))
		n, _, err := f.from[i].ReadFrom(b)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(string(b[:n]), mark+"\n") {
			return got
		}
		if s := string(b[:n]); !strings.HasSuffix(s, "up\n") && !strings.Contains(s, "sync") && !strings.Contains(s, "mark ") {
			got = strings.TrimSuffix(s, "\n")
		}
	}
}

var moments = []struct {
	re *regexp.Regexp
	to string
}{
	{regexp.MustCompile(regexp.QuoteMeta(time.Now().Format("2006-01-02T")) + `[0-9:.]+\+00:00`), "ISO"},
	{regexp.MustCompile(regexp.QuoteMeta(time.Now().Format("Jan _2 ")) + `[0-9:]{8}`), "DATE"},
	{regexp.MustCompile(regexp.QuoteMeta(time.Now().Format("2006-"))), "YEAR-"},
}

func (f *forwardRig) show(t *testing.T, out *strings.Builder, m string) {
	f.to.Write([]byte(m))
	var texts []string
	by := map[string][]string{}
	for i, name := range forwardFormats {
		s := f.until(t, i, fmt.Sprintf("mark %d", i))
		for _, x := range moments {
			s = x.re.ReplaceAllString(s, x.to)
		}
		if by[s] == nil {
			texts = append(texts, s)
		}
		by[s] = append(by[s], name)
	}
	for _, s := range texts {
		fmt.Fprintf(out, "%s %s\n", strings.Join(by[s], ","), strconv.Quote(s))
	}
}
