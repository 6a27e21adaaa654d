package config

import (
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
	line(keyword.Resolvers, "resolve_retries", 0, "Queries before giving up.", least(1, "'resolve_retries' expects <nb> as argument.", most(1))),
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
		e.Diags.Alertf(diag.BadArguments, e.LineSpan(), "<event> can be either 'valid', 'nx', 'refused', 'timeout', or 'other'").Layout = diag.PostParse
		return nil
	}
	if indexOf([]string{"valid", "nx", "refused", "timeout", "obsolete", "other"}, w[0].Text) < 0 {
		return e.Errorf(w[0].Index, "'hold' unknown <event>: '%s', expects either 'nx', 'timeout', 'valid', 'obsolete' or 'other'.", w[0].Text)
	}
	return timeAt(1, "hold")(e, w)
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
	return timeAt(1, "timeout "+w[0].Text)(e, w)
}

func payloadSize(e *keyword.Env, w []expr.Word) error {
	if len(w) == 0 {
		return e.Errorf(-1, "'accepted_payload_size' expects <nb> as argument.")
	}
	if n := laxInt(w[0].Text); n < 12 || n > 65535 {
		return e.Errorf(w[0].Index, "'accepted_payload_size' must be between 12 and 65535 inclusive (was %d).", n)
	}
	return most(1)(e, w)
}

// checkResolvers refuses two name servers of one name.
func checkResolvers(c *compiler, b *Block) {
	seen := map[string]bool{}
	for _, l := range b.Lines {
		if l[0] == "nameserver" && len(l) > 2 {
			if seen[l[1]] {
				c.diags.Alertf(diag.Duplicate, b.Span, "Parsing [%s]: nameserver '%s' has same name as another nameserver (declared at %s).", b.Span, l[1], b.Span).Layout = diag.PostParse
			}
			seen[l[1]] = true
		}
	}
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
	return timeAt(1, "timeout mail")(e, w)
}

var peersWords = keyword.NewTable("peers keyword", []*keyword.Def[Setting[Block]]{
	line(keyword.Peers, "peer", 0, "A peer by name and address.", peerLine),
	line(keyword.Peers, "server", 0, "A peer with the words of a server line.", peerLine),
	line(keyword.Peers, "bind", 0, "Where the local peer listens.", wordsOnly),
	line(keyword.Peers, "default-bind", 0, "Words of the bind line.", wordsOnly),
	line(keyword.Peers, "default-server", 0, "Words of the peers.", wordsOnly),
	line(keyword.Peers, "table", 0, "A stick table of the section.", peerTable),
	line(keyword.Peers, "log", 0, "Where log lines go.", wordsOnly),
	line(keyword.Peers, "shards", 0, "How many shards tables have.", least(1, "'shards' : missing value", most(1))),
	line(keyword.Peers, "disabled", 0, "Do not use this section.", most(0)),
	line(keyword.Peers, "enabled", 0, "Undo disabled.", most(0)),
})

func peerLine(e *keyword.Env, w []expr.Word) error {
	kind := e.Words[0].Text
	name := ""
	if len(w) > 0 {
		name = w[0].Text
	}
	if len(w) < 2 {
		if kind == "peer" || len(w) == 0 {
			e.Warnf(diag.BadArguments, -1, "'%s %s' : ignoring invalid peer definition (missing address:port)", kind, name)
		}
		return nil
	}
	if _, err := expr.ParseAddr(w[1].Text, expr.NeedPort|expr.AllowNames); err != nil {
		return e.Errorf(w[1].Index, "'server %s/%s' : %s", e.Owner, name, err)
	}
	return nil
}

func peerTable(e *keyword.Env, w []expr.Word) error {
	if len(w) == 0 {
		return e.Errorf(-1, "'table' expects <name> as argument.")
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
				return &keyword.Error{Index: w[0].Index, Code: diag.Unreadable, Text: "Cannot open namespace '" + w[0].Text + "'."}
			}
		}
		return nil
	}),
})
