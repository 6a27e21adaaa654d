package cli

import (
	"strconv"
	"time"

	"tandem/parser/expr"
	"tandem/parser/keyword"
)

// sessCommands end streams.
var sessCommands = []*keyword.Def[Command]{
	command("shutdown session", " [id]", Admin, "end one stream.", shutdownSession),
	command("shutdown sessions server", " <bk>/<srv>", Admin, "end the streams of a server.", shutdownServer),
}

const sessUsage = `Usage: show sess [<id> | all | help] [<options>*]
Lists the streams that are served now. What to list:
   <id>         this stream alone (0x...)
   all          all of them, in the long form
   help         this text
   susp         those that look wrong
Options:
   show-uri     add the URI, where it is known
   older <age>  those that are older than <age> seconds
   server <b/s> those on this server
   backend <b>  those in this backend
   frontend <f> those of this frontend
Without any word, all streams are listed in the short form.
`

// sessFilter is what "show sess" was asked for.
type sessFilter struct {
	id                   uint64
	one, all, susp, uri  bool
	older                time.Duration
	front, back, backSrv string
}

// parse reads the words; false: it answered what is wrong with them.
func (f *sessFilter) parse(c *Call) bool {
	for i := 0; i < len(c.Args); i++ {
		switch w := c.Args[i]; w {
		case "help":
			c.printf("%s", sessUsage)
			return false
		case "all":
			f.all = true
		case "susp":
			f.susp = true
		case "show-uri":
			f.uri = true
		case "older":
			if i++; c.arg(i) == "" {
				c.fail("Expects a minimum age (in seconds by default).")
				return false
			}
			d, err := expr.ParseTime(c.arg(i), time.Second)
			if err != nil {
				c.fail("Invalid age '%s'.", c.arg(i))
				return false
			}
			f.older = d
		case "frontend", "backend", "server":
			if i++; w == "server" && c.arg(i) == "" {
				c.fail("Missing server name (<backend>/<server>).")
				return false
			}
			if !f.object(c, w, c.arg(i)) {
				return false
			}
		default:
			id, err := strconv.ParseUint(w, 0, 64)
			if err != nil {
				c.fail("Unsupported option '%s', try 'help' for more info.", w)
				return false
			}
			f.id, f.one = id, true
		}
	}
	return true
}

// object reads the name behind "frontend", "backend" or "server".
func (f *sessFilter) object(c *Call, kind, name string) bool {
	switch kind {
	case "frontend":
		p := c.proxyOf(name, keyword.Frontend)
		if p == nil {
			c.fail("No such frontend.")
			return false
		}
		f.front = p.Name
	case "backend":
		p := c.backendOf(name)
		if p == nil {
			c.fail("No such backend.")
			return false
		}
		f.back = p.Name
	default:
		named := &Call{Env: c.Env, Args: []string{name}, sess: c.sess, out: c.out}
		p, s := named.target()
		if s == nil {
			return false
		}
		f.backSrv = p.Name + "/" + s.Name
	}
	return true
}

// keeps says whether a stream is to be listed.
func (f *sessFilter) keeps(s *Stream, now time.Time) bool {
	switch {
	case f.one && s.ID != f.id, f.susp,
		f.older > 0 && now.Sub(s.Begin) < f.older,
		f.front != "" && (s.Front == nil || s.Front.Name != f.front),
		f.back != "" && (s.Back == nil || s.Back.Name != f.back):
		return false
	}
	return f.backSrv == "" || s.Back != nil && s.Back.Name+"/"+s.Server == f.backSrv
}

// showSess lists the streams. The fields that show the original's internal
// flags are left out: they have no counterpart here.
func showSess(c *Call) {
	var f sessFilter
	if !f.parse(c) {
		return
	}
	now, found := c.now(), false
	c.streams(func(s Stream) {
		if !f.keeps(&s, now) {
			return
		}
		found = true
		if f.all || f.one {
			c.longStream(&s, now)
			return
		}
		fe, be, srv := c.names(&s)
		c.printf("%#x: proto=%s src=%s fe=%s be=%s srv=%s age=%s calls=%d", s.ID, s.Proto, addrPortText(s.Src, s.Unix), fe, be, srv, age(now.Sub(s.Begin)), s.Requests)
		if f.uri && s.URI != "" {
			c.printf(" uri=\"%s\"", s.URI)
		}
		c.printf("\n")
	})
	if f.one && !found {
		c.fail("Session not found.")
	}
}

func (e *Env) streams(f func(Stream)) {
	if e.Streams != nil {
		e.Streams(f)
	}
}

// names are the frontend, backend and server of a stream as dumps print them
// on this connection.
func (c *Call) names(s *Stream) (fe, be, srv string) {
	fe, be, srv = "GLOBAL", "<NONE>", "<none>"
	if s.Front != nil {
		fe = c.sess.hidden(s.Front.Name)
	}
	if s.Back != nil {
		be = c.sess.hidden(s.Back.Name)
	}
	if s.Server != "" {
		srv = c.sess.hidden(s.Server)
	}
	return fe, be, srv
}

func (c *Call) longStream(s *Stream, now time.Time) {
	fe, be, srv := c.names(s)
	c.printf("%#x: [%s] id=%d proto=%s source=%s\n", s.ID, s.Begin.Format("02/Jan/2006:15:04:05.000000"), s.ID, s.Proto, addrPortText(s.Src, s.Unix))
	if s.Front != nil {
		c.printf("  frontend=%s (id=%d mode=%s), listener=%s\n", fe, s.Front.ID, modeOf(s.Front), orWord(s.Listener, "?"))
	}
	if s.Back != nil {
		c.printf("  backend=%s (id=%d mode=%s)\n", be, s.Back.ID, modeOf(s.Back))
	} else {
		c.printf("  backend=%s (id=-1 mode=-)\n", be)
	}
	c.printf("  server=%s\n", orWord(s.Server, srv))
	c.printf("  age=%s requests=%d in=%d out=%d\n", age(now.Sub(s.Begin)), s.Requests, s.BytesIn, s.BytesOut)
	if s.URI != "" {
		c.printf("  uri=\"%s\"\n", s.URI)
	}
}

func orWord(s, def string) string {
	if s == "" {
		return def
	}
	return s
}

// age prints a duration with the two units that matter: "2m13s".
func age(d time.Duration) string {
	s := int(d / time.Second)
	switch {
	case s >= 86400:
		return strconv.Itoa(s/86400) + "d" + strconv.Itoa(s/3600%24) + "h"
	case s >= 3600:
		return strconv.Itoa(s/3600) + "h" + strconv.Itoa(s/60%60) + "m"
	case s >= 60:
		return strconv.Itoa(s/60) + "m" + strconv.Itoa(s%60) + "s"
	}
	return strconv.Itoa(s) + "s"
}

func shutdownSession(c *Call) {
	id, err := strconv.ParseUint(c.arg(0), 0, 64)
	if err != nil {
		c.fail("Session pointer expected (use 'show sess').")
		return
	}
	var kill func()
	found := false
	c.streams(func(s Stream) {
		if s.ID == id {
			found, kill = true, s.Kill
		}
	})
	switch {
	case !found:
		c.fail("No such session (use 'show sess').")
	case kill == nil:
		c.fail("This session cannot be ended.")
	default:
		kill()
	}
}

func shutdownServer(c *Call) {
	if _, s := c.target(); s != nil {
		s.ShutdownSessions('K')
	}
}
