package engine

import (
	"bytes"
	"regexp"
	"strings"
	"time"

	"tandem/proxy/logs"
	"tandem/proxy/server"
	"tandem/proxy/tx"
)

// States of the persistence cookie in logs (configuration manual 8.5).
const (
	cookieNone    = 'N'
	cookieInvalid = 'I'
	cookieDown    = 'D'
	cookieValid   = 'V'
	cookieExpired = 'E'
	cookieOld     = 'O'
	cookieUnused  = 'U'
)

// cookieValue is the value that stands for a server.
func cookieValue(s *server.Server) string {
	return s.Cookie()
}

// requestCookie looks for the persistence cookie, chooses its server, and
// removes what the server must not see.
func (c *conn) requestCookie() {
	t, ck := &c.t, c.be.p.Cookie
	t.CookieIn = cookieNone
	for _, cond := range c.be.p.ForcePersist {
		t.Settings.ForcePersist = t.Settings.ForcePersist || cond.Eval(t) == passResult
	}
	for _, cond := range c.be.p.IgnorePersist {
		t.Settings.IgnorePersist = t.Settings.IgnorePersist || cond.Eval(t) == passResult
	}
	if t.Settings.IgnorePersist {
		t.CookieIn = cookieUnused
	}
	for i := range t.Req.Fields {
		f := &t.Req.Fields[i]
		if f.ID != tx.HdrCookie {
			continue
		}
		start, end, vs, ok := cookieSpan(f.Value, ck.Name)
		if !ok {
			continue
		}
		value := f.Value[vs:end]
		switch {
		case ck.Prefix:
			cut := bytes.IndexByte(value, '~')
			if cut < 0 {
				continue
			}
			c.cookieFound(value[:cut])
			out := append(t.Scratch.Alloc(len(f.Value))[:0], f.Value[:vs]...)
			f.Value = append(out, f.Value[vs+cut+1:]...)
		default:
			c.cookieFound(value)
			if ck.Indirect {
				f.Value = withoutCookie(f.Value, start, end)
				if len(f.Value) == 0 {
					t.Req.Fields = append(t.Req.Fields[:i], t.Req.Fields[i+1:]...)
				}
			}
		}
		return
	}
}

// cookieSpan finds "name=value" in a Cookie field: where it starts, where its
// value starts, where it ends.
func cookieSpan(v []byte, name string) (start, end, value int, ok bool) {
	for i := 0; i < len(v); {
		for i < len(v) && (v[i] == ' ' || v[i] == '\t' || v[i] == ';') {
			i++
		}
		j := i
		for j < len(v) && v[j] != ';' {
			j++
		}
		e := j
		for e > i && (v[e-1] == ' ' || v[e-1] == '\t') {
			e--
		}
		if k := bytes.IndexByte(v[i:e], '='); k >= 0 && string(bytes.TrimRight(v[i:i+k], " \t")) == name {
			s := i + k + 1
			for s < e && (v[s] == ' ' || v[s] == '\t') {
				s++
			}
			return i, e, s, true
		}
		i = j
	}
	return 0, 0, 0, false
}

// withoutCookie removes one cookie with its separator, in place.
func withoutCookie(v []byte, start, end int) []byte {
	if end < len(v) { // take the ";" behind it and the blanks
		e := end
		for e < len(v) && (v[e] == ';' || v[e] == ' ' || v[e] == '\t') {
			e++
		}
		return append(v[:start], v[e:]...)
	}
	v = v[:start]
	return bytes.TrimRight(v, "; \t")
}

