package config

import (
	"strings"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/parser/source"
	"tandem/proxy/logformat"
	"tandem/proxy/logs"
	"tandem/proxy/pattern"
	"tandem/proxy/sample"
)

// FCGIApp is what an fcgi-app section says (configuration manual 10.1.1).
type FCGIApp struct {
	Name           string
	Docroot, Index string
	PathInfo       *sample.Regexp // nil: paths are not split
	CloseConn      bool           // "no option keep-conn"
	GetValues      bool
	Mpxs           bool
	MaxReqs        int // requests at once on a connection; 0: one
	Params         []FCGIParam
	Pass           []FCGIPass
	Stderr         []logs.Target // of the application's messages

	bad []string // why formats cannot be used, in the original's words
}

// FCGIParam is a "set-param" rule. Name is in lower case.
type FCGIParam struct {
	Name  string
	Value *logformat.Format
	Cond  *pattern.Cond
}

// FCGIPass is a "pass-header" rule. Name is in lower case.
type FCGIPass struct {
	Name string
	Cond *pattern.Cond
}

// app returns the application that the section describes.
func (b *Block) app() *FCGIApp {
	if b.FCGI == nil {
		b.FCGI = &FCGIApp{Name: b.Name}
	}
	return b.FCGI
}

// appLine makes the Def of a line of a fcgi-app section: check refuses, read
// says what the line changes.
func appLine(name string, flags keyword.Flags, doc string, check lineCheck, read func(e *keyword.Env, w []expr.Word) (func(*FCGIApp), error)) *keyword.Def[Setting[Block]] {
	return keyword.Define(keyword.Spec{Name: name, In: keyword.FCGIApp, Flags: flags, Doc: doc}, func(e *keyword.Env, a *restArgs) (Setting[Block], error) {
		if check != nil {
			if err := check(e, a.Words); err != nil {
				return nil, err
			}
		}
		set, err := read(e, a.Words)
		if err != nil {
			return nil, err
		}
		words, at := texts(e.Words), e.LineSpan()
		return func(b *Block) error {
			b.Lines, b.Spans = append(b.Lines, words), append(b.Spans, at)
			set(b.app())
			return nil
		}, nil
	})
}

// appText is a line whose word is kept as it is.
func appText(dst func(*FCGIApp) *string) func(*keyword.Env, []expr.Word) (func(*FCGIApp), error) {
	return func(_ *keyword.Env, w []expr.Word) (func(*FCGIApp), error) {
		text := w[0].Text
		return func(f *FCGIApp) { *dst(f) = text }, nil
	}
}

func readPathInfo(_ *keyword.Env, w []expr.Word) (func(*FCGIApp), error) {
	re, err := sample.CompileRegexp(w[0].Text, false)
	if err != nil {
		return nil, tightf(w[0].Index, "'%s' : %s.", w[0].Text, err)
	}
	return func(f *FCGIApp) { f.PathInfo = re }, nil
}

// appCondition reads the condition behind a rule. Whatever stands there that
// is none is refused; "if" with nothing behind it is always true.
func appCondition(e *keyword.Env, name expr.Word, pos int) (*pattern.Cond, error) {
	in := &keyword.Args{Env: e, Words: e.Words, Pos: pos}
	if !in.More() {
		return nil, nil
	}
	if w := in.Peek(); w != "if" && w != "unless" {
		return nil, e.Errorf(pos, "'%s' : (null).", name.Text)
	}
	if pos+1 == len(e.Words) {
		return nil, nil
	}
	return conditionAs(in, e.Words[0].Text, "'"+name.Text+"' : ", ".")
}

// readSetParam reads "set-param <name> <fmt> [condition]". A format that
// cannot be used is an error of the proxies that use the application.
func readSetParam(e *keyword.Env, w []expr.Word) (func(*FCGIApp), error) {
	p := FCGIParam{Name: strings.ToLower(w[0].Text)}
	cond, err := appCondition(e, w[0], w[1].Index+1)
	if err != nil {
		return nil, err
	}
	p.Cond = cond
	var bad string
	restore := sample.Within(e, sample.BackHTTPRequestRule)
	f, err := expr.ParseFmt(w[1].Text)
	if err == nil {
		p.Value, err = logformat.CompileMode(e, f, logformat.Header)
	}
	restore()
	if err != nil {
		bad = strings.TrimSuffix(err.Error(), ".") + "."
	}
	return func(f *FCGIApp) {
		if bad != "" {
			f.bad = append(f.bad, bad)
		}
		f.Params = append(f.Params, p)
	}, nil
}

