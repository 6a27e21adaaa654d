package peers

import (
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// stranger says bytes to a member of a club and returns all it hears.
func (c *club) stranger(s *Section, say string, stay time.Duration) string {
	here, there := net.Pipe()
	go s.Accept(there)
	heard := make(chan string)
	go func() {
		b, _ := io.ReadAll(here)
		heard <- string(b)
	}()
	_, _ = here.Write([]byte(say))
	if stay > 0 {
		time.Sleep(stay)
		_ = here.Close()
	}
	return <-heard
}

// said is the message that defines a table "t".
func said(t *testing.T, id uint64, line string) string {
	t.Helper()
	d := defineTable(id, "t", &table(t, "t", line).Config)
	return string(appendFrame(nil, define, d.append(nil)))
}

const greeting = "HAProxyS 2.1\nA\nB 1 1\n"

// Bad input (users.md 6) closes the connection, and is counted where a peer
// that is known sent it.
func TestBadInput(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what, say string
		heard     string
		errors    uint64
	}{
		{"another protocol", "GET / HTTP/1.1\nHost: a\n\n", "501\n", 0},
		{"another version", "HAProxyS 1.0\nA\nB 1 1\n", "502\n", 0},
		{"another local name", "HAProxyS 2.1\nC\nB 1 1\n", "503\n", 1},
		{"nobody that is known", "HAProxyS 2.1\nA\nC 1 1\n", "504\n", 0},
		{"an endless line", "HAProxyS 2.1" + strings.Repeat(" ", 1000), "", 0},
		{"a message too long", greeting + "\x0a\x80\xff\xff\xff\x7f", "200\n\x00\x00\x01\x01", 1},
		{"a length without end", greeting + "\x0a\x80" + strings.Repeat("\xff", 20), "200\n\x00\x00\x01\x01", 1},
		{"a table without name", greeting + "\x0a\x82\x02\x01\x00", "200\n\x00\x00\x01\x00", 1},
		{"an update cut short", greeting + "\x0a\x82\x07\x01\x01t\x06\x20\x04\x00" + "\x0a\x80\x06\x00\x00\x00\x01\x09x", "200\n\x00\x00\x01\x00", 1},
		{"an unknown string", greeting + said(t, 1, "type string size 1k store server_key") + "\x0a\x80\x08\x00\x00\x00\x01\x01x\x01\x05", "200\n\x00\x00\x01\x00", 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			club := newClub(t)
			a := club.join("A", line, "A", "B")
			a.Start(false)
			heard := club.stranger(a, c.say, 0)
			if strings.HasSuffix(c.heard, "\x01\x00") || strings.HasSuffix(c.heard, "\x01\x01") { // the request for all may not have come first
				heard = strings.Replace(heard, "\x00\x00", "", 1)
				c.heard = strings.Replace(c.heard, "\x00\x00", "", 1)
			}
			want(t, c.what, c.heard, heard)
			synctest.Wait()
			a.mu.Lock()
			if got := a.byName("B").protoErrors; got != c.errors {
				t.Errorf("%s: %d errors, want %d", c.what, got, c.errors)
			}
			a.mu.Unlock()
			if n := len(a.Tables[0].Table.Entries(nowMS())); n != 0 {
				t.Errorf("%s: %d entries", c.what, n)
			}
			a.Stop()
		})
	}
}

// TestLaterMessages: what a later release may say does no harm.
func TestLaterMessages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClub(t)
		a := c.join("A", line, "A", "B")
		a.Start(false)
		heard := c.stranger(a, greeting+"\x07\x00\x09\x80\x02ab\x00\x09\x00\x03\x0a\x83\x01\x07\x0a\x80\x05\x00\x00\x00\x01x\x0a\x90\x00"+
			"\x0a\x82\x0a\x01\x01u\x06\x20\x04\x00\x1b\x05\x05"+"\x0a\x80\x07\x00\x00\x00\x01\x01x\x07"+
			said(t, 2, line)+"\x0a\x80\x0b\x00\x00\x00\x01\x01x\x07\x08\x00\x00\x00", 2*time.Second)
		want(t, "heard", "200\n\x00\x00\x0a\x84\x05\x02\x00\x00\x00\x01", heard)
		want(t, "rows", "key=x use=0 exp=3598000 shard=0 gpt0=7 gpc0=8 conn_rate(60000)=0", a.rows())
		a.Stop()
	})
}
