package engine

import (
	"bytes"

	"tandem/proxy/config"
	"tandem/proxy/tx"
)

// captureRequest fills the request's capture slots and the captured cookie.
func (c *conn) captureRequest() {
	c.captureFields(0, c.fe.p.ReqCaptures, &c.t.Req)
	c.captureCookie(&c.t.Req, tx.HdrCookie, &c.t.ReqCookie, false)
}

// serverCaptures is captureResponse for what a server answered, and nobody else.
func (c *conn) serverCaptures() {
	if c.up != nil {
		c.captureResponse()
	}
}

// captureResponse is captureRequest for the response.
func (c *conn) captureResponse() {
	if !c.fe.needCaps {
		return
	}
	c.captureFields(1, c.fe.p.ResCaptures, &c.t.Res)
	c.captureCookie(&c.t.Res, tx.HdrSetCookie, &c.t.ResCookie, true)
}

// captureFields fills the slots of one side that name a header field.
func (c *conn) captureFields(side int, slots []config.Capture, m *tx.Message) {
	for i, cap := range slots {
		if cap.Name != "" {
			c.capture(side, i, cap, m)
		}
	}
}

// captureCookie keeps the value of "capture cookie" from the first or last of
// m's fields that has it.
func (c *conn) captureCookie(m *tx.Message, field tx.HeaderID, to *[]byte, last bool) {
	cc := c.fe.p.CaptureCookie
	if cc == nil {
		return
	}
	for i := range m.Fields {
		if f := &m.Fields[i]; f.ID == field {
			if v := findCookie(f.Value, cc.Name, cc.Prefix); v != nil {
				*to = append((*to)[:0], v[:min(len(v), max(cc.Len, 1), c.rt.cookieLen)]...)
				if !last {
					return
				}
			}
		}
	}
}

// capture copies the last field of that name into a slot.
func (c *conn) capture(side, i int, cap config.Capture, m *tx.Message) {
	for k := len(m.Fields) - 1; k >= 0; k-- {
		if f := &m.Fields[k]; string(f.Name) == cap.Name {
			v := f.Value[:min(len(f.Value), cap.Len)]
			n := len(c.capMem[side])
			c.capMem[side] = append(c.capMem[side], v...)
			c.caps[side][i] = c.capMem[side][n:len(c.capMem[side]):len(c.capMem[side])]
			return
		}
	}
}

// findCookie returns the value of a cookie in a Cookie field's value; prefix
// compares the beginning of the name only and returns "name=value".
func findCookie(v []byte, name string, prefix bool) []byte {
	for len(v) > 0 {
		seg := v
		if i := cookieEnd(v); i < len(v) {
			seg, v = v[:i], v[i+1:]
		} else {
			v = nil
		}
		seg = bytes.TrimSpace(seg)
		if prefix {
			if len(seg) >= len(name) && string(seg[:len(name)]) == name {
				return seg
			}
			continue
		}
		if k, val, ok := bytes.Cut(seg, []byte{'='}); ok && string(bytes.TrimSpace(k)) == name {
			return seg[:len(k)+1+len(val)]
		}
	}
	return nil
}

// cookieEnd returns where a cookie ends: at a semicolon or comma outside
// quotes; a backslash in quotes makes the next byte plain.
func cookieEnd(b []byte) int {
	quoted := false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\\' && quoted:
			i++
		case (c == ';' || c == ',') && !quoted:
			return i
		}
	}
	return len(b)
}

// setCaptures gives the transaction its capture slots.
func (c *conn) setCaptures() {
	for i, n := range [2]int{len(c.fe.p.ReqCaptures), len(c.fe.p.ResCaptures)} {
		for len(c.caps[i]) < n {
			c.caps[i] = append(c.caps[i], nil)
		}
		clear(c.caps[i])
		c.capMem[i] = c.capMem[i][:0]
	}
	c.t.ReqCaps, c.t.ResCaps = c.caps[0][:len(c.fe.p.ReqCaptures)], c.caps[1][:len(c.fe.p.ResCaptures)]
}
