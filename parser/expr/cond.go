package expr

import (
	"strings"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// Term is one element of a condition: a named ACL or an anonymous one.
type Term struct {
	Neg   bool
	Name  string   // named ACL; "" for an anonymous one
	Test  []string // words between the braces
	Index int      // of the term's first word
}

// Cond is "if …" or "unless …": terms joined by an implicit AND, groups of
// them by "or" or "||" (configuration manual 7.2). As in the original an "or"
// or a "!" without a neighbour counts for nothing, and no group at all is
// false.
type Cond struct {
	Unless bool
	Any    [][]Term // OR of ANDs
	Index  int      // of the word "if" or "unless"
	Text   string   // as written, for dumps and messages
}

// Parse takes "if" or "unless" and all words to the end of the line.
func (c *Cond) Parse(lex *lexer.PeekingLexer) error {
	t := lex.Peek()
	if t.EOF() || t.Value != "if" && t.Value != "unless" {
		return participle.NextMatch
	}
	var words []string
	first := t.Pos.Offset
	for !lex.Peek().EOF() {
		words = append(words, lex.Next().Value)
	}
	got, err := ParseCond(words, first)
	if err != nil {
		return err
	}
	*c = *got
	return nil
}

// ParseCond reads the words of a condition, "if" or "unless" first; first is
// the index of that word in its line. A condition without terms never holds,
// and what joins or negates nothing is left out, as the original has it.
func ParseCond(words []string, first int) (*Cond, error) {
	if len(words) == 0 {
		return nil, &Error{first, "missing condition"}
	}
	c := &Cond{Unless: words[0] == "unless", Index: first}
	var and []Term
	neg := false
	for i := 1; i < len(words); i++ {
		w := words[i]
		for w != "" && w[0] == '!' {
			neg, w = !neg, w[1:]
		}
		if w == "" {
			continue
		}
		if strings.EqualFold(w, "or") || w == "||" {
			if len(and) > 0 {
				c.Any = append(c.Any, and)
			}
			and, neg = nil, false
			continue
		}
		t := Term{Neg: neg, Index: first + i}
		neg = false
		if w == "{" {
			end := i + 1
			for end < len(words) && words[end] != "}" {
				end++
			}
			if end == len(words) {
				return nil, &Error{first + i, "missing closing '}' in condition"}
			}
			t.Test, i = words[i+1:end], end
		} else {
			t.Name = w
		}
		and = append(and, t)
	}
	if len(and) > 0 {
		c.Any = append(c.Any, and)
	}
	c.Text = strings.Join(words, " ")
	return c, nil
}
