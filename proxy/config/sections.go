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
		c.noteEarly(len(c.diags.All) - 1)
	}
	readLines(c, GlobalWords, s, &c.cfg.Global)
}

// readDefaults begins a new set of defaults; an anonymous one starts from
// nothing, a named one may take another's with "from".
func readDefaults(c *compiler, s *haproxy.Section) {
	p := newProxy()
	p.Kind, p.Caps, p.Span = "defaults", keyword.Defaults, s.Line.Span
	name, from, given := defaultsHeader(s)
	if given {
		if from == name { // the one of that name is replaced by now
			delete(c.defaults, name)
		}
		parent := c.namedDefaults(from, "defaults", name, s)
		if parent == nil {
			return
		}
		if c.mayInherit(p, parent, s.Line.Span) {
			p.inherit(parent)
		}
	}
	p.Name = name
	if !c.renamed(p) {
		return
	}
	c.attachProxy(p)
	readLines(c, ProxyWords, s, p)
	if name != "" {
		c.defaults[name] = p
	}
	c.last = p
}

// readProxy begins a frontend, backend or listen.
func readProxy(c *compiler, s *haproxy.Section) {
	p := &Proxy{Kind: s.Keyword.Text, Caps: c.env.Scope, Span: s.Line.Span}
	name, from := c.header(s)
	switch crowd := len(c.headerRest) > 0; {
	case name == "":
		return
	case crowd && from != "":
		w := c.headerRest[0]
		c.diags.Alertf(diag.BadArguments, w.Span, "'%s' cannot handle unexpected argument '%s'.", p.Kind, w.Text)
		if p.Caps&keyword.Frontend != 0 {
			c.diags.Alertf(diag.BadArguments, w.Span, "%s", useBind)
		}
		c.outside(s)
		return
	case crowd && p.Caps&keyword.Frontend == 0:
		c.unread(s)
		return
	case crowd && c.diags.Strict:
		c.sectionAddresses(s, p)
		c.outside(s)
		return
	}
	parent := c.last
	if from != "" {
		if parent = c.namedDefaults(from, kindWord(p.Kind), name, s); parent == nil {
			return
		}
	}
	if parent == nil {
		parent = builtIn
	} else {
		c.mixed(parent, from != "", s)
	}
	if !c.mayInherit(p, parent, s.Line.Span) {
		parent = builtIn
	}
	p.inherit(parent)
	p.Kind, p.Caps, p.Name, p.Span = s.Keyword.Text, c.env.Scope, name, s.Line.Span
	c.register(p)
	c.attachProxy(p)
	c.sectionAddresses(s, p)
	readLines(c, ProxyWords, s, p)
	c.finish(p)
}

// namedDefaults finds the section behind "from", which then may not be
// replaced any more; nil where it is not there.
func (c *compiler) namedDefaults(from, kind, name string, s *haproxy.Section) *Proxy {
	d := c.defaults[from]
	if d == nil {
		c.diags.Alertf(diag.UnknownRef, s.Line.Span, "defaults section '%s' not found for %s '%s'.", from, kind, name)
		c.abort()
		return nil
	}
	if d.replaced != nil {
		c.diags.Add(diag.Diagnostic{Severity: diag.Alert, Code: diag.Duplicate, Span: s.Line.Span, Lenient: true, Text: fmt.Sprintf(
			"ambiguous defaults section name '%s' referenced by %s '%s' exists at least at %s and %s.", from, kind, name, d.Span, d.replaced.Span)})
	}
	d.referenced = true
	return d
}

// renamed checks the name of a defaults section against those before it and
// against the proxies', and says whether its lines are read.
func (c *compiler) renamed(p *Proxy) bool {
	if p.Name == "" {
		return true
	}
	for _, q := range c.byName[p.Name] {
		if !c.sharedName(p, q) {
			return false
		}
	}
	old := c.defaults[p.Name]
	if old != nil && old.referenced {
		c.diags.Alertf(diag.Duplicate, p.Span, "Parsing [%s]: defaults '%s' has the same name as another defaults section declared at %s which was explicitly referenced hence cannot be replaced. Please remove or rename one of the offending defaults section.",
			p.Span, p.Name, old.Span).Layout = diag.Bare
		c.abort()
	}
	p.replaced = old
	return !c.aborted
}

