package config

import (
	"fmt"
	"slices"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/logformat"
	"tandem/proxy/pattern"
	"tandem/proxy/sample"
)

// proxyRoutes are the lines that choose where a request goes.
var proxyRoutes = []*keyword.Def[Setting[Proxy]]{aclLine, useBackend, defaultBackend, useServer}

var aclLine = keyword.Define(keyword.Spec{
	Name: "acl", In: keyword.AnyProxy | keyword.NamedDefaults,
	Doc: "Declare or complete a named test.",
}, func(e *keyword.Env, a *aclArgs) (Setting[Proxy], error) {
	return func(p *Proxy) error {
		p.ACLs.Add(a.name, a.test)
		return nil
	}, nil
})

type aclArgs struct {
	name string
	test *pattern.Test
}

// Usage is what messages say of the line.
func (aclArgs) Usage() string { return "<name> <criterion> [flags] [operator] <value>*" }

// ParseArgs compiles the test.
func (a *aclArgs) ParseArgs(in *keyword.Args) error {
	name, i, ok := in.Next()
	if !ok || !in.More() {
		return &keyword.Error{Index: -1, Code: diag.BadArguments, Text: "error detected while parsing ACL '" + name + "' : missing fetch method in ACL expression ''."}
	}
	if bad := badNameByte(name); bad != 0 {
		return &keyword.Error{Index: i, Code: diag.BadValue, Text: "character '" + string(bad) + "' is not permitted in acl name '" + name + "'."}
	}
	if strings.EqualFold(name, "or") || name == "||" {
		return &keyword.Error{Index: i, Code: diag.BadValue, Text: "acl name '" + name + "' will never match. 'or' is used to express a logical disjunction within a condition."}
	}
	first := in.Pos
	test, err := pattern.CompileNamedTest(in.Env, name, texts(in.Rest()), first)
	if err != nil {
		return fullStop(prefixError(err, "error detected while parsing ACL '"+name+"' : "))
	}
	a.name, a.test = name, test
	return nil
}

var useBackend = keyword.Define(keyword.Spec{
	Name: "use_backend", In: keyword.Frontend,
	Doc:    "Choose a backend by condition.",
	Misuse: "'use_backend' expects a backend name.",
}, func(e *keyword.Env, a *routeArgs) (Setting[Proxy], error) {
	if a.dead {
		return nil, nil
	}
	u := UseBackend{Cond: a.cond, Format: a.format, At: ruleAt(e)}
	if u.Format == nil {
		u.To = e.NewRef(keyword.ToBackend, a.name, a.index)
		u.To.Check = keyword.Attached[*compiler](e).routable(e.Section, u.To)
	}
	return func(p *Proxy) error {
		p.inOrder(e, orderUseBackend)
		p.UseBackend = append(p.UseBackend, u)
		return nil
	}, nil
})

var useServer = keyword.Define(keyword.Spec{
	Name: "use-server", In: keyword.Backend,
	Doc:    "Choose a server by condition.",
	Misuse: "'use-server' expects a server name.",
}, func(e *keyword.Env, a *routeArgs) (Setting[Proxy], error) {
	if a.dead {
		return nil, nil
	}
	u := UseServer{Cond: a.cond, Format: a.format, At: ruleAt(e)}
	if u.Format == nil {
		u.To = e.NewRef(keyword.ToServer, a.name, a.index)
	}
	return func(p *Proxy) error {
		p.inOrder(e, orderUseServer)
		p.UseServer = append(p.UseServer, u)
		return nil
	}, nil
})

// routeArgs is "<name or format> [if|unless cond]".
type routeArgs struct {
	name   string
	index  int
	format *logformat.Format // nil for a plain name
	cond   *pattern.Cond
	dead   bool // the format is wrong, which is told later
}

// Usage is what messages say of the line.
func (routeArgs) Usage() string { return "<name> [{if|unless} <condition>]" }

