package config

import (
	"errors"
	"fmt"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/parser/source"
	"tandem/proxy/action"
	"tandem/proxy/pattern"
	"tandem/proxy/sample"
	"tandem/proxy/tx"
)

// ruleLine is "<rule set> <action> [args] [if|unless cond]".
type ruleLine struct{ rule action.Rule }

// Usage is what messages say of a rule line.
func (ruleLine) Usage() string { return "<action> [args]* [{if|unless} <condition>]" }

// ParseArgs reads the action with its table and the condition behind it.
func (r *ruleLine) ParseArgs(a *keyword.Args) error {
	e := a.Env
	scope := keyword.Attached[ruleScope](e)
	def, next := action.Actions.Match(a.Words, a.Pos)
	if def == nil {
		def, next = action.Actions.MatchBare(a.Words, a.Pos)
	}
	if def == nil && strings.HasPrefix(a.Peek(), "lua.") {
		if done, err := r.script(a, scope); done {
			return err
		}
	}
	if def == nil || def.In&scope.in == 0 {
		return unknownAction(a, scope)
	}
	if def.Flags.Has(keyword.Experimental) && !e.Experimental {
		return scope.experimental(e, a.Pos, def.Name)
	}
	if !def.Note(e, a.Pos) {
		return nil
	}
	saved := e.Scope
	e.Scope = scope.in
	act, n, err := def.Read(e, a.Words, next)
	e.Scope = saved
	if err != nil {
		return scope.explain(e, err, scope.name+" "+a.Words[a.Pos].Text)
	}
	line := scope.name + " " + a.Words[a.Pos].Text
	a.Pos = n
	if w := a.Peek(); a.More() && w != "if" && w != "unless" {
		if countsArguments(def.Name) {
			return scope.explain(e, &keyword.Error{Index: a.Pos, Code: diag.BadArguments, Text: def.Misuse}, line)
		}
		return scope.trailing(e, a.Pos, line, w)
	}
	e.Scope = scope.in
	prefix, stop := scope.conditionText(e, line)
	cond, err := conditionAs(a, scope.name, prefix, stop)
	e.Scope = saved
	if err != nil {
		return err
	}
	r.rule = action.Rule{Action: act, Cond: cond, Name: def.Name, At: ruleAt(e)}
	return nil
}

// ruleScope is the rule set being read: its bit and its name.
type ruleScope struct {
	in   keyword.Scope
	name string
}

// experimental refuses an action that must be allowed first.
func (s ruleScope) experimental(e *keyword.Env, i int, name string) error {
	text := "'" + name + "' action is experimental, must be allowed via a global 'expose-experimental-directives'"
	if !s.http() {
		text = innerPlace(e) + text
	}
	return &keyword.Error{Index: i, Code: diag.BadArguments, Text: text}
}

// countsArguments says whether an action looks itself at what follows its
// arguments, so that messages about it are the action's.
func countsArguments(name string) bool {
	switch name {
	case "set-method", "set-path", "set-pathq", "set-query", "set-uri", "replace-path", "replace-pathq", "replace-uri", "send-spoe-group":
		return true
	}
	return false
}

// http says whether the rule set is one of the HTTP ones, whose messages
// have words of their own.
func (s ruleScope) http() bool {
	return s.in&(keyword.HTTPRequest|keyword.HTTPResponse|keyword.HTTPAfterResponse) != 0
}

// explain puts the original's words around what an action refused.
func (s ruleScope) explain(e *keyword.Env, err error, line string) error {
	if !s.http() {
		return err
	}
	err = prefixError(err, fmt.Sprintf("error detected in %s '%s' while parsing '%s' rule : ", kindWord(e.Section), e.Owner, line))
	var at *keyword.Error
	if errors.As(err, &at) {
		at.Text += "."
	}
	return err
}

// conditionText returns what stands before and after the reason why the
// condition of a line is refused.
func (s ruleScope) conditionText(e *keyword.Env, line string) (prefix, stop string) {
	who := kindWord(e.Section) + " '" + e.Owner + "'"
	switch {
	case !s.http():
		return "'" + line + "' : error detected in " + who + " while parsing 'if' condition : ", ""
	case strings.HasSuffix(line, " redirect"):
		return "error detected in " + who + " while parsing '" + line + "' rule : error in condition: ", "."
	}
	return "error detected while parsing an '" + strings.TrimPrefix(line, "stats ") + "' condition : ", "."
}

