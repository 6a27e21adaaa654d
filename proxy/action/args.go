package action

import (
	"fmt"
	"strconv"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/logformat"
	"tandem/proxy/sample"
)

// Sets of rule sets, named as the matrix of the configuration manual 4.3 has them.
const (
	httpReq  = keyword.HTTPRequest
	httpRes  = keyword.HTTPResponse
	httpAft  = keyword.HTTPAfterResponse
	httpBoth = httpReq | httpRes
	httpAll  = httpReq | httpRes | httpAft
	tcpCon   = keyword.TCPConnection
	tcpSes   = keyword.TCPSession
	tcpCnt   = keyword.TCPContent
	tcpRes   = keyword.TCPResponse
)

// refuse makes the error for word i with a text in the original's words,
// without the final full stop, which the reader of the line adds.
func refuse(i int, format string, args ...any) error {
	return &keyword.Error{Index: i, Code: diag.BadArguments, Text: fmt.Sprintf(format, args...)}
}

// exprArgs is the argument struct of actions that take one expression.
type exprArgs struct{ expr.Sample }

// Usage is what messages say of the argument.
func (exprArgs) Usage() string { return "<expr>" }

// ParseArgs takes an expression.
func (x *exprArgs) ParseArgs(a *keyword.Args) (err error) {
	x.Sample, err = takeSample(a)
	return err
}

// takeSample takes an expression: a word, and behind it all words that begin
// with a converter's name, which is how converters could be written before
// they were joined by commas.
func takeSample(a *keyword.Args) (expr.Sample, error) {
	text, at, ok := a.Next()
	if !ok {
		return expr.Sample{}, refuse(-1, "missing fetch method")
	}
	for a.More() {
		name, _, _ := strings.Cut(a.Peek(), "(")
		name, _, _ = strings.Cut(name, ",")
		if sample.Convs.Lookup(name) == nil {
			break
		}
		next, _, _ := a.Next()
		text += "," + next
	}
	s, err := expr.ParseSample(text)
	if err != nil {
		return s, refuse(at, "%s", err)
	}
	s.Index = at
	return s, nil
}

// compileOnRequest compiles an expression of the actions that the original
// checks as part of a request's rules whichever rule set they stand in.
func compileOnRequest(e *keyword.Env, s expr.Sample) (*sample.Expr, error) {
	saved := e.Scope
	e.Scope = httpReq
	defer func() { e.Scope = saved }()
	return sample.Compile(e, s)
}

// numberOrExpr is an argument that is either a number or an expression.
type numberOrExpr struct {
	Number int64
	Expr   *sample.Expr // nil: Number holds
}

// compileWord reads one word (and the converters behind it) with number, and
// as an expression where that does not take it.
func compileNumber(a *keyword.Args, number func(string) (int64, bool)) (numberOrExpr, error) {
	word := a.Words[max(a.Pos-1, 0)].Text
	if n, ok := number(a.Peek()); ok {
		a.Next()
		return numberOrExpr{Number: n}, nil
	}
	s, err := takeSample(a)
	if err != nil {
		return numberOrExpr{}, err
	}
	x, err := sample.CompileAs(a.Env, s, word) // errors name the action, not the fetch
	return numberOrExpr{Expr: x}, err
}

// leadingInt reads the decimal number, with an optional sign, that a text
// begins with, and returns what follows it. No digits are 0; a number beyond 64
// bits is the nearest one.
func leadingInt(s string) (n int64, rest string) {
	i := 0
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		i++
	}
	first := i
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	if i == first {
		return 0, s
	}
	n, _ = strconv.ParseInt(s[:i], 10, 64)
	return n, s[i:]
}

// fmtArgs is the argument struct of actions that take one format string.
type fmtArgs struct {
	Fmt expr.Fmt `parser:"@@"`
}

// parens splits "name(a,b)" into its arguments; ok is false where the
// parentheses are missing.
func parens(word string) (args []string, ok bool) {
	_, in, ok := strings.Cut(word, "(")
	in, closed := strings.CutSuffix(in, ")")
	if !ok || !closed {
		return nil, false
	}
	args = strings.Split(in, ",")
	for i := range args {
		args[i] = strings.TrimSpace(args[i])
	}
	return args, true
}

// takeFmt takes one word as a format string and compiles it.
func takeFmt(a *keyword.Args, missing string) (*logformat.Format, error) {
	w, at, ok := a.Next()
	if !ok {
		return nil, refuse(-1, "%s", missing)
	}
	return compileFmt(a.Env, w, at)
}

func compileFmt(e *keyword.Env, text string, at int) (*logformat.Format, error) {
	f, err := expr.ParseFmt(text)
	if err != nil {
		return nil, refuse(at, "%s", err)
	}
	f.Index = at
	return logformat.Compile(e, f)
}
