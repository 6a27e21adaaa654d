package keyword

import (
	"sort"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/source"
)

// Table is all keywords of one language level: the actions, the fetches, the
// words of a server line.
type Table[T any] struct {
	Title string // "http-request action": what messages call its members
	defs  []*Def[T]
	by    map[string]*Def[T]
	pre   []*Def[T] // Prefix keywords, longest first
	words int       // the most words any name has
}

// NewTable makes a table; it panics on a name used twice for overlapping
// scopes, which a table law would find anyway.
func NewTable[T any](title string, groups ...[]*Def[T]) *Table[T] {
	t := &Table[T]{Title: title, by: map[string]*Def[T]{}, words: 1}
	for _, g := range groups {
		for _, d := range g {
			if t.by[d.Name] != nil {
				panic("keyword: " + title + ": '" + d.Name + "' is defined twice")
			}
			t.by[d.Name] = d
			t.defs = append(t.defs, d)
			t.words = max(t.words, strings.Count(d.Name, " ")+1)
			if d.Flags.Has(Prefix) {
				t.pre = append(t.pre, d)
			}
		}
	}
	sort.Slice(t.defs, func(i, j int) bool { return t.defs[i].Name < t.defs[j].Name })
	sort.Slice(t.pre, func(i, j int) bool { return len(t.pre[i].Name) > len(t.pre[j].Name) })
	return t
}

// All returns the keywords in order of name.
func (t *Table[T]) All() []*Def[T] { return t.defs }

// Lookup finds a keyword by its whole name.
func (t *Table[T]) Lookup(name string) *Def[T] { return t.by[name] }

// Match finds the keyword with which words[i:] begins, the longest name
// winning, and returns the index of its first argument. A Prefix keyword
// ("set-map(") leaves its own word to its arguments.
func (t *Table[T]) Match(words []source.Word, i int) (*Def[T], int) {
	if i >= len(words) {
		return nil, i
	}
	for n := min(t.words, len(words)-i); n > 1; n-- {
		var b [96]byte
		key := b[:0]
		for k := range n {
			if k > 0 {
				key = append(key, ' ')
			}
			key = append(key, words[i+k].Text...)
		}
		if d := t.by[string(key)]; d != nil {
			return d, i + n
		}
	}
	if d := t.by[words[i].Text]; d != nil && !d.Flags.Has(Prefix) {
		return d, i + 1
	}
	for _, d := range t.pre {
		if strings.HasPrefix(words[i].Text, d.Name) {
			return d, i
		}
		if head, tail, two := strings.Cut(d.Name, " "); two && i+1 < len(words) && words[i].Text == head && strings.HasPrefix(words[i+1].Text, tail) {
			return d, i + 1
		}
	}
	return nil, i
}

// MatchBare finds the Prefix keyword with a parenthesis ("set-map(") with whose
// name alone words[i] begins, the longest name winning.
func (t *Table[T]) MatchBare(words []source.Word, i int) (found *Def[T], _ int) {
	for _, d := range t.pre {
		name, paren := strings.CutSuffix(d.Name, "(")
		if paren && i < len(words) && strings.HasPrefix(words[i].Text, name) && (found == nil || len(d.Name) > len(found.Name)) {
			found = d
		}
	}
	return found, i
}

// Suggest returns the name in scope that is most like word, or "".
func (t *Table[T]) Suggest(word string, in Scope) string {
	return diag.Nearest(word, t.Suggestions(in, !strings.Contains(word, " ")))
}

// Suggestions returns the names in scope that the original has, or only their
// first words.
func (t *Table[T]) Suggestions(in Scope, heads bool) (names []string) {
	seen := map[string]bool{}
	for _, d := range t.defs {
		if in != 0 && d.In&in == 0 || d.Until != 0 || d.Flags.Has(NotDumped) {
			continue
		}
		n := d.Name
		if heads {
			n, _, _ = strings.Cut(n, " ")
		}
		if !seen[n] {
			seen[n] = true
			names = append(names, n)
		}
	}
	return names
}

// Heads returns the distinct first words of the table's names, sorted.
func (t *Table[T]) Heads() []string {
	var heads []string
	for _, d := range t.defs {
		h, _, _ := strings.Cut(d.Name, " ")
		if len(heads) == 0 || heads[len(heads)-1] != h {
			heads = append(heads, h)
		}
	}
	return heads
}
