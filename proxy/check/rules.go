package check

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/sample"
	"tandem/proxy/tx"
)

// side says which of the two rule sets a line belongs to.
type side struct {
	word string // "http-check", "tcp-check"
	list func(*Setup) *[]rule
	note func(*Setup) *string
	in   keyword.Scope
}

var (
	httpSide = side{"http-check", func(s *Setup) *[]rule { return &s.http }, func(s *Setup) *string { return &s.httpComment }, keyword.HTTPCheck}
	tcpSide  = side{"tcp-check", func(s *Setup) *[]rule { return &s.tcp }, func(s *Setup) *string { return &s.tcpComment }, keyword.TCPCheck}
)

func (d side) append(r rule) Change {
	return func(s *Setup) error {
		d.own(s)
		add(d.list(s), d.note(s), r)
		return nil
	}
}

// define makes the Def of a rule line of one side.
func define[A any](d side, name, doc string, flags keyword.Flags, build func(e *keyword.Env, a *A) (Change, error)) *keyword.Def[Change] {
	return keyword.Define(keyword.Spec{Name: d.word + " " + name, In: proxySides, Doc: doc, Flags: flags}, func(e *keyword.Env, a *A) (Change, error) {
		saved := e.Scope
		e.Scope = d.in
		defer func() { e.Scope = saved }()
		return build(e, a)
	})
}

// words takes the rest of a line.
type words struct {
	list  []string
	first int
}

// Usage is what the reference prints.
func (*words) Usage() string { return "<args>*" }

// ParseArgs takes all words.
func (w *words) ParseArgs(a *keyword.Args) error {
	w.first = a.Pos
	for _, x := range a.Rest() {
		w.list = append(w.list, x.Text)
	}
	return nil
}

// cursor walks through the words of a rule.
type cursor struct {
	*words
	i    int
	what string
}

func (c *cursor) more() bool { return c.i < len(c.list) }

// next takes a word, "" at the end.
func (c *cursor) next() string {
	c.i++
	if c.i > len(c.list) {
		return ""
	}
	return c.list[c.i-1]
}

func (c *cursor) fail(format string, args ...any) error {
	return bad(c.first+min(c.i, len(c.list))-1, "'%s' : %s", c.what, fmt.Sprintf(format, args...))
}

// need takes the argument of the word before it.
func (c *cursor) need(complaint string) (string, error) {
	v := c.next()
	if v == "" {
		return "", c.fail("%s", complaint)
	}
	return v, nil
}

func comment(d side) *keyword.Def[Change] {
	return define(d, "comment", "Comment of the next rule, printed where it fails.", 0, func(_ *keyword.Env, a *words) (Change, error) {
		if len(a.list) == 0 || a.list[0] == "" {
			return nil, bad(a.first-1, "'%s comment' : expects a string as argument.", d.word)
		}
		text := a.list[0]
		return func(s *Setup) error {
			d.own(s)
			*d.list(s) = append(*d.list(s), rule{run: func(context.Context, *Probe, *rule) *Result { return nil }})
			*d.note(s) = text
			return nil
		}, nil
	})
}

func connect(d side) *keyword.Def[Change] {
	return define(d, "connect", "Open a connection.", 0, func(e *keyword.Env, a *words) (Change, error) {
		c := &cursor{words: a, what: d.word + " connect"}
		to, where, remark, err := readConnect(e, c)
		if err != nil {
			return nil, err
		}
		r := rule{connect: true, tls: to.SSL, port: to.Port > 0 || to.portExpr != nil, comment: remark, name: where}
		r.run = func(ctx context.Context, p *Probe, r *rule) *Result {
			x := to.Connect
			if to.portExpr != nil {
				var v sample.Value
				if to.portExpr.Eval(p.tx, tx.TypeInt, &v) {
					x.Port = int(v.Int)
				}
			}
			return p.connect(ctx, x, fmt.Sprintf(" at step %d of tcp-check (%s)%s", p.rule, r.name, r.remark()))
		}
		return func(s *Setup) error {
			d.own(s)
			if last := lastStep(*d.list(s)); last != nil && last.expect == nil && d.word == "http-check" && s.ordered() && anyConnect(*d.list(s)) {
				return s.missing(*d.list(s), "connect", "expect")
			}
			return addConnect(d.list(s), d.note(s), r, d.word)
		}, nil
	})
}

type connectWords struct {
	Connect
	portExpr *sample.Expr
}

