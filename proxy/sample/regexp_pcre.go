package sample

import (
	"fmt"
	"strings"
)

// pcreScan walks an expression in PCRE notation (pcre2pattern(3)) that RE2
// refused: it finds what PCRE would refuse too, with PCRE's text and place,
// and writes possessive quantifiers as atomic groups, which the backtracking
// engine has.
type pcreScan struct {
	s      string
	i      int
	atom   int   // where the last thing that can be repeated begins in out; -1: there is none
	groups []int // where the open groups begin in out
	names  map[string]bool
	free   bool // (?x): blanks and comments, which this does not follow
	out    strings.Builder
}

// pcreError is what PCRE says, with the offset in bytes.
func pcreError(text string, at int) error { return fmt.Errorf("%s, erroffset=%d", text, at) }

// rewritePCRE returns the expression for the backtracking engine, or PCRE's
// refusal.
func rewritePCRE(s string) (string, error) {
	p := &pcreScan{s: s, atom: -1, names: map[string]bool{}}
	for p.i < len(s) {
		if err := p.step(); err != nil {
			return "", err
		}
		if p.free {
			return s, nil
		}
	}
	if len(p.groups) > 0 {
		return "", pcreError("missing closing parenthesis", len(s))
	}
	return p.out.String(), nil
}

// take copies the text up to end.
func (p *pcreScan) take(end int) {
	end = min(end, len(p.s))
	p.out.WriteString(p.s[p.i:end])
	p.i = end
}

func (p *pcreScan) step() error {
	switch c := p.s[p.i]; c {
	case '\\':
		return p.escape()
	case '[':
		return p.class()
	case '(':
		return p.open()
	case ')':
		if len(p.groups) == 0 {
			return pcreError("unmatched closing parenthesis", p.i)
		}
		p.atom, p.groups = p.groups[len(p.groups)-1], p.groups[:len(p.groups)-1]
		p.take(p.i + 1)
	case '|':
		p.atom = -1
		p.take(p.i + 1)
	case '*', '+', '?':
		return p.quantifier(p.i + 1)
	case '{':
		end, err := p.braces()
		if err != nil {
			return err
		}
		if end > 0 {
			return p.quantifier(end)
		}
		fallthrough
	default:
		p.atom = p.out.Len()
		p.take(p.i + 1)
	}
	return nil
}

// escape is a backslash with what belongs to it.
func (p *pcreScan) escape() error {
	if p.i+1 == len(p.s) {
		return pcreError(`\ at end of pattern`, len(p.s))
	}
	end := p.i + 2
	switch p.s[p.i+1] {
	case 'Q':
		if n := strings.Index(p.s[end:], `\E`); n >= 0 {
			end += n + 2
		} else {
			end = len(p.s)
		}
	case 'p', 'P', 'x', 'g', 'k', 'o', 'N':
		if end < len(p.s) && p.s[end] == '{' {
			if n := strings.IndexByte(p.s[end:], '}'); n >= 0 {
				end += n + 1
			}
		}
	}
	p.atom = p.out.Len()
	p.take(end)
	return nil
}

var posixClasses = map[string]bool{
	"alpha": true, "lower": true, "upper": true, "alnum": true, "ascii": true, "blank": true, "cntrl": true,
	"digit": true, "graph": true, "print": true, "punct": true, "space": true, "word": true, "xdigit": true,
}

// class is a bracket expression.
func (p *pcreScan) class() error {
	j := p.i + 1
	if j < len(p.s) && p.s[j] == '^' {
		j++
	}
	last := -1 // the character that a range could begin with
	for first := j; ; first = -1 {
		switch {
		case j >= len(p.s):
			return pcreError("missing terminating ] for character class", len(p.s))
		case p.s[j] == ']' && j != first:
			p.atom = p.out.Len()
			p.take(j + 1)
			return nil
		case p.s[j] == '\\':
			j, last = j+2, -1
		case strings.HasPrefix(p.s[j:], "[:"):
			n := strings.Index(p.s[j:], ":]")
			if n < 0 {
				j, last = j+1, -1
				continue
			}
			if !posixClasses[strings.TrimPrefix(p.s[j+2:j+n], "^")] {
				return pcreError("unknown POSIX class name", j+2)
			}
			j, last = j+n+2, -1
		case p.s[j] == '-' && last >= 0 && j+1 < len(p.s) && p.s[j+1] != ']' && p.s[j+1] != '\\' && p.s[j+1] != '[':
			if int(p.s[j+1]) < last {
				return pcreError("range out of order in character class", j+1)
			}
			j, last = j+2, -1
		default:
			last = int(p.s[j])
			j++
		}
	}
}

