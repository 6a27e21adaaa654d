package config

import (
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

const cookieMisuse = "'cookie' supports 'rewrite', 'insert', 'prefix', 'indirect', 'nocache', 'postonly', 'domain', 'maxidle', 'dynamic', 'maxlife' and 'attr' options."

var cookieLine = keyword.Define(keyword.Spec{
	Name: "cookie", In: sideB, Doc: "Persistence by cookie.", Misuse: cookieMisuse,
}, func(e *keyword.Env, a *cookieArgs) (Setting[Proxy], error) {
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
		return nil, e.Errorf(-1, "cookie '%s' cannot use more than one of 'rewrite', 'insert' and 'prefix'.", c.Name)
	}
	if modes == 0 && c.Indirect {
		return nil, e.Errorf(-1, "'cookie' : 'indirect' needs 'insert'.")
	}
	return func(p *Proxy) error { p.Cookie = c; return nil }, nil
})

type captureCookieArgs struct {
	Name expr.Word `parser:"@@"`
	Len  expr.Word `parser:"'len' @@"`
}

var captureCookie = keyword.Define(keyword.Spec{
	Name: "capture cookie", In: keyword.Frontend, Doc: "Log a cookie of request and response.",
	Misuse: "'capture cookie' expects 'cookie' <cookie_name> 'len' <len>.",
}, func(e *keyword.Env, a *captureCookieArgs) (Setting[Proxy], error) {
	n, err := a.Len.Int(1, 1<<20)
	if err != nil {
		return nil, e.Errorf(a.Len.Index, "'capture cookie' : %s", err)
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
		Misuse: "'" + name + "' expects 'header' <header_name> 'len' <len>.",
	}, func(e *keyword.Env, a *captureCookieArgs) (Setting[Proxy], error) {
		n, err := a.Len.Int(1, 1<<20)
		if err != nil {
			return nil, e.Errorf(a.Len.Index, "'%s' : %s", name, err)
		}
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
	Side string    `parser:"@('request'|'response')"`
	Len  expr.Word `parser:"'len' @@"`
}

var declareCapture = keyword.Define(keyword.Spec{
	Name: "declare capture", In: keyword.Frontend, Doc: "Declare a slot that rules capture into.",
	Misuse: "'declare capture' expects 'capture' {request|response} 'len' <len>.",
}, func(e *keyword.Env, a *declareCaptureArgs) (Setting[Proxy], error) {
	n, err := a.Len.Int(1, 1<<20)
	if err != nil {
		return nil, &keyword.Error{Index: a.Len.Index, Code: diag.BadValue, Text: "'declare capture' : " + err.Error()}
	}
	return func(p *Proxy) error {
		if a.Side == "request" {
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
