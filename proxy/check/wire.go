package check

import (
	"bytes"
	"context"
	"encoding/binary"
	"strconv"
	"strings"
	"time"
)

// sendBytes is a rule that sends what make returns.
func sendBytes(make func() []byte) rule {
	return rule{send: true, run: func(_ context.Context, p *Probe, _ *rule) *Result {
		if _, err := p.conn.Write(make()); err != nil {
			return sendError(err)
		}
		return nil
	}}
}

// custom is an expect rule with a decision of its own.
func custom(okStatus string, f func(p *Probe, last bool) (answer, *Result)) rule {
	e := newExpect("custom")
	e.okStatus, e.custom = okStatus, f
	return rule{run: runExpect, expect: e}
}

// orElse gives the rule the result of a connection that ends without data.
func (r rule) orElse(blank Result) rule {
	r.blank = &blank
	return r
}

func badAnswer(status, desc string) *Result { return &Result{Status: status, Desc: desc} }

// redisRules send PING and want +PONG.
func redisRules() []rule {
	return []rule{
		sendBytes(func() []byte { return []byte("*1\r\n$4\r\nPING\r\n") }),
		custom("L7OK", func(p *Probe, last bool) (answer, *Result) {
			if bytes.HasPrefix(p.buf, []byte("+PONG\r\n")) {
				p.desc = "Redis server is ok"
				return yes, nil
			}
			if !last && len(p.buf) < 7 {
				return more, nil
			}
			if !last && !bytes.Contains(p.buf, []byte("\r\n")) {
				return more, nil
			}
			return no, &Result{Status: "L7STS", HasCode: true, Desc: firstLine(p.buf)}
		}).orElse(Result{Status: "L7STS", HasCode: true}),
	}
}

// firstLine returns printable text up to the end of the line.
func firstLine(b []byte) string {
	if i := bytes.IndexAny(b, "\r\n"); i >= 0 {
		b = b[:i]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, string(b))
}

// smtpRules read the greeting, say hello, and say goodbye (RFC 5321).
func smtpRules(hello string) []rule {
	return []rule{
		custom("L7OK", smtpReply).orElse(Result{Status: "L7RSP"}),
		sendBytes(func() []byte { return []byte(hello + "\r\n") }),
		custom("L7OK", smtpReply).orElse(Result{Status: "L7STS", HasCode: true}),
		sendBytes(func() []byte { return []byte("QUIT\r\n") }),
		custom("L7OK", smtpReply).orElse(Result{Status: "L7STS", HasCode: true}),
	}
}

// smtpReply reads one reply, of as many lines as it has.
func smtpReply(p *Probe, last bool) (answer, *Result) {
	for {
		i := bytes.IndexByte(p.buf, '\n')
		if i < 0 {
			if !last {
				return more, nil
			}
			i = len(p.buf) - 1
		}
		text := firstLine(p.buf)
		if len(text) < 3 || strings.Trim(text[:3], "0123456789") != "" {
			return no, badAnswer("L7RSP", text)
		}
		p.code, _ = strconv.Atoi(text[:3])
		p.desc = strings.TrimLeft(text[3:], " -")
		if p.code/100 != 2 {
			return no, &Result{Status: "L7STS", Code: p.code, HasCode: true, Desc: p.desc}
		}
		p.buf = p.buf[i+1:]
		if len(text) == 3 || text[3] != '-' || len(p.buf) == 0 && last {
			return yes, nil
		}
	}
}

// mysqlRules read the server's handshake; with a user they log in and leave.
func mysqlRules(user, dialect string) []rule {
	if user == "" {
		return []rule{custom("L7OK", mysqlGreeting)}
	}
	return []rule{
		sendBytes(func() []byte { return mysqlLogin(user, dialect) }),
		custom("L7OK", mysqlGreeting),
		custom("L7OK", mysqlDone).orElse(Result{Status: "L7RSP"}),
	}
}

// mysqlLogin is a client authentication packet without password, and a QUIT
// packet behind it.
func mysqlLogin(user, dialect string) []byte {
	var b []byte
	switch dialect {
	case "pre-41":
		b = append(b, 0x00, 0x80, 0, 0, 1) // long password, no maximum packet size
		b = append(append(b, user...), 0, 0)
	default:
		flags := uint32(0x8200)
		if dialect == "post-80" {
			flags |= 0x80000
		}
		b = binary.LittleEndian.AppendUint32(b, flags)
		b = append(b, 0x00, 0x80, 0x00, 0x01, 0x21) // maximum packet 16 MB + 32 kB, utf8
		b = append(b, make([]byte, 23)...)
		b = append(append(b, user...), 0, 0)
		if dialect == "post-80" {
			b = append(append(b, "mysql_native_password"...), 0)
		}
	}
	n := len(b)
	out := append([]byte{byte(n), byte(n >> 8), byte(n >> 16), 1}, b...)
	return append(out, 1, 0, 0, 0, 1)
}

