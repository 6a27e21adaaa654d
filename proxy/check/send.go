package check

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"tandem/parser/keyword"
	"tandem/proxy/logformat"
)

var httpSendDef = define(httpSide, "send", "Send a request.", 0, func(e *keyword.Env, a *words) (Change, error) {
	c := &cursor{words: a, what: "http-check send"}
	var h httpSend
	remark, err := readSend(e, c, &h)
	if err != nil {
		return nil, err
	}
	return func(s *Setup) error {
		httpSide.own(s)
		// A second request needs a connection of its own.
		for _, r := range s.http {
			if (r.send || r.expect != nil) && s.ordered() && !lastIsConnect(s.http) {
				return s.missing(s.http, "send", "connect")
			}
		}
		add(&s.http, &s.httpComment, sendRule(h, remark))
		return nil
	}, nil
})

// readSend reads the words of a send rule.
func readSend(e *keyword.Env, c *cursor, h *httpSend) (remark string, err error) {
	for c.more() && err == nil {
		w := c.next()
		str := func() (v string) {
			v, err = c.need("'" + w + "' expects a string as argument..")
			return v
		}
		switch w {
		case "meth":
			h.method = str()
		case "ver":
			h.version = str()
		case "uri":
			h.uri, h.uriFmt = str(), nil
		case "body":
			h.body, h.bodyFmt = str(), nil
		case "comment":
			remark = str()
		case "uri-lf", "body-lf":
			v := str()
			if err != nil {
				return "", err
			}
			var f *logformat.Format
			if f, err = compileFormat(e, v, c.first+c.i-1, c.what); w == "uri-lf" {
				h.uriFmt = f
			} else {
				h.bodyFmt = f
			}
		case "hdr":
			name, v := c.next(), c.next()
			for _, have := range h.headers {
				if lowerName(name) == "host" && have.name == "host" {
					return "", c.fail("'host' header already defined (previous value is '%s').", have.text)
				}
			}
			if name == "" || c.i > len(c.list) {
				return "", c.fail("'hdr' expects <name> and <value> as arguments.")
			}
			f, bad := readFormat(e, v, c.first+c.i-1)
			if bad != nil {
				err = c.fail("%s.", strings.TrimSuffix(bad.Error(), "."))
			}
			h.headers = append(h.headers, httpHeader{name: lowerName(name), text: v, fmt: f})
		default:
			err = c.fail("expects 'comment', 'meth', 'uri', 'uri-lf', 'ver', 'hdr', 'body' or 'body-lf' but got '%s' as argument..", w)
		}
	}
	return remark, err
}

// tcpSend makes the Defs of the lines that send bytes.
func tcpSend(name, doc string, isHex, isFormat bool) *keyword.Def[Change] {
	return define(tcpSide, name, doc, 0, func(e *keyword.Env, a *words) (Change, error) {
		c := &cursor{words: a, what: "tcp-check " + name}
		v := c.next()
		if v == "" {
			if isHex {
				return nil, c.fail("'binary string' expects a %s as argument.", name)
			}
			return nil, c.fail("'string' expects a send as argument.")
		}
		s := &tcpBytes{isHex: isHex}
		var err error
		switch {
		case isFormat:
			s.format, err = compileFormat(e, v, c.first, c.what)
		case isHex:
			s.data, err = c.hexBytes(v)
		default:
			s.data = []byte(unescape(v))
		}
		if err != nil {
			return nil, err
		}
		remark := ""
		if c.more() {
			if w := c.next(); w != "comment" {
				return nil, c.fail("expects 'comment' but got '%s' as argument..", w)
			}
			if remark, err = c.need("'comment' expects a string as argument."); err != nil {
				return nil, err
			}
		}
		return tcpSide.append(rule{send: true, comment: remark, run: s.send}), nil
	})
}

// hexBytes reads a binary string.
func (c *cursor) hexBytes(v string) ([]byte, error) {
	data, err := hex.DecodeString(v)
	if err == nil {
		return data, nil
	}
	var odd hex.InvalidByteError
	if errors.As(err, &odd) && len(v)%2 == 0 {
		return nil, c.fail("'%s' invalid binary string (an hex digit is expected (found '%c')).\n.", v, byte(odd))
	}
	return nil, c.fail("'%s' invalid binary string (an even number of hex digit is expected).\n.", v)
}

// tcpBytes is what a line sends: data, or what a format makes, in hexadecimal
// digits where isHex.
type tcpBytes struct {
	data   []byte
	format *logformat.Format
	isHex  bool
}

// send is a rule's run.
func (s *tcpBytes) send(_ context.Context, p *Probe, r *rule) *Result {
	out := s.data
	if s.format != nil {
		out = s.format.Append(nil, p.tx)
		if s.isHex {
			var err error
			if out, err = hex.DecodeString(string(out)); err != nil {
				return &Result{Status: "L7RSP", Desc: fmt.Sprintf("TCPCHK invalid binary string at step %d%s", p.rule, r.remark())}
			}
		}
	}
	p.last, p.buf = nil, p.buf[:0]
	if _, err := p.conn.Write(out); err != nil {
		return sendError(err)
	}
	return nil
}

// unescape resolves the escapes that the lexer leaves to checks: CR and LF
// written with single quotes, for one.
func unescape(s string) string {
	return strings.NewReplacer(`\r`, "\r", `\n`, "\n", `\t`, "\t").Replace(s)
}
