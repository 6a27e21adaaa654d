package config

import (
	"slices"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/keyword"
	"tandem/proxy/action"
	"tandem/proxy/pattern"
	"tandem/proxy/tx"
)

// The req* and rsp* words of 1.1 to 2.0 looked at whole lines of a message:
// the request or status line first, then "Name: value". They are run here as
// they were then, line by line; only names are written as "Host" whatever the
// client wrote, since names have no case once a message was read.

// oldLineArgs is "<regex> [<string>] [{if|unless} <condition>]".
type oldLineArgs struct {
	words []string
	first int
	cond  *pattern.Cond
}

// Usage is what messages say of the arguments.
func (oldLineArgs) Usage() string { return "<search> [<string>] [{if|unless} <condition>]" }

// ParseArgs takes the words up to the condition.
func (a *oldLineArgs) ParseArgs(in *keyword.Args) (err error) {
	a.first = in.Pos
	for in.More() && in.Peek() != "if" && in.Peek() != "unless" {
		w, _, _ := in.Next()
		a.words = append(a.words, w)
	}
	a.cond, err = condition(in, in.Words[0].Text)
	return err
}

// oldLine is one of the req* and rsp* words.
type oldLine struct {
	name    string
	what    lineWhat
	verdict string // keyword of the action
	instead string
}

// What replaces the words that change lines: one header, or the first line.
const (
	reqReplace = "http-request replace-header <name> <regex> <fmt>' or 'http-request replace-uri <regex> <fmt>"
	resReplace = "http-response replace-header <name> <regex> <fmt>' or 'http-response set-status <status>"
)

// oldLineWords are those words; each has a twin that ignores case.
var oldLineWords = []oldLine{
	{"reqrep", lineReplace, "", reqReplace}, {"reqdel", lineDelete, "", "http-request del-header <name>"},
	{"reqdeny", lineDeny, "deny", "http-request deny if <condition>"}, {"reqallow", lineAllow, "", "http-request allow if <condition>"},
	{"reqtarpit", lineDeny, "tarpit", "http-request tarpit if <condition>"}, {"reqpass", linePass, "", "http-request allow if <condition>"},
	{"rsprep", lineReplace, "", resReplace}, {"rspdel", lineDelete, "", "http-response del-header <name>"},
	{"rspdeny", lineDeny, "deny", "http-response deny if <condition>"},
}

// removedLines are the Defs of the req* and rsp* words.
func removedLines() []*keyword.Def[Setting[Proxy]] {
	var out []*keyword.Def[Setting[Proxy]]
	for _, o := range oldLineWords {
		folded := o.name[:3] + "i" + o.name[3:]
		out = append(out, o.def(o.name, false), o.def(folded, true))
	}
	exp := oldLine{"cliexp", lineReplace, "", reqReplace}
	srv := oldLine{"srvexp", lineReplace, "", resReplace}
	return append(out, exp.def("cliexp", false), srv.def("srvexp", false),
		addLine("reqadd", "http-request add-header <name> <fmt>"), addLine("rspadd", "http-response add-header <name> <fmt>"),
		setBackend("reqsetbe", false), setBackend("reqisetbe", true))
}

// def makes the Def under a name.
func (o oldLine) def(name string, fold bool) *keyword.Def[Setting[Proxy]] {
	answer := strings.HasPrefix(name, "rsp") || name == "srvexp"
	s := old(name, keyword.Listen, keyword.V(2, 1), o.instead, "Rule on the lines of a message.")
	return keyword.Define(s, func(e *keyword.Env, a *oldLineArgs) (Setting[Proxy], error) {
		if want := map[bool]int{true: 2, false: 1}[o.what == lineReplace]; len(a.words) < want {
			return nil, e.Errorf(-1, "'%s' expects <search>%s as arguments.", name, map[bool]string{true: " and <replace>"}[want == 2])
		}
		r, err := newLineRule(o.what, a.words[0], fold)
		if err != nil {
			return nil, e.Errorf(a.first, "'%s' : regular expression '%s' : %s", name, a.words[0], err)
		}
		r.answer = answer
		if o.what == linePass {
			return func(p *Proxy) error { p.passes = append(p.passes, passRule{r, a.cond}); return nil }, nil
		}
		if o.what == lineReplace {
			r.subst = a.words[1]
		}
		if o.verdict != "" {
			if r.verdict, err = plainAction(e, o.verdict, answer); err != nil {
				return nil, err
			}
		}
		rule := action.Rule{Action: r.action(), Cond: a.cond, Name: name, At: ruleAt(e)}
		return func(p *Proxy) error {
			if answer {
				p.OldResponse = append(p.OldResponse, rule)
				return nil
			}
			r.passes = slices.Clip(p.passes)
			p.OldRequest = append(p.OldRequest, rule)
			return nil
		}, nil
	})
}