// mysqlPacket returns the first packet; nil while it is incomplete.
func mysqlPacket(buf []byte) (payload []byte, seq byte, ok bool) {
	if len(buf) < 4 {
		return nil, 0, false
	}
	n := int(buf[0]) | int(buf[1])<<8 | int(buf[2])<<16
	if len(buf) < 4+n {
		return nil, 0, false
	}
	return buf[4 : 4+n], buf[3], true
}

// mysqlError reads an error packet.
func mysqlError(payload []byte) *Result {
	if len(payload) < 3 {
		return badAnswer("L7RSP", "")
	}
	text := payload[3:]
	if len(text) > 6 && text[0] == '#' {
		text = text[6:]
	}
	return &Result{Status: "L7STS", Code: int(binary.LittleEndian.Uint16(payload[1:])), HasCode: true, Desc: firstLine(text)}
}

func mysqlGreeting(p *Probe, last bool) (answer, *Result) {
	payload, seq, a, fault := mysqlRead(p, last)
	if a != yes {
		return a, fault
	}
	if seq != 0 || len(payload) < 2 {
		return no, badAnswer("L7RSP", "")
	}
	p.desc = ""
	if i := bytes.IndexByte(payload[1:], 0); i >= 0 {
		p.desc = firstLine(payload[1 : 1+i])
	}
	p.buf = p.buf[4+len(payload):]
	return yes, nil
}

// mysqlDone reads the answer to the login.
func mysqlDone(p *Probe, last bool) (answer, *Result) {
	_, _, a, fault := mysqlRead(p, last)
	return a, fault
}

// mysqlRead reads a packet that reports no error.
func mysqlRead(p *Probe, last bool) (payload []byte, seq byte, a answer, fault *Result) {
	payload, seq, ok := mysqlPacket(p.buf)
	switch {
	case !ok && !last:
		return nil, 0, more, nil
	case !ok:
		return nil, 0, no, badAnswer("L7RSP", "")
	case len(payload) > 0 && payload[0] == 0xff:
		return nil, 0, no, mysqlError(payload)
	}
	return payload, seq, yes, nil
}

// pgsqlRules send a StartupMessage and want an authentication request.
func pgsqlRules(user string) []rule {
	return []rule{
		sendBytes(func() []byte {
			b := []byte{0, 0, 0, 0, 0, 3, 0, 0}
			b = append(append(append(b, "user\x00"...), user...), 0, 0)
			binary.BigEndian.PutUint32(b, uint32(len(b)))
			return b
		}),
		custom("L7OK", func(p *Probe, last bool) (answer, *Result) {
			if len(p.buf) < 9 && !last {
				return more, nil
			}
			switch {
			case len(p.buf) > 8 && p.buf[0] == 'R':
				p.desc = "PostgreSQL server is ok"
				return yes, nil
			case len(p.buf) > 8 && p.buf[0] == 'E':
				text := p.buf[6:]
				if i := bytes.IndexByte(text, 0); i >= 0 {
					text = text[:i]
				}
				return no, badAnswer("L7RSP", firstLine(text))
			}
			return no, &Result{Status: "L7STS", HasCode: true, Desc: "PostgreSQL unknown error"}
		}),
	}
}

// ldapRules make an anonymous bind and want success (RFC 4511 4.2).
func ldapRules() []rule {
	return []rule{
		sendBytes(func() []byte { return []byte{0x30, 0x0c, 2, 1, 1, 0x60, 7, 2, 1, 3, 4, 0, 0x80, 0} }),
		custom("L7OK", func(p *Probe, last bool) (answer, *Result) {
			b := p.buf
			if len(b) < 14 && !last {
				return more, nil
			}
			if len(b) < 14 || b[0] != 0x30 {
				return no, badAnswer("L7RSP", "Not LDAPv3 protocol")
			}
			skip := 2
			if b[1]&0x80 != 0 { // long form of the length
				skip += int(b[1] & 0x7f)
			}
			if len(b) < skip+7 || !bytes.Equal(b[skip:skip+4], []byte{2, 1, 1, 0x61}) {
				return no, badAnswer("L7RSP", "Not LDAPv3 protocol")
			}
			i := skip + 4
			if b[i]&0x80 != 0 {
				i += int(b[i] & 0x7f)
			}
			i++
			if len(b) < i+3 && !last {
				return more, nil
			}
			if len(b) < i+3 || b[i] != 0x0a || b[i+1] != 1 {
				return no, badAnswer("L7RSP", "Not LDAPv3 protocol")
			}
			if code := b[i+2]; code != 0 {
				return no, &Result{Status: "L7STS", Code: int(code), HasCode: true, Desc: "See RFC: http://tools.ietf.org/html/rfc4511#section-4.1.9"}
			}
			p.desc = "Success"
			return yes, nil
		}),
	}
}