// ParseArgs reads the target and the condition.
func (r *routeArgs) ParseArgs(in *keyword.Args) error {
	what := in.Words[in.Pos-1].Text
	place := sample.UseBackendRule
	if what == "use-server" {
		place = sample.UseServerRule
	}
	defer sample.Within(in.Env, place)()
	name, i, ok := in.Next()
	if !ok {
		return &keyword.Error{Index: -1, Code: diag.BadArguments, Text: "'" + what + "' expects a " + map[bool]string{true: "backend", false: "server"}[what == "use_backend"] + " name."}
	}
	r.name, r.index = name, i
	w := in.Peek()
	switch {
	case in.More() && w != "if" && w != "unless" && what == "use_backend":
		return &keyword.Error{Index: in.Pos, Code: diag.BadArguments, Text: "unexpected keyword '" + w + "' after switching rule, only 'if' and 'unless' are allowed."}
	case what == "use-server" && w != "if" && w != "unless":
		return &keyword.Error{Index: -1, Code: diag.BadArguments, Text: "'use-server' requires either 'if' or 'unless' followed by a condition."}
	}
	if strings.Contains(name, "%") {
		f, err := expr.ParseFmt(name)
		if err == nil {
			f.Index = i
			restore := sample.Within(in.Env, sample.UseBackendRule) // for both lines
			r.format, err = logformat.Compile(in.Env, f)
			restore()
		}
		if err != nil {
			if what == "use-server" {
				later(in.Env, "Parsing [%s]; use-server rule failed to parse log-format '%s' : %s", name, err)
			} else {
				later(in.Env, "Parsing [%s]: failed to parse %s rule '%s' : %s", what, name, err)
			}
			r.dead = true
			in.Rest()
			return nil
		}
		if _, constant := r.format.Literal(); constant {
			r.format = nil // the name is taken as it is written
		}
	}
	var err error
	r.cond, err = condition(in, what)
	return err
}

var defaultBackend = keyword.Define(keyword.Spec{
	Name: "default_backend", In: keyword.Defaults | keyword.Frontend,
	Doc:    "The backend for what no use_backend took.",
	Misuse: "'default_backend' expects a backend name.",
}, func(e *keyword.Env, a *nameArgs) (Setting[Proxy], error) {
	ref := e.NewRef(keyword.ToBackend, a.Name.Text, a.Name.Index)
	if e.Section == "defaults" {
		ref.Owner, e.Refs = "", e.Refs[:len(e.Refs)-1]
	} else {
		ref.Check = keyword.Attached[*compiler](e).routable(e.Section, ref)
	}
	return func(p *Proxy) error {
		if old := p.DefaultBackend; old != nil { // only the last one counts
			e.Refs = slices.DeleteFunc(e.Refs, func(r *keyword.Ref) bool { return r == old })
		}
		p.DefaultBackend = ref
		return nil
	}, nil
})

// later keeps an error for after all lines were read, as the original does
// with formats; the format's %s is the place of the line.
func later(e *keyword.Env, format string, args ...any) {
	c := keyword.Attached[*compiler](e)
	text := strings.TrimSuffix(fmt.Sprintf(format, append([]any{e.LineSpan()}, args...)...), ".") + "."
	c.late = append(c.late, diag.Diagnostic{Severity: diag.Alert, Code: diag.BadValue, Layout: diag.Told, Span: e.LineSpan(), Text: text})
}

// routable returns what judges the target of a reference written in a proxy
// of that kind: a proxy cannot choose itself, nor a backend of a mode that it
// does not speak.
func (c *compiler) routable(kind string, r *keyword.Ref) func(any) string {
	return func(target any) string {
		to, _ := target.(*Proxy)
		if to == nil {
			return ""
		}
		if to.Name == r.Owner && to.Kind == kind {
			return fmt.Sprintf("Proxy '%s': loop detected for %s: '%s'.", r.Owner, r.By, r.Name)
		}
		for _, p := range c.byName[r.Owner] {
			if p.Kind != kind || p.Caps&keyword.Frontend == 0 || p.Mode == to.Mode || p.Mode == "tcp" && to.Mode == "http" {
				continue
			}
			how := "in a 'use_backend' rule"
			if r.By == "default_backend" {
				how = "as its default backend"
			}
			return fmt.Sprintf("%s %s '%s' (%s) tries to use incompatible %s %s '%s' (%s) %s (see 'mode').",
				modeWord(p), kindWord(p.Kind), p.Name, p.Span, modeWord(to), kindWord(to.Kind), to.Name, to.Span, how)
		}
		return ""
	}
}

// modeWord is what messages call a proxy's mode.
func modeWord(p *Proxy) string {
	if p.Mode == "log" {
		return "syslog"
	}
	return p.Mode
}

// fullStop ends an error's text with a full stop.
func fullStop(err error) error {
	if at, ok := err.(*keyword.Error); ok && (at.Stop || !strings.HasSuffix(at.Text, ".")) {
		at.Text += "."
	}
	return err
}

// nameArgs is one word.
type nameArgs struct {
	Name expr.Word `parser:"@@"`
}