// open is a parenthesis with what says which kind of group it begins.
func (p *pcreScan) open() error {
	begin := p.out.Len()
	rest := p.s[p.i:]
	group := func(n int) error {
		p.groups, p.atom = append(p.groups, begin), -1
		p.take(p.i + n)
		return nil
	}
	whole := func(n int) error { // something in parentheses that is no group
		end := strings.IndexByte(rest[n:], ')')
		if end < 0 {
			return pcreError("missing closing parenthesis", len(p.s))
		}
		p.atom = begin
		p.take(p.i + n + end + 1)
		return nil
	}
	if strings.HasPrefix(rest, "(*") {
		return whole(2)
	}
	if !strings.HasPrefix(rest, "(?") {
		return group(1)
	}
	for _, kind := range [...]string{"(?:", "(?=", "(?!", "(?>", "(?|", "(?<=", "(?<!"} {
		if strings.HasPrefix(rest, kind) {
			return group(len(kind))
		}
	}
	for _, kind := range [...]string{"(?P<", "(?<", "(?'"} {
		if name, ok := strings.CutPrefix(rest, kind); ok {
			stop := ">"
			if kind == "(?'" {
				stop = "'"
			}
			name, _, closed := strings.Cut(name, stop)
			if !closed {
				return pcreError("syntax error in subpattern name (missing terminator?)", len(p.s))
			}
			p.names[name] = true
			return group(len(kind) + len(name) + 1)
		}
	}
	if name, ok := strings.CutPrefix(rest, "(?P="); ok {
		if name, _, closed := strings.Cut(name, ")"); closed && !p.names[name] {
			return pcreError("reference to non-existent subpattern", p.i+4)
		}
		return whole(4)
	}
	n := 2
	for n < len(rest) && strings.IndexByte("imsxnUJ^-", rest[n]) >= 0 {
		p.free = p.free || rest[n] == 'x'
		n++
	}
	switch {
	case n == len(rest):
		return pcreError("missing closing parenthesis", len(p.s))
	case rest[n] == ')':
		p.take(p.i + n + 1)
		return nil
	case rest[n] == ':':
		return group(n + 1)
	case strings.IndexByte("#R&+0123456789CP", rest[n]) >= 0:
		return whole(n)
	case rest[n] == '(': // a condition; its own parenthesis closes first
		end := strings.IndexByte(rest[n:], ')')
		if end < 0 {
			return pcreError("missing closing parenthesis", len(p.s))
		}
		return group(n + end + 1)
	}
	return pcreError("unrecognized character after (? or (?-", p.i+n)
}

// braces reads {n}, {n,} or {n,m} and returns where it ends, 0 where there is
// no such thing.
func (p *pcreScan) braces() (int, error) {
	const most = 65535
	var n [2]int
	part, digits := 0, 0
	for j := p.i + 1; j < len(p.s); j++ {
		switch c := p.s[j]; {
		case c >= '0' && c <= '9':
			digits++
			if n[part] = n[part]*10 + int(c-'0'); n[part] > most {
				return 0, pcreError("number too big in {} quantifier", j+1)
			}
		case c == ',' && part == 0 && digits > 0:
			part, digits = 1, 0
		case c == '}' && (digits > 0 || part == 1):
			if part == 1 && digits > 0 && n[1] < n[0] {
				return 0, pcreError("numbers out of order in {} quantifier", j)
			}
			return j + 1, nil
		default:
			return 0, nil
		}
	}
	return 0, nil
}

// quantifier ends at end, save for the sign that makes it lazy or possessive.
func (p *pcreScan) quantifier(end int) error {
	if p.atom < 0 {
		return pcreError("quantifier does not follow a repeatable item", p.i)
	}
	switch {
	case end < len(p.s) && p.s[end] == '?':
		p.take(end + 1)
	case end < len(p.s) && p.s[end] == '+':
		p.take(end)
		text := p.out.String()
		p.out.Reset()
		p.out.WriteString(text[:p.atom] + "(?>" + text[p.atom:] + ")")
		p.i++
	default:
		p.take(end)
	}
	p.atom = -1
	return nil
}
