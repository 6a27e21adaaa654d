package action

import (
	"strings"
	"sync/atomic"

	"tandem/parser/keyword"
	"tandem/proxy/logformat"
	"tandem/proxy/pattern"
	"tandem/proxy/tx"
)

// mapActions change the lists that maps and ACLs read from files.
var mapActions = []*keyword.Def[Action]{
	keyword.Define(keyword.Spec{
		Name: "set-map(", In: httpAll, Flags: keyword.Prefix, Doc: "Set a map's value for a key.",
	}, newSetMap),
	keyOnly("del-map(", httpAll, "Remove a key from a map.", del),
	keyOnly("add-acl(", httpBoth, "Add a pattern to a list.", func(l *pattern.List, key string) {
		if !has(l, key) {
			l.Add(0, key, "") // a pattern that the list's method refuses is not added
		}
	}),
	keyOnly("del-acl(", httpAll, "Remove a pattern from a list.", del),
}

func del(l *pattern.List, key string) {
	l.Delete(key) // one that is not there needs no removal
}

// has says whether a list has an entry of that key.
func has(l *pattern.List, key string) bool {
	for _, e := range l.Entries(0) {
		if e.Key == key {
			return true
		}
	}
	return false
}

// listWord is the word "set-map(name)".
type listWord struct{ name string }

// read takes the word. What stands in front of the parenthesis was matched as a
// prefix, and the last byte is taken for the closing one, as the original does;
// an empty name is a list that nothing loads.
func (w *listWord) read(a *keyword.Args) {
	word, _, _ := a.Next()
	_, in, _ := strings.Cut(word, "(")
	w.name = in[:max(len(in)-1, 0)]
}

// finder returns a function that finds the list in the configuration's
// registry; nil as long as nothing loads it.
func (w *listWord) finder(e *keyword.Env) func() *pattern.List {
	reg, name := keyword.Attached[*pattern.Registry](e), w.name
	var known atomic.Pointer[pattern.List]
	return func() *pattern.List {
		l := known.Load()
		if l == nil && reg != nil {
			if l = reg.Lookup(name); l != nil {
				known.Store(l)
			}
		}
		return l
	}
}

type setMapArgs struct {
	listWord
	key, value *logformat.Format
}

// Usage is what messages say of the arguments.
func (setMapArgs) Usage() string { return "<key fmt> <value fmt>" }

// ParseArgs reads the map, the key and the value.
func (s *setMapArgs) ParseArgs(a *keyword.Args) (err error) {
	s.listWord.read(a)
	const missing = "expects exactly 2 arguments"
	if a.Pos+2 > len(a.Words) {
		return refuse(-1, missing)
	}
	if s.key, err = takeFmt(a, missing); err != nil {
		return err
	}
	s.value, err = takeFmt(a, missing)
	return err
}

func newSetMap(e *keyword.Env, a *setMapArgs) (Action, error) {
	find, key, value := a.finder(e), a.key, a.value
	return Action{Run: func(t *tx.Tx) Verdict {
		if l := find(); l != nil {
			k, v := text(key, t), text(value, t)
			if l.SetValue(k, v) != nil {
				l.Add(0, k, v) // a key that the map's method refuses is not added
			}
		}
		return Continue
	}}, nil
}

// text formats into a string that outlives the transaction.
func text(f *logformat.Format, t *tx.Tx) string {
	if s, ok := f.Literal(); ok {
		return s
	}
	return string(f.Append(t.Req.Spare(), t))
}

type keyArgs struct {
	listWord
	key *logformat.Format
}

// Usage is what messages say of the argument.
func (keyArgs) Usage() string { return "<key fmt>" }

// ParseArgs reads the list and the key.
func (k *keyArgs) ParseArgs(a *keyword.Args) (err error) {
	k.listWord.read(a)
	k.key, err = takeFmt(a, "expects exactly 1 arguments")
	return err
}

// keyOnly makes the Def of an action that takes a key.
func keyOnly(name string, in keyword.Scope, doc string, do func(*pattern.List, string)) *keyword.Def[Action] {
	return keyword.Define(keyword.Spec{Name: name, In: in, Flags: keyword.Prefix, Doc: doc}, func(e *keyword.Env, a *keyArgs) (Action, error) {
		find, key := a.finder(e), a.key
		return Action{Run: func(t *tx.Tx) Verdict {
			if l := find(); l != nil {
				do(l, text(key, t))
			}
			return Continue
		}}, nil
	})
}
