package haproxy

import (
	"fmt"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"tandem/parser/diag"
	"tandem/parser/source"
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

// EvalArgument evaluates the argument of -cc: one line of text, read as a line
// of a file is, but without comments. The text of its errors is all that the
// original prints.
func EvalArgument(arg string, env *CondEnv) (bool, error) {
	var diags diag.List
	arg, _, _ = strings.Cut(arg, "\x00")
	r := newReader(source.New("", []byte(arg+"\n")), Options{Cond: env, Getenv: env.Getenv}, &diags)
	r.split1 = splitter{reader: r, t: &lexer.Token{Value: arg}, s: arg, hint: -1, cut: -1, noComments: true}
	r.split1.run()
	if len(diags.All) > 0 && diags.HasErrors() {
		text := diags.All[0].Text
		switch {
		case strings.HasPrefix(text, "unmatched quote"):
			text = "Syntax Error in condition: Unmatched quote."
		case strings.HasPrefix(text, "truncated or invalid hex"):
			text = "Syntax Error in condition: Truncated or invalid hexadecimal sequence."
		default:
			text = "Unhandled error in condition, please report this to the developers."
		}
		return false, &CondError{Text: text, At: -1}
	}
	if len(r.split1.words) > MaxWords {
		return false, &CondError{Text: "Error in condition: Too many words.", At: -1}
	}
	texts := make([]string, len(r.split1.words))
	for i, w := range r.split1.words {
		texts[i] = w.Text
	}
	v, err := EvalCondition(strings.Join(texts, " "), env)
	if err != nil {
		err = &CondError{Text: "Failed to evaluate condition: " + err.Error(), At: -1}
	}
	return v, err
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

// unparsable is the error for what begins like nothing that is known.
func (p *condParser) unparsable(text, at int) error {
	return p.errorf(at, "unparsable conditional expression '%s'", p.all[text:])
}

// or reads operands of "||". All of them are read, so that errors are found.
func (p *condParser) or() (bool, error) {
	start := p.i
	v, err := p.and()
	for err == nil {
		p.blanks()
		op := p.i
		if !strings.HasPrefix(p.rest(), "||") {
			break
		}
		p.i += 2
		if p.blanks(); p.rest() == "" {
			return false, p.unparsable(start, op)
		}
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
		op := p.i
		if !strings.HasPrefix(p.rest(), "&&") {
			break
		}
		p.i += 2
		if p.blanks(); p.rest() == "" {
			return false, p.unparsable(op, op)
		}
		var w bool
		w, err = p.term()
		v = v && w
	}
	return v, err
}

// maxDepth bounds parentheses.
const maxDepth = 1024

// term reads an integer, a predicate or "(" expression ")", each behind any
// number of "!".
func (p *condParser) term() (bool, error) {
	p.blanks()
	start, neg := p.i, false
	for strings.HasPrefix(p.rest(), "!") {
		neg = !neg
		p.i++
		p.blanks()
	}
	rest := p.rest()
	if strings.HasPrefix(rest, "(") {
		if p.depth++; p.depth > maxDepth {
			return false, p.unparsable(start, start)
		}
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
		p.depth--
		return v != neg, nil
	}
	if v, n := leadingNumber(rest); n > 0 {
		p.i += n
		return v != neg, nil
	}
	n := 0
	for n < len(rest) && isNameByte(rest[n]) {
		n++
	}
	pred := predicates[rest[:n]]
	if pred.eval == nil {
		return false, p.unparsable(start, start)
	}
	p.i += n
	v, err := p.predicate(rest[:n], pred)
	return v != neg, err
}

// leadingNumber reads an integer in C's notation (decimal, 0octal, 0xhex) and
// returns whether it is not zero, and its length; 0: there is none.
func leadingNumber(s string) (bool, int) {
	i := 0
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		i++
	}
	isDigit := func(c byte) bool { return c >= '0' && c <= '9' }
	switch {
	case i+2 < len(s) && s[i] == '0' && (s[i+1] == 'x' || s[i+1] == 'X') && source.HexDigit(s[i+2]) >= 0:
		isDigit = func(c byte) bool { return source.HexDigit(c) >= 0 }
		i += 2
	case i < len(s) && s[i] == '0':
		isDigit = func(c byte) bool { return c >= '0' && c <= '7' }
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
	open := strings.HasPrefix(p.rest(), "(")
	if open {
		p.i++
		for n := 0; n < pred.args; n++ {
			text, end := scanArg(p.all, p.i)
			p.i = end
			if n > 0 || text != "" || strings.HasPrefix(p.rest(), ",") {
				args = append(args, text)
			}
			if n+1 == pred.args || !strings.HasPrefix(p.rest(), ",") {
				break
			}
			p.i++
		}
	}
	last := min(pred.args, 1)
	if pred.args == 2 && len(args) < 2 {
		return false, p.errorf(p.i, "missing arguments (got %d/2), type 'string' expected in argument 1 of predicate '%s' used in conditional expression", 1, name)
	}
	if open {
		switch rest := p.rest(); {
		case rest == "":
			return false, p.errorf(p.i, "expected ')' in argument %d of predicate '%s' used in conditional expression", last, name)
		case rest[0] != ')':
			return false, p.errorf(p.i, "expected ')' before '%s' in argument %d of predicate '%s' used in conditional expression", rest, last, name)
		}
		p.i++
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

// scanArg reads one argument at s[i:] and returns where it ends: at a comma or
// a closing parenthesis outside quotes, or at the end. Quotes and backslashes
// work as in all arguments within parentheses (configuration manual 2.2).
func scanArg(s string, i int) (string, int) {
	var b strings.Builder
	for quote := byte(0); i < len(s); i++ {
		c := s[i]
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote == '\'':
			b.WriteByte(c)
		case c == '\\' && i+1 < len(s):
			i++
			switch e := s[i]; e {
			case 'r':
				b.WriteByte('\r')
			case 'n':
				b.WriteByte('\n')
			case 't':
				b.WriteByte('\t')
			case '\\', ' ', '"', '\'':
				b.WriteByte(e)
			default:
				b.WriteByte('\\')
				i--
			}
		case quote != 0:
			b.WriteByte(c)
		case c == '"' || c == '\'':
			quote = c
		case c == ',' || c == ')':
			return b.String(), i
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), i
}