// cookieFound judges a cookie's value and chooses the server it names.
func (c *conn) cookieFound(v []byte) {
	t, ck := &c.t, c.be.p.Cookie
	if t.Settings.IgnorePersist {
		t.CookieIn = cookieUnused
		return
	}
	if ck.MaxIdle > 0 || ck.MaxLife > 0 {
		parts := bytes.SplitN(v, []byte{'|'}, 3)
		v = parts[0]
		if ck.MaxIdle > 0 && len(parts) > 1 && tooOld(parts[1], ck.MaxIdle, t.Now) {
			t.CookieIn = cookieExpired
			return
		}
		if ck.MaxLife > 0 && len(parts) > 2 && tooOld(parts[2], ck.MaxLife, t.Now) {
			t.CookieIn = cookieOld
			return
		}
		c.cookieDate = append(c.cookieDate[:0], bytes.Join(parts[1:], []byte{'|'})...)
	}
	if len(v) == 0 {
		return
	}
	t.CookieIn = cookieInvalid
	for _, x := range c.be.b.Servers() {
		if string(v) != cookieValue(x) {
			continue
		}
		if c.usable(x) || c.be.persist || t.Settings.ForcePersist {
			t.CookieIn = cookieValid
			c.cookieServer = x
			return
		}
		t.CookieIn = cookieDown
	}
}

// tooOld reads a date as the original writes it: 30 bits of seconds in base64.
func tooOld(b []byte, limit time.Duration, now time.Time) bool {
	sec, ok := decodeDate(b)
	if !ok {
		return true
	}
	age := now.Unix()&0x3fffffff - sec
	return age > int64(limit/time.Second) || age < -86400
}

const dateDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

func decodeDate(b []byte) (int64, bool) {
	if len(b) < 5 {
		return 0, false
	}
	var n int64
	for _, x := range b[:5] {
		i := bytes.IndexByte([]byte(dateDigits), x)
		if i < 0 {
			return 0, false
		}
		n = n<<6 | int64(i)
	}
	return n, true
}

func appendDate(dst []byte, now time.Time) []byte {
	n := now.Unix() & 0x3fffffff
	for s := 24; s >= 0; s -= 6 {
		dst = append(dst, dateDigits[n>>s&63])
	}
	return dst
}

// responseCookie handles the server's own cookie (rewrite, prefix, passive)
// and inserts ours.
func (c *conn) responseCookie() {
	t, ck := &c.t, c.be.p.Cookie
	t.CookieOut = cookieNone
	own := cookieValue(c.srv.s)
	found := false
	n := 0
	for i := range t.Res.Fields {
		f := t.Res.Fields[i]
		keep := true
		if f.ID == tx.HdrSetCookie {
			if _, end, vs, ok := cookieSpan(firstPart(f.Value), ck.Name); ok {
				found = true
				keep = c.serverCookie(&f, vs, end, own)
			}
		}
		if keep {
			t.Res.Fields[n] = f
			n++
		}
	}
	t.Res.Fields = t.Res.Fields[:n]
	if !ck.Insert || own == "" || t.Settings.IgnorePersist || ck.PostOnly && string(t.Req.Method) != "POST" {
		return
	}
	if found && ck.Preserve {
		return
	}
	if t.CookieIn == cookieValid && c.cookieServer == c.srv.s && ck.MaxIdle == 0 && ck.MaxLife == 0 {
		return // the client has it already
	}
	if t.CookieIn == cookieValid && c.cookieServer == c.srv.s && ck.MaxIdle == 0 {
		return
	}
	t.CookieOut = 'I'
	if t.CookieIn == cookieValid {
		t.CookieOut = 'U'
	}
	t.Res.Append(nameSetCookie, c.insertCookie(own))
	if ck.NoCache && cacheable(t) {
		t.Res.AddString("cache-control", "private")
	}
}

var nameSetCookie = []byte("set-cookie")

func firstPart(v []byte) []byte {
	if i := bytes.IndexByte(v, ';'); i >= 0 {
		return v[:i]
	}
	return v
}

