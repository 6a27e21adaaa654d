package haproxy

import (
	"errors"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"tandem/parser/diag"
	"tandem/parser/source"
)

// condState is one level of .if.
type condState uint8

const (
	condTake condState = iota // in the branch that is taken
	condWait                  // no branch taken yet
	condDone                  // a branch was taken before
	condDrop                  // the whole block stands in a dropped one

	condElse  condState = 8 // flag: .else was seen
	condWhere condState = 7 // mask of the states above
)

// dropping says whether lines are dropped now.
func (r *reader) dropping() bool {
	return len(r.conds) > 0 && r.conds[len(r.conds)-1]&condWhere != condTake
}

// directive performs a line that begins with a dot (configuration manual 2.4).
// whole is false where the line lacks its LF: then only blocks are tracked.
func (r *reader) directive(t *lexer.Token, words []source.Word, whole bool) {
	name := words[0].Text
	switch name {
	case ".if":
		r.condIf(t, words)
	case ".elif", ".else", ".endif":
		r.condBranch(t, words)
	case ".notice", ".warning", ".alert", ".diag":
		if whole && !r.dropping() {
			r.message(t, words)
		}
	default:
		if whole && !r.dropping() {
			r.stop(t, "unknown directive '%s'.", name)
		}
	}
}

// stop reports an error after which the original reads no further.
func (r *reader) stop(t *lexer.Token, format string, args ...any) {
	r.alert(t, format, args...)
	r.file.Stopped = true
}

func (r *reader) condIf(t *lexer.Token, words []source.Word) {
	if len(r.conds) >= maxNesting {
		r.stop(t, "too many nested '.if', max is %d.", maxNesting+1)
		return
	}
	state := condDrop
	if !r.dropping() {
		state = r.eval(t, words)
	}
	r.conds = append(r.conds, state)
}

// eval returns the state that a condition leads to.
func (r *reader) eval(t *lexer.Token, words []source.Word) condState {
	texts := make([]string, 0, len(words)-1)
	for _, w := range words[1:] {
		texts = append(texts, w.Text)
	}
	expr := strings.Join(texts, " ")
	env := *r.opt.Cond
	if env.Getenv == nil {
		env.Getenv = r.env.Lookup
	}
	ok, err := EvalCondition(expr, &env)
	if err != nil {
		r.condError(t, words, expr, err)
	}
	if ok {
		return condTake
	}
	return condWait
}

func (r *reader) condBranch(t *lexer.Token, words []source.Word) {
	name := words[0].Text
	if name != ".elif" && len(words) > 1 && words[1].Text != "" {
		r.stop(t, "Unexpected argument '%s' for '%s'.", words[1].Text, name)
		r.broken = true
		return
	}
	if len(r.conds) == 0 {
		r.stop(t, "lone '%s' with no matching '.if'.", name)
		return
	}
	top := &r.conds[len(r.conds)-1]
	switch {
	case name == ".endif":
		r.conds = r.conds[:len(r.conds)-1]
		return
	case *top&condElse != 0:
		r.stop(t, "'%s' after '.else' is not permitted.", name)
		return
	}
	state := *top
	switch {
	case state == condTake:
		state = condDone
	case state == condWait && name == ".else":
		state = condTake
	case state == condWait:
		state = r.eval(t, words)
	}
	if name == ".else" {
		state |= condElse
	}
	*top = state
}

// message performs .notice and its kin.
func (r *reader) message(t *lexer.Token, words []source.Word) {
	name := words[0].Text
	if len(words) > 2 && words[2].Text != "" {
		r.alert(t, "Unexpected argument '%s' for '%s'. Use quotes if the message should contain spaces.", words[2].Text, name)
		return
	}
	text := ""
	if len(words) > 1 {
		text = words[1].Text
	}
	severity := diag.Notice
	switch name {
	case ".warning":
		severity = diag.Warning
	case ".diag":
		severity = diag.Diag
	case ".alert":
		severity = diag.Alert
		r.file.Stopped = true
	}
	r.diags.Add(diag.Diagnostic{Severity: severity, Code: diag.UserMessage, Layout: diag.ParsingTight,
		Span: words[0].Span.To(words[len(words)-1].Span), Text: "'" + text + "'."})
}

// condError reports a condition that cannot be evaluated, with the original's
// echo of the words joined by one blank.
func (r *reader) condError(t *lexer.Token, words []source.Word, expr string, err error) {
	r.file.Stopped = true
	name := words[0].Text
	var ce *CondError
	if !errors.As(err, &ce) || ce.At < 0 {
		r.alert(t, "%s in '%s'", err, name)
		return
	}
	d := r.alert(t, "%s in '%s' at position %d:", err, name, ce.At+1)
	d.Extra = caret(name+" "+expr, len(name)+1+ce.At)
	d.Span = words[0].Span
	off := ce.At // find the word that the byte fell into
	for _, w := range words[1:] {
		d.Span = w.Span
		if off <= len(w.Text) {
			break
		}
		off -= len(w.Text) + 1
	}
}

// endConds reports blocks that were never closed.
func (r *reader) endConds() {
	if len(r.conds) == 0 || r.file.Stopped && !r.broken {
		return
	}
	off := r.file.Source.LineStart(r.lastNo)
	d := r.diags.Alertf(diag.Syntax, source.Span{File: r.file.Source, Start: int32(off), End: int32(off)}, "non-terminated '.if' block.")
	d.Layout = diag.ParsingTight
}
