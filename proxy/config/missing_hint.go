package config

import (
	"fmt"
	"slices"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/keyword"
)

// tellPlace adds what the original does not say of a name that nothing has:
// the line that names it, and what it may have meant.
func (c *compiler) tellPlace(r *keyword.Ref, d *diag.Diagnostic) {
	if r.Span.IsZero() {
		return
	}
	var names []string
	for name, ps := range c.byName {
		if r.Kind == keyword.ToBackend && slices.ContainsFunc(ps, func(p *Proxy) bool { return p.Caps&keyword.Backend != 0 }) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	advice := ""
	switch near := diag.Nearest(r.Name, names); {
	case near != "":
		d.Hint, advice = near, "; did you mean '"+near+"' maybe ?"
	case r.Kind != keyword.ToBackend:
	case len(names) == 0:
		d.Hint = "there is no 'backend' or 'listen' section at all."
		advice = "; " + d.Hint
	case len(names) == 1:
		d.Hint, advice = names[0], "; did you mean '"+names[0]+"', the only one there is ?"
	default:
		d.Hint = "the backends are: " + strings.Join(names[:min(len(names), 8)], ", ")
		if len(names) > 8 {
			d.Hint += fmt.Sprintf(" and %d more", len(names)-8)
		}
		advice = "; " + d.Hint
	}
	n := c.diags.Noticef(diag.UnknownRef, r.Span, "'%s' names '%s', which does not exist%s", r.By, r.Name, advice)
	n.Layout, n.Ours = diag.Place, true
}
