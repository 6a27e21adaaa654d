package action

import (
	"bytes"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/logformat"
	"tandem/proxy/sample"
	"tandem/proxy/tx"
)

// headers are the actions on header fields by name.
var headers = []*keyword.Def[Action]{
	keyword.Define(keyword.Spec{
		Name: "add-header", In: httpAll, Misuse: "expects exactly 2 arguments",
		Doc: "Add a header field behind those that exist.",
	}, func(e *keyword.Env, a *headerArgs) (Action, error) { return newHeader(e, a, false) }),
	keyword.Define(keyword.Spec{
		Name: "set-header", In: httpAll, Misuse: "expects exactly 2 arguments",
		Doc: "Replace all header fields of a name by one.",
	}, func(e *keyword.Env, a *headerArgs) (Action, error) { return newHeader(e, a, true) }),
	keyword.Define(keyword.Spec{
		Name: "del-header", In: httpAll,
		Doc: "Remove all header fields whose name matches.",
	}, newDelHeader),
	keyword.Define(keyword.Spec{
		Name: "replace-header", In: httpAll, Misuse: "expects exactly 3 arguments",
		Doc: "Rewrite the whole values of header fields that match.",
	}, func(e *keyword.Env, a *replaceArgs) (Action, error) { return newReplaceHeader(e, a, false) }),
	keyword.Define(keyword.Spec{
		Name: "replace-value", In: httpAll, Misuse: "expects exactly 3 arguments",
		Doc: "Rewrite the comma-separated values of header fields that match.",
	}, func(e *keyword.Env, a *replaceArgs) (Action, error) { return newReplaceHeader(e, a, true) }),
	keyword.Define(keyword.Spec{
		Name: "early-hint", In: httpReq, Misuse: "expects exactly 2 arguments",
		Doc: "Send a 103 response with a header field to the client.",
	}, newEarlyHint),
}

type headerArgs struct {
	Name expr.Word `parser:"@@"`
	Fmt  expr.Fmt  `parser:"@@"`
}

// newHeader makes set-header and add-header. The value is computed before the
// old fields go, so that it may contain theirs.
func newHeader(e *keyword.Env, a *headerArgs, replace bool) (Action, error) {
	f, err := logformat.Compile(e, a.Fmt)
	if err != nil {
		return Action{}, err
	}
	if i := strings.IndexFunc(a.Name.Text, notToken); i >= 0 {
		e.Warnf(diag.BadValue, a.Name.Index, "header name '%s' contains forbidden character '%s'.", a.Name.Text, a.Name.Text[i:i+1])
	}
	name, on := []byte(strings.ToLower(a.Name.Text)), messageOf(e)
	host := !bool(on) && string(name) == "host"
	if text, ok := f.Literal(); ok {
		lit := []byte(text)
		clean(lit)
		return Action{Run: func(t *tx.Tx) Verdict {
			return on.put(t, on.of(t), name, lit, replace, host)
		}}, nil
	}
	return Action{Run: func(t *tx.Tx) Verdict {
		m := on.of(t)
		value := f.Append(m.Spare(), t)
		clean(value)
		return on.put(t, m, name, m.Keep(value), replace, host)
	}}, nil
}

// notToken says whether c cannot stand in the name of a header field (RFC 9110 5.6.2).
func notToken(c rune) bool {
	switch {
	case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
		return false
	}
	return !strings.ContainsRune("!#$%&'*+-.^_`|~", c)
}

// put adds a field, instead of those of the same name where replace says so.
func (r message) put(t *tx.Tx, m *tx.Message, name, value []byte, replace, host bool) Verdict {
	if !r.fits(t, m, len(name)+len(value)+8) {
		return r.failed(t)
	}
	if replace {
		m.Del(name)
	}
	m.Append(name, value)
	if host {
		setAuthority(m, value)
	}
	return Continue
}

// delHeaderArgs is "<name> [-m <method>]".
type delHeaderArgs struct {
	name  string
	index int
	meth  string
}

// Usage is what messages say of the arguments.
func (delHeaderArgs) Usage() string { return "<name> [-m <meth>]" }

// ParseArgs takes the name and the method.
func (d *delHeaderArgs) ParseArgs(a *keyword.Args) error {
	var ok bool
	if d.name, d.index, ok = a.Next(); !ok {
		return refuse(-1, "expects at least 1 argument")
	}
	return d.method(a)
}

// method takes an optional "-m <method>".
func (d *delHeaderArgs) method(a *keyword.Args) error {
	d.meth = "str"
	if a.Peek() != "-m" {
		return nil
	}
	a.Next()
	m, at, ok := a.Next()
	switch {
	case !ok:
		return refuse(-1, "-m flag expects exactly 1 argument")
	case m != "str" && m != "beg" && m != "end" && m != "sub" && m != "reg":
		return refuse(at, "-m with unsupported matching method '%s'", m)
	}
	d.meth = m
	return nil
}