func readPassHeader(e *keyword.Env, w []expr.Word) (func(*FCGIApp), error) {
	cond, err := appCondition(e, w[0], w[0].Index+1)
	if err != nil {
		return nil, err
	}
	p := FCGIPass{Name: strings.ToLower(w[0].Text), Cond: cond}
	return func(f *FCGIApp) { f.Pass = append(f.Pass, p) }, nil
}

func readAppOption(e *keyword.Env, w []expr.Word) (func(*FCGIApp), error) {
	on := e.Prefix != "no"
	switch w[0].Text {
	case "keep-conn":
		return func(f *FCGIApp) { f.CloseConn = !on }, nil
	case "get-values":
		return func(f *FCGIApp) { f.GetValues = on }, nil
	case "mpxs-conns":
		return func(f *FCGIApp) { f.Mpxs = on }, nil
	}
	n := int(laxInt(w[1].Text))
	return func(f *FCGIApp) { f.MaxReqs = n }, nil
}

// readLogStderr reads the target of the application's messages.
func readLogStderr(e *keyword.Env, _ []expr.Word) (func(*FCGIApp), error) {
	t, err := blockTarget(e, "log-stderr")
	if err != nil {
		return nil, err
	}
	return func(f *FCGIApp) { f.Stderr = append(f.Stderr, t) }, nil
}

// checkApps refuses what became of applications and of those who use them,
// once all lines are read. The original stops at the first.
func (c *compiler) checkApps() {
	alert := func(at source.Span, text string) {
		c.diags.Add(diag.Diagnostic{Severity: diag.Alert, Code: "fcgi-app", Span: at, Layout: diag.Told, Text: text})
	}
	for _, p := range c.cfg.Proxies {
		app, speaks := AppOf(p), false
		for _, l := range p.Servers {
			if l.Params != nil && l.Params.Proto == "fcgi" {
				if speaks = true; app == nil {
					alert(p.Span, "proxy '"+p.Name+"': FCGI server '"+l.Name+"' has no FCGI app configured.")
					return
				}
			}
		}
		if app != nil && !speaks {
			alert(p.Span, "proxy '"+p.Name+"': FCGI app configured but no FCGI server found.")
			return
		}
	}
	for _, b := range c.cfg.Others.InOrder(c.cfg.Others.FCGIApps) {
		app := b.app()
		if app.Docroot == "" {
			alert(b.Span, "fcgi-app '"+b.Name+"': no docroot configured.")
			return
		}
		if app.MaxReqs > 1 && !app.Mpxs {
			app.MaxReqs = 1
			c.diags.Add(diag.Diagnostic{Severity: diag.Warning, Code: diag.NoEffect, Span: b.Span, Layout: diag.Told,
				Text: "fcgi-app '" + b.Name + "': multiplexing not supported, ignore the option 'max-reqs'."})
		}
	}
}

// AppOf returns the application that a proxy uses, nil for none.
func AppOf(p *Proxy) *FCGIApp {
	if b := keyword.Target[*Block](p.FCGIApp); b != nil {
		return b.app()
	}
	for _, x := range p.Filters {
		if f := filterOf(x); f.Name == "fcgi-app" && len(f.Refs) > 0 {
			if b := keyword.Target[*Block](f.Refs[0]); b != nil {
				return b.app()
			}
		}
	}
	return nil
}

// Logger is a section with log targets of its own, under its own name.
type Logger struct {
	Owner   any // as the engine names it
	Tag     string
	Targets []logs.Target
}

// Loggers returns the sections, proxies apart, that log.
func (c *Config) Loggers() (out []Logger) {
	for _, x := range c.Others.FCGIApps {
		if b, ok := x.(*Block); ok && b.FCGI != nil && len(b.FCGI.Stderr) > 0 {
			out = append(out, Logger{b.FCGI, b.Name, b.FCGI.Stderr})
		}
	}
	for _, p := range c.Proxies {
		for _, a := range p.SPOEAgents() {
			out = append(out, Logger{a, p.LogTag, a.Logs})
		}
	}
	return out
}
