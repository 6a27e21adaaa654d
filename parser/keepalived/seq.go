package keepalived

import (
	"strconv"
	"strings"

	"tandem/parser/diag"
)

func isSequence(s string) bool {
	return strings.HasPrefix(s, "~SEQ") || strings.HasPrefix(s, "~LST")
}

// sequence makes the body of "~SEQ(…) body" or "~LST(…) body" pending, once
// for every member.
func (r *reader) sequence(b bare) {
	kind := b.text[:4]
	vars, rows, body, ok := r.members(b.text)
	if !ok {
		r.report(diag.Alert, diag.Syntax, "Invalid %s specification '%s'", kind, b.text)
		return
	}
	if body = strings.TrimLeft(body, blanks); body == "" {
		return
	}
	r.later(func() (bare, bool) {
		row := rows()
		if row == nil {
			return bare{}, false
		}
		for i, v := range vars {
			r.defs[v] = row[i]
		}
		return bare{text: body}, true
	})
}

// members reads the head of a sequence, in which definitions may stand, and
// returns its variables, an iterator over their values, and the body.
func (r *reader) members(s string) (vars []string, rows func() []string, body string, ok bool) {
	spec, lst := strings.CutPrefix(s, "~LST")
	spec, _ = strings.CutPrefix(spec, "~SEQ")
	hex := !lst && strings.HasPrefix(spec, "x")
	if hex {
		spec = spec[1:]
	}
	if spec, ok = strings.CutPrefix(strings.TrimLeft(spec, blanks), "("); !ok {
		return nil, nil, "", false
	}
	spec, body, ok = strings.Cut(spec, ")")
	if !ok {
		if !lst {
			r.report(diag.Alert, diag.Syntax, "~SEQ missing terminating ')' '%s'", s)
		}
		return nil, nil, "", false
	}
	head, more := r.expand(bare{text: spec})
	if spec = head.text; len(more) > 0 {
		return nil, nil, "", false
	}
	if lst {
		vars, rows, ok = r.list(spec, s)
	} else {
		vars, rows, ok = r.count(spec, hex, s)
	}
	return vars, rows, body, ok
}

// count reads "var,[start,[step,]]end" of a ~SEQ.
func (r *reader) count(spec string, hex bool, whole string) (vars []string, rows func() []string, ok bool) {
	args := strings.Split(spec, ",")
	name := strings.Trim(args[0], blanks)
	bad := name == "" || strings.ContainsAny(name, "{}") || len(args) < 2 || len(args) > 4
	var n [3]int64
	if !bad {
		for i, a := range args[1:] {
			if a = strings.Trim(a, blanks); a == "" {
				continue // 0
			}
			v, err := strconv.ParseInt(a, 0, 64)
			bad = bad || err != nil
			n[i] = v
		}
	}
	if bad {
		r.report(diag.Alert, diag.Syntax, "Invalid ~SEQ definition '%s'", whole)
		return nil, nil, false
	}
	start, step, end := int64(1), int64(1), n[0]
	switch len(args) {
	case 2:
		if end < 0 {
			start = -1
		}
	case 3:
		start, end = n[0], n[1]
	case 4:
		start, step, end = n[0], n[1], n[2]
	}
	if len(args) < 4 && end < start {
		step = -1
	}
	switch {
	case step == 0 || len(args) == 4 && (end-start)*sign(step) < 0:
		r.report(diag.Alert, diag.Syntax, "Invalid ~SEQ values '%s'", whole)
		return nil, nil, false
	case hex && (start < 0 || end < 0):
		r.report(diag.Alert, diag.Syntax, "~SEQx is only valid for positive numbers '%s'", whole)
		return nil, nil, false
	}
	return []string{name}, r.counter(start, step, end, hex), true
}

// counter iterates over the values of a ~SEQ.
func (r *reader) counter(v, step, end int64, hex bool) func() []string {
	done := 0
	return func() []string {
		if step > 0 && v > end || step < 0 && v < end {
			return nil
		}
		if done++; done > maxSequence {
			r.report(diag.Alert, diag.Syntax, "a ~SEQ of more than %d values is cut off here", maxSequence).Ours = true
			return nil
		}
		s := strconv.FormatInt(v, 10)
		if hex {
			s = strconv.FormatInt(v, 16)
		}
		v += step
		return []string{s}
	}
}

func sign(n int64) int64 {
	if n < 0 {
		return -1
	}
	return 1
}

// list reads "{vars},{values},…" of a ~LST and iterates over the values.
func (r *reader) list(spec, whole string) (vars []string, rows func() []string, ok bool) {
	args, ok := splitArgs(spec)
	if !ok || len(args) < 2 {
		return nil, nil, false
	}
	vars = args[0]
	for _, v := range vars {
		if strings.ContainsAny(v, blanks) {
			return nil, nil, false
		}
	}
	for _, a := range args[1:] {
		if len(a) > len(vars) {
			r.report(diag.Alert, diag.Syntax, "~LST specification has too many values '%s'", whole)
			return nil, nil, false
		}
		for _, v := range a {
			if strings.ContainsAny(v, blanks) {
				return nil, nil, false
			}
		}
	}
	i := 0
	return vars, func() []string {
		if i++; i >= len(args) {
			return nil
		}
		row := make([]string, len(vars))
		copy(row, args[i])
		return row
	}, true
}

// splitArgs splits "a,{b,c},d" at the commas outside braces.
func splitArgs(s string) (out [][]string, ok bool) {
	for {
		s = strings.TrimLeft(s, " \t")
		var arg []string
		if strings.HasPrefix(s, "{") {
			end := strings.IndexByte(s, '}')
			if end < 0 {
				return nil, false
			}
			for _, v := range strings.Split(s[1:end], ",") {
				arg = append(arg, strings.TrimSpace(v))
			}
			s = strings.TrimLeft(s[end+1:], " \t")
			if s != "" && s[0] != ',' {
				return nil, false
			}
		} else {
			n := strings.IndexByte(s, ',')
			if n < 0 {
				n = len(s)
			}
			arg = []string{strings.TrimSpace(s[:n])}
			s = s[n:]
		}
		out = append(out, arg)
		if s == "" {
			return out, true
		}
		s = s[1:]
	}
}
