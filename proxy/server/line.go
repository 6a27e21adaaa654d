package server

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/parser/source"
)

// Line is what a "server" or "server-template" line says.
type Line struct {
	Name      string // or the prefix of a template
	Low, High int    // of a template
	Addr      expr.Addr
	Params    *Params
}

// ParseServer reads the words of a "server" line, the keyword first, on top
// of the default-server's parameters, which are copied. An error is a
// *keyword.Error; e.Subject then says which server it is about.
func ParseServer(e *keyword.Env, words []source.Word, defaults *Params) (Line, error) {
	if len(words) < 3 {
		return Line{}, lineError(-1, "'server' expects <name> and <addr>[:<port>] as arguments.")
	}
	l := Line{Name: words[1].Text}
	return l, l.parse(e, words, 2, defaults, "server")
}

// ParseTemplate reads the words of a "server-template" line.
func ParseTemplate(e *keyword.Env, words []source.Word, defaults *Params) (Line, error) {
	if len(words) < 4 {
		return Line{}, lineError(-1, "'server-template' expects <prefix> <nb | range> <addr>[:<port>] as arguments.")
	}
	l := Line{Name: words[1].Text, Low: 1}
	low, high, isRange := strings.Cut(words[2].Text, "-")
	var err1, err2 error
	l.High, err1 = strconv.Atoi(low)
	if isRange {
		l.Low = l.High
		l.High, err2 = strconv.Atoi(high)
	}
	if err1 != nil || err2 != nil || l.Low < 1 || l.High < l.Low {
		return l, lineError(2, "Wrong server-template number or range arg '%s'.", words[2].Text)
	}
	return l, l.parse(e, words, 3, defaults, "server-template")
}

// ParseDefault reads the words of a "default-server" line into p.
func ParseDefault(e *keyword.Env, words []source.Word, p *Params) error {
	e.Words = words
	p.name, p.Set = "", nil
	i, err := from(e, words, 1, p)
	if err != nil {
		return err
	}
	return p.apply(e, words, i, true)
}

// parse reads the address at words[i] and the settings behind it.
func (l *Line) parse(e *keyword.Env, words []source.Word, i int, defaults *Params, kind string) error {
	e.Words = words
	if c := oddNameByte(l.Name); c != 0 {
		return lineError(1, "character '%c' is not permitted in server name '%s'.", c, l.Name)
	}
	subject := func() { e.Subject = kind + " " + e.Owner + "/" + l.Name }
	var err error
	if e.Scope&(keyword.Peers|keyword.Ring) != 0 { // names are looked up once
		l.Addr, err = expr.ParseHostAddr(words[i].Text, expr.AllowOffset, e.LookUp)
	} else {
		l.Addr, err = expr.ParseAddr(words[i].Text, expr.AllowOffset|expr.AllowNames)
	}
	if err == nil && l.Addr.IsName() {
		err = l.checkName(kind, e.Owner)
	}
	if err != nil {
		subject()
		return &keyword.Error{Index: i, Code: diag.BadValue, Text: err.Error(), Place: true}
	}
	if l.Addr.Kind == expr.Reverse && !e.Experimental {
		subject()
		return &keyword.Error{Index: i, Code: diag.BadValue, Place: true,
			Text: fmt.Sprintf("Address '%s' is experimental, must be allowed via a global 'expose-experimental-directives'", words[i].Text)}
	}
	shared := keyword.Attached[*Shared](e)
	if l.Params = shared.find(defaults, words[i+1:]); l.Params != nil {
		return nil
	}
	p := new(Params)
	*p = *defaults
	p.name, p.Set = l.Name, nil
	l.Params = p
	said, refs := len(e.Diags.All), len(e.Refs)
	first := i + 1
	if i, err = from(e, words, first, p); err == nil {
		err = p.apply(e, words, i, false)
	}
	if err == nil {
		err = p.finish()
	}
	if err != nil {
		subject()
		return err
	}
	if i == first && len(e.Diags.All) == said && len(e.Refs) == refs && !p.compiled() {
		shared.add(p)
	}
	return nil
}

