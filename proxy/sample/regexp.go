package sample

import (
	"regexp"
	"strings"
	"time"

	"github.com/dlclark/regexp2"

	"tandem/parser/source"
)

// Regexp is a regular expression in the PCRE notation that configurations
// use. RE2 runs it in linear time; only expressions that RE2 refuses
// (look-around, back-references, possessive quantifiers) run on a
// backtracking engine, with a time limit.
type Regexp struct {
	re2       *regexp.Regexp
	back      *regexp2.Regexp
	looksBack bool // has ^, \A, \b or \B
}

// backtrackLimit bounds one match of the backtracking engine.
const backtrackLimit = 100 * time.Millisecond

// CompileRegexp compiles expr; fold ignores case. The error's text is short
// and has no place in it.
func CompileRegexp(expr string, fold bool) (*Regexp, error) {
	re2expr := expr
	if fold {
		re2expr = "(?i)" + expr
	}
	re2, err := regexp.Compile(re2expr)
	if err == nil {
		back := strings.ContainsRune(expr, '^') || strings.Contains(expr, `\A`) || strings.Contains(expr, `\b`) || strings.Contains(expr, `\B`)
		return &Regexp{re2: re2, looksBack: back}, nil
	}
	pattern, err := rewritePCRE(expr)
	if err != nil {
		return nil, err
	}
	opt := regexp2.None
	if fold {
		opt |= regexp2.IgnoreCase
	}
	back, err2 := regexp2.Compile(pattern, opt)
	if err2 != nil {
		return nil, err2
	}
	back.MatchTimeout = backtrackLimit
	return &Regexp{back: back}, nil
}

// Linear says that matching takes linear time.
func (r *Regexp) Linear() bool { return r.re2 != nil }

// Match says whether b matches anywhere.
func (r *Regexp) Match(b []byte) bool {
	if r.re2 != nil {
		return r.re2.Match(b)
	}
	ok, err := r.back.MatchRunes(latin1(b))
	return err == nil && ok
}

// FindIndex appends to loc the offsets of the first match at or after offset
// from, and of its groups, as regexp.FindSubmatchIndex gives them; it returns
// nil where there is no match.
func (r *Regexp) FindIndex(b []byte, from int, loc []int) []int {
	loc = loc[:0]
	if r.re2 != nil {
		// The standard library cannot start inside a byte slice with what
		// is before it in view. Cutting does as long as the expression does
		// not look back.
		if from > 0 && r.looksBack {
			for _, m := range r.re2.FindAllSubmatchIndex(b, -1) {
				if m[0] >= from {
					return append(loc, m...)
				}
			}
			return nil
		}
		m := r.re2.FindSubmatchIndex(b[from:])
		if m == nil {
			return nil
		}
		for _, x := range m {
			if x >= 0 {
				x += from
			}
			loc = append(loc, x)
		}
		return loc
	}
	m, err := r.back.FindRunesMatchStartingAt(latin1(b), from)
	if err != nil || m == nil {
		return nil
	}
	for _, g := range m.Groups() {
		if len(g.Captures) == 0 {
			loc = append(loc, -1, -1)
			continue
		}
		loc = append(loc, g.Index, g.Index+g.Length)
	}
	return loc
}

// latin1 makes a rune of each byte, so that offsets are those of bytes.
func latin1(b []byte) []rune {
	r := make([]rune, len(b))
	for i, c := range b {
		r[i] = rune(c)
	}
	return r
}

// ExpandRegexp appends subst to dst with \0 to \9 replaced by the groups at
// loc in src, \\ by a backslash and \xHH by a byte, as the original's
// exp_replace does (configuration manual, "http-request replace-header").
func ExpandRegexp(dst, subst, src []byte, loc []int) []byte {
	for i := 0; i < len(subst); i++ {
		c := subst[i]
		if c != '\\' || i+1 == len(subst) {
			dst = append(dst, c)
			continue
		}
		i++
		switch d := subst[i]; {
		case d >= '0' && d <= '9':
			if g := 2 * int(d-'0'); g+1 < len(loc) && loc[g] >= 0 {
				dst = append(dst, src[loc[g]:loc[g+1]]...)
			}
		case d == 'x' && i+2 < len(subst) && source.HexDigit(subst[i+1]) >= 0 && source.HexDigit(subst[i+2]) >= 0:
			dst = append(dst, byte(source.HexDigit(subst[i+1])<<4|source.HexDigit(subst[i+2])))
			i += 2
		default:
			dst = append(dst, d)
		}
	}
	return dst
}
