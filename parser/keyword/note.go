package keyword

import (
	"fmt"
	"strings"

	"tandem/parser/diag"
)

// Note reports what the table knows of d at word i of the line: a word that a
// later release dropped, one that is deprecated, one that has no effect here.
// It returns false where the word must be refused.
func (d *Def[T]) Note(e *Env, i int) bool {
	switch {
	case d.Flags.Has(Refused):
		e.Diags.Alertf(diag.NotActedOn, e.Span(i), "'%s' is known but not supported by this program; it is refused because ignoring it would be unsafe.", d.Name)
		return false
	case d.Flags.Has(Experimental) && !e.Experimental:
		e.Diags.Alertf(diag.BadArguments, e.Span(i), "'%s' directive is experimental, must be allowed via a global 'expose-experimental-directives'", d.Name)
		return false
	case d.Until != 0:
		text := "'" + d.Name + "' was dropped in HAProxy " + d.Until.String() + "; it is accepted here "
		if d.Flags.Has(NotActed) {
			text += "without effect."
		} else {
			text += "and does what it did."
		}
		instead, where, placed := strings.Cut(d.Instead, " @")
		switch {
		case instead == "":
			text += " Please remove it."
		case placed:
			text += " Please write '" + instead + "' " + where + " instead."
		default:
			text += " Please write '" + instead + "' instead."
		}
		ours := diag.Diagnostic{Code: diag.RemovedWord, Span: e.Span(i), Text: text, Hint: instead}
		_, taken := e.Diags.Tolerate(ours, d.refusal(e, i))
		return taken
	case d.Flags.Has(NotActed):
		e.Diags.Warnf(diag.NotActedOn, e.Span(i), "'%s' is not acted on yet.", d.Name).Ours = true
	}
	return true
}

// refusal is what the newest release says of a word that is no longer in it.
func (s *Spec) refusal(e *Env, i int) diag.Diagnostic {
	text := s.Refusal
	if text == "" {
		text = fmt.Sprintf("unknown keyword '%s' in '%s' section", s.Name, e.Section)
	}
	layout := diag.Parsing
	if s.Flags.Has(TightRefusal) {
		layout = diag.ParsingTight
	}
	arg := ""
	if i += 1 + strings.Count(s.Name, " "); i < len(e.Words) {
		arg = e.Words[i].Text
	}
	return diag.Diagnostic{Layout: layout, Text: strings.ReplaceAll(text, "$1", arg)}
}

// Gone says whether the words are read as the newest release reads them, which
// no longer has d.
func (d *Def[T]) Gone(e *Env) bool { return d != nil && d.Until != 0 && e.Diags.Strict }