// serverCookie treats the persistence cookie as the server set it; false: the
// field goes.
func (c *conn) serverCookie(f *tx.Field, vs, end int, own string) bool {
	t, ck := &c.t, c.be.p.Cookie
	switch {
	case ck.Insert && ck.Preserve:
		t.CookieOut = 'P'
	case ck.Insert && ck.Indirect:
		t.CookieOut = 'D'
		return false
	case ck.Rewrite && own != "":
		out := append(t.Scratch.Alloc(len(f.Value) + len(own))[:0], f.Value[:vs]...)
		f.Value = append(append(out, own...), f.Value[end:]...)
		t.CookieOut = 'R'
	case ck.Prefix && own != "":
		out := append(t.Scratch.Alloc(len(f.Value) + len(own) + 1)[:0], f.Value[:vs]...)
		out = append(append(out, own...), '~')
		f.Value = append(out, f.Value[vs:]...)
		t.CookieOut = 'R'
	default:
		t.CookieOut = 'P'
	}
	return true
}

// insertCookie builds the value of our Set-Cookie field.
func (c *conn) insertCookie(own string) []byte {
	ck := c.be.p.Cookie
	v := append(c.t.Scratch.Alloc(256 + len(own) + len(ck.Name))[:0], ck.Name...)
	v = append(append(v, '='), own...)
	if ck.MaxIdle > 0 || ck.MaxLife > 0 {
		v = append(v, '|')
		v = appendDate(v, c.t.Now)
		if ck.MaxLife > 0 {
			v = append(v, '|')
			if i := bytes.IndexByte(c.cookieDate, '|'); i >= 0 && c.t.CookieIn == cookieValid {
				v = append(v, c.cookieDate[i+1:]...)
			} else {
				v = appendDate(v, c.t.Now)
			}
		}
	}
	v = append(v, "; path=/"...)
	for i, d := range ck.Domain {
		if i == 0 {
			v = append(v, "; domain="...)
		}
		v = append(v, d...)
	}
	if ck.HTTPOnly {
		v = append(v, "; HttpOnly"...)
	}
	if ck.Secure {
		v = append(v, "; Secure"...)
	}
	for _, a := range ck.Attrs {
		v = append(append(v, "; "...), a...)
	}
	return v
}

// zeroAge finds max-age=0 and s-maxage=0.
var zeroAge = regexp.MustCompile(`max-?age=0*(?:[^0-9]|$)`)

// leaksCookie says whether a response would let shared caches keep a cookie
// ("option checkcache").
func leaksCookie(t *tx.Tx) bool {
	return t.Res.GetID(tx.HdrSetCookie) != nil && (string(t.Req.Method) == "GET" || string(t.Req.Method) == "HEAD") && storable(t)
}

// blockCookie answers in place of a response that would do so.
func (c *conn) blockCookie() {
	if log := c.e.deps.Log; log != nil {
		log(c.be.p, logs.Alert, logs.Message{Line: []byte("Blocking cacheable cookie in response from instance " + c.be.name + ", server " + c.srv.s.Name + ".")})
	}
	c.denyResponse(502)
}

// cacheable says whether a shared cache would keep the response (RFC 9111 3):
// only then must "cookie … nocache" tell it not to.
func cacheable(t *tx.Tx) bool {
	return string(t.Req.Method) == "GET" && storable(t)
}

// storable is cacheable whatever the method.
func storable(t *tx.Tx) bool {
	switch t.Res.Status {
	case 200, 203, 204, 206, 300, 301, 404, 405, 410, 414, 501:
	default:
		return false
	}
	known := false
	for i := range t.Res.Fields {
		switch f := &t.Res.Fields[i]; string(f.Name) {
		case "etag", "last-modified", "expires":
			known = true
		case "pragma":
			if strings.Contains(string(bytes.ToLower(f.Value)), "no-cache") {
				return false
			}
		case "cache-control":
			v := string(bytes.ToLower(f.Value))
			if strings.Contains(v, "no-store") || strings.Contains(v, "no-cache") || strings.Contains(v, "private") || zeroAge.MatchString(v) {
				return false
			}
			known = known || strings.Contains(v, "max-age=") || strings.Contains(v, "s-maxage=")
		}
	}
	return known
}
