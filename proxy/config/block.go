package config

import (
	"fmt"
	"slices"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/haproxy"
	"tandem/parser/keyword"
	"tandem/parser/source"
	"tandem/proxy/check"
	"tandem/proxy/filter"
	"tandem/proxy/listen"
	"tandem/proxy/logs"
	"tandem/proxy/resolve"
	"tandem/proxy/server"
	"tandem/proxy/tx"
)

// Block is a section that no room makes an object of its own of yet: its
// lines as words, checked against the table of its section.
type Block struct {
	Kind, Name string
	Span       source.Span
	order      int  // in which it was read
	refused    bool // something is wrong with it
	Lines      [][]string
	Spans      []source.Span        // of Lines
	Errors     map[int]*ErrorFile   // of http-errors
	Check      *check.Setup         // of healthcheck
	Profile    *logs.Profile        // of log-profile
	Servers    map[int]*server.Line // of Lines that have words of a server line
	Resolver   *resolve.Resolver    // of resolvers
	Binds      []*listen.Bind       // of peers
	Cache      *filter.Cache        // of cache
	FCGI       *FCGIApp             // of fcgi-app
	Ring       *RingSection         // of ring
	Forward    *ForwardSection      // of log-forward
}

// InOrder returns the sections of a kind as they stand in the files.
func (o *Others) InOrder(m map[string]any) []*Block {
	var out []*Block
	for _, x := range m {
		if b, ok := x.(*Block); ok {
			out = append(out, b)
		}
	}
	slices.SortFunc(out, func(a, b *Block) int { return a.order - b.order })
	return out
}

// ErrorReply returns an http-errors section's answer for a status, nil if it
// has none; see action.ErrorFiles.
func (b *Block) ErrorReply(status int) *tx.Reply {
	f := b.Errors[status]
	if f == nil {
		return nil
	}
	return &tx.Reply{Status: status, Raw: f.Raw}
}

// blockTable is the table of the lines of such a section.
type blockTable = *keyword.Table[Setting[Block]]

// lineCheck looks at the words behind a line's keyword.
type lineCheck func(e *keyword.Env, w []expr.Word) error

// line makes the Def of a line of a block.
func line(in keyword.Scope, name string, flags keyword.Flags, doc string, check lineCheck) *keyword.Def[Setting[Block]] {
	return keyword.Define(keyword.Spec{Name: name, In: in, Flags: flags, Doc: doc}, func(e *keyword.Env, a *restArgs) (Setting[Block], error) {
		if check != nil {
			if err := check(e, a.Words); err != nil {
				return nil, err
			}
		}
		words, at := texts(e.Words), e.LineSpan()
		return func(b *Block) error {
			b.Lines, b.Spans = append(b.Lines, words), append(b.Spans, at)
			return nil
		}, nil
	})
}

// serverLineOf is line for lines with words of a server line, which are kept;
// read may return none.
func serverLineOf(in keyword.Scope, name, doc string, read func(*keyword.Env, []expr.Word) (*server.Line, error)) *keyword.Def[Setting[Block]] {
	return keyword.Define(keyword.Spec{Name: name, In: in, Doc: doc}, func(e *keyword.Env, a *restArgs) (Setting[Block], error) {
		l, err := read(e, a.Words)
		if err != nil {
			return nil, err
		}
		words, at := texts(e.Words), e.LineSpan()
		return func(b *Block) error {
			if l != nil {
				if b.Servers == nil {
					b.Servers = map[int]*server.Line{}
				}
				b.Servers[len(b.Lines)] = l
			}
			b.Lines, b.Spans = append(b.Lines, words), append(b.Spans, at)
			return nil
		}, nil
	})
}

// most refuses more than n words.
func most(n int) lineCheck {
	return func(e *keyword.Env, w []expr.Word) error {
		if len(w) > n {
			return e.Errorf(w[n].Index, "'%s' cannot handle unexpected argument '%s'.", e.Words[0].Text, w[n].Text)
		}
		return nil
	}
}

