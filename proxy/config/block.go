package config

import (
	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/haproxy"
	"tandem/parser/keyword"
	"tandem/parser/source"
	"tandem/proxy/check"
	"tandem/proxy/logs"
	"tandem/proxy/tx"
)

// Block is a section that no room makes an object of its own of yet: its
// lines as words, checked against the table of its section.
type Block struct {
	Kind, Name string
	Span       source.Span
	Lines      [][]string
	Errors     map[int]*ErrorFile // of http-errors
	Check      *check.Setup       // of healthcheck
	Profile    *logs.Profile      // of log-profile
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
		words := texts(e.Words)
		return func(b *Block) error { b.Lines = append(b.Lines, words); return nil }, nil
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

// addrAt asks for an address at word i.
func addrAt(i int, allow expr.AddrAllow, prefix string) lineCheck {
	return func(e *keyword.Env, w []expr.Word) error {
		if _, err := expr.ParseAddr(w[i].Text, allow|expr.AllowNames); err != nil {
			return e.Errorf(w[i].Index, "'%s%s' : %s", prefix, w[0].Text, err)
		}
		return nil
	}
}

// readBlock reads a section into a Block and files it under its name.
func readBlock(table blockTable, missing string, file func(o *Others) *map[string]any, check func(c *compiler, b *Block)) sectionReader {
	return func(c *compiler, s *haproxy.Section) {
		b := &Block{Profile: &logs.Profile{Name: s.Name()}, Kind: s.Keyword.Text, Name: s.Name(), Span: s.Line.Span, Errors: map[int]*ErrorFile{}}
		if b.Name == "" && missing != "" {
			c.diags.Alertf(diag.BadArguments, s.Line.Span, "%s", missing)
			return
		}
		if bad := badNameByte(b.Name); bad != 0 {
			c.diags.Alertf(diag.BadValue, s.Line.Span, "character '%c' is not permitted in '%s' name '%s'.", bad, b.Kind, b.Name)
			return
		}
		m := file(&c.cfg.Others)
		if *m == nil {
			*m = map[string]any{}
		}
		if old, ok := (*m)[b.Name].(*Block); ok && missing != "" && !c.again(b, old) {
			return
		}
		(*m)[b.Name] = b
		readLines(c, table, s, b)
		if check != nil {
			check(c, b)
		}
	}
}

// again reports a second section of one name, and says whether it counts.
func (c *compiler) again(b, old *Block) bool {
	switch b.Kind {
	case "userlist":
		c.diags.Warnf(diag.Duplicate, b.Span, "ignoring duplicated userlist '%s'.", b.Name).Layout = diag.ParsingTight
		return false
	case "peers", "crt-store", "traces", "namespace_list":
		return true
	case "http-errors":
		c.diags.Alertf(diag.Duplicate, b.Span, "http-errors section '%s' already exists (declared at %s).", b.Name, old.Span).Layout = diag.ParsingTight
	case "resolvers", "mailers":
		c.diags.Alertf(diag.Duplicate, b.Span, "Parsing [%s]: %s '%s' has same name as another %s (declared at %s).", b.Span, b.Kind, b.Name, b.Kind, old.Span).Layout = diag.PostParse
	default:
		c.diags.Alertf(diag.Duplicate, b.Span, "%s '%s' already exists (declared at %s).", b.Kind, b.Name, old.Span)
	}
	return true
}