// readConnect reads the words of a connect rule.
func readConnect(e *keyword.Env, c *cursor) (to connectWords, where, remark string, err error) {
	to.Explicit, where = true, "connect"
	for c.more() && err == nil {
		switch w := c.next(); w {
		case "default":
			to.Default = true
		case "send-proxy":
			to.SendProxy = true
		case "via-socks4":
			to.Socks4 = true
		case "ssl":
			to.SSL = true
		case "linger":
			to.Linger = true
		case "sni":
			to.SNI, err = c.need("'sni' expects a string as argument..")
		case "alpn":
			to.ALPN, err = c.need("'alpn' : missing the comma-delimited ALPN protocol suite.")
		case "comment":
			remark, err = c.need("'comment' expects a string as argument..")
		case "proto":
			v := c.next()
			check, _, _ := strings.Cut(c.what, " ")
			switch v {
			case "h1", "h2", "fcgi", "none", "spop":
				if plain := v == "none" || v == "spop"; plain == (check == "http-check") || v == "spop" {
					err = c.fail("'proto' : invalid MUX protocol '%s' for %s.", v, check)
				}
			default:
				err = c.fail("'proto' : unknown MUX protocol '%s'..", v)
			}
		case "addr":
			var v string
			if v, err = c.need("'addr' expects <ipv4|ipv6> as argument.."); err == nil {
				a, bad := expr.ParseHostAddr(v, 0, e.LookUp)
				if bad != nil {
					err = c.fail("'addr' : %s..", bad)
				}
				to.Addr, to.Port = v, max(to.Port, a.Port)
				if a.Kind == expr.Inet && a.IP.IsValid() {
					to.Addr = a.IP.String()
				}
			}
		case "port":
			where, err = readPort(e, c, &to)
		default:
			err = c.fail("expects 'comment', 'port', 'addr', 'send-proxy', 'ssl', 'sni', 'alpn' or 'via-socks4', 'linger', 'default' but got '%s' as argument..", w)
		}
	}
	return to, where, remark, err
}

// readPort reads a number or an expression.
func readPort(e *keyword.Env, c *cursor, to *connectWords) (string, error) {
	v, err := c.need("'port' expects a port number or a sample expression as argument..")
	if err != nil {
		return "", err
	}
	if n, err := strconv.Atoi(v); err == nil {
		if n < 1 || n > 65535 {
			return "", c.fail("expects a valid TCP port (from range 1 to 65535) or a sample expression, got %s..", v)
		}
		to.Port = n
		return "connect port " + v, nil
	}
	x, err := compileExpr(e, v, v)
	if err != nil {
		return "", c.fail("error detected while parsing port expression : %s.", err)
	}
	to.portExpr = x
	return "connect port " + v, nil
}

// compileExpr compiles an expression of a check line; messages about missing
// data call it as.
func compileExpr(e *keyword.Env, text, as string) (*sample.Expr, error) {
	defer sample.Within(e, sample.TCPCheckRule)()
	s, err := expr.ParseSample(text)
	if err != nil {
		return nil, err
	}
	return sample.CompileAs(e, s, as)
}

// ordered says whether the order of http-check rules is looked at: the
// original does where it knows already that they matter, and once.
func (s *Setup) ordered() bool { return s.Kind == "httpchk" && !s.disordered }

// missing refuses a rule that stands without the one that it needs before it.
// The step is the original's: it does not count requests.
func (s *Setup) missing(list []rule, what, before string) error {
	s.disordered = true
	step := 0
	for i := range list {
		if step++; list[i].send {
			step = 1
		}
	}
	return bad(-1, "'http-check %s' : unable to add http-check %s rule at step %d (missing %s rule)..", what, what, step+1, before)
}

// lastStep returns the last rule of a list that does something on the wire,
// nil where there is none.
func lastStep(list []rule) *rule {
	for i := len(list) - 1; i >= 0; i-- {
		if r := &list[i]; r.connect || r.send || r.expect != nil {
			return r
		}
	}
	return nil
}

// lastIsConnect says whether a connection was opened since the last request.
func lastIsConnect(list []rule) bool {
	r := lastStep(list)
	return r != nil && r.connect
}

var disableOn404 = define(httpSide, "disable-on-404", "Let a server that answers 404 finish its sessions only.", 0, func(_ *keyword.Env, a *words) (Change, error) {
	if len(a.list) > 0 {
		return nil, bad(a.first, "'http-check' cannot handle unexpected argument '%s'.", a.list[0])
	}
	return func(s *Setup) error { s.DisableOn404 = true; return nil }, nil
})

var sendState = define(httpSide, "send-state", "Tell servers how they are seen, in a header.", 0, func(_ *keyword.Env, a *words) (Change, error) {
	if len(a.list) > 0 {
		return nil, bad(a.first, "'http-check' cannot handle unexpected argument '%s'.", a.list[0])
	}
	return func(s *Setup) error { s.SendState = true; return nil }, nil
})