// upTo is most, then the other checks.
func upTo(n int, then ...lineCheck) lineCheck { return both(append([]lineCheck{most(n)}, then...)...) }

// both makes the checks in order.
func both(list ...lineCheck) lineCheck {
	return func(e *keyword.Env, w []expr.Word) error {
		for _, f := range list {
			if err := f(e, w); err != nil {
				return err
			}
		}
		return nil
	}
}

// upToNamed is upTo in the words of sections that tell the first value too.
func upToNamed(n int, then ...lineCheck) lineCheck {
	return func(e *keyword.Env, w []expr.Word) error {
		if len(w) > n {
			return e.Errorf(w[n].Index, "'%s' cannot handle unexpected argument '%s'.", strings.Join(texts(e.Words[:2]), " "), w[n].Text)
		}
		return both(then...)(e, w)
	}
}

// tightf is a refusal laid out as "parsing [f:3]: text".
func tightf(index int, format string, args ...any) error {
	return &keyword.Error{Index: index, Code: diag.BadValue, Text: fmt.Sprintf(format, args...), Tight: true}
}

// tightly lays out what check refuses as "parsing [f:3]: text".
func tightly(check lineCheck) lineCheck {
	return func(e *keyword.Env, w []expr.Word) error {
		err := check(e, w)
		if at, ok := err.(*keyword.Error); ok {
			at.Tight = true
		}
		return err
	}
}

// first returns the first word, "" if there is none.
func first(w []expr.Word) string {
	if len(w) == 0 {
		return ""
	}
	return w[0].Text
}

// least asks for n words with a text.
func least(n int, text string, then ...lineCheck) lineCheck {
	return func(e *keyword.Env, w []expr.Word) error {
		if len(w) < n {
			return e.Errorf(-1, "%s", text)
		}
		for _, f := range then {
			if err := f(e, w); err != nil {
				return err
			}
		}
		return nil
	}
}

// words takes anything.
func wordsOnly(*keyword.Env, []expr.Word) error { return nil }

// timeAt asks for a time at word i.
func timeAt(i int, what string) lineCheck {
	check := timeKnob("", 0, maxInt, "")
	return func(e *keyword.Env, w []expr.Word) error {
		if _, refusal := check(w[i].Text); refusal != "" {
			return e.Errorf(w[i].Index, "%s", replaceName(refusal, what))
		}
		return nil
	}
}

// addrAt asks for an address at word i, or a name that has one.
func addrAt(i int, allow expr.AddrAllow, prefix string) lineCheck {
	return func(e *keyword.Env, w []expr.Word) error {
		if _, err := expr.ParseHostAddr(w[i].Text, allow, e.LookUp); err != nil {
			return e.Errorf(w[i].Index, "'%s%s' : %s", prefix, w[0].Text, err)
		}
		return nil
	}
}

// readBlock reads a section into a Block and files it under its name.
func readBlock(table blockTable, missing string, file func(o *Others) *map[string]any, check func(c *compiler, b *Block)) sectionReader {
	return func(c *compiler, s *haproxy.Section) {
		b := &Block{Profile: &logs.Profile{Name: s.Name()}, Kind: s.Keyword.Text, Name: s.Name(), Span: s.Line.Span, Errors: map[int]*ErrorFile{}}
		if !c.blockHead(b, s, missing) {
			return
		}
		m := file(&c.cfg.Others)
		if *m == nil {
			*m = map[string]any{}
		}
		if old, ok := (*m)[b.Name].(*Block); ok && missing != "" {
			c.again(b, old)
		}
		c.blocks++
		b.order = c.blocks
		(*m)[b.Name] = b
		before := c.diags.Count(diag.Alert)
		readLines(c, table, s, b)
		fine := c.diags.Count(diag.Alert) == before && len(c.early) == 0
		if check != nil && (fine || b.Kind == "cache" && !c.aborted) {
			check(c, b)
		}
		b.refused = c.diags.Count(diag.Alert) > before
	}
}