// kindWord is what messages call a section: a listen is a "proxy".
func kindWord(section string) string {
	if section == "listen" {
		return "proxy"
	}
	return section
}

// errTold is returned where the message was given in a layout of its own.
var errTold = errors.New("told")

// trailing refuses a word that is neither an argument nor a condition.
func (s ruleScope) trailing(e *keyword.Env, i int, line, w string) error {
	text := fmt.Sprintf("'%s' expects either 'if' or 'unless' followed by a condition but found '%s'.", line, w)
	if s.http() {
		e.Diags.Alertf(diag.BadArguments, e.Span(i), "%s", text).Layout = diag.ParsingTight
		return errTold
	}
	if !s.http() {
		text = fmt.Sprintf("'%s' only accepts 'if' or 'unless', in %s '%s' (got '%s')", line, kindWord(e.Section), e.Owner, w)
	}
	return &keyword.Error{Index: i, Code: diag.BadArguments, Text: text}
}

// condition reads "if …" or "unless …" to the end of the line; nil where the
// line ends.
func condition(a *keyword.Args, what string) (*pattern.Cond, error) {
	prefix := "error detected while parsing a '" + what + "' rule : "
	switch what {
	case "use_backend", "use-server":
		prefix = "error detected while parsing switching rule : "
	case "monitor fail":
		prefix = "error detected while parsing a 'monitor fail' condition : "
	case "stick":
		prefix = "'stick': error detected while parsing sticking condition : "
	case "redirect":
		prefix = "error detected in " + kindWord(a.Env.Section) + " '" + a.Env.Owner + "' while parsing redirect rule : error in condition: "
	}
	return conditionAs(a, what, prefix, ".")
}

// conditionAs is condition with the words around the reason of a refusal.
func conditionAs(a *keyword.Args, what, prefix, stop string) (*pattern.Cond, error) {
	if !a.More() {
		return nil, nil
	}
	first := a.Pos
	if w := a.Peek(); w != "if" && w != "unless" {
		return nil, &keyword.Error{Index: first, Code: diag.BadArguments, Text: fmt.Sprintf("'%s' expects 'if', 'unless', or nothing, but found '%s'", what, w)}
	}
	var cond *pattern.Cond
	c, err := expr.ParseCond(texts(a.Rest()), first)
	if err == nil {
		cond, err = pattern.CompileCond(a.Env, c)
	}
	if err == nil {
		if p := keyword.Attached[*Proxy](a.Env); p != nil && cond.Need()&rawData != 0 {
			p.rawConds = append(p.rawConds, a.Env.LineSpan())
		}
		return cond, nil
	}
	if err = prefixError(err, prefix); stop != "" {
		err = fullStop(err)
	}
	return nil, err
}

// rawData are the layers that proxies in HTTP mode have no data of.
const rawData = sample.RequestRaw | sample.ResponseRaw

// prefixError puts words before an error's text and keeps its place.
func prefixError(err error, prefix string) error {
	var at *keyword.Error
	if errors.As(err, &at) {
		out := *at
		out.Text = prefix + at.Text
		return &out
	}
	var in interface{ At() int }
	if errors.As(err, &in) {
		return &keyword.Error{Index: in.At(), Code: diag.BadValue, Text: prefix + err.Error()}
	}
	return &keyword.Error{Index: -1, Code: diag.BadValue, Text: prefix + err.Error()}
}

func texts(words []source.Word) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = w.Text
	}
	return out
}

// ruleAt returns where the line being read stands.
func ruleAt(e *keyword.Env) tx.Rule {
	s := e.LineSpan()
	if s.IsZero() {
		return tx.Rule{}
	}
	return tx.Rule{File: s.File.Name, Line: s.Line()}
}

