package config

import (
	"strconv"
	"strings"
	"time"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
)

// proxyCookies are the lines about cookies and captures of cookies.
var proxyCookies = []*keyword.Def[Setting[Proxy]]{cookieLine, captureCookie, captureRequest, captureResponse, declareCapture}

// cookieArgs is "<name> [word…]" in any order.
type cookieArgs struct{ c Cookie }

// Usage is what messages say of the line.
func (cookieArgs) Usage() string {
	return "<name> [rewrite|insert|prefix|indirect|nocache|postonly|preserve|httponly|secure|dynamic|domain <domain>|maxidle <time>|maxlife <time>|attr <value>]*"
}

const cookieMisuse = "'cookie' supports 'rewrite', 'insert', 'prefix', 'indirect', 'nocache', 'postonly', 'domain', 'maxidle', 'dynamic', 'maxlife' and 'attr' options."

// ParseArgs reads name and words.
func (a *cookieArgs) ParseArgs(in *keyword.Args) error {
	e, c := in.Env, &a.c
	name, _, ok := in.Next()
	if !ok {
		return e.Errorf(-1, "'cookie' expects <cookie_name> as argument.")
	}
	c.Name = name
	flags := map[string]*bool{
		"rewrite": &c.Rewrite, "insert": &c.Insert, "prefix": &c.Prefix, "indirect": &c.Indirect, "nocache": &c.NoCache,
		"postonly": &c.PostOnly, "preserve": &c.Preserve, "httponly": &c.HTTPOnly, "secure": &c.Secure, "dynamic": &c.Dynamic,
	}
	values := map[string]string{"domain": "<domain>", "maxidle": "<idletime> in seconds", "maxlife": "<lifetime> in seconds", "attr": "<value>"}
	for in.More() {
		w, i, _ := in.Next()
		if f := flags[w]; f != nil {
			*f = true
			continue
		}
		if values[w] == "" {
			return e.Errorf(i, "%s", cookieMisuse)
		}
		v, vi, ok := in.Next()
		if !ok {
			return tight(e, i, "'%s' expects %s as argument.", w, values[w])
		}
		if err := c.set(e, w, v, vi); err != nil {
			return err
		}
	}
	modes := 0
	for _, m := range []bool{c.Rewrite, c.Insert, c.Prefix} {
		if m {
			modes++
		}
	}
	var err error
	if c.Rewrite && c.Indirect {
		err = e.Errorf(-1, "cookie 'rewrite' and 'indirect' modes are incompatible.")
	}
	if modes > 1 {
		if err != nil {
			e.Diags.Alertf(diag.BadArguments, e.LineSpan(), "%s", err)
		}
		return e.Errorf(-1, "cookie 'rewrite', 'insert' and 'prefix' modes are incompatible.")
	}
	if c.Preserve && !c.Insert && !c.Indirect {
		return e.Errorf(-1, "cookie 'preserve' requires at least 'insert' or 'indirect'.")
	}
	return err
}

// set takes one of the words with a value, which is word i.
func (c *Cookie) set(e *keyword.Env, word, v string, i int) (err error) {
	switch word {
	case "domain":
		if !strings.Contains(v[min(1, len(v)):], ".") {
			e.Warnf(diag.BadValue, i, "domain '%s' contains no embedded dot, this configuration may not work properly (see RFC6265#5.2.3).", v).Layout = diag.ParsingTight
		}
		for k := range len(v) {
			if bad := !isAlnum(v[k]) && v[k] != '.' && v[k] != '-'; bad {
				return tight(e, i, "character '%c' is not permitted in domain name '%s'.", v[k], v)
			}
		}
		c.Domain = append(c.Domain, v)
	case "attr":
		for k := range len(v) {
			if v[k] < ' ' || v[k] > '~' || v[k] == ';' {
				return tight(e, i, "character '%%x%02X' is not permitted in attribute value.", v[k])
			}
		}
		c.Attrs = append(c.Attrs, v)
	default:
		d, err := expr.LaxTime(v, time.Second, oddTime(e, i))
		switch err {
		case nil:
		case expr.TimeOverflow:
			return tight(e, i, "timer overflow in argument <%s> to <%s>, maximum value is 2147483647 s (~68 years).", v, word)
		case expr.TimeUnderflow:
			return tight(e, i, "timer underflow in argument <%s> to <%s>, minimum non-null value is 1 s.", v, word)
		default:
			return tight(e, i, "unexpected character '%c' in argument to <%s>.", oddTimeByte(v), word)
		}
		if word == "maxidle" {
			c.MaxIdle = d
		} else {
			c.MaxLife = d
		}
	}
	return nil
}

// isAlnum says whether c is an ASCII letter or digit.
func isAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// tight refuses a line with a message of the layout "parsing [f:1]: text".
func tight(e *keyword.Env, i int, format string, args ...any) error {
	e.Diags.Alertf(diag.BadValue, e.Span(i), format, args...).Layout = diag.ParsingTight
	return errTold
}