// mixed warns of a defaults section that is used both by its name and because
// it stands above; named says which of the two it is this time.
func (c *compiler) mixed(d *Proxy, named bool, s *haproxy.Section) {
	if named {
		d.usedByName = true
	} else {
		d.usedByPlace = true
	}
	if d.usedByName && d.usedByPlace {
		c.diags.Warnf(diag.NoEffect, s.Line.Span, "defaults section '%s' (declared at %s) is explicitly referenced by another proxy and implicitly used here. To avoid any ambiguity don't mix both usage. Add a last defaults section not explicitly used or always use explicit references.", d.Name, d.Span)
	}
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
// original has no word for that line, only for those below.
func (c *compiler) unread(s *haproxy.Section) {
	w := c.headerRest[0]
	c.diags.Warnf(diag.BadArguments, w.Span, "'%s' cannot handle unexpected argument '%s'. The section is not read.", s.Keyword.Text, w.Text).Ours = true
	c.outside(s)
}

// abort ends the reading of a strict check where the original reads no
// further. By default all is told in one run.
func (c *compiler) abort() {
	if c.diags.Strict {
		c.full, c.aborted = true, true
	}
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

// defaultsHeader reads the line of a defaults section: a name, "from" and
// another's name, all of them optional; given says that the last two stand
// there. "from" alone is a name.
func defaultsHeader(s *haproxy.Section) (name, from string, given bool) {
	w := s.Line.Words
	i := 1
	if len(w) == 2 || len(w) > 2 && w[1].Text != "from" {
		name = w[1].Text
		i++
	}
	if i < len(w) && w[i].Text == "from" {
		if given = true; i+1 < len(w) {
			from = w[i+1].Text
		}
	}
	return name, from, given
}

// header reads the line of another proxy section: its name, "from" and the
// name of its defaults. What is left is in headerRest.
func (c *compiler) header(s *haproxy.Section) (name, from string) {
	w := s.Line.Words
	c.headerRest = nil
	if len(w) < 2 || w[1].Text == "" {
		c.diags.Alertf(diag.BadArguments, s.Line.Span, "'%s' expects an <id> argument", s.Keyword.Text)
		return "", ""
	}
	name = w[1].Text
	if bad := badNameByte(name); bad != 0 { // told, and then taken all the same
		c.diags.Add(diag.Diagnostic{Severity: diag.Alert, Code: diag.BadValue, Span: w[1].Span, Lenient: true,
			Text: fmt.Sprintf("character '%s' is not permitted in '%s' name '%s'.", string([]byte{bad}), s.Keyword.Text, name)})
	}
	i := 2
	if len(w) > 3 && w[2].Text == "from" {
		from, i = w[3].Text, 4
	}
	c.headerRest = w[i:]
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

// noSameName is what 3.3 and later add to two proxies of one name.
const noSameName = " This is no longer supported as of 3.3. Please rename one or the other."

// register gives a proxy its id and refuses a name that its side already has.
// A frontend, a backend and a defaults section may share a name, as they could
// up to 3.2.
func (c *compiler) register(p *Proxy) {
	if d := c.defaults[p.Name]; d != nil {
		c.sharedName(p, d)
	}
	for _, q := range c.byName[p.Name] {
		if q.Caps&p.Caps != 0 {
			text := fmt.Sprintf("Parsing [%s]: %s '%s' has the same name as %s '%s' declared at %s.", p.Span, kindWord(p.Kind), p.Name, kindWord(q.Kind), q.Name, q.Span)
			c.diags.Alertf(diag.Duplicate, p.Span, "%s", text).Layout = diag.Bare
			c.diags.Alertf(diag.Duplicate, p.Span, "%s%s", text, noSameName).Layout = diag.Bare
			c.abort()
			return
		}
		c.sharedName(p, q)
	}
	c.byName[p.Name] = append(c.byName[p.Name], p)
	c.cfg.Proxies = append(c.cfg.Proxies, p)
}

// sharedName tells of two proxies, or of one and a defaults section, that
// share a name, which 3.3 and later refuse, and says whether that is taken.
func (c *compiler) sharedName(p, q *Proxy) bool {
	c.dropped(droppedSameName)
	text := fmt.Sprintf("%s '%s' has the same name as %s '%s' declared at %s", kindWord(p.Kind), p.Name, kindWord(q.Kind), q.Name, q.Span)
	_, taken := c.diags.Tolerate(diag.Diagnostic{
		Code: diag.RemovedWord, Span: p.Span, Text: text + ": HAProxy 3.3 and later refuse that. It is accepted here.", Hint: "give one of them another name",
	}, diag.Diagnostic{Code: diag.Duplicate, Layout: diag.Bare, Text: fmt.Sprintf("Parsing [%s]: %s.%s", p.Span, text, noSameName)})
	if !taken {
		c.abort()
	}
	return taken
}
