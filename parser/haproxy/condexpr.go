package haproxy

import (
	"fmt"
	"strings"

	"tandem/parser/expr"
)

// CondEnv is what the predicates of .if and -cc ask (configuration manual 2.4).
// Nil functions answer no.
type CondEnv struct {
	Getenv     func(string) (string, bool) // defined(); within files the Environ's if nil
	Version    string                      // of haproxy, "3.5-dev5"
	OpenSSL    string                      // of the TLS library as OpenSSL counts, "3.0.11"
	SSLLibrary string                      // its name and version, "OpenSSL 3.0.11"
	AWSLC      int                         // API number of AWS-LC, 0 for another library
	FIPS       bool
	Feature    func(name string) bool // listed with a '+' by -vv
	Enabled    func(name string) bool // EPOLL, SPLICE, …; unknown names are off
}

// CondError says what is wrong with a condition.
type CondError struct {
	Text string
	At   int // byte of the expression, counted from 0; -1: none to point at
}

// Error returns the text.
func (e *CondError) Error() string { return e.Text }

// EvalCondition evaluates an expression of .if: words joined by one blank.
// The empty one is false. Errors are *CondError in the original's words.
func EvalCondition(text string, env *CondEnv) (bool, error) {
	p := condParser{all: text, env: env}
	p.blanks()
	if p.rest() == "" {
		return false, nil
	}
	v, err := p.or()
	if err != nil {
		return false, err
	}
	p.blanks()
	if rest := p.rest(); rest != "" {
		return false, p.errorf(p.i, "unexpected character '%c' at the end of conditional expression '%s'", rest[0], text)
	}
	return v, nil
}

type condParser struct {
	all   string
	i     int
	env   *CondEnv
	depth int
}

func (p *condParser) rest() string { return p.all[p.i:] }

func (p *condParser) blanks() {
	for p.i < len(p.all) && (p.all[p.i] == ' ' || p.all[p.i] == '\t') {
		p.i++
	}
}

func (p *condParser) errorf(at int, format string, args ...any) error {
	return &CondError{Text: fmt.Sprintf(format, args...), At: at}
}

// or reads operands of "||".
func (p *condParser) or() (bool, error) {
	v, err := p.and()
	for err == nil {
		p.blanks()
		if !strings.HasPrefix(p.rest(), "||") {
			break
		}
		p.i += 2
		var w bool
		w, err = p.and()
		v = v || w
	}
	return v, err
}

// and reads operands of "&&".
func (p *condParser) and() (bool, error) {
	v, err := p.term()
	for err == nil {
		p.blanks()
		if !strings.HasPrefix(p.rest(), "&&") {
			break
		}
		p.i += 2
		var w bool
		w, err = p.term()
		v = v && w
	}
	return v, err
}

// maxDepth bounds parentheses and negations.
const maxDepth = 1024

// term reads an integer, a predicate, "!" term or "(" expression ")".
func (p *condParser) term() (bool, error) {
	p.blanks()
	start := p.i
	if p.depth++; p.depth > maxDepth {
		return false, p.errorf(start, "unparsable conditional expression '%s'", p.all[start:])
	}
	defer func() { p.depth-- }()
	rest := p.rest()
	switch {
	case strings.HasPrefix(rest, "!"):
		p.i++
		v, err := p.term()
		return !v, err
	case strings.HasPrefix(rest, "("):
		p.i++
		v, err := p.or()
		if err != nil {
			return false, err
		}
		p.blanks()
		if !strings.HasPrefix(p.rest(), ")") {
			return false, p.errorf(start, "expected ')' after conditional expression '%s'", p.all[start:])
		}
		p.i++
		return v, nil
	}
	if v, n := leadingNumber(rest); n > 0 {
		p.i += n
		return v, nil
	}
	n := 0
	for n < len(rest) && (isNameByte(rest[n]) || rest[n] == '-' || rest[n] == '.') {
		n++
	}
	pred := predicates[rest[:n]]
	if pred.eval == nil {
		return false, p.errorf(start, "unparsable conditional expression '%s'", rest)
	}
	p.i += n
	return p.predicate(rest[:n], pred)
}

