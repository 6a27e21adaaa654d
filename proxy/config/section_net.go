package config

import (
	"fmt"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/stick"
)

// Sections about other machines: mailers, namespaces.

// soonWarn is check, and the original's hint on a time that looks like a
// number of seconds. It is worded as an ALERT and refuses nothing.
func soonWarn(what string, check lineCheck) lineCheck {
	return func(e *keyword.Env, w []expr.Word) error {
		if err := check(e, w); err != nil {
			return err
		}
		if v := w[1].Text; sizeRest(v) == "" && laxInt(v) > 0 && laxInt(v) < 100 {
			e.Diags.Add(diag.Diagnostic{Severity: diag.Alert, Lenient: true, Code: diag.BadValue, Span: e.Span(w[1].Index),
				Text: fmt.Sprintf("'%s %s' looks suspiciously small for a value in milliseconds. Please use an explicit unit ('%sms') if that was the intent.", what, v, v)})
		}
		return nil
	}
}

// checkMailers says what becomes of a section that no proxy uses.
func checkMailers(c *compiler, b *Block) {
	c.ending = append(c.ending, func() {
		for _, p := range c.cfg.Proxies {
			if p.Text["email-alert mailers"] == b.Name && p.Text["email-alert from"] != "" && p.Text["email-alert to"] != "" {
				return
			}
		}
		c.diags.Warnf(diag.NoEffect, b.Span, "Removing incomplete section 'mailers %s'.", b.Name).Layout = diag.Told
	})
}

var mailersWords = keyword.NewTable("mailers keyword", []*keyword.Def[Setting[Block]]{
	line(keyword.Mailers, "mailer", 0, "A mail server.", least(2, "'mailer' expects <name> and <addr>[:<port>] as arguments.", addrAt(1, expr.NeedPort|expr.NonZeroPort, "mailer "), most(2))),
	line(keyword.Mailers, "timeout", 0, "Longest time for a mail.", mailTimeout),
})

func mailTimeout(e *keyword.Env, w []expr.Word) error {
	switch {
	case len(w) == 0:
		return e.Errorf(-1, "'timeout' expects 'mail' and <time> as arguments.")
	case w[0].Text != "mail":
		return e.Errorf(w[0].Index, "'timeout' expects 'mail' and <time> as arguments got '%s'.", w[0].Text)
	case len(w) < 2:
		return e.Errorf(-1, "'timeout mail' expects <time> as argument.")
	}
	return tightly(timeAt(1, "timeout mail"))(e, w)
}

func peerTable(e *keyword.Env, w []expr.Word) error {
	if len(w) == 0 {
		return e.Errorf(-1, "table: missing size.")
	}
	in := keyword.Args{Env: e, Words: e.Words, Pos: 2}
	name := e.Owner + "/" + w[0].Text
	table, err := readTable(&in, name)
	if c := keyword.Attached[*compiler](e); err == nil && table != nil && c != nil {
		if c.cfg.Others.Tables == nil {
			c.cfg.Others.Tables = map[string]*stick.Table{}
		}
		c.cfg.Others.Tables[name] = table
	}
	if err != nil {
		err = prefixError(err, "")
		if at, ok := err.(*keyword.Error); ok {
			at.Text = "table: " + strings.TrimPrefix(at.Text, "stick-table: ")
		}
	}
	return err
}

var namespaceWords = keyword.NewTable("namespace keyword", []*keyword.Def[Setting[Block]]{
	line(keyword.Namespaces, "namespace", keyword.NotActed, "A network namespace.", func(e *keyword.Env, w []expr.Word) error {
		if len(w) > 0 {
			if _, err := e.ReadFile("/var/run/netns/" + w[0].Text); err != nil && notFound(err) {
				return &keyword.Error{Index: w[0].Index, Code: diag.Unreadable, Text: "Cannot open namespace '" + w[0].Text + "'.", Tight: true}
			}
		}
		return nil
	}),
})
