package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/server"
)

// The ring section (configuration manual 12.5).

var ringWords = keyword.NewTable("ring keyword", []*keyword.Def[Setting[Block]]{
	line(keyword.Ring, "size", 0, "Size in bytes.", ringSize),
	line(keyword.Ring, "maxlen", 0, "Longest message.", func(e *keyword.Env, w []expr.Word) error {
		if laxInt(first(w)) == 0 {
			return e.Errorf(-1, "invalid size '%s' for new sink buffer.", first(w))
		}
		return nil
	}),
	line(keyword.Ring, "format", 0, "Header of messages.", func(e *keyword.Env, w []expr.Word) error {
		if indexOf(logFormats, first(w)) < 0 {
			return e.Errorf(-1, "unknown format '%s'.", first(w))
		}
		return nil
	}),
	line(keyword.Ring, "description", 0, "Description of the ring.", least(1, "missing ring description text.")),
	serverLineOf(keyword.Ring, "server", "Where messages are sent on to.", blockServer),
	line(keyword.Ring, "timeout", 0, "Timing of the servers.", ringTimeout),
	line(keyword.Ring, "backing-file", keyword.NotActed, "File that keeps the ring.", func(e *keyword.Env, w []expr.Word) error {
		_, err := os.Stat(filepath.Dir(first(w)))
		if first(w) == "" || err != nil && notFound(err) {
			return e.Errorf(-1, "cannot open backing-file '%s' for ring '%s': No such file or directory.", first(w), e.Owner)
		}
		return nil
	}),
})

// RingSection is what a ring section says.
type RingSection struct {
	Name, Description, Format string
	Size, MaxLen              int // bytes; MaxLen 0: as the log lines say
	Connect, Server           time.Duration
	Servers                   []*server.Line
}

// checkRing puts together what the lines say.
func checkRing(c *compiler, b *Block) {
	r := &RingSection{Name: b.Name, Description: b.Name, Size: ringDefault}
	b.Ring = r
	for i, l := range b.Lines {
		switch {
		case b.Servers[i] != nil:
			s := b.Servers[i]
			r.Servers = append(r.Servers, s)
			c.checkLogServer(s.Params, b.Spans[i], diag.Place)
			l := &ServerLine{Name: s.Name, Params: s.Params, Addr: s.Addr, Span: b.Spans[i]}
			c.ending = append(c.ending, func() { c.checkServerTLS(&Proxy{Name: b.Name}, l) })
		case len(l) < 2:
		case l[0] == "size":
			n, _ := expr.ParseSize(l[1])
			r.Size = int(n)
		case l[0] == "maxlen":
			r.MaxLen = int(laxInt(l[1]))
		case l[0] == "format":
			r.Format = l[1]
		case l[0] == "description":
			r.Description = strings.Join(l[1:], " ")
		case l[0] == "timeout" && len(l) > 2:
			d, _ := expr.ParseTime(l[2], time.Millisecond)
			if l[1] == "connect" {
				r.Connect = d
			} else if l[1] == "server" {
				r.Server = d
			}
		}
	}
	if most := r.payload(); r.MaxLen > max(most, 0) {
		c.atEnd(diag.Warning, diag.BadValue, b, fmt.Sprintf("config : ring '%s' event max length '%d' exceeds max payload size, forced to '%d'.", b.Name, r.MaxLen, most))
		r.MaxLen = most
	}
}

// ringHead is what the original takes of a ring's size for itself, bytes.
const ringHead = 193

// Room returns how many bytes of a ring its messages may take.
func (r *RingSection) Room() int { return max(r.Size-ringHead, 64) }

// payload returns the length of the longest message that fits: it goes with a
// byte of bookkeeping and its length, in one to four bytes.
func (r *RingSection) payload() int {
	n := r.Size - ringHead - 1
	for i, most := range []int{240, 2288, 264432} {
		if n-i-1 < most {
			return n - i - 1
		}
	}
	return n - 4
}

// ringDefault is the size of a ring that names none, bytes.
const ringDefault = 16384

var logFormats = []string{"local", "rfc3164", "rfc5424", "priority", "short", "timed", "iso", "raw"}

func ringSize(e *keyword.Env, w []expr.Word) error {
	if n, err := expr.ParseSize(first(w)); err != nil || n == 0 {
		return e.Errorf(-1, "invalid size '%s' for new sink buffer.", first(w))
	}
	return nil
}

// ringTimeout reads "timeout {connect|server} <time>"; other words the
// original drops.
func ringTimeout(e *keyword.Env, w []expr.Word) error {
	k := first(w)
	switch {
	case k != "connect" && k != "server":
		e.Warnf("no-effect", -1, "'timeout %s' means nothing in a ring and is ignored.", k).Ours = true
		return nil
	case len(w) < 2:
		return e.Errorf(-1, "'timeout %s' expects <time> as argument.", k)
	}
	return tightly(timeAt(1, "timeout "+k))(e, w)
}

// blockServer has the server room read a "server" line of a section that is
// no proxy.
func blockServer(e *keyword.Env, w []expr.Word) (*server.Line, error) {
	l, err := server.ParseServer(e, e.Words, &server.Params{})
	if at, ok := err.(*keyword.Error); ok && len(w) < 2 {
		at.Place = true
	}
	if err != nil {
		return nil, err
	}
	return &l, nil
}