// leadingNumber reads an integer in C's notation and returns whether it is
// not zero, and its length.
func leadingNumber(s string) (bool, int) {
	i := 0
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		i++
	}
	isDigit := func(c byte) bool { return c >= '0' && c <= '9' }
	if strings.HasPrefix(s[i:], "0x") || strings.HasPrefix(s[i:], "0X") {
		if i+2 < len(s) && hex(s[i+2]) >= 0 {
			isDigit = func(c byte) bool { return hex(c) >= 0 }
			i += 2
		}
	}
	start, value := i, false
	for i < len(s) && isDigit(s[i]) {
		value = value || s[i] != '0'
		i++
	}
	if i == start {
		return false, 0
	}
	return value, i
}

type predicate struct {
	args int
	eval func(env *CondEnv, args []string) (bool, bool) // value, arguments valid
}

// predicates of 3.5.
var predicates = map[string]predicate{
	"defined": {1, func(e *CondEnv, a []string) (bool, bool) {
		if e.Getenv == nil {
			return false, true
		}
		_, ok := e.Getenv(a[0])
		return ok, true
	}},
	"feature":                 {1, func(e *CondEnv, a []string) (bool, bool) { return e.Feature != nil && e.Feature(a[0]), true }},
	"enabled":                 {1, func(e *CondEnv, a []string) (bool, bool) { return e.Enabled != nil && e.Enabled(a[0]), true }},
	"fips_mode":               {0, func(e *CondEnv, _ []string) (bool, bool) { return e.FIPS, true }},
	"streq":                   {2, func(_ *CondEnv, a []string) (bool, bool) { return a[0] == a[1], true }},
	"strneq":                  {2, func(_ *CondEnv, a []string) (bool, bool) { return a[0] != a[1], true }},
	"strstr":                  {2, func(_ *CondEnv, a []string) (bool, bool) { return strings.Contains(a[0], a[1]), true }},
	"version_atleast":         {1, func(e *CondEnv, a []string) (bool, bool) { return compareVersions(e.Version, a[0]) >= 0, true }},
	"version_before":          {1, func(e *CondEnv, a []string) (bool, bool) { return compareVersions(e.Version, a[0]) < 0, true }},
	"openssl_version_atleast": {1, func(e *CondEnv, a []string) (bool, bool) { return opensslAtLeast(e, a[0], true) }},
	"openssl_version_before":  {1, func(e *CondEnv, a []string) (bool, bool) { return opensslAtLeast(e, a[0], false) }},
	"ssllib_name_startswith": {1, func(e *CondEnv, a []string) (bool, bool) {
		return e.SSLLibrary != "" && strings.HasPrefix(e.SSLLibrary, a[0]), true
	}},
	"awslc_api_atleast": {1, func(e *CondEnv, a []string) (bool, bool) { return awslcAtLeast(e, a[0], true) }},
	"awslc_api_before":  {1, func(e *CondEnv, a []string) (bool, bool) { return awslcAtLeast(e, a[0], false) }},
}

// predicate reads the arguments of a predicate and evaluates it.
func (p *condParser) predicate(name string, pred predicate) (bool, error) {
	args := make([]string, 0, 2)
	if strings.HasPrefix(p.rest(), "(") {
		got, rest, err := expr.ScanArgs(p.rest())
		if err != nil {
			return false, p.errorf(p.i, "expected ')' in argument 1 of predicate '%s' used in conditional expression", name)
		}
		if len(got) > pred.args {
			return false, p.errorf(p.i, "expected ')' in argument 1 of predicate '%s' used in conditional expression", name)
		}
		args = got
		p.i = len(p.all) - len(rest)
		if pred.args == 2 && len(got) < 2 {
			return false, p.errorf(p.i, "missing arguments (got %d/2), type 'string' expected in argument 1 of predicate '%s' used in conditional expression", max(len(got), 1), name)
		}
	}
	for len(args) < pred.args {
		args = append(args, "")
	}
	v, ok := pred.eval(p.env, args)
	if !ok {
		return false, p.errorf(p.i, "invalid argument to conditional expression predicate '%s': '%s'", name, args[0])
	}
	return v, nil
}
