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
type cookieArgs struct {
	Name  expr.Word    `parser:"@@"`
	Parts []cookiePart `parser:"@@*"`
}

type cookiePart struct {
	Flag    string     `parser:"  @('rewrite'|'insert'|'prefix'|'indirect'|'nocache'|'postonly'|'preserve'|'httponly'|'secure'|'dynamic')"`
	Domain  *expr.Word `parser:"| 'domain' @@"`
	MaxIdle *expr.Word `parser:"| 'maxidle' @@"`
	MaxLife *expr.Word `parser:"| 'maxlife' @@"`
	Attr    *expr.Word `parser:"| 'attr' @@"`
}

// cookieWords counts the words that the parts are made of.
func cookieWords(a *cookieArgs) int {
	n := 0
	for _, p := range a.Parts {
		if n++; p.Flag == "" {
			n++
		}
	}
	return n
}

const cookieMisuse = "'cookie' supports 'rewrite', 'insert', 'prefix', 'indirect', 'nocache', 'postonly', 'domain', 'maxidle', 'dynamic', 'maxlife' and 'attr' options."

var cookieLine = keyword.Define(keyword.Spec{
	Name: "cookie", In: sideB, Doc: "Persistence by cookie.", Flags: keyword.Open, Misuse: "'cookie' expects <cookie_name> as argument.",
}, func(e *keyword.Env, a *cookieArgs) (Setting[Proxy], error) {
	if n := cookieWords(a) + 2; n < len(e.Words) {
		return nil, e.Errorf(n, "%s", cookieMisuse)
	}
	c := &Cookie{Name: a.Name.Text}
	flags := map[string]*bool{
		"rewrite": &c.Rewrite, "insert": &c.Insert, "prefix": &c.Prefix, "indirect": &c.Indirect, "nocache": &c.NoCache,
		"postonly": &c.PostOnly, "preserve": &c.Preserve, "httponly": &c.HTTPOnly, "secure": &c.Secure, "dynamic": &c.Dynamic,
	}
	for _, p := range a.Parts {
		var err error
		switch {
		case p.Flag != "":
			*flags[p.Flag] = true
		case p.Domain != nil:
			c.Domain = append(c.Domain, p.Domain.Text)
		case p.MaxIdle != nil:
			c.MaxIdle, err = timeValue(*p.MaxIdle, "cookie maxidle", time.Second)
		case p.MaxLife != nil:
			c.MaxLife, err = timeValue(*p.MaxLife, "cookie maxlife", time.Second)
		case p.Attr != nil:
			c.Attrs = append(c.Attrs, p.Attr.Text)
		}
		if err != nil {
			return nil, err
		}
	}
	modes := 0
	for _, m := range []bool{c.Rewrite, c.Insert, c.Prefix} {
		if m {
			modes++
		}
	}
	if modes > 1 {
		return nil, e.Errorf(-1, "cookie 'rewrite', 'insert' and 'prefix' modes are incompatible.")
	}
	return func(p *Proxy) error { p.Cookie = c; return nil }, nil
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
		Name: name, In: keyword.Frontend, Doc: "Log a header.",
		Misuse: "'" + strings.TrimSuffix(name, " header") + "' expects 'header' <header_name> 'len' <len>.",
	}, func(e *keyword.Env, a *captureHeaderArgs) (Setting[Proxy], error) {
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
