package sample

import (
	"tandem/parser/keyword"
	"tandem/parser/source"
	"tandem/proxy/tx"
)

// Signature is what is known of a fetch or converter without building it; the
// original's -dKsmp and -dKcnv dumps print it.
type Signature struct {
	Args string // "string,integer[,string]"; what is in brackets may be left out
	In   Type   // converters
	Out  Type
	Need Layer // fetches
}

// evalFunc takes a value out of a transaction; see Fetch.Eval.
type evalFunc = func(t *tx.Tx, v *Value) bool

// word is a fetch or converter with its signature, as the tables hold it.
type word[T any] struct {
	sig Signature
	def *keyword.Def[T]
}

// rest is the argument struct of all fetches and converters: their grammar is
// their signature.
type rest struct{ words []source.Word }

// ParseArgs takes all words; parseArgs reads them.
func (r *rest) ParseArgs(a *keyword.Args) error {
	r.words = a.Rest()
	return nil
}

// buildFunc makes the function behind one use of a fetch or converter.
type buildFunc = func(e *keyword.Env, a args) (evalFunc, error)

// fetch makes one fetch. flags are optional.
func fetch(name, sig string, out Type, need Layer, doc string, build buildFunc, flags ...keyword.Flags) word[Fetch] {
	spec := keyword.Spec{Name: name, Doc: doc, Flags: allFlags(flags)}
	want := parseSignature(sig)
	return word[Fetch]{Signature{Args: sig, Out: out, Need: need}, keyword.Define(spec, func(e *keyword.Env, r *rest) (Fetch, error) {
		a, err := want.read(e, r.words)
		if err != nil {
			return Fetch{}, err
		}
		eval, err := build(e, a)
		if err != nil {
			return Fetch{}, buildError(err)
		}
		f := Fetch{Out: out, Need: need, Eval: eval}
		for i := range a {
			if a[i].ref != nil {
				f.Ref = a[i].ref
			}
		}
		return f, nil
	})}
}

// gone marks a fetch that releases from until on refuse.
func gone(w word[Fetch], until keyword.Version, instead string) word[Fetch] {
	w.def.Until, w.def.Instead = until, instead
	w.def.Flags |= keyword.NotDumped
	return w
}

// conv makes one converter. flags are optional.
func conv(name, sig string, in, out Type, doc string, build buildFunc, flags ...keyword.Flags) word[Conv] {
	spec := keyword.Spec{Name: name, Doc: doc, Flags: allFlags(flags)}
	want := parseSignature(sig)
	return word[Conv]{Signature{Args: sig, In: in, Out: out}, keyword.Define(spec, func(e *keyword.Env, r *rest) (Conv, error) {
		a, err := want.read(e, r.words)
		if err != nil {
			return Conv{}, err
		}
		apply, err := build(e, a)
		if err != nil {
			return Conv{}, buildError(err)
		}
		return Conv{In: in, Out: out, Apply: apply}, nil
	})}
}

// buildError marks an error as one that the word itself found.
func buildError(err error) error {
	switch err.(type) {
	case *argError, *keyword.Error:
		return err
	}
	return &argError{build: true, err: err}
}

func allFlags(flags []keyword.Flags) (f keyword.Flags) {
	for _, x := range flags {
		f |= x
	}
	return f
}

// plain is the build function of a word whose arguments change nothing.
func plain(f evalFunc) buildFunc {
	return func(*keyword.Env, args) (evalFunc, error) { return f, nil }
}

// never is the build function of words that have no value in this program.
var never = plain(func(*tx.Tx, *Value) bool { return false })

// keep is the build function of converters that leave the sample as it is.
var keep = plain(func(*tx.Tx, *Value) bool { return true })

// table collects groups of words into a keyword table and their signatures.
func table[T any](title string, groups ...[]word[T]) (*keyword.Table[T], map[string]Signature) {
	sigs := map[string]Signature{}
	var defs []*keyword.Def[T]
	for _, g := range groups {
		for _, w := range g {
			sigs[w.def.Name] = w.sig
			defs = append(defs, w.def)
		}
	}
	return keyword.NewTable(title, defs), sigs
}
