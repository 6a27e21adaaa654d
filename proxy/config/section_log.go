package config

import (
	"slices"
	"strings"

	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/parser/source"
	"tandem/proxy/check"
)

// Sections about logs, applications, agents and the like.

var logForwardWords = keyword.NewTable("log-forward keyword", []*keyword.Def[Setting[Block]]{
	line(keyword.LogForward, "bind", 0, "Where messages come in by TCP.", least(1, "'bind' expects {<path>|[addr1]:port1[-end1]}{,[addr]:port[-end]}... as arguments.")),
	line(keyword.LogForward, "dgram-bind", 0, "Where messages come in by UDP.", least(1, "'dgram-bind' expects {<path>|[addr1]:port1[-end1]}{,[addr]:port[-end]}... as arguments.")),
	line(keyword.LogForward, "log", 0, "Where messages go.", func(e *keyword.Env, w []expr.Word) error {
		var a logArgs
		return a.ParseArgs(&keyword.Args{Env: e, Words: e.Words, Pos: 1})
	}),
	line(keyword.LogForward, "maxconn", 0, "Most connections.", least(1, "'maxconn' expects an integer argument.")),
	line(keyword.LogForward, "backlog", 0, "Length of the listen queue.", least(1, "'backlog' expects an integer argument.")),
	line(keyword.LogForward, "timeout", 0, "Longest silence.", func(e *keyword.Env, w []expr.Word) error {
		switch {
		case len(w) == 0 || w[0].Text != "client":
			return e.Errorf(-1, "unknown timeout '%s' in log-forward section.", strings.Join(texts(e.Words[1:]), " "))
		case len(w) < 2:
			return e.Errorf(-1, "missing 'timeout client' value.")
		}
		return timeAt(1, "timeout client")(e, w)
	}),
	line(keyword.LogForward, "option", 0, "How messages are read.", func(e *keyword.Env, w []expr.Word) error {
		known := []string{"dont-parse-log", "assume-rfc6587-ntf", "host"}
		if len(w) == 0 || indexOf(known, w[0].Text) < 0 {
			return e.Errorf(-1, "unknown option '%s' in log-forward section.", strings.Join(texts(e.Words[1:]), " "))
		}
		return nil
	}),
	line(keyword.LogForward, "disabled", 0, "Do not start.", nil),
	line(keyword.LogForward, "enabled", 0, "Undo disabled.", nil),
})

var fcgiWords = keyword.NewTable("fcgi-app keyword", []*keyword.Def[Setting[Block]]{
	line(keyword.FCGIApp, "docroot", 0, "Root of the scripts.", least(1, "'docroot' expects <path> as argument.", most(1))),
	line(keyword.FCGIApp, "path-info", 0, "How paths are split.", least(1, "'path-info' expects <regex> as argument.", most(1))),
	line(keyword.FCGIApp, "index", 0, "Script of directories.", least(1, "'index' expects <filename> as argument.", most(1))),
	line(keyword.FCGIApp, "acl", 0, "Declare a test.", aclOfBlock),
	line(keyword.FCGIApp, "set-param", 0, "Set a parameter.", least(2, "'set-param' expects <name> and <value> as arguments.")),
	line(keyword.FCGIApp, "pass-header", 0, "A header that is passed.", least(1, "'pass-header' expects <name> as arguments.")),
	line(keyword.FCGIApp, "option", 0, "How the application is spoken to.", fcgiOption),
	line(keyword.FCGIApp, "log-stderr", 0, "Where its messages go.", func(e *keyword.Env, w []expr.Word) error {
		if len(w) == 0 {
			return e.Errorf(-1, "log-stderr : expects <address> and <facility> or global as arguments")
		}
		var a logArgs
		return a.ParseArgs(&keyword.Args{Env: e, Words: e.Words, Pos: 1})
	}),
})

// aclOfBlock compiles the test of an "acl" line.
func aclOfBlock(e *keyword.Env, _ []expr.Word) error {
	var a aclArgs
	if err := a.ParseArgs(&keyword.Args{Env: e, Words: e.Words, Pos: 1}); err != nil {
		return err
	}
	keyword.Attached[*compiler](e).blockACLs.Add(a.name, a.test)
	return nil
}