// ruleSet makes the Def of a line that adds a rule to one of a proxy's sets.
func ruleSet(name string, in keyword.Scope, scope keyword.Scope, doc string, set func(*Proxy) *action.Rules) *keyword.Def[Setting[Proxy]] {
	return keyword.Define(keyword.Spec{Name: name, In: in, Doc: doc}, func(e *keyword.Env, a *ruleSetArgs) (Setting[Proxy], error) {
		keyword.Attach(e, ruleScope{scope, name})
		var r ruleLine
		in := keyword.Args{Env: e, Words: e.Words, Pos: a.first}
		if err := r.ParseArgs(&in); err != nil {
			return nil, err
		}
		return func(p *Proxy) error {
			if o := ruleOrders[name]; o != 0 {
				p.inOrder(e, o)
			}
			if r.rule.Run != nil {
				own := *set(p)
				if p.From != nil {
					own = own[min(len(own), len(*set(p.From))):]
				}
				p.warnUnreached(e, name, own)
				*set(p) = append(*set(p), r.rule)
			}
			return nil
		}, nil
	})
}

// ruleOrders are the kinds of rule sets whose order is watched.
var ruleOrders = map[string]ruleOrder{
	"http-request": orderHTTPRequest, "http-response": orderHTTPResponse, "tcp-request connection": orderTCPConnection,
	"tcp-request session": orderTCPSession, "tcp-request content": orderTCPContent, "tcp-response content": orderTCPResponse,
}

// warnUnreached says that a rule stands behind one of the same section that
// always ends its set. Behind one of a defaults section there is no warning:
// other proxies may need what it does.
func (p *Proxy) warnUnreached(e *keyword.Env, name string, rules action.Rules) {
	if n := len(rules); n > 0 && rules[n-1].Final && rules[n-1].Cond == nil && strings.HasPrefix(name, "http-") {
		e.Warnf(diag.NoEffect, -1, "previous '%s' action is final and has no condition attached, further entries are NOOP.", name).Layout = diag.ParsingTight
	}
}

// ruleSetArgs takes the whole line for the rule's own reader.
type ruleSetArgs struct{ first int }

// Usage is what messages say of a rule line.
func (ruleSetArgs) Usage() string { return ruleLine{}.Usage() }

// ParseArgs leaves the words to the rule reader.
func (a *ruleSetArgs) ParseArgs(in *keyword.Args) error {
	a.first = in.Pos
	in.Rest()
	return nil
}

// Rules is the list of lines that add rules.
var proxyRules = []*keyword.Def[Setting[Proxy]]{
	ruleSet("http-request", keyword.AnyProxy|keyword.NamedDefaults, keyword.HTTPRequest, "Add a rule on requests.", func(p *Proxy) *action.Rules { return &p.HTTPRequest }),
	ruleSet("http-response", keyword.AnyProxy|keyword.NamedDefaults, keyword.HTTPResponse, "Add a rule on server responses.", func(p *Proxy) *action.Rules { return &p.HTTPResponse }),
	ruleSet("http-after-response", keyword.AnyProxy|keyword.NamedDefaults, keyword.HTTPAfterResponse, "Add a rule on all responses, the proxy's own too.", func(p *Proxy) *action.Rules { return &p.HTTPAfterResponse }),
	ruleSet("tcp-request connection", keyword.Defaults|keyword.Frontend|keyword.NamedDefaults, keyword.TCPConnection, "Add a rule on new connections.", func(p *Proxy) *action.Rules { return &p.TCPConnection }),
	ruleSet("tcp-request session", keyword.Defaults|keyword.Frontend|keyword.NamedDefaults, keyword.TCPSession, "Add a rule on sessions, after the handshakes.", func(p *Proxy) *action.Rules { return &p.TCPSession }),
	ruleSet("tcp-request content", keyword.AnyProxy|keyword.NamedDefaults, keyword.TCPContent, "Add a rule on the first bytes of a session.", func(p *Proxy) *action.Rules { return &p.TCPContent }),
	ruleSet("tcp-response content", keyword.Defaults|keyword.Backend|keyword.NamedDefaults, keyword.TCPResponse, "Add a rule on the first bytes of a response.", func(p *Proxy) *action.Rules { return &p.TCPResponse }),
}
