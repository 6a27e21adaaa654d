package sample

import (
	"fmt"
	"strings"

	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

// joinConvs make one text of several.
var joinConvs = []word[Conv]{
	conv("regsub", "regex,string[,string]", tx.TypeStr, tx.TypeStr, "Text with matches of a regular expression replaced; flags g and i.", newRegsub),
	conv("concat", "[string,string,string]", tx.TypeStr, tx.TypeStr, "Text with up to three things behind: text, variable, text.", newConcat),
	conv("add_item", "string,string[,string]", tx.TypeStr, tx.TypeStr, "Text with a variable or text behind, a delimiter between them where needed.", newAddItem),
	conv("iif", "string,string", tx.TypeBool, tx.TypeStr, "One of two texts.", newIif),
}

func newRegsub(e *keyword.Env, a args) (evalFunc, error) {
	expr, subst, all, fold := a.str(0, ""), []byte(a.str(1, "")), false, false
	for _, c := range a.str(2, "") {
		switch c {
		case 'g':
			all = true
		case 'i':
			fold = true
		default:
			return nil, fmt.Errorf("invalid regex flag '%c', only 'i' and 'g' are supported", c)
		}
	}
	re, err := CompileRegexp(expr, fold)
	if err != nil {
		site := keyword.Attached[*callSite](e)
		r := e.NewRef(keyword.ToProxy, "", 0) // told with other arguments that cannot be resolved
		r.Span, r.Arg = site.at, true
		r.Missing = fmt.Sprintf("error in regex '%s'%s : regex '%s' is invalid (error=%s).", expr, site.describe(e, 0), expr, err)
		return func(*tx.Tx, *Value) bool { return false }, nil
	}
	return func(t *tx.Tx, v *Value) bool {
		var groups [20]int
		out := t.Scratch.Alloc(len(v.B) + len(subst))[:0]
		at := 0
		for at <= len(v.B) {
			loc := re.FindIndex(v.B, at, groups[:0])
			if loc == nil {
				break
			}
			out = append(out, v.B[at:loc[0]]...)
			out = ExpandRegexp(out, subst, v.B, loc)
			if loc[1] == loc[0] {
				if loc[0] < len(v.B) {
					out = append(out, v.B[loc[0]])
				}
				at = loc[0] + 1
			} else {
				at = loc[1]
			}
			if !all {
				break
			}
		}
		if at < len(v.B) {
			out = append(out, v.B[at:]...)
		}
		v.SetStr(out)
		return true
	}, nil
}

// variable is an argument that names a variable; unset where it was left out.
type variable struct {
	name tx.VarName
	set  bool
}

func parseVariable(s string) (variable, error) {
	if s == "" {
		return variable{}, nil
	}
	n, err := ParseVar(s)
	if err != nil {
		return variable{}, fmt.Errorf("failed to register variable name '%s'", s)
	}
	return variable{n, true}, nil
}

// text returns the variable's value as text.
func (x *variable) text(t *tx.Tx) ([]byte, bool) {
	if !x.set {
		return nil, false
	}
	val, ok := getVar(t, x.name)
	if !ok || !Cast(t, &val, tx.TypeStr) {
		return nil, false
	}
	return val.B, true
}

func newConcat(_ *keyword.Env, a args) (evalFunc, error) {
	start, end := a.str(0, ""), a.str(2, "")
	name, err := parseVariable(strings.TrimSpace(a.str(1, "")))
	if err != nil {
		return nil, err
	}
	return func(t *tx.Tx, v *Value) bool {
		mid, _ := name.text(t)
		out := t.Scratch.Alloc(len(v.B) + len(start) + len(mid) + len(end))[:0]
		out = append(append(append(append(out, v.B...), start...), mid...), end...)
		v.SetStr(out)
		return true
	}, nil
}

func newAddItem(_ *keyword.Env, a args) (evalFunc, error) {
	delim, suffix := a.str(0, ""), a.str(2, "")
	if a.str(1, "") == "" && suffix == "" {
		return nil, errText("one of the optional arguments has to be nonempty")
	}
	name, err := parseVariable(strings.TrimSpace(a.str(1, "")))
	if err != nil {
		return nil, err
	}
	return func(t *tx.Tx, v *Value) bool {
		mid, ok := name.text(t)
		out := t.Scratch.Alloc(len(v.B) + len(delim) + len(mid) + len(suffix))[:0]
		out = append(out, v.B...)
		if len(v.B) > 0 && (ok || suffix != "") {
			out = append(out, delim...)
		}
		v.SetStr(append(append(out, mid...), suffix...))
		return true
	}, nil
}

func newIif(_ *keyword.Env, a args) (evalFunc, error) {
	yes, no := []byte(a.str(0, "")), []byte(a.str(1, ""))
	return func(_ *tx.Tx, v *Value) bool {
		if v.Int != 0 {
			v.SetStr(yes)
		} else {
			v.SetStr(no)
		}
		return true
	}, nil
}
