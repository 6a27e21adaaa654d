package keepalived

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"tandem/parser/diag"
)

// perform reads one line: a condition, a definition, a sequence or an include
// is acted on, and what remains becomes logical lines.
func (r *reader) perform(b bare) {
	if strings.HasPrefix(b.text, "@") {
		rest, keep := r.conditional(b.text)
		if !keep {
			return
		}
		b.off += len(b.text) - len(rest)
		b.text = rest
	}
	if b.text == "" || r.define(b.text) {
		return
	}
	if isSequence(b.text) {
		r.sequence(b)
		return
	}
	b, more := r.expand(b)
	if len(more) > 0 {
		r.later(func() (bare, bool) {
			if len(more) == 0 {
				return bare{}, false
			}
			nb := decomment(cut(more[0], 0))
			nb.exact = false
			more = more[1:]
			return nb, true
		})
	}
	if b.text != "" && !r.include(b.text) {
		r.emit(b)
	}
}

// expand substitutes the definitions in a line until none is left. more holds
// the further lines of a multi-line one.
func (r *reader) expand(b bare) (_ bare, more []string) {
	bodies := 0
	for round := 0; b.text != "" && !b.expanded; round++ {
		out, lines, changed := r.substitute(b.text)
		switch {
		case !changed:
			return b, more
		case len(out) > maxLine:
			r.report(diag.Alert, diag.Syntax, "Substituting definitions would make the line too long - not substituting").Layout = diag.Bare
			return b, more
		case round == maxExpand || r.round > maxRounds || bodies > maxBodies:
			// The original never ends here.
			r.report(diag.Alert, diag.Syntax, "definitions refer to each other without end in '%s'", b.text).Ours = true
			return b, more
		}
		if round > 0 {
			r.round++
		}
		nb := decomment(cut(out, 0))
		nb.exact, nb.broken = false, b.broken || nb.broken
		b, more = nb, append(lines, more...)
		if len(lines) > 0 {
			bodies++
		}
	}
	return b, more
}

// conditional strips "@id" or "@^id" and says whether the rest is for us.
func (r *reader) conditional(s string) (rest string, keep bool) {
	id := s[1:]
	not := strings.HasPrefix(id, "^")
	if not {
		id = id[1:]
	}
	n := strings.IndexAny(id, blanks)
	if n < 0 {
		return "", false
	}
	rest = strings.TrimLeft(id[n:], blanks)
	return rest, rest != "" && (id[:n] == r.opt.ConfigID) != not
}

// define performs "$NAME=value"; it returns false for every other line.
func (r *reader) define(s string) bool {
	if !strings.HasPrefix(s, "$") {
		return false
	}
	n := nameLen(s[1:])
	if n == 0 || len(s) <= n+1 || s[n+1] != '=' {
		return false
	}
	name, value := s[1:n+1], strings.TrimLeft(s[n+2:], blanks)
	if v, more := strings.CutSuffix(value, `\`); more {
		r.defs[name] = strings.TrimRight(v, blanks)
		r.open, r.opening = name, true
		return true
	}
	r.defs[name] = value
	return true
}

// continueDefinition adds a line to the multi-line definition being read.
func (r *reader) continueDefinition(s string) {
	v, more := strings.CutSuffix(s, `\`)
	if v = strings.TrimRight(v, blanks); v != "" {
		r.defs[r.open] += "\n" + v
	}
	r.opening = more
}

// nameLen returns the length of the definition name at the start of s.
func nameLen(s string) int {
	n := 0
	for n < len(s) && (s[n] == '_' || s[n]|0x20 >= 'a' && s[n]|0x20 <= 'z' || n > 0 && s[n] >= '0' && s[n] <= '9') {
		n++
	}
	return n
}

// substitute replaces every definition used in s once. more holds the further
// lines of a multi-line value, which can only stand at the end of a line.
func (r *reader) substitute(s string) (out string, more []string, changed bool) {
	if strings.IndexByte(s, '$') < 0 {
		return s, nil, false
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] != '$' {
			b.WriteByte(s[i])
			i++
			continue
		}
		value, n, ok := r.lookup(s[i:])
		lines := strings.Split(value, "\n")
		if !ok || len(lines) > 1 && strings.TrimSpace(s[i+n:]) != "" {
			b.WriteByte('$')
			i++
			continue
		}
		b.WriteString(lines[0])
		more = lines[1:]
		changed = true
		i += n
	}
	return b.String(), more, changed
}

// lookup finds what the reference at the start of s ("$A", "${A}") stands for
// and how many bytes it takes.
func (r *reader) lookup(s string) (value string, n int, ok bool) {
	if strings.HasPrefix(s, "${") {
		end := strings.IndexByte(s, '}')
		if end < 0 {
			return "", 0, false
		}
		name, rest, given := strings.Cut(s[2:end], " ")
		var args []string
		if given {
			args = strings.Split(rest, " ")
		}
		if nameLen(name) != len(name) || slices.Contains(args, "") || strings.HasPrefix(rest, "-") {
			return "", 0, false
		}
		v, known := r.value(name, args)
		return v, end + 1, known
	}
	k := nameLen(s[1:])
	if k == 0 {
		return "", 0, false
	}
	if next := s[k+1:]; next != "" && !isBlank(next[0]) && next[0] != ')' && next[0] != ',' {
		return "", 0, false
	}
	v, known := r.value(s[1:k+1], nil)
	return v, k + 1, known
}

// arity are the standard definitions with the parameters that they take.
var arity = map[string][2]int{"_PWD": {}, "_INSTANCE": {}, "_HASH": {}, "_BANG": {}, "_ENV": {1, 1}, "_RANDOM": {0, 2}}

// value returns what a definition stands for.
func (r *reader) value(name string, args []string) (string, bool) {
	takes, standard := arity[name]
	if v, known := r.defs[name]; known && (standard || args == nil) {
		return v, true
	}
	if !standard {
		return "", false
	}
	if len(args) < takes[0] || len(args) > takes[1] {
		if takes[1] > 0 && args != nil {
			r.report(diag.Alert, diag.Syntax, "Definition %s requires between %d and %d parameters, %d specified.", name, takes[0], takes[1], len(args))
		}
		return "", false
	}
	switch name {
	case "_PWD":
		dir := r.dir()
		if abs, err := filepath.Abs(dir); err == nil {
			dir = abs
		}
		return dir, true
	case "_INSTANCE":
		return r.opt.ConfigID, true
	case "_HASH":
		return "#", true
	case "_BANG":
		return "!", true
	case "_ENV":
		return r.opt.Getenv(args[0]), true
	}
	return r.random(args)
}

// dir is the directory of the file being read.
func (r *reader) dir() string {
	for i := len(r.files) - 1; i >= 0; i-- {
		if r.files[i].dir != "" {
			return r.files[i].dir
		}
	}
	return "."
}

// random gives ${_RANDOM [MIN [MAX]]} its value.
func (r *reader) random(bounds []string) (string, bool) {
	lo, hi := 0, 32767
	for i, b := range bounds {
		n, err := strconv.ParseUint(b, 10, 31)
		if err != nil {
			r.report(diag.Alert, diag.Syntax, "Definition _RANDOM requires numeric parameters only.")
			return "", false
		}
		if i == 0 {
			lo = int(n)
		} else {
			hi = int(n)
		}
	}
	if hi < lo {
		r.report(diag.Alert, diag.Syntax, "${_RANDOM}: min %d exceeds max %d, using %d", lo, hi, lo)
		return strconv.Itoa(lo), true
	}
	return strconv.Itoa(lo + r.opt.Random(hi-lo+1)), true
}
