package keepalived

import (
	"strconv"
	"strings"

	"tandem/parser/diag"
)

func isSequence(s string) bool {
	return strings.HasPrefix(s, "~SEQ") || strings.HasPrefix(s, "~LST")
}

// cutSequence cuts a line that begins with a sequence behind its ")"; the
// body is substituted later, once for every member.
func cutSequence(s string) (head, body string) {
	if i := strings.IndexByte(s, ')'); i >= 0 {
		return s[:i+1], s[i+1:]
	}
	return s, ""
}

// sequence emits the body of "~SEQ(…) body" or "~LST(…) body" for every member.
func (r *reader) sequence(b bare, depth int) {
	kind := b.text[:4]
	head, body := cutSequence(b.text)
	if depth > maxExpand {
		r.report(diag.Alert, diag.Syntax, "sequences are nested too deeply").Ours = true
		return
	}
	vars, rows, ok := r.members(head, b.text)
	if !ok {
		r.report(diag.Alert, diag.Syntax, "Invalid %s specification '%s'", kind, b.text)
		return
	}
	body = strings.TrimLeft(body, " \t\f\v\r")
	if body == "" {
		return
	}
	for row := rows(); row != nil; row = rows() {
		if r.full {
			return
		}
		for i, v := range vars {
			r.defs[v] = row[i]
		}
		nb := decomment(cut(body, 0))
		nb.exact = false
		r.expand(nb, depth+1)
	}
}

// members reads the head of a sequence and returns its variables and an
// iterator over their values.
func (r *reader) members(head, whole string) (vars []string, rows func() []string, ok bool) {
	spec := head[4:]
	hex := strings.HasPrefix(head, "~SEQx")
	if hex {
		spec = spec[1:]
	}
	if !strings.HasPrefix(spec, "(") {
		return nil, nil, false
	}
	if !strings.HasSuffix(spec, ")") {
		r.report(diag.Alert, diag.Syntax, "%s missing terminating ')' '%s'", head[:4], whole)
		return nil, nil, false
	}
	args, ok := splitArgs(spec[1 : len(spec)-1])
	if !ok || len(args) < 2 {
		if head[:4] == "~SEQ" {
			r.report(diag.Alert, diag.Syntax, "Invalid ~SEQ definition '%s'", whole)
		}
		return nil, nil, false
	}
	if strings.HasPrefix(head, "~LST") {
		return r.list(args, whole)
	}
	if len(args[0]) != 1 || nameLen(args[0][0]) != len(args[0][0]) || args[0][0] == "" || len(args) > 4 {
		r.report(diag.Alert, diag.Syntax, "Invalid ~SEQ definition '%s'", whole)
		return nil, nil, false
	}
	var n [3]int64
	for i, a := range args[1:] {
		if len(a) != 1 {
			return nil, nil, false
		}
		v, err := strconv.ParseInt(strings.TrimSpace(a[0]), 0, 64)
		if err != nil || hex && v < 0 {
			r.report(diag.Alert, diag.Syntax, "Invalid ~SEQ definition '%s'", whole)
			return nil, nil, false
		}
		n[i] = v
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
	if step == 0 || len(args) == 4 && (end-start)*sign(step) < 0 {
		r.report(diag.Alert, diag.Syntax, "Invalid ~SEQ values '%s'", whole)
		return nil, nil, false
	}
	return args[0], r.counter(start, step, end, hex), true
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

// list iterates over the values of a ~LST.
func (r *reader) list(args [][]string, whole string) (vars []string, rows func() []string, ok bool) {
	vars = args[0]
	for _, v := range vars {
		if v == "" || nameLen(v) != len(v) {
			r.report(diag.Alert, diag.Syntax, "Invalid ~LST definition '%s'", whole)
			return nil, nil, false
		}
	}
	for _, a := range args[1:] {
		if len(a) > len(vars) {
			r.report(diag.Alert, diag.Syntax, "~LST specification has too many values '%s'", whole)
			return nil, nil, false
		}
		for _, v := range a {
			if strings.ContainsAny(v, " \t") {
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
