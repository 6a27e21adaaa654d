package config

import (
	"fmt"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/stick"
)

// Sections about other machines: resolvers, peers, mailers, namespaces.

var resolversWords = keyword.NewTable("resolvers keyword", []*keyword.Def[Setting[Block]]{
	line(keyword.Resolvers, "nameserver", 0, "A name server.", nameserver),
	line(keyword.Resolvers, "parse-resolv-conf", 0, "Use the system's name servers.", wordsOnly),
	line(keyword.Resolvers, "hold", 0, "How long answers of a kind are kept.", hold),
	line(keyword.Resolvers, "resolve_retries", 0, "Queries before giving up.", least(1, "'resolve_retries' expects <nb> as argument.")),
	line(keyword.Resolvers, "timeout", 0, "Timing of queries.", resolverTimeout),
	line(keyword.Resolvers, "accepted_payload_size", 0, "Longest answer in bytes.", payloadSize),
	line(keyword.Resolvers, "resolution_pool_size", 0, "Never in a release.", func(e *keyword.Env, _ []expr.Word) error {
		return e.Errorf(-1, "'resolution_pool_size' directive is not supported anymore (it never appeared in a stable release).")
	}),
})

func nameserver(e *keyword.Env, w []expr.Word) error {
	if len(w) < 2 {
		return e.Errorf(-1, "'nameserver' expects <name> and <addr>[:<port>] as arguments.")
	}
	if bad := badNameByte(w[0].Text); bad != 0 {
		return e.Errorf(w[0].Index, "character '%c' is not permitted in server name '%s'.", bad, w[0].Text)
	}
	if err := addrAt(1, expr.NeedPort|expr.NonZeroPort, "nameserver ")(e, w); err != nil {
		return err
	}
	return most(2)(e, w)
}

func hold(e *keyword.Env, w []expr.Word) error {
	if len(w) < 2 {
		e.Diags.Alertf(diag.BadArguments, e.LineSpan(), "'hold' expects an <event> and a <time> as arguments.")
		e.Diags.Alertf(diag.BadArguments, e.LineSpan(), "<event> can be either 'valid', 'nx', 'refused', 'timeout', or 'other'").Layout = diag.Bare
		return nil
	}
	if err := tightly(timeAt(1, "hold"))(e, w); err != nil {
		return err
	}
	if indexOf([]string{"valid", "nx", "refused", "timeout", "obsolete", "other"}, w[0].Text) < 0 {
		return e.Errorf(w[0].Index, "'hold' unknown <event>: '%s', expects either 'nx', 'timeout', 'valid', 'obsolete' or 'other'.", w[0].Text)
	}
	return soonWarn("hold "+w[0].Text, tightly(timeAt(1, "hold")))(e, w)
}

func resolverTimeout(e *keyword.Env, w []expr.Word) error {
	switch {
	case len(w) == 0:
		return e.Errorf(-1, "'timeout' expects 'retry' or 'resolve' and <time> as arguments.")
	case w[0].Text != "retry" && w[0].Text != "resolve":
		return e.Errorf(w[0].Index, "'timeout' expects 'retry' or 'resolve' and <time> as arguments got '%s'.", w[0].Text)
	case len(w) < 2:
		return e.Errorf(-1, "'timeout %s' expects <time> as argument.", w[0].Text)
	}
	return soonWarn("timeout "+w[0].Text, tightly(timeAt(1, "timeout "+w[0].Text)))(e, w)
}

func payloadSize(e *keyword.Env, w []expr.Word) error {
	if len(w) == 0 {
		return e.Errorf(-1, "'accepted_payload_size' expects <nb> as argument.")
	}
	if n := laxInt(w[0].Text); n < 12 || n > 65535 {
		return e.Errorf(w[0].Index, "'accepted_payload_size' must be between 12 and 65535 inclusive (was %s).", w[0].Text)
	}
	return nil
}

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

// checkResolvers refuses two name servers of one name.
func checkResolvers(c *compiler, b *Block) {
	seen, any := map[string]int{}, false
	for i, l := range b.Lines {
		any = any || l[0] == "parse-resolv-conf" || l[0] == "nameserver"
		if l[0] == "nameserver" && len(l) > 2 {
			if seen[l[1]] > 0 {
				c.diags.Alertf(diag.Duplicate, b.Spans[i], "Parsing [%s]: nameserver '%s' has same name as another nameserver (declared at %s).", b.Spans[i], l[1], b.Spans[seen[l[1]]-1]).Layout = diag.Bare
			}
			seen[l[1]] = i + 1
		}
	}
	if !any {
		c.atEnd(diag.Warning, diag.NoEffect, b, "resolvers '"+b.Name+"' ["+b.Span.String()+"] has no nameservers configured!")
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
