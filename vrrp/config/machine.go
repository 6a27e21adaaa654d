package config

import (
	"errors"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/keepalived"
	"tandem/parser/keyword"
	"tandem/parser/source"
)

// Field is what one line does to the block it stands in.
type Field[T any] func(t *T)

// next takes the next logical line and gives out the messages that reading it
// made; nil at the end.
func (c *compiler) next() *keepalived.Logical {
	if c.fatal || c.pos >= len(c.doc.Lines) {
		c.holding = false
		c.ended = true
		return nil
	}
	c.line = &c.doc.Lines[c.pos]
	c.pos++
	for _, d := range c.line.Diags {
		c.add(d)
	}
	c.env.Words = nil
	return c.line
}

// words splits the line being read. In the children's passes, a line with an
// open quote is reported once more by the splitting itself.
func (c *compiler) words() []source.Word {
	w, ok := c.line.Words()
	c.env.Words = w
	if !ok && c.pass != parentPass {
		if len(w) == 0 {
			c.env.Words = []source.Word{{Text: c.line.Text, Span: c.line.Span}}
		}
		c.say("Unmatched quote: '%s'", c.line.Text).Code = diag.Syntax
		c.env.Words = w
	}
	return w
}

// here makes the place of a message the line being read, which may be a brace;
// none once the text has ended.
func (c *compiler) here() {
	if c.ended {
		c.env.Words = nil
		return
	}
	c.env.Words = []source.Word{{Text: c.line.Text, Span: c.line.Span}}
}

// runBlock reads lines and performs them on t until the block's closing
// brace, or the end of the text at the root.
func runBlock[T any](c *compiler, tab *keyword.Table[Field[T]], t *T, root bool) {
	begun := root
	for l := c.next(); l != nil; l = c.next() {
		if !begun {
			begun = true
			if l.Brace == keepalived.Open {
				continue
			}
			c.here()
			c.say("Missing '{' at beginning of configuration block").Code = diag.Syntax
		}
		switch l.Brace {
		case keepalived.Open:
			c.here()
			c.say("Unexpected '{' - ignoring").Code = diag.Syntax
			continue
		case keepalived.Close:
			if !root {
				return
			}
			c.here()
			c.say("Unknown keyword '}'").Code = diag.UnknownKeyword
			continue
		}
		words := c.words()
		if len(words) == 0 {
			continue
		}
		perform(c, tab, t, words)
		if c.fatal {
			return
		}
	}
}

// perform performs one line on t.
func perform[T any](c *compiler, tab *keyword.Table[Field[T]], t *T, words []source.Word) {
	d := tab.Lookup(words[0].Text)
	if d == nil {
		m := c.sayAt(0, "Unknown keyword '%s'", words[0].Text)
		m.Code, m.Hint = diag.UnknownKeyword, tab.Suggest(words[0].Text, 0)
		return
	}
	if d.Flags.Has(keyword.NotActed) {
		defer c.notActed(words[0].Span, "'%s' is read and checked, but not acted on yet.", d.Name)
	}
	field, _, err := d.Read(c.env, words, 1)
	if err != nil {
		var e *keyword.Error
		if errors.As(err, &e) && e.Code == diag.BadArguments {
			// Fields that say something before they miss their parameter,
			// say it from their build function.
			c.missing(words, len(words)+1)
			return
		}
		c.say("%s", err.Error())
		return
	}
	c.env.Words, c.env.Start = words, 1
	if field != nil {
		field(t)
	}
}

// skipBlock skips the block of a keyword that another process serves: all up
// to the brace that closes the one that must come next.
func (c *compiler) skipBlock() {
	if c.fatal || c.pos >= len(c.doc.Lines) || c.doc.Lines[c.pos].Brace != keepalived.Open {
		return
	}
	depth := 0
	for l := c.next(); l != nil; l = c.next() {
		switch l.Brace {
		case keepalived.Open:
			depth++
		case keepalived.Close:
			if depth--; depth == 0 {
				return
			}
		default:
			c.words()
		}
	}
}

// skipBody is skipBlock up to the closing brace, which comes next.
func (c *compiler) skipBody() {
	c.skipBlock()
	if c.pos > 0 && c.doc.Lines[c.pos-1].Brace == keepalived.Close {
		c.pos--
	}
}

// eachLine reads a block whose lines are values, not keywords, and hands each
// line's words out. The opening brace may be missing, as in the original.
func (c *compiler) eachLine(keyword []source.Word, f func(words []source.Word)) {
	if len(keyword) > 1 {
		c.say("Block %s has extra parameters %s ...", keyword[0].Text, keyword[1].Text).Code = diag.BadArguments
	}
	first := true
	for l := c.next(); l != nil; l = c.next() {
		if l.Brace == keepalived.Close {
			return
		}
		if l.Brace == keepalived.Open && first {
			first = false
			continue
		}
		first = false
		if w := c.words(); len(w) > 0 {
			f(w)
		}
		if c.fatal {
			return
		}
	}
}

// of returns the compiler of a build function.
func of(e *keyword.Env) *compiler { return keyword.Attached[*compiler](e) }

// fill puts a block's name and a value into one of the original's texts.
func fill(text, name, value string) string {
	return strings.NewReplacer("{name}", name, "{value}", value).Replace(text)
}
