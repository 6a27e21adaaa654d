package config

import (
	"fmt"
	"tandem/parser/diag"
	"tandem/parser/haproxy"
	"tandem/parser/keyword"
	"tandem/proxy/pattern"
)

// sectionReader reads the lines of one section.
type sectionReader func(c *compiler, s *haproxy.Section)

// section makes the Def of a section.
func section(name string, in keyword.Scope, doc string, read sectionReader) *keyword.Def[sectionReader] {
	return sectionAs(keyword.Spec{Name: name, In: in, Doc: doc}, read)
}

// sectionAs is section for those with a Spec of their own.
func sectionAs(s keyword.Spec, read sectionReader) *keyword.Def[sectionReader] {
	return keyword.Define(s, func(*keyword.Env, *keyword.None) (sectionReader, error) { return read, nil })
}

// proxySections are the sections that make proxies.
var proxySections = []*keyword.Def[sectionReader]{
	section("global", keyword.Global, "Process-wide settings.", readGlobal),
	section("defaults", keyword.Defaults, "Settings that the following proxies begin with.", readDefaults),
	section("frontend", keyword.Frontend, "A proxy's client side.", readProxy),
	section("backend", keyword.Backend, "A proxy's server side.", readProxy),
	section("listen", keyword.Listen, "A proxy with both sides.", readProxy),
}

func readGlobal(c *compiler, s *haproxy.Section) {
	if w := s.Line.Words; len(w) > 1 {
		c.diags.Alertf(diag.BadArguments, w[1].Span, "'global' cannot handle unexpected argument '%s'.", w[1].Text)
	}
	readLines(c, GlobalWords, s, &c.cfg.Global)
}

// readDefaults begins a new set of defaults; an anonymous one starts from
// nothing, a named one may take another's with "from".
func readDefaults(c *compiler, s *haproxy.Section) {
	p := newProxy()
	p.Kind, p.Caps, p.Span = "defaults", keyword.Defaults, s.Line.Span
	name, from := c.header(s, false)
	if from != "" {
		parent := c.defaults[from]
		if parent == nil {
			c.diags.Alertf(diag.UnknownRef, s.Line.Span, "defaults section '%s' not found for defaults '%s'.", from, name)
			return
		}
		if c.mayInherit(p, parent, s.Line.Span) {
			p.inherit(parent)
		}
	}
	p.Name = name
	c.attachProxy(p)
	readLines(c, ProxyWords, s, p)
	if name != "" {
		if old := c.defaults[name]; old != nil {
			c.env.Words = s.Line.Words
			c.env.Warnf(diag.Duplicate, 1, "defaults section '%s' (declared at %s) has the same name as another one (declared at %s).", name, p.Span, old.Span)
		}
		c.defaults[name] = p
	}
	c.last = p
}

// readProxy begins a frontend, backend or listen.
func readProxy(c *compiler, s *haproxy.Section) {
	p := &Proxy{Kind: s.Keyword.Text, Caps: c.env.Scope, Span: s.Line.Span}
	name, from := c.header(s, true)
	if name == "" {
		return
	}
	if len(c.headerRest) > 0 && p.Caps&keyword.Frontend == 0 {
		c.unread(s)
		return
	}
	parent := c.last
	if from != "" {
		if parent = c.defaults[from]; parent == nil {
			c.diags.Alertf(diag.UnknownRef, s.Line.Span, "defaults section '%s' not found for %s '%s'.", from, kindWord(p.Kind), name)
			return
		}
	}
	if parent == nil {
		parent = builtIn
	}
	if !c.mayInherit(p, parent, s.Line.Span) {
		parent = builtIn
	}
	p.inherit(parent)
	p.Kind, p.Caps, p.Name, p.Span = s.Keyword.Text, c.env.Scope, name, s.Line.Span
	c.register(p)
	c.attachProxy(p)
	if !c.sectionAddresses(s, p) {
		c.outside(s)
		return
	}
	readLines(c, ProxyWords, s, p)
	c.finish(p)
}

// outside refuses the lines below a section line that opens no section.
func (c *compiler) outside(s *haproxy.Section) {
	for i := range s.Lines {
		if c.crowded() {
			return
		}
		c.diags.Alertf(diag.UnknownSection, s.Lines[i].Words[0].Span, "'listen' or 'defaults' expected.")
	}
}