// sslHelloRules send an SSLv3 hello and want any handshake or alert record.
func sslHelloRules() []rule {
	answered := custom("L6OK", func(p *Probe, last bool) (answer, *Result) {
		if len(p.buf) < 5 && !last {
			return more, nil
		}
		if p.buf[0] == 0x15 || p.buf[0] == 0x16 {
			return yes, nil
		}
		return no, badAnswer("L6RSP", "")
	})
	answered.expect.errStatus = "L6RSP"
	return []rule{sendBytes(sslHello), answered}
}

// sslHello is a client hello of SSLv3 (RFC 6101 5.6.1.2) that offers the
// suites of its time.
func sslHello() []byte {
	var suites []byte
	for n := byte(1); n <= 0x1b; n++ {
		suites = append(suites, 0, n)
	}
	for n := byte(0x2f); n <= 0x3a; n++ {
		suites = append(suites, 0, n)
	}
	body := []byte{3, 0}
	body = binary.BigEndian.AppendUint32(body, uint32(time.Now().Unix()))
	body = append(body, "HAPROXYSSLCHK\nHAPROXYSSLCHK\n"...)
	body = append(body, 0) // no session to resume
	body = binary.BigEndian.AppendUint16(body, uint16(len(suites)))
	body = append(append(body, suites...), 1, 0)
	n := len(body)
	hello := append([]byte{1, byte(n >> 16), byte(n >> 8), byte(n)}, body...)
	return append([]byte{0x16, 3, 0, byte(len(hello) >> 8), byte(len(hello))}, hello...)
}

// spopRules send a HELLO frame for a health check and want the agent's.
func spopRules() []rule {
	kv := func(b []byte, name string, value ...byte) []byte {
		return append(append(append(b, byte(len(name))), name...), value...)
	}
	return []rule{
		sendBytes(func() []byte {
			b := []byte{1, 0, 0, 0, 1, 0, 0} // HAPROXY-HELLO, FIN, stream 0, frame 0
			b = append(kv(b, "supported-versions", 8, 3), "2.0"...)
			b = kv(b, "max-frame-size", 3, 0xfc, 0xf0, 0x06)
			b = kv(b, "capabilities", 8, 0)
			b = kv(b, "healthcheck", 0x11)
			return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...)
		}),
		custom("L7OK", func(p *Probe, last bool) (answer, *Result) {
			if len(p.buf) < 4 && !last {
				return more, nil
			}
			n := 0
			if len(p.buf) >= 4 {
				n = int(binary.BigEndian.Uint32(p.buf))
			}
			if !last && n < maxResponse && len(p.buf) < 4+n {
				return more, nil
			}
			if n < 7 || n >= maxResponse || len(p.buf) < 4+n || p.buf[8]&1 == 0 { // no fragments
				return no, badAnswer("L7RSP", "invalid frame received")
			}
			return spopAnswer(p, p.buf[4:4+n])
		}),
	}
}

// spopAnswer reads an AGENT-HELLO or an AGENT-DISCONNECT frame (SPOE 3.2).
func spopAnswer(p *Probe, frame []byte) (answer, *Result) {
	switch frame[0] {
	case 101:
		v := spopValue(frame[7:], "version")
		if !strings.HasPrefix(strings.TrimSpace(v), "2.") {
			return no, badAnswer("L7RSP", "unsupported version")
		}
		p.desc = "SPOA server is ok"
		return yes, nil
	case 102:
		text := spopValue(frame[7:], "message")
		return no, badAnswer("L7RSP", text)
	}
	return no, badAnswer("L7RSP", "invalid frame received")
}

// spopValue finds a string among the key-value pairs of a frame.
func spopValue(b []byte, name string) string {
	i := bytes.Index(b, append([]byte{byte(len(name))}, name...))
	if i < 0 {
		return ""
	}
	rest := b[i+1+len(name):]
	if len(rest) < 2 || rest[0]&0x0f != 8 || int(rest[1]) > len(rest)-2 {
		return ""
	}
	return string(rest[2 : 2+int(rest[1])])
}
