package pattern

import (
	"fmt"
	"sync/atomic"

	"tandem/proxy/sample"
	"tandem/proxy/tx"
)

// kind is how the entries of a list are read and looked up.
type kind struct {
	method  Method
	fold    bool
	resolve bool // host names may be looked up
}

// Set is a list of patterns indexed for one method. Readers take no lock: a
// change swaps what they see.
type Set struct {
	kind kind
	list *List
	now  atomic.Pointer[indexes]
}

// indexes is what readers see: the patterns that were there when the big
// index was built, and the few that were added since.
type indexes struct {
	base, more index
	added      []*Entry
}

// rebuildAfter is how many added patterns are kept beside the big index.
const rebuildAfter = 256

// Find returns the entry that a sample matches, nil if none. The sample must
// have the type that the method wants.
func (s *Set) Find(t *tx.Tx, v *sample.Value) *Entry {
	x := s.now.Load()
	e := x.base.find(t, v)
	if x.more != nil {
		if m := x.more.find(t, v); s.prefers(m, e) {
			return m
		}
	}
	return e
}

// prefers says whether a beats b.
func (s *Set) prefers(a, b *Entry) bool {
	switch {
	case a == nil || b == nil:
		return b == nil
	case s.kind.method == IP, s.kind.method == Beg && !s.kind.fold:
		return keyWeight(a) > keyWeight(b)
	}
	return a.order < b.order
}

// keyWeight is the length of what a key fixes.
func keyWeight(e *Entry) int {
	if p, err := parseNet(e.Key, false); err == nil && len(p) > 0 {
		return p[0].Bits()
	}
	return len(e.Key)
}

// rebuild makes the index of all entries.
func (s *Set) rebuild(es []*Entry) error {
	x, err := buildIndex(s.kind, es)
	if err != nil {
		return err
	}
	s.now.Store(&indexes{base: x})
	return nil
}

// add adds one entry to what is indexed.
func (s *Set) add(e *Entry, all func() []*Entry) error {
	old := s.now.Load()
	added := append(old.added[:len(old.added):len(old.added)], e)
	if len(added) > rebuildAfter {
		return s.rebuild(all())
	}
	more, err := buildIndex(s.kind, added)
	if err != nil {
		return err
	}
	s.now.Store(&indexes{base: old.base, more: more, added: added})
	return nil
}

// entryError says which pattern is wrong.
type entryError struct {
	entry *Entry
	err   error
}

// Error returns the pattern's error alone.
func (e *entryError) Error() string { return e.err.Error() }

// buildIndex makes the index that fits the method.
func buildIndex(k kind, es []*Entry) (index, error) {
	switch k.method {
	case Found:
		return foundIndex{firstOr(es)}, nil
	case Bool:
		return boolIndex{firstOr(es)}, nil
	case Int, Dotted, Len:
		return buildSpans(k, es)
	case IP:
		return buildIPs(k, es)
	case Reg:
		x := &regIndex{}
		for _, e := range es {
			re, err := sample.CompileRegexp(e.Key, k.fold)
			if err != nil {
				return nil, &entryError{e, regexpError(e.Key, err)}
			}
			x.res, x.es = append(x.res, re), append(x.es, e)
		}
		return x, nil
	case Beg, End:
		x := newTrie(k.fold, k.method == End, k.method == Beg && !k.fold)
		for _, e := range es {
			x.add(folded(e.Key, k.fold), e)
		}
		return x, nil
	case Dir, Dom:
		delim := isDirDelim
		if k.method == Dom {
			delim = isDomDelim
		}
		x := &wordIndex{fold: k.fold, delim: delim, es: es}
		for _, e := range es {
			x.words = append(x.words, trimDelims(folded(e.Key, k.fold), delim))
		}
		return x, nil
	case Sub:
		return buildSubs(k, es), nil
	case Bin:
		x := &exactIndex{m: make(map[string][]*Entry, len(es))}
		for _, e := range es {
			b, err := sample.HexBytes(e.Key)
			if err != nil {
				return nil, &entryError{e, err}
			}
			x.m[string(b)] = append(x.m[string(b)], e)
		}
		return x, nil
	case Str, Meth, Group:
		x := &exactIndex{m: make(map[string][]*Entry, len(es)), fold: k.fold && k.method == Str}
		for _, e := range es {
			key := folded(e.Key, x.fold)
			x.m[key] = append(x.m[key], e)
		}
		return x, nil
	}
	return nil, fmt.Errorf("no such match method")
}

// anyEntry stands for "matched" where a test has no pattern.
var anyEntry = newEntry(0, "", "")

func firstOr(es []*Entry) *Entry {
	if len(es) > 0 {
		return es[0]
	}
	return anyEntry
}

func folded(s string, fold bool) string {
	if fold {
		return lowerString(s)
	}
	return s
}

// manySpans is from how many single numbers on they are hashed.
const manySpans = 8

func buildSpans(k kind, es []*Entry) (index, error) {
	x := &spanIndex{length: k.method == Len}
	op := opEQ
	single := map[int64][]*Entry{}
	for _, e := range es {
		key := e.Key
		if o, rest, ok := cutOperator(key); ok {
			op, key = o, rest
		} else {
			op = opEQ
		}
		s, err := parseSpan(key, op, k.method == Dotted)
		if err != nil {
			return nil, &entryError{e, err}
		}
		if s.lo == s.hi && len(es) >= manySpans {
			single[s.lo] = append(single[s.lo], e)
			continue
		}
		x.spans, x.es = append(x.spans, s), append(x.es, e)
	}
	if len(single) > 0 {
		x.exact = single
	}
	return x, nil
}

// cutOperator takes "gt " off a key; tests store the operator with the value.
func cutOperator(key string) (operator, string, bool) {
	if len(key) > 3 && key[2] == ' ' {
		if op, ok := operatorOf(key[:2]); ok {
			return op, key[3:], true
		}
	}
	return opEQ, key, false
}

func buildIPs(k kind, es []*Entry) (index, error) {
	x := &ipIndex{v4: make(map[uint64][]*Entry, len(es)), v6: map[[17]byte][]*Entry{}}
	for _, e := range es {
		nets, err := parseNet(e.Key, k.resolve)
		if err != nil {
			return nil, &entryError{e, err}
		}
		for _, p := range nets {
			x.add(p, e)
		}
	}
	return x, nil
}

func buildSubs(k kind, es []*Entry) index {
	if len(es) <= fewSubstrings {
		x := &subIndex{fold: k.fold, es: es}
		for _, e := range es {
			x.pats = append(x.pats, []byte(folded(e.Key, k.fold)))
		}
		return x
	}
	pats := make([]string, len(es))
	for i, e := range es {
		pats[i] = folded(e.Key, k.fold)
	}
	return newAutomaton(pats, es, k.fold)
}
