// Package sample extracts what rules ask of a request: fetches take a value
// out of a transaction, converters change it. Every fetch and converter is
// one keyword.Def in a fetch_*.go or conv_*.go file and one line in all.go.
package sample

import (
	"fmt"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/parser/source"
	"tandem/proxy/tx"
)

// Value and Type are tx's, named here for short.
type (
	// Value is one sample.
	Value = tx.Value
	// Type is the type of a sample.
	Type = tx.Type
)

// Layer is the set of layers whose data a fetch needs; it decides where the
// fetch may be used (configuration manual 7.3).
type Layer uint16

// Layers. A fetch may need several.
const (
	Internal    Layer = 1 << iota // process, proxies, constants
	ClientL4                      // client connection
	ClientL5                      // TLS with the client
	RequestRaw                    // request contents, any protocol
	RequestHTTP                   // request headers
	RequestBody
	ServerL4
	ServerL5
	ResponseRaw
	ResponseHTTP
	ResponseBody
	TxnLong // kept during the whole transaction
	AtEnd   // known only when the transaction is over (logs)
)

// Fetch is a compiled fetch: its arguments are inside Eval.
type Fetch struct {
	Out  Type
	Need Layer
	// Eval puts the value into v and says whether there is one. It must not
	// allocate: memory comes from the transaction's Scratch or from the
	// message itself.
	Eval func(t *tx.Tx, v *Value) bool
}

// Conv is a compiled converter. In is what it takes (TypeAny: anything), Out
// what it makes (TypeSame: what it took).
type Conv struct {
	In, Out Type
	// Apply changes v in place and says whether the sample still exists.
	Apply func(t *tx.Tx, v *Value) bool
}

// Expr is a compiled sample expression.
type Expr struct {
	Text  string
	Out   Type
	Need  Layer
	fetch Fetch
	convs []Conv
	casts []castFunc // before each converter; nil: none needed
}

// Compile turns an expression into something that can be evaluated. Errors
// are *keyword.Error at the expression's word.
func Compile(e *keyword.Env, s expr.Sample) (*Expr, error) {
	def := Fetches.Lookup(s.Fetch.Name)
	if def == nil {
		return nil, unknown(s.Index, "fetch method", s.Fetch.Name, Fetches.Suggest(s.Fetch.Name, 0))
	}
	fetch, err := readCall(e, def, s.Fetch, s.Index, "fetch method")
	if err != nil {
		return nil, err
	}
	x := &Expr{Text: s.Text, fetch: fetch, Need: fetch.Need, Out: fetch.Out}
	for _, call := range s.Convs {
		cd := Convs.Lookup(call.Name)
		if cd == nil {
			return nil, unknown(s.Index, "converter", call.Name, Convs.Suggest(call.Name, 0))
		}
		conv, err := readCall(e, cd, call, s.Index, "converter")
		if err != nil {
			return nil, err
		}
		cast, ok := castTo(x.Out, conv.In)
		if !ok {
			return nil, &keyword.Error{Index: s.Index, Code: diag.BadType, Text: fmt.Sprintf("converter '%s' cannot be applied to a sample of type %s", call.Name, x.Out)}
		}
		x.convs = append(x.convs, conv)
		x.casts = append(x.casts, cast)
		if conv.Out != tx.TypeSame {
			x.Out = conv.Out
		} else if conv.In != tx.TypeAny {
			x.Out = conv.In
		}
	}
	return x, nil
}

func unknown(i int, what, name, near string) error {
	err := &keyword.Error{Index: i, Code: diag.UnknownKeyword, Text: fmt.Sprintf("unknown %s '%s'", what, name)}
	if near != "" {
		err.Hint = near
	}
	return err
}

// readCall reads the arguments in a call's parentheses as a line of words.
func readCall[T any](e *keyword.Env, def *keyword.Def[T], c expr.Call, index int, what string) (T, error) {
	words := make([]source.Word, len(c.Args))
	for i, a := range c.Args {
		words[i] = source.Word{Text: a, Span: e.Span(index)}
	}
	if len(words) == 1 && words[0].Text == "" {
		words = nil // "fetch()" is "fetch"
	}
	v, n, err := def.Read(e, words, 0)
	if err == nil && n < len(words) {
		err = fmt.Errorf("too many arguments (%d expected, %d given)", n, len(words))
	}
	if err != nil {
		return v, &keyword.Error{Index: index, Code: diag.BadArguments, Text: fmt.Sprintf("invalid arguments for %s '%s': %s", what, c.Name, strings.TrimSuffix(err.Error(), "."))}
	}
	def.Note(e, index)
	return v, nil
}

// Eval evaluates the expression and casts the result to want (TypeAny: as it comes).
func (x *Expr) Eval(t *tx.Tx, want Type, v *Value) bool {
	if !x.fetch.Eval(t, v) {
		return false
	}
	for i := range x.convs {
		if cast := x.casts[i]; cast != nil && !cast(t, v) {
			return false
		}
		if !x.convs[i].Apply(t, v) {
			return false
		}
	}
	return want == tx.TypeAny || v.Type == want || Cast(t, v, want)
}

// AppendString appends the expression's value as a string; nothing where there is none.
func (x *Expr) AppendString(dst []byte, t *tx.Tx) ([]byte, bool) {
	var v Value
	if !x.Eval(t, tx.TypeStr, &v) {
		return dst, false
	}
	return append(dst, v.B...), true
}