// checkName refuses a host name with an empty label, which no name server can
// be asked for (RFC 1035, section 2.3.1).
func (l *Line) checkName(kind, owner string) error {
	host := strings.TrimSuffix(l.Addr.Host, ".")
	if host != "" && !strings.HasPrefix(host, ".") && !strings.HasSuffix(host, ".") && !strings.Contains(host, "..") {
		return nil
	}
	if strings.HasPrefix(host, "_") {
		return fmt.Errorf("proxy '%s', server '%s': failed to parse FQDN '%s'", owner, l.Name, l.Addr.Host)
	}
	name := l.Name
	if kind == "server-template" {
		name = "(null)"
	}
	return fmt.Errorf("Can't create DNS resolution for server '%s'", name)
}

// from reads an optional "from <origin>".
func from(e *keyword.Env, words []source.Word, i int, p *Params) (int, error) {
	if i >= len(words) || words[i].Text != "from" {
		return i, nil
	}
	if i+1 >= len(words) || words[i+1].Text == "" {
		return i, lineError(i, "from: missing value.")
	}
	v := words[i+1].Text
	kind, name, ok := strings.Cut(v, ":")
	var src *Params
	switch {
	case v == "none":
		src = DefaultParams()
	case ok && (kind == "be" || kind == "srv"):
		o := keyword.Attached[Origins](e)
		if o == nil {
			return i, lineError(i+1, "from: '%s' cannot be looked up here.", v)
		}
		var err error
		if src, err = o.Origin(e, kind, name); err != nil {
			return i, lineError(i+1, "from: %s", err)
		}
	default:
		return i, lineError(i+1, "invalid '%s' value for 'from' keyword.", v)
	}
	own := p.name
	*p = *src
	p.name, p.Set, p.ForcedID = own, nil, 0
	return i + 2, nil
}

// apply reads the settings at words[i:].
func (p *Params) apply(e *keyword.Env, words []source.Word, i int, isDefault bool) error {
	if n := len(words) - i; n > 0 {
		p.Set = make(Given, 0, n)
	}
	for i < len(words) {
		d, next := Words.Match(words, i)
		if d == nil {
			return unknownWord(words[i].Text, i, isDefault)
		}
		if d.Flags != 0 && !d.Note(e, i) {
			return nil
		}
		if next < len(words) && len(words[next].Text) > 2 && delays[d.Name] {
			_, _ = expr.LaxTime(words[next].Text, time.Millisecond, func(word string, b byte) { p.warn(e, next, "%s", expr.OddTime(word, b)) })
		}
		opt, after, err := d.Read(e, words, next)
		if err != nil {
			return err
		}
		if isDefault && notInDefault[d.Name] {
			p.warn(e, i, "'%s' option is not accepted in default-server sections", d.Name)
			i = after
			continue
		}
		if err := opt(p); err != nil {
			return err
		}
		p.Set = append(p.Set, d.Name)
		i = max(after, i+1)
	}
	return nil
}

// finish makes the checks that need the whole line.
func (p *Params) finish() error {
	switch {
	case p.Agent.Enabled && p.Agent.Port == 0:
		return lineError(-1, "server %s does not have agent port. Agent check has been disabled.", p.name)
	case p.Track != nil && p.Check.Enabled:
		return lineError(-1, "unable to enable checks and tracking at the same time!")
	case p.Track != nil && p.InitState != "" && p.InitState != "none":
		return lineError(-1, "unable to set init-state and tracking at the same time!")
	}
	return nil
}

// unknownWord is the refusal of a word that the table does not have.
func unknownWord(word string, i int, isDefault bool) error {
	near := Words.Suggest(word, 0)
	out := &keyword.Error{Index: i, Code: diag.UnknownKeyword, Hint: near, Place: true}
	switch {
	case near != "":
		out.Text = fmt.Sprintf("unknown keyword '%s'; did you mean '%s' maybe ?", word, near)
	default:
		out.Text = fmt.Sprintf("unknown keyword '%s'.", word)
	}
	if isDefault {
		out.Text += " Hint: no address was expected for this server."
	}
	return out
}

func lineError(i int, format string, args ...any) error {
	return &keyword.Error{Index: i, Code: diag.BadArguments, Text: fmt.Sprintf(format, args...), Place: true}
}

// oddNameByte returns the first byte that may not stand in a name, or 0
// (configuration manual 2: names).
func oddNameByte(name string) byte {
	for i := range len(name) {
		c := name[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.' || c == ':') {
			return c
		}
	}
	return 0
}

// ErrNoAddress says that a name has no address.
var ErrNoAddress = errors.New("could not resolve address")