// plainAction compiles an action that stands without arguments.
func plainAction(e *keyword.Env, name string, answer bool) (action.Action, error) {
	saved := e.Scope
	defer func() { e.Scope = saved }()
	if e.Scope = keyword.HTTPRequest; answer {
		e.Scope = keyword.HTTPResponse
	}
	act, _, err := action.Actions.Lookup(name).Read(e, nil, 0)
	return act, err
}

// addLine makes the Def of reqadd and rspadd: a whole header line.
func addLine(name, instead string) *keyword.Def[Setting[Proxy]] {
	answer := name == "rspadd"
	s := old(name, keyword.Listen, keyword.V(2, 1), instead, "Add a header line.")
	return keyword.Define(s, func(e *keyword.Env, a *oldLineArgs) (Setting[Proxy], error) {
		if len(a.words) != 1 {
			return nil, e.Errorf(-1, "'%s' expects <header> as an argument.", name)
		}
		var fields [][2]string
		for line := range strings.SplitSeq(a.words[0], "\n") {
			field, value, ok := strings.Cut(line, ":")
			if !ok {
				return nil, &keyword.Error{Index: a.first, Code: diag.BadValue, Text: "'" + name + "' : '" + a.words[0] + "' is no header line."}
			}
			fields = append(fields, [2]string{strings.TrimSpace(field), strings.TrimSpace(value)})
		}
		rule := action.Rule{Cond: a.cond, Name: name, At: ruleAt(e)}
		rule.Run = func(t *tx.Tx) action.Verdict {
			m := &t.Req
			if answer {
				m = &t.Res
			}
			for _, f := range fields {
				m.AddString(f[0], f[1])
			}
			return action.Continue
		}
		return func(p *Proxy) error {
			if answer {
				p.oldResponseAdd = append(p.oldResponseAdd, rule)
			} else {
				p.oldRequestAdd = append(p.oldRequestAdd, rule)
			}
			return nil
		}, nil
	})
}

// setBackend makes the Def of reqsetbe: a use_backend whose condition is that
// a line of the request matches, which a rule before it finds out.
func setBackend(name string, fold bool) *keyword.Def[Setting[Proxy]] {
	s := keyword.Spec{Name: name, In: keyword.Frontend, Flags: keyword.NotDumped, Until: keyword.V(1, 6), Instead: "use_backend <backend> if <condition>", Doc: "Choose a backend by the lines of a request."}
	return keyword.Define(s, func(e *keyword.Env, a *oldLineArgs) (Setting[Proxy], error) {
		if len(a.words) != 2 {
			return nil, e.Errorf(-1, "'%s' expects <search> and <target> as arguments.", name)
		}
		r, err := newLineRule(lineChoose, a.words[0], fold)
		if err != nil {
			return nil, e.Errorf(a.first, "'%s' : regular expression '%s' : %s", name, a.words[0], err)
		}
		ref := e.NewRef(keyword.ToBackend, a.words[1], a.first+1)
		return func(p *Proxy) error {
			v := "matched_line_" + itoa(len(p.oldUseBackend))
			r.passes = slices.Clip(p.passes)
			test, err := pattern.CompileTest(e, []string{"var(txn." + v + ")", "-m", "bool"}, 0)
			if err != nil {
				return err
			}
			p.ACLs.Add(v, test)
			cond, err := conditionOn(e, v)
			if err != nil {
				return err
			}
			run := func(t *tx.Tx) action.Verdict {
				var val tx.Value
				val.SetBool(r.matches(t))
				t.TxnVars.Set(v, val)
				return action.Continue
			}
			p.OldRequest = append(p.OldRequest, action.Rule{Action: action.Action{Run: run}, Cond: a.cond, Name: name, At: ruleAt(e)})
			p.oldUseBackend = append(p.oldUseBackend, UseBackend{Cond: cond, To: ref, At: ruleAt(e)})
			return nil
		}, nil
	})
}