func newDelHeader(e *keyword.Env, a *delHeaderArgs) (Action, error) {
	on := messageOf(e)
	if a.meth == "reg" {
		re, err := sample.CompileRegexp(a.name, false)
		if err != nil {
			return Action{}, refuse(a.index, "regex '%s' is invalid (error=%s)", a.name, err)
		}
		return Action{Run: func(t *tx.Tx) Verdict {
			on.of(t).DelFunc(func(f *tx.Field) bool { return re.Match(f.Name) })
			return Continue
		}}, nil
	}
	name := []byte(strings.ToLower(a.name))
	if a.meth == "str" {
		return Action{Run: func(t *tx.Tx) Verdict {
			on.of(t).Del(name)
			return Continue
		}}, nil
	}
	match := nameMatch(a.meth)
	return Action{Run: func(t *tx.Tx) Verdict {
		on.of(t).DelFunc(func(f *tx.Field) bool { return match(f.Name, name) })
		return Continue
	}}, nil
}

// nameMatch returns the match method of "-m" for header names.
func nameMatch(meth string) func(name, pattern []byte) bool {
	switch meth {
	case "beg":
		return bytes.HasPrefix
	case "end":
		return bytes.HasSuffix
	case "sub":
		return bytes.Contains
	}
	return bytes.Equal
}

type replaceArgs struct {
	Name  expr.Word `parser:"@@"`
	Regex expr.Word `parser:"@@"`
	Fmt   expr.Fmt  `parser:"@@"`
}

// compileRegex compiles a regular expression argument.
func compileRegex(w expr.Word) (*sample.Regexp, error) {
	re, err := sample.CompileRegexp(w.Text, false)
	if err != nil {
		return nil, refuse(w.Index, "regex '%s' is invalid (error=%s)", w.Text, err)
	}
	return re, nil
}

// newReplaceHeader makes replace-header and replace-value. The format is
// evaluated first; the back-references in what it gives are expanded then.
func newReplaceHeader(e *keyword.Env, a *replaceArgs, values bool) (Action, error) {
	re, err := compileRegex(a.Regex)
	if err != nil {
		return Action{}, err
	}
	f, err := logformat.Compile(e, a.Fmt)
	if err != nil {
		return Action{}, err
	}
	name, on := []byte(strings.ToLower(a.Name.Text)), messageOf(e)
	host := !bool(on) && string(name) == "host"
	return Action{Run: func(t *tx.Tx) Verdict {
		m := on.of(t)
		if !m.Has(name) {
			return Continue
		}
		subst := t.Scratch.Copy(f.Append(m.Spare(), t))
		for i := range m.Fields {
			if !bytes.Equal(m.Fields[i].Name, name) {
				continue
			}
			old := m.Fields[i].Value
			var now []byte
			if values {
				now = replaceValues(m.Spare(), old, subst, re)
			} else {
				now = replaceWhole(m.Spare(), old, subst, re)
			}
			if now == nil {
				continue
			}
			if !on.fits(t, m, len(now)-len(old)) {
				if v := on.failed(t); v != Continue {
					return v
				}
				continue
			}
			clean(now)
			m.Fields[i].Value = m.Keep(now)
			if host {
				setAuthority(m, m.Fields[i].Value)
			}
		}
		return Continue
	}}, nil
}

// replaceWhole returns dst with subst's expansion where old matches, nil
// where it does not.
func replaceWhole(dst, old, subst []byte, re *sample.Regexp) []byte {
	var mem [20]int
	loc := re.FindIndex(old, 0, mem[:0])
	if loc == nil {
		return nil
	}
	if dst = sample.ExpandRegexp(dst, subst, old, loc); dst == nil {
		dst = []byte{}
	}
	return dst
}

// replaceValues does the same for every element of a comma-separated list and
// leaves what stands between them.
func replaceValues(dst, old, subst []byte, re *sample.Regexp) []byte {
	var mem [20]int
	hit, copied := false, 0
	for start := 0; start <= len(old); {
		end := start + valueEnd(old[start:])
		lo, hi := trim(old, start, end)
		if loc := re.FindIndex(old[lo:hi], 0, mem[:0]); loc != nil && hi > lo {
			hit = true
			dst = append(dst, old[copied:lo]...)
			dst = sample.ExpandRegexp(dst, subst, old[lo:hi], loc)
			copied = hi
		}
		start = end + 1
	}
	if !hit {
		return nil
	}
	return append(dst, old[copied:]...)
}

// valueEnd returns the offset of the comma that ends the first element of a
// list, or the length; commas in quoted strings do not count (RFC 9110 5.6.1).
func valueEnd(b []byte) int {
	quoted := false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			return i
		}
	}
	return len(b)
}

// trim narrows [lo, hi) of b by blanks.
func trim(b []byte, lo, hi int) (int, int) {
	hi = min(hi, len(b))
	for lo < hi && (b[lo] == ' ' || b[lo] == '\t') {
		lo++
	}
	for hi > lo && (b[hi-1] == ' ' || b[hi-1] == '\t') {
		hi--
	}
	return lo, hi
}

// newEarlyHint makes early-hint (RFC 8297). Each rule sends a response of its own.
func newEarlyHint(e *keyword.Env, a *headerArgs) (Action, error) {
	f, err := logformat.Compile(e, a.Fmt)
	if err != nil {
		return Action{}, err
	}
	name := []byte(strings.ToLower(a.Name.Text))
	return Action{Run: func(t *tx.Tx) Verdict {
		value := f.Append(t.Req.Spare(), t)
		clean(value)
		if t.Conn != nil {
			t.Conn.Interim(103, []tx.Field{{Name: name, Value: t.Req.Keep(value), ID: tx.IDOf(name)}})
		}
		return Continue
	}}, nil
}