var cookieLine = keyword.Define(keyword.Spec{
	Name: "cookie", In: sideB, Doc: "Persistence by cookie.",
}, func(_ *keyword.Env, a *cookieArgs) (Setting[Proxy], error) {
	return func(p *Proxy) error { p.Cookie = &a.c; return nil }, nil
})

type captureHeaderArgs struct {
	Name expr.Word `parser:"@@"`
	Len  expr.Word `parser:"'len' @@"`
}

// captureCookieArgs is "<name> len <n>"; the original reads the third word as
// the length, whatever the second is, and lets one more follow.
type captureCookieArgs struct {
	Name expr.Word   `parser:"@@"`
	Word expr.Word   `parser:"@@"`
	Len  expr.Word   `parser:"@@"`
	More []expr.Word `parser:"@@*"`
}

var captureCookie = keyword.Define(keyword.Spec{
	Name: "capture cookie", In: keyword.Frontend, Doc: "Log a cookie of request and response.",
	Misuse: "'capture' expects 'cookie' <cookie_name> 'len' <len>.",
}, func(e *keyword.Env, a *captureCookieArgs) (Setting[Proxy], error) {
	n := min(max(laxNumber(e, a.Len), 0), 1<<20)
	switch {
	case len(a.More) > 1:
		return nil, e.Errorf(a.More[1].Index, "'capture cookie' cannot handle unexpected argument '%s'.", a.More[1].Text)
	case len(a.More) == 1:
		e.Warnf(diag.NoEffect, a.More[0].Index, "'%s' has no effect.", a.More[0].Text).Ours = true
	}
	if a.Word.Text != "len" {
		e.Warnf(diag.BadValue, a.Word.Index, "'%s' is taken for 'len'.", a.Word.Text).Ours = true
	}
	c := &CaptureCookie{Name: a.Name.Text, Len: int(n)}
	if l := len(c.Name); l > 0 && c.Name[l-1] == '*' {
		c.Name, c.Prefix = c.Name[:l-1], true
	} else if l > 0 && c.Name[l-1] == '=' {
		c.Name = c.Name[:l-1]
	}
	return func(p *Proxy) error { p.CaptureCookie = c; return nil }, nil
})

// captureHeader makes the Def of "capture request|response header".
func captureHeader(name string, slots func(*Proxy) *[]Capture) *keyword.Def[Setting[Proxy]] {
	return keyword.Define(keyword.Spec{
		Name: name, In: keyword.Frontend, Flags: keyword.Open, Doc: "Log a header.",
		Misuse: "'" + strings.TrimSuffix(name, " header") + "' expects 'header' <header_name> 'len' <len>.",
	}, func(e *keyword.Env, a *captureHeaderArgs) (Setting[Proxy], error) {
		if i := a.Len.Index + 1; i < len(e.Words) {
			return nil, e.Errorf(i, "'%s' cannot handle unexpected argument '%s'.", strings.TrimSuffix(name, " header"), e.Words[i].Text)
		}
		n := min(max(laxNumber(e, a.Len), 0), 1<<20)
		return func(p *Proxy) error {
			s := slots(p)
			*s = append(*s, Capture{Name: lower(a.Name.Text), Len: int(n)})
			return nil
		}, nil
	})
}

var (
	captureRequest  = captureHeader("capture request header", func(p *Proxy) *[]Capture { return &p.ReqCaptures })
	captureResponse = captureHeader("capture response header", func(p *Proxy) *[]Capture { return &p.ResCaptures })
)

type declareCaptureArgs struct {
	side string
	n    int
}

// Usage is what messages say of the line.
func (declareCaptureArgs) Usage() string { return "{request|response} len <length>" }

// ParseArgs reads side and length.
func (a *declareCaptureArgs) ParseArgs(in *keyword.Args) error {
	e := in.Env
	if a.side, _, _ = in.Next(); a.side != "request" && a.side != "response" {
		return e.Errorf(-1, "'declare capture' requires a direction ('request' or 'response')")
	}
	if w, _, _ := in.Next(); w != "len" {
		return e.Errorf(-1, "'declare capture' requires a capture length ('len')")
	}
	w, i, ok := in.Next()
	in.Rest()
	if !ok {
		return e.Errorf(-1, "'declare capture': 'len' requires a numeric value that represents the capture length")
	}
	n, err := strconv.Atoi(w)
	switch {
	case err != nil:
		return e.Errorf(i, "'declare capture': cannot parse the length '%s'.", w)
	case n <= 0:
		return e.Errorf(i, "length must be > 0")
	}
	a.n = n
	return nil
}

var declareCapture = keyword.Define(keyword.Spec{
	Name: "declare capture", In: keyword.Frontend, Flags: keyword.Open, Doc: "Declare a slot that rules capture into.",
}, func(e *keyword.Env, a *declareCaptureArgs) (Setting[Proxy], error) {
	n := a.n
	return func(p *Proxy) error {
		if a.side == "request" {
			p.ReqCaptures = append(p.ReqCaptures, Capture{Len: int(n)})
		} else {
			p.ResCaptures = append(p.ResCaptures, Capture{Len: int(n)})
		}
		return nil
	}, nil
})

// lower returns s in lower case, ASCII alone: header names.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return string(b)
}
