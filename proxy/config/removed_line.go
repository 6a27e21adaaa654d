package config

import (
	"bytes"
	"slices"
	"strings"

	"tandem/proxy/action"
	"tandem/proxy/pattern"
	"tandem/proxy/sample"
	"tandem/proxy/tx"
)

// lineWhat is what a line rule does where its expression matches.
type lineWhat uint8

const (
	lineReplace lineWhat = iota // the whole line becomes the text
	lineDelete
	lineDeny   // also tarpit: an action of the table
	lineAllow  // later deny, tarpit and allow rules are skipped
	linePass   // no later rule looks at this line
	lineChoose // only asked whether it matches
)

// lineRule is one req* or rsp* line.
type lineRule struct {
	re      *sample.Regexp
	name    string // header name that the expression begins with, as it spells it
	subst   string
	what    lineWhat
	verdict action.Action
	answer  bool // looks at responses
	passes  []passRule
}

// passRule is a "reqpass" line.
type passRule struct {
	*lineRule
	cond *pattern.Cond
}

// oldAllowed is the variable that says that "reqallow" matched.
const oldAllowed = "old_rules_allowed"

// newLineRule makes a rule of an expression.
func newLineRule(what lineWhat, expr string, fold bool) (*lineRule, error) {
	re, err := sample.CompileRegexp(expr, fold)
	if err != nil {
		return nil, err
	}
	name := ""
	if rest, ok := strings.CutPrefix(expr, "^"); ok {
		if i := strings.IndexFunc(rest, func(r rune) bool { return !isNameRune(r) }); i > 0 && rest[i] == ':' {
			name = rest[:i]
		}
	}
	return &lineRule{re: re, what: what, name: name}, nil
}

func isNameRune(r rune) bool {
	return r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// action makes the rule's action.
func (r *lineRule) action() action.Action {
	return action.Action{Run: func(t *tx.Tx) action.Verdict { return r.run(t) }}
}

func (r *lineRule) run(t *tx.Tx) action.Verdict {
	if r.what == lineDeny || r.what == lineAllow {
		if _, ok := t.TxnVars.Get(oldAllowed); ok {
			return action.Continue
		}
	}
	m := &t.Req
	if r.answer {
		m = &t.Res
	}
	var buf []byte
	var loc []int
	for i := -1; i < len(m.Fields); i++ {
		buf = r.line(buf[:0], m, i)
		loc = r.re.FindIndex(buf, 0, loc[:0])
		if len(loc) < 2 || loc[0] < 0 || r.passed(t, m, i) {
			continue
		}
		switch r.what {
		case lineDeny:
			return r.verdict.Run(t)
		case lineAllow:
			var v tx.Value
			v.SetBool(true)
			t.TxnVars.Set(oldAllowed, v)
			return action.Continue
		case lineDelete:
			if i >= 0 {
				m.Fields = slices.Delete(m.Fields, i, i+1)
				i--
			}
		case lineReplace:
			i += r.put(m, i, sample.ExpandRegexp(nil, []byte(r.subst), buf, loc))
		}
	}
	return action.Continue
}

// passed says whether a reqpass line took line i out of the later rules' sight.
func (r *lineRule) passed(t *tx.Tx, m *tx.Message, i int) bool {
	for _, p := range r.passes {
		if (p.cond == nil || p.cond.Eval(t) == pattern.Pass) && p.re.Match(p.line(nil, m, i)) {
			return true
		}
	}
	return false
}

// matches says whether any line of the request matches.
func (r *lineRule) matches(t *tx.Tx) bool {
	var buf []byte
	for i := -1; i < len(t.Req.Fields); i++ {
		if buf = r.line(buf[:0], &t.Req, i); r.re.Match(buf) && !r.passed(t, &t.Req, i) {
			return true
		}
	}
	return false
}

// line writes line i of a message; -1 is its first. A name is spelled as the
// rule spells it, else as "Content-Type": it has lost its case when the
// message was read.
func (r *lineRule) line(dst []byte, m *tx.Message, i int) []byte {
	if i >= 0 {
		f := &m.Fields[i]
		if strings.EqualFold(r.name, string(f.Name)) {
			dst = append(dst, r.name...)
			return append(append(dst, ": "...), f.Value...)
		}
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

// put takes a changed line back into the message, which may be none or several
// by now, and returns how many more there are.
func (r *lineRule) put(m *tx.Message, i int, text []byte) int {
	var fields []tx.Field
	for n, line := range bytes.Split(text, []byte("\n")) {
		if i < 0 && n == 0 {
			r.putFirst(m, bytes.TrimSuffix(line, []byte("\r")))
			continue
		}
		if name, value, ok := bytes.Cut(line, []byte(":")); ok {
			name = m.StoreLower(bytes.TrimSpace(name))
			fields = append(fields, tx.Field{Name: name, Value: m.Store(bytes.TrimSpace(value)), ID: tx.IDOf(name)})
		}
	}
	if i < 0 {
		m.Fields = slices.Insert(m.Fields, 0, fields...)
		return 0
	}
	m.Fields = slices.Replace(m.Fields, i, i+1, fields...)
	return len(fields) - 1
}

// putFirst takes a changed request or status line back.
func (r *lineRule) putFirst(m *tx.Message, line []byte) {
	if r.answer {
		parts := bytes.SplitN(line, []byte(" "), 3)
		if len(parts) > 1 {
			if n := laxInt(string(parts[1])); n >= 100 && n <= 599 {
				m.Status = int(n)
			}
		}
		if len(parts) > 2 {
			m.Reason = m.Store(parts[2])
		}
		return
	}
	if parts := bytes.Fields(line); len(parts) > 1 {
		m.SetMethod(parts[0])
		m.SetURI(parts[1])
	}
}