// unread refuses a backend whose section line has words too many: the
// original says so of the lines below only.
func (c *compiler) unread(s *haproxy.Section) {
	w := c.headerRest[0]
	text := "'" + s.Keyword.Text + "' cannot handle unexpected argument '" + w.Text + "'."
	if len(s.Lines) == 0 {
		c.diags.Alertf(diag.BadArguments, w.Span, "%s", text)
		return
	}
	c.diags.Warnf(diag.BadArguments, w.Span, "%s The section is not read.", text).Ours = true
	c.outside(s)
}

// attachProxy makes p what build functions see.
func (c *compiler) attachProxy(p *Proxy) {
	if p.ACLs == nil {
		p.ACLs = &pattern.ACLs{}
		if p.From != nil {
			p.ACLs.Parent = p.From.ACLs
		}
	}
	keyword.Attach(c.env, p)
	keyword.Attach(c.env, p.ACLs)
	c.attachProxyFeatures(p)
	c.env.Owner = p.Name
}

// header reads the words of a section line: name, "from", a defaults' name.
func (c *compiler) header(s *haproxy.Section, needName bool) (name, from string) {
	w := s.Line.Words
	i := 1
	if i < len(w) && w[i].Text != "from" {
		name = w[i].Text
		i++
	}
	if needName && name == "" {
		c.diags.Alertf(diag.BadArguments, s.Line.Span, "'%s' expects an <id> argument", s.Keyword.Text)
		return "", ""
	}
	if bad := badNameByte(name); bad != 0 && needName { // told, and then taken all the same
		c.diags.Add(diag.Diagnostic{Severity: diag.Alert, Code: diag.BadValue, Span: w[1].Span, Lenient: true,
			Text: fmt.Sprintf("character '%s' is not permitted in '%s' name '%s'.", string([]byte{bad}), s.Keyword.Text, name)})
	}
	c.headerRest = nil
	if i < len(w) && w[i].Text == "from" {
		if i+1 >= len(w) && s.Keyword.Text == "backend" {
			c.headerRest = w[i:]
			return name, ""
		}
		if i+1 >= len(w) {
			c.diags.Alertf(diag.BadArguments, w[i].Span, "'%s' expects a defaults section name after 'from'.", s.Keyword.Text)
			return name, ""
		}
		from = w[i+1].Text
		i += 2
	}
	if i < len(w) {
		c.headerRest = w[i:]
	}
	return name, from
}

// badNameByte returns the first byte that a name may not hold, 0 if none
// (configuration manual 2.2: letters, digits, '-', '_', '.' and ':').
func badNameByte(s string) byte {
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.' || c == ':') {
			return c
		}
	}
	return 0
}

// register gives a proxy its id and refuses a name that its side already has.
// A frontend and a backend may share a name, as they could up to 3.2.
func (c *compiler) register(p *Proxy) {
	for _, q := range c.byName[p.Name] {
		if q.Caps&p.Caps != 0 {
			c.diags.Alertf(diag.Duplicate, p.Span, "Parsing [%s]: %s '%s' has the same name as %s '%s' declared at %s.", p.Span, kindWord(p.Kind), p.Name, kindWord(q.Kind), q.Name, q.Span).Layout = diag.Bare
			return
		}
		c.dropped(droppedSameName)
		text := fmt.Sprintf("%s '%s' has the same name as %s '%s' declared at %s", p.Kind, p.Name, q.Kind, q.Name, q.Span)
		c.diags.Tolerate(diag.Diagnostic{
			Code: diag.RemovedWord, Span: p.Span, Text: text + ": HAProxy 3.3 and later refuse that. It is accepted here.", Hint: "give one of them another name",
		}, diag.Diagnostic{Code: diag.Duplicate, Layout: diag.Bare, Text: fmt.Sprintf("Parsing [%s]: %s. This is no longer supported as of 3.3. Please rename one or the other.", p.Span, text)})
	}
	c.byName[p.Name] = append(c.byName[p.Name], p)
	c.cfg.Proxies = append(c.cfg.Proxies, p)
}
