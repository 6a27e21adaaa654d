package config

import (
	"bytes"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/keyword"
	"tandem/proxy/action"
	"tandem/proxy/pattern"
	"tandem/proxy/sample"
	"tandem/proxy/tx"
)

// The req* and rsp* words of 1.1 to 2.0 looked at whole lines of a message:
// the request or status line first, then "Name: value". They are run here as
// they were then, line by line; only names are written as "Host" whatever the
// client wrote, since names have no case once a message was read.

// lineWhat is what a line rule does where its expression matches.
type lineWhat uint8

const (
	lineReplace lineWhat = iota
	lineDelete
	lineVerdict // an action of the table: deny, allow, tarpit
	linePass    // no later rule looks at this line
)

// lineRule is one req* or rsp* line.
type lineRule struct {
	re      *sample.Regexp
	subst   string
	what    lineWhat
	verdict action.Action
	answer  bool // looks at responses
}

// action makes the rule's action.
func (r *lineRule) action() action.Action {
	return action.Action{Run: func(t *tx.Tx) action.Verdict { return r.run(t) }}
}

func (r *lineRule) run(t *tx.Tx) action.Verdict {
	m := &t.Req
	if r.answer {
		m = &t.Res
	}
	var buf []byte
	var loc []int
	for i := -1; i < len(m.Fields); i++ {
		buf = r.line(buf[:0], m, i)
		loc = r.re.FindIndex(buf, 0, loc[:0])
		if len(loc) < 2 || loc[0] < 0 {
			continue
		}
		switch r.what {
		case lineVerdict:
			return r.verdict.Run(t)
		case lineDelete:
			if i >= 0 {
				m.Fields = append(m.Fields[:i], m.Fields[i+1:]...)
				i--
			}
		case lineReplace:
			out := append([]byte(nil), buf[:loc[0]]...)
			out = sample.ExpandRegexp(out, []byte(r.subst), buf, loc)
			r.put(m, i, append(out, buf[loc[1]:]...))
		}
	}
	return action.Continue
}

// line writes line i of a message; -1 is its first.
func (r *lineRule) line(dst []byte, m *tx.Message, i int) []byte {
	if i >= 0 {
		f := &m.Fields[i]
		dst = append(dst, f.Name...)
		upper := true
		for k := range dst {
			if upper && dst[k] >= 'a' && dst[k] <= 'z' {
				dst[k] -= 'a' - 'A'
			}
			upper = dst[k] == '-'
		}
		return append(append(dst, ": "...), f.Value...)
	}
	version := "HTTP/1.1"
	if m.Version == 10 {
		version = "HTTP/1.0"
	}
	if r.answer {
		dst = append(dst, version+" "+itoa(m.Status)+" "...)
		return append(dst, m.Reason...)
	}
	dst = append(append(dst, m.Method...), ' ')
	dst = append(append(dst, m.URI...), ' ')
	return append(dst, version...)
}

// put takes a changed line back into the message; an empty one is dropped.
func (r *lineRule) put(m *tx.Message, i int, line []byte) {
	switch {
	case i >= 0:
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			m.Fields = append(m.Fields[:i], m.Fields[i+1:]...)
			return
		}
		name = m.StoreLower(bytes.TrimSpace(name))
		m.Fields[i] = tx.Field{Name: name, Value: m.Store(bytes.TrimSpace(value)), ID: tx.IDOf(name)}
	case r.answer:
		parts := bytes.SplitN(line, []byte(" "), 3)
		if len(parts) > 1 {
			if n := laxInt(string(parts[1])); n >= 100 && n <= 599 {
				m.Status = int(n)
			}
		}
		if len(parts) > 2 {
			m.Reason = m.Store(parts[2])
		}
	default:
		parts := bytes.Fields(line)
		if len(parts) > 1 {
			m.SetMethod(parts[0])
			m.SetURI(parts[1])
		}
	}
}

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

// oldLineWords are those words; each has a twin that ignores case.
var oldLineWords = []oldLine{
	{"reqrep", lineReplace, "", "http-request replace-header"}, {"reqdel", lineDelete, "", "http-request del-header"},
	{"reqdeny", lineVerdict, "deny", "http-request deny"}, {"reqallow", lineVerdict, "allow", "http-request allow"},
	{"reqtarpit", lineVerdict, "tarpit", "http-request tarpit"}, {"reqpass", linePass, "", "http-request allow"},
	{"rsprep", lineReplace, "", "http-response replace-header"}, {"rspdel", lineDelete, "", "http-response del-header"},
	{"rspdeny", lineVerdict, "deny", "http-response deny"},
}

// removedLines are the Defs of the req* and rsp* words.
func removedLines() []*keyword.Def[Setting[Proxy]] {
	var out []*keyword.Def[Setting[Proxy]]
	for _, o := range oldLineWords {
		folded := o.name[:3] + "i" + o.name[3:]
		out = append(out, o.def(o.name, false), o.def(folded, true))
	}
	exp := oldLine{"cliexp", lineReplace, "", "http-request replace-header"}
	srv := oldLine{"srvexp", lineReplace, "", "http-response replace-header"}
	return append(out, exp.def("cliexp", false), srv.def("srvexp", false),
		addLine("reqadd", "http-request add-header"), addLine("rspadd", "http-response add-header"),
		setBackend("reqsetbe", false), setBackend("reqisetbe", true))
}

