package keepalived

import (
	"path/filepath"
	"strconv"
	"strings"

	"tandem/parser/diag"
)

// expand performs conditionals, definitions, substitutions and sequences on
// one line until none is left, and emits what remains.
func (r *reader) expand(b bare, depth int) {
	blank := false // the line begins with a blank that substitution left
	for round := 0; ; round++ {
		if depth > 0 || round > 0 {
			r.steps++
		}
		if r.steps > maxSteps {
			if !r.full {
				r.full = true
				r.report(diag.Alert, diag.Syntax, "definitions and sequences expand more than %d times; reading stops here", maxSteps).Ours = true
			}
			return
		}
		if round == maxExpand {
			// The original never ends here.
			r.report(diag.Alert, diag.Syntax, "definitions refer to each other without end in '%s'", b.text).Ours = true
			break
		}
		if strings.HasPrefix(b.text, "@") && !blank {
			rest, keep := r.conditional(b.text)
			if !keep {
				return
			}
			b.off += len(b.text) - len(rest)
			b.text = rest
		}
		if r.define(b.text) {
			return
		}
		head, body := b.text, ""
		seq := isSequence(b.text)
		if seq {
			head, body = cutSequence(b.text)
		}
		out, more, changed := r.substitute(head)
		if changed {
			if len(out)+len(body) > maxLine {
				r.report(diag.Alert, diag.Syntax, "Substituting definitions would make the line too long - not substituting").Layout = diag.Bare
				break
			}
			nb := decomment(cut(out+body, 0))
			blank = out != "" && isBlank(out[0])
			nb.exact, nb.broken = false, b.broken || nb.broken
			b = nb
		}
		if seq && (!changed || isSequence(b.text)) {
			r.sequence(b, depth)
			return
		}
		if len(more) > 0 {
			r.expand(b, depth+1)
			for _, m := range more {
				nb := decomment(cut(m, 0))
				nb.exact = false
				if depth < maxExpand && nb.text != "" {
					r.expand(nb, depth+1)
				}
			}
			return
		}
		if !changed || b.text == "" {
			break
		}
	}
	r.emit(b)
}

// conditional strips "@id" or "@^id" and says whether the rest is for us.
func (r *reader) conditional(s string) (rest string, keep bool) {
	id := s[1:]
	not := strings.HasPrefix(id, "^")
	if not {
		id = id[1:]
	}
	n := strings.IndexAny(id, " \t\f\v")
	if n < 0 {
		return "", false
	}
	rest = strings.TrimLeft(id[n:], " \t\f\v\r")
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
	name, value := s[1:n+1], strings.TrimLeft(s[n+2:], " \t\f\v\r")
	if v, more := strings.CutSuffix(value, `\`); more {
		r.defs[name] = strings.TrimRight(v, " \t\f\v\r")
		r.open, r.opening = name, true
		return true
	}
	r.defs[name] = value
	return true
}

// continueDefinition adds a line to the multi-line definition being read.
func (r *reader) continueDefinition(s string) {
	v, more := strings.CutSuffix(s, `\`)
	if v = strings.TrimRight(v, " \t\f\v\r"); v != "" {
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
		name := s[2:end]
		if v, known := r.defs[name]; known {
			return v, end + 1, true
		}
		v, known := r.standard(name)
		return v, end + 1, known
	}
	k := nameLen(s[1:])
	if k == 0 {
		return "", 0, false
	}
	if next := s[k+1:]; next != "" && !isBlank(next[0]) && next[0] != ')' && next[0] != ',' {
		return "", 0, false
	}
	v, known := r.defs[s[1:k+1]]
	return v, k + 1, known
}

// standard returns the value of a definition that always exists.
func (r *reader) standard(name string) (string, bool) {
	word, rest, _ := strings.Cut(name, " ")
	switch word {
	case "_PWD":
		if abs, err := filepath.Abs(r.dir); err == nil {
			return abs, rest == ""
		}
		return r.dir, rest == ""
	case "_INSTANCE":
		return r.opt.ConfigID, rest == ""
	case "_HASH":
		return "#", rest == ""
	case "_BANG":
		return "!", rest == ""
	case "_ENV":
		return r.opt.Getenv(strings.TrimSpace(rest)), rest != ""
	case "_RANDOM":
		return r.random(strings.Fields(rest))
	}
	return "", false
}

// random gives ${_RANDOM [MIN [MAX]]} its value.
func (r *reader) random(bounds []string) (string, bool) {
	lo, hi := 0, 32767
	if len(bounds) > 2 {
		return "", false
	}
	for i, b := range bounds {
		n, err := strconv.Atoi(b)
		if err != nil || n < 0 || n > 32767 {
			return "", false
		}
		if i == 0 {
			lo = n
		} else {
			hi = n
		}
	}
	if hi < lo {
		return "", false
	}
	return strconv.Itoa(lo + r.opt.Random(hi-lo+1)), true
}
