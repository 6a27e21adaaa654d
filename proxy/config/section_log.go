package config

import (
	"slices"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/parser/source"
	"tandem/proxy/check"
)

// Sections about logs, applications, agents and the like.

// aclOfBlock compiles the test of an "acl" line.
func aclOfBlock(e *keyword.Env, _ []expr.Word) error {
	var a aclArgs
	if err := a.ParseArgs(&keyword.Args{Env: e, Words: e.Words, Pos: 1}); err != nil {
		return err
	}
	keyword.Attached[*compiler](e).blockACLs.Add(a.name, a.test)
	return nil
}

var programWords = keyword.NewTable("program keyword", []*keyword.Def[Setting[Block]]{
	line(keyword.Program, "command", 0, "What to run.", least(1, "'command' expects a command with optional arguments separated in words.")),
	line(keyword.Program, "user", 0, "User to run it as.", least(1, "'user' expects a user name.", most(1))),
	line(keyword.Program, "group", 0, "Group to run it as.", least(1, "'group' expects a group name.", most(1))),
	line(keyword.Program, "option", 0, "Whether it starts again on reload.", least(1, "'option' expects an option name.")),
	line(keyword.Program, "no", 0, "Undo an option.", wordsOnly),
})

var healthcheckWords = keyword.NewTable("healthcheck keyword", healthLines())

func healthLines() []*keyword.Def[Setting[Block]] {
	kinds := []string{"tcp-check", "httpchk", "ssl-hello-chk", "smtpchk", "pgsql-check", "redis-check", "mysql-check", "ldap-check", "spop-check"}
	make := func(name, doc string, read func(e *keyword.Env, w []expr.Word) (check.Change, error)) *keyword.Def[Setting[Block]] {
		return keyword.Define(keyword.Spec{Name: name, In: keyword.Healthcheck, Doc: doc}, func(e *keyword.Env, a *restArgs) (Setting[Block], error) {
			words, at := texts(e.Words), e.LineSpan()
			change, err := read(e, a.Words)
			if err != nil {
				return nil, err
			}
			return func(b *Block) error {
				if b.Check == nil {
					b.Check = &check.Setup{}
				}
				b.Lines, b.Spans = append(b.Lines, words), append(b.Spans, at)
				if change == nil {
					return nil
				}
				return change(b.Check)
			}, nil
		})
	}
	return []*keyword.Def[Setting[Block]]{
		make("type", "Kind of the check.", func(e *keyword.Env, w []expr.Word) (check.Change, error) {
			if len(w) == 0 {
				return nil, e.Errorf(-1, "'type' expects a healthcheck type.")
			}
			if indexOf(kinds, w[0].Text) < 0 {
				return nil, e.Errorf(w[0].Index, "unknown healthcheck type '%s' (expects '%s').", w[0].Text, strings.Join(kinds, "', '"))
			}
			words := slices.Clone(e.Words)
			words[0].Text = "option" // the check room knows the kinds by their option lines
			change, err := readCheck(e, words)
			if at, ok := err.(*keyword.Error); ok {
				at.Text = strings.ReplaceAll(at.Text, "'option ", "'type ")
			}
			return change, err
		}),
		make("http-check", "A step of an HTTP check.", func(e *keyword.Env, _ []expr.Word) (check.Change, error) { return readCheck(e, e.Words) }),
		make("tcp-check", "A step of a TCP check.", func(e *keyword.Env, _ []expr.Word) (check.Change, error) { return readCheck(e, e.Words) }),
	}
}

// readCheck has the check room read the line.
func readCheck(e *keyword.Env, words []source.Word) (check.Change, error) {
	def, args := check.Lines.Match(words, 0)
	if def == nil {
		second := ""
		if len(words) > 1 {
			second = words[1].Text
		}
		return nil, e.Errorf(-1, "%s", check.Unknown(words[0].Text, second))
	}
	change, _, err := def.Read(e, words, args)
	return change, err
}

// checkHealth says of rules that no type of the section uses.
func checkHealth(c *compiler, b *Block) {
	if b.Check == nil {
		return
	}
	uses, rules := "", ""
	for _, l := range b.Lines {
		switch {
		case l[0] == "type" && len(l) > 1:
			uses = map[string]string{"httpchk": "http-check", "tcp-check": "tcp-check"}[l[1]]
		case l[0] == "http-check" || l[0] == "tcp-check":
			rules = l[0]
		}
	}
	if rules != "" && rules != uses {
		c.diags.Add(diag.Diagnostic{Severity: diag.Alert, Lenient: true, Code: diag.NoEffect, Span: b.Span,
			Text: "healthcheck section '*healthcheck-" + b.Name + "' : " + rules + " rules without 'type " + rules + "', so the rules are ignored."})
	}
}