// def makes the Def under a name.
func (o oldLine) def(name string, fold bool) *keyword.Def[Setting[Proxy]] {
	answer := strings.HasPrefix(name, "rsp") || name == "srvexp"
	s := keyword.Spec{Name: name, In: keyword.Listen, Flags: keyword.NotDumped, Until: keyword.V(2, 1), Instead: o.instead, Doc: "Rule on the lines of a message."}
	return keyword.Define(s, func(e *keyword.Env, a *oldLineArgs) (Setting[Proxy], error) {
		if want := map[bool]int{true: 2, false: 1}[o.what == lineReplace]; len(a.words) < want {
			return nil, e.Errorf(-1, "'%s' expects <search>%s as arguments.", name, map[bool]string{true: " and <replace>"}[want == 2])
		}
		re, err := sample.CompileRegexp(a.words[0], fold)
		if err != nil {
			return nil, e.Errorf(a.first, "'%s' : regular expression '%s' : %s", name, a.words[0], err)
		}
		r := &lineRule{re: re, what: o.what, answer: answer}
		if o.what == linePass {
			e.Warnf(diag.NotActedOn, 0, "'%s' is not acted on yet.", name).Ours = true
			return nil, nil
		}
		if o.what == lineReplace {
			r.subst = a.words[1]
		}
		if o.verdict != "" {
			if r.verdict, err = plainAction(e, o.verdict, answer); err != nil {
				return nil, err
			}
		}
		return addOld(e, answer, action.Rule{Action: r.action(), Cond: a.cond, Name: name, At: ruleAt(e)}), nil
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

// addOld adds a rule behind the http-request or http-response rules, where
// the req* and rsp* rules were evaluated.
func addOld(_ *keyword.Env, answer bool, r action.Rule) Setting[Proxy] {
	return func(p *Proxy) error {
		if answer {
			p.OldResponse = append(p.OldResponse, r)
		} else {
			p.OldRequest = append(p.OldRequest, r)
		}
		return nil
	}
}

// addLine makes the Def of reqadd and rspadd: a whole header line.
func addLine(name, instead string) *keyword.Def[Setting[Proxy]] {
	answer := name == "rspadd"
	s := keyword.Spec{Name: name, In: keyword.Listen, Flags: keyword.NotDumped, Until: keyword.V(2, 1), Instead: instead, Doc: "Add a header line."}
	return keyword.Define(s, func(e *keyword.Env, a *oldLineArgs) (Setting[Proxy], error) {
		if len(a.words) != 1 {
			return nil, e.Errorf(-1, "'%s' expects <header> as an argument.", name)
		}
		field, value, ok := strings.Cut(a.words[0], ":")
		if !ok {
			return nil, &keyword.Error{Index: a.first, Code: diag.BadValue, Text: "'" + name + "' : '" + a.words[0] + "' is no header line."}
		}
		field, value = strings.TrimSpace(field), strings.TrimSpace(value)
		run := func(t *tx.Tx) action.Verdict {
			if answer {
				t.Res.AddString(field, value)
			} else {
				t.Req.AddString(field, value)
			}
			return action.Continue
		}
		return addOld(e, answer, action.Rule{Action: action.Action{Run: run}, Cond: a.cond, Name: name, At: ruleAt(e)}), nil
	})
}

// setBackend makes the Def of reqsetbe: a use_backend whose condition is that
// a line of the request matches, which a rule before it finds out.
func setBackend(name string, fold bool) *keyword.Def[Setting[Proxy]] {
	s := keyword.Spec{Name: name, In: keyword.Frontend, Flags: keyword.NotDumped, Until: keyword.V(1, 6), Instead: "use_backend", Doc: "Choose a backend by the lines of a request."}
	return keyword.Define(s, func(e *keyword.Env, a *oldLineArgs) (Setting[Proxy], error) {
		if len(a.words) != 2 {
			return nil, e.Errorf(-1, "'%s' expects <search> and <target> as arguments.", name)
		}
		re, err := sample.CompileRegexp(a.words[0], fold)
		if err != nil {
			return nil, e.Errorf(a.first, "'%s' : regular expression '%s' : %s", name, a.words[0], err)
		}
		ref := e.NewRef(keyword.ToBackend, a.words[1], a.first+1)
		r := &lineRule{re: re}
		return func(p *Proxy) error {
			v := "matched_line_" + itoa(len(p.UseBackend))
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
			p.UseBackend = append(p.UseBackend, UseBackend{Cond: cond, To: ref, At: ruleAt(e)})
			return nil
		}, nil
	})
}

// matches says whether any line of the request matches.
func (r *lineRule) matches(t *tx.Tx) bool {
	var buf []byte
	for i := -1; i < len(t.Req.Fields); i++ {
		if buf = r.line(buf[:0], &t.Req, i); r.re.Match(buf) {
			return true
		}
	}
	return false
}
