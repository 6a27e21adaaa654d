// Package sample extracts what rules ask of a request: fetches take a value
// out of a transaction, converters change it. Every fetch and converter is
// one line with its signature in a fetch_*.go or conv_*.go file; all.go lists
// the groups.
package sample

import (
	"errors"
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

// Fetch is a compiled fetch: its arguments are inside Eval.
type Fetch struct {
	Out  Type
	Need Layer
	Ref  *keyword.Ref // what the arguments name, if anything
	// Eval puts the value into v and says whether there is one. It must not
	// allocate: memory comes from the transaction's Scratch or from the
	// message itself. What it puts there must not be written to.
	Eval func(t *tx.Tx, v *Value) bool
}

// Conv is a compiled converter. In is what it takes (TypeAny: anything), Out
// what it makes (TypeSame: what it took).
type Conv struct {
	In, Out Type
	// Apply changes v in place and says whether the sample still exists. It
	// must not write into the memory that v points to.
	Apply func(t *tx.Tx, v *Value) bool
}

// Expr is a compiled sample expression.
type Expr struct {
	Text  string
	Out   Type
	Need  Layer
	Name  string // the fetch
	fetch Fetch
	convs []Conv
	casts []castFunc // before each converter; nil: none needed
}

// From returns the expression with another beginning than its fetch: a text
// that is not part of any sample, to which its converters are applied.
func (x *Expr) From(text func(t *tx.Tx) []byte) *Expr {
	out := *x
	out.fetch = Fetch{Eval: func(t *tx.Tx, v *Value) bool { v.SetStr(text(t)); return true }}
	return &out
}

// First as a Value's Cursor asks a fetch that can have several occurrences
// for the first of them, and to set More where others follow; such fetches
// otherwise give the one occurrence that the manual says (mostly the last).
const First = -1

// Compile turns an expression into something that can be evaluated. Errors
// are *keyword.Error at the expression's word; the use of a fetch where none
// of its data exist is one (see PlaceOf).
func Compile(e *keyword.Env, s expr.Sample) (*Expr, error) { return CompileAs(e, s, s.Text) }

// CompileAs is Compile for lines whose messages about missing data call the
// expression by another name.
func CompileAs(e *keyword.Env, s expr.Sample, as string) (*Expr, error) {
	return CompileIf(e, s, func(x *Expr) error {
		if x.Here(e) {
			return nil
		}
		return &keyword.Error{Index: s.Index, Code: diag.MissingLayer, Text: fmt.Sprintf("fetch method '%s' extracts information from '%s', none of which is available here", as, x.Need)}
	})
}

// CompileAnywhere is Compile without the look at where the expression stands.
func CompileAnywhere(e *keyword.Env, s expr.Sample) (*Expr, error) {
	return CompileIf(e, s, func(*Expr) error { return nil })
}

// CompileIf compiles an expression that passes a check of the caller's.
func CompileIf(e *keyword.Env, s expr.Sample, check func(*Expr) error) (*Expr, error) {
	x, err := compile(e, s, "sample fetch", s.Fetch.Name)
	if err == nil {
		err = check(x)
	}
	if err == nil {
		err = x.note(e, s)
	}
	if err != nil {
		return nil, err
	}
	return x, nil
}

// Here says whether any of the data that x needs exist where it is compiled.
func (x *Expr) Here(e *keyword.Env) bool {
	p := PlaceOf(e)
	return p == 0 || x.Need.Where()&p != 0
}

// note says which words of the expression will not do what they should, and
// refuses those that must not be ignored.
func (x *Expr) note(e *keyword.Env, s expr.Sample) error {
	refused := func(name string) error {
		return &keyword.Error{Index: s.Index, Code: diag.NotActedOn, Text: fmt.Sprintf("'%s' is refused", name)}
	}
	if d := lookupFetch(e, s.Fetch.Name); !d.Note(e, s.Index) {
		return refused(d.Name)
	}
	for _, c := range s.Convs {
		if d, _ := lookupConv(e, c.Name); !d.Note(e, s.Index) {
			return refused(d.Name)
		}
	}
	return nil
}

// CompileCriterion compiles the criterion of an ACL, with the texts that the
// original has for that case. as is the keyword as written; own says that it
// is one of the ACLs' own keywords, not a mere fetch.
func CompileCriterion(e *keyword.Env, s expr.Sample, as string, own bool) (*Expr, error) {
	x, err := compile(e, s, "ACL", as)
	if err == nil {
		err = x.note(e, s)
	}
	if k, ok := err.(*keyword.Error); ok {
		switch {
		case !own:
			k.Text += " in ACL expression '" + s.Text + "'"
		default:
			k.Text = "ACL keyword '" + as + "' : " + strings.TrimPrefix(k.Text, "fetch method '"+as+"' : ")
		}
	}
	return x, err
}

func compile(e *keyword.Env, s expr.Sample, what, as string) (*Expr, error) {
	def := lookupFetch(e, s.Fetch.Name)
	if def == nil || def.Gone(e) {
		return nil, unknown(s.Index, "fetch method", s.Fetch.Name, Fetches.Suggest(s.Fetch.Name, 0))
	}
	site := &callSite{what: what, name: as, at: e.Span(s.Index)}
	fetch, err := readCall(e, def, s.Fetch, s.Index, site)
	if err != nil {
		return nil, err
	}
	x := &Expr{Text: s.Text, fetch: fetch, Need: fetch.Need, Out: fetch.Out, Name: s.Fetch.Name}
	for _, call := range s.Convs {
		cd, takes := lookupConv(e, call.Name)
		if cd == nil {
			return nil, unknown(s.Index, "converter", call.Name, Convs.Suggest(call.Name, 0))
		}
		cast, ok := castTo(x.Out, takes)
		if !ok {
			return nil, &keyword.Error{Index: s.Index, Code: diag.BadType, Text: fmt.Sprintf("converter '%s' cannot be applied", call.Name)}
		}
		site := &callSite{what: "conversion", name: call.Name, by: s.Fetch.Name, at: site.at}
		conv, err := readCall(e, cd, call, s.Index, site)
		if err != nil {
			return nil, err
		}
		x.convs = append(x.convs, conv)
		x.casts = append(x.casts, cast)
		if conv.Out != tx.TypeSame {
			x.Out = conv.Out
		} else if conv.In != tx.TypeAny {
			x.Out = conv.In
		}
	}
	if s.Bad != nil {
		return nil, &keyword.Error{Index: s.Index, Code: diag.BadArguments, Text: s.Bad.Error()}
	}
	return x, nil
}

func unknown(i int, what, name, near string) *keyword.Error {
	return &keyword.Error{Index: i, Code: diag.UnknownKeyword, Text: fmt.Sprintf("unknown %s '%s'", what, name), Hint: near}
}

// readCall reads the arguments in a call's parentheses as a line of words.
func readCall[T any](e *keyword.Env, def *keyword.Def[T], c expr.Call, index int, site *callSite) (T, error) {
	words := make([]source.Word, len(c.Args))
	for i, a := range c.Args {
		words[i] = source.Word{Text: a, Span: site.at}
	}
	site.call = c
	outer := keyword.Attached[*callSite](e)
	keyword.Attach(e, site)
	v, _, err := def.Read(e, words, 0)
	keyword.Attach(e, outer)
	if err != nil {
		var zero T
		text := site.explain(err)
		return zero, &keyword.Error{Index: index, Code: diag.BadArguments, Text: text, Stop: strings.HasSuffix(text, ".")}
	}
	return v, nil
}

// explain puts the original's words before what is wrong with arguments.
func (c *callSite) explain(err error) string {
	text := strings.TrimSuffix(err.Error(), ".")
	var a *argError
	if !errors.As(err, &a) {
		return text
	}
	switch {
	case c.by != "" && a.build:
		return fmt.Sprintf("invalid args in converter '%s' : %s", c.name, text)
	case c.by != "":
		return fmt.Sprintf("invalid arg %d in converter '%s' : %s", a.index+1, c.name, text)
	case a.build:
		return fmt.Sprintf("invalid args in fetch method '%s' : %s", c.name, text)
	}
	return fmt.Sprintf("fetch method '%s' : %s", c.name, text)
}

// Ref returns what the fetch's arguments name: a userlist, a backend …; nil
// if they name nothing.
func (x *Expr) Ref() *keyword.Ref { return x.fetch.Ref }

// Plain says that the expression has no converters.
func (x *Expr) Plain() bool { return len(x.convs) == 0 }

// Eval evaluates the expression and casts the result to want (TypeAny: as it comes).
func (x *Expr) Eval(t *tx.Tx, want Type, v *Value) bool {
	if !x.fetch.Eval(t, v) && (t.HasReq || x.fetch.Need&(RequestHTTP|RequestLine) == 0 || !x.peek(t, v)) {
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

// Peeker is implemented by a tx.Conn that can find a request's head in what a
// client of a proxy in TCP mode has sent so far.
type Peeker interface {
	// PeekRequest says whether there is one, in t.Req then, or there may be
	// once more has come.
	PeekRequest() (has, undecided bool)
}

// peek is the fetch's value in TCP mode.
func (x *Expr) peek(t *tx.Tx, v *Value) bool {
	p, ok := t.Conn.(Peeker)
	if !ok {
		return false
	}
	has, undecided := p.PeekRequest()
	v.MayChange = undecided
	return has && x.fetch.Eval(t, v)
}

// AppendString appends the expression's value as a string; nothing where there is none.
func (x *Expr) AppendString(dst []byte, t *tx.Tx) ([]byte, bool) {
	v := t.Borrow()
	ok := x.Eval(t, tx.TypeStr, v)
	if ok {
		dst = append(dst, v.B...)
	}
	t.Return()
	return dst, ok
}
