package keyword

import (
	"errors"
	"reflect"
	"strings"
	"sync"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"tandem/parser/diag"
	"tandem/parser/source"
)

// Def is one keyword; T is what a line with it makes.
type Def[T any] struct {
	Spec
	args  reflect.Type
	read  func(*Env, []source.Word, int) (T, int, error)
	usage func() string
	check func() error
}

// Define makes the keyword s, whose arguments are read into an A and built
// into a T. The `parser:"…"` tags of A are participle's grammar over words;
// an A that implements ArgParser reads its words itself; A = None takes none.
func Define[T, A any](s Spec, build func(*Env, *A) (T, error)) *Def[T] {
	d := &Def[T]{Spec: s, args: reflect.TypeFor[A]()}
	if d.args == reflect.TypeFor[None]() {
		var none A
		d.read = func(e *Env, w []source.Word, i int) (T, int, error) {
			v, err := build(e, &none)
			return v, i, err
		}
		d.usage = func() string { return "" }
		d.check = func() error { return nil }
		return d
	}
	if reflect.TypeFor[*A]().Implements(reflect.TypeFor[ArgParser]()) {
		d.read = func(e *Env, w []source.Word, i int) (T, int, error) {
			a := new(A)
			in := Args{Env: e, Words: w, Pos: i}
			if err := any(a).(ArgParser).ParseArgs(&in); err != nil {
				var zero T
				return zero, in.Pos, err
			}
			v, err := build(e, a)
			return v, in.Pos, err
		}
		d.usage = func() string { return handUsage(reflect.TypeFor[A]()) }
		d.check = func() error { return nil }
		return d
	}
	parser := sync.OnceValues(func() (*participle.Parser[A], error) {
		return participle.Build[A](participle.Lexer(wordDef{}), participle.UseLookahead(64))
	})
	optional := hasOptional(d.args)
	d.read = func(e *Env, w []source.Word, i int) (T, int, error) {
		var zero T
		p, err := parser()
		if err != nil {
			return zero, i, err
		}
		lex, err := lexer.Upgrade(&wordLexer{words: w, i: i})
		if err != nil {
			return zero, i, err
		}
		a, err := p.ParseFromLexer(lex, participle.AllowTrailing(true))
		if err != nil {
			return zero, i, d.argError(err)
		}
		end := i + lex.Cursor()
		if end < len(w) && optional {
			if err := d.hidden(readAll[A](p, w, i), end); err != nil {
				return zero, end, err
			}
		}
		v, err := build(e, a)
		return v, end, err
	}
	d.usage = func() string { return tagUsage(reflect.TypeFor[A]()) }
	d.check = func() error { _, err := parser(); return err }
	return d
}

// readAll reads all words from w[i] on and returns participle's deepest complaint.
func readAll[A any](p *participle.Parser[A], w []source.Word, i int) error {
	lex, err := lexer.Upgrade(&wordLexer{words: w, i: i})
	if err == nil {
		_, err = p.ParseFromLexer(lex)
	}
	return err
}

// hidden returns the error that an optional part of the grammar swallowed:
// participle takes a part that begins well and ends badly for one that is
// missing. err is its complaint if it must read the whole line, end the first
// word that it did not take otherwise.
func (d *Def[T]) hidden(err error, end int) error {
	var inner interface {
		error
		At() int
	}
	var at participle.Error
	switch {
	case errors.As(err, &inner):
		return d.argError(err)
	case errors.As(err, &at) && at.Position().Offset > end:
		return d.argError(err)
	}
	return nil
}

// hasOptional says whether the grammar in the tags of t has parts that may be
// missing.
func hasOptional(t reflect.Type) bool {
	for i := range t.NumField() {
		if tag := string(t.Field(i).Tag); strings.ContainsAny(tag, "?*+|") {
			return true
		}
	}
	return false
}

// argError turns participle's complaint into the keyword's own.
func (d *Def[T]) argError(err error) error {
	var mine *Error
	if errors.As(err, &mine) {
		return mine
	}
	var inner interface {
		error
		At() int
	}
	if errors.As(err, &inner) {
		return &Error{Index: inner.At(), Code: diag.BadValue, Text: inner.Error()}
	}
	out := &Error{Index: -1, Code: diag.BadArguments, Text: d.misuse()}
	var at participle.Error
	if errors.As(err, &at) {
		out.Index = at.Position().Offset
	}
	return out
}

// misuse is the text for arguments that do not fit the grammar.
func (d *Def[T]) misuse() string {
	if d.Misuse != "" {
		return d.Misuse
	}
	if u := d.usage(); u != "" {
		return "'" + d.Name + "' expects " + u + " as argument."
	}
	return "'" + d.Name + "' takes no argument."
}

// Usage returns the keyword with its arguments as a person would write them down.
func (d *Def[T]) Usage() string {
	if u := d.usage(); u != "" {
		return d.Name + " " + u
	}
	return d.Name
}

// Grammar builds the argument grammar and returns its error; a table law.
func (d *Def[T]) Grammar() error { return d.check() }

// Read reads the arguments that start at words[i] and returns what they make
// and the index of the first word that was not taken. Errors are *Error.
func (d *Def[T]) Read(e *Env, words []source.Word, i int) (T, int, error) {
	savedWords, savedStart := e.Words, e.Start
	e.Words, e.Start = words, i
	v, n, err := d.read(e, words, i)
	e.Words, e.Start = savedWords, savedStart
	return v, n, err
}

// Map makes a keyword of another table out of d: the same name, grammar and
// texts; f turns what a line makes into what that table wants.
func Map[T, U any](d *Def[T], f func(*Env, T) (U, error)) *Def[U] {
	return &Def[U]{Spec: d.Spec, args: d.args, usage: d.usage, check: d.check, read: func(e *Env, w []source.Word, i int) (U, int, error) {
		v, n, err := d.read(e, w, i)
		if err != nil {
			var zero U
			return zero, n, err
		}
		u, err := f(e, v)
		return u, n, err
	}}
}