func fcgiOption(e *keyword.Env, w []expr.Word) error {
	if len(w) == 0 {
		return e.Errorf(-1, "'option' expects an option name.")
	}
	switch w[0].Text {
	case "keep-conn", "get-values", "mpxs-conns":
		return nil
	case "max-reqs":
		if len(w) < 2 {
			return e.Errorf(-1, "option 'max-reqs' expects an integer argument.")
		}
		return nil
	}
	return e.Errorf(w[0].Index, "unknown option '%s'.", w[0].Text)
}

// checkFCGI refuses an application without a root.
func checkFCGI(c *compiler, b *Block) {
	for _, l := range b.Lines {
		if l[0] == "docroot" {
			return
		}
	}
	c.diags.Alertf("fcgi-app", b.Span, "fcgi-app '%s': no docroot configured.", b.Name).Layout = 4
}

var tracesWords = keyword.NewTable("traces keyword", []*keyword.Def[Setting[Block]]{
	line(keyword.Traces, "trace", keyword.Tuning, "Trace something from the start.", func(e *keyword.Env, w []expr.Word) error {
		known := []string{"0", "all", "h1", "h2", "fcgi", "spop", "acme", "ssl", "stream", "peers", "check", "applet", "pt", "session", "haterm", "quic", "qmux", "h3"}
		if len(w) > 0 && indexOf(known, w[0].Text) < 0 {
			return e.Errorf(w[0].Index, "No such trace source '%s'", w[0].Text)
		}
		return nil
	}),
})

var programWords = keyword.NewTable("program keyword", []*keyword.Def[Setting[Block]]{
	line(keyword.Program, "command", 0, "What to run.", least(1, "'command' expects a command with optional arguments separated in words.")),
	line(keyword.Program, "user", 0, "User to run it as.", least(1, "'user' expects a user name.", most(1))),
	line(keyword.Program, "group", 0, "Group to run it as.", least(1, "'group' expects a group name.", most(1))),
	line(keyword.Program, "option", 0, "Whether it starts again on reload.", least(1, "'option' expects an option name.")),
	line(keyword.Program, "no", 0, "Undo an option.", wordsOnly),
})

var acmeWords = keyword.NewTable("acme keyword", acmeLines())

func acmeLines() []*keyword.Def[Setting[Block]] {
	var out []*keyword.Def[Setting[Block]]
	for name, doc := range map[string]string{
		"account-key": "File of the account's key.", "acme-vars": "Variables for the provider.", "bits": "Size of RSA keys.", "challenge": "Kind of challenge.",
		"challenge-ready": "What tells that the challenge may start.", "contact": "Mail address of the account.", "curves": "Curve of EC keys.", "directory": "URL of the directory.",
		"dns-delay": "Time to wait for DNS.", "dns-timeout": "Longest wait for DNS.", "eab-key-id": "Id of the external account.", "eab-mac-alg": "Algorithm of the external account.",
		"eab-mac-key": "Key of the external account.", "keytype": "Type of keys.", "map": "Map of the challenges.", "profile": "Profile of certificates.",
		"provider-name": "Name of the DNS provider.", "reuse-key": "Keep the key of a certificate.",
	} {
		out = append(out, line(keyword.Acme, name, keyword.NotActed, doc, least(1, "keyword '"+name+"' in 'acme' section requires an argument", most(1))))
	}
	return out
}

var healthcheckWords = keyword.NewTable("healthcheck keyword", healthLines())

func healthLines() []*keyword.Def[Setting[Block]] {
	kinds := []string{"httpchk", "tcp-check", "mysql-check", "pgsql-check", "redis-check", "smtpchk", "ldap-check", "spop-check", "ssl-hello-chk", "external-check"}
	make := func(name, doc string, read func(e *keyword.Env, w []expr.Word) (check.Change, error)) *keyword.Def[Setting[Block]] {
		return keyword.Define(keyword.Spec{Name: name, In: keyword.Healthcheck, Doc: doc}, func(e *keyword.Env, a *restArgs) (Setting[Block], error) {
			change, err := read(e, a.Words)
			if err != nil {
				return nil, err
			}
			return func(b *Block) error {
				if b.Check == nil {
					b.Check = &check.Setup{}
				}
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
				return nil, e.Errorf(-1, "'type' expects a healthcheck type as argument.")
			}
			if indexOf(kinds, w[0].Text) < 0 {
				return nil, e.Errorf(w[0].Index, "unknown healthcheck type '%s'.", w[0].Text)
			}
			words := slices.Clone(e.Words)
			words[0].Text = "option" // the check room knows the kinds by their option lines
			return readCheck(e, words)
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
