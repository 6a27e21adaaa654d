package config

import (
	"strings"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/haproxy"
	"tandem/parser/keyword"
	"tandem/parser/source"
)

// The sections of a SPOE file (SPOE.txt 2); they stand in files of their own
// that a filter line names.

var spoeAgentWords = keyword.NewTable("spoe-agent keyword", []*keyword.Def[Setting[Block]]{
	line(keyword.SPOE, "messages", 0, "Messages that are sent.", wordsOnly),
	line(keyword.SPOE, "groups", 0, "Groups that rules may send.", wordsOnly),
	line(keyword.SPOE, "use-backend", 0, "Backend of the agents.", least(1, "'use-backend' expects a backend name.", most(1))),
	line(keyword.SPOE, "timeout", 0, "Timing.", spoeTimeout),
	line(keyword.SPOE, "option", 0, "How agents are spoken to.", spoeOption),
	line(keyword.SPOE, "no", 0, "Undo an option.", wordsOnly),
	line(keyword.SPOE, "maxconnrate", 0, "Ignored since 3.1.", wordsOnly),
	line(keyword.SPOE, "maxerrrate", 0, "Ignored since 3.1.", wordsOnly),
	line(keyword.SPOE, "max-frame-size", 0, "Longest frame.", least(1, "'max-frame-size' expects an integer argument.", most(1))),
	line(keyword.SPOE, "max-waiting-frames", 0, "Frames that may wait.", least(1, "'max-waiting-frames' expects an integer argument.", most(1))),
	line(keyword.SPOE, "register-var-names", 0, "Variables that agents may set.", wordsOnly),
	line(keyword.SPOE, "log", 0, "Where log lines go.", wordsOnly),
})

var spoeGroupWords = keyword.NewTable("spoe-group keyword", []*keyword.Def[Setting[Block]]{
	line(keyword.SPOE, "messages", 0, "Messages of the group.", wordsOnly),
})

var spoeMessageWords = keyword.NewTable("spoe-message keyword", []*keyword.Def[Setting[Block]]{
	line(keyword.SPOE, "args", 0, "What is sent.", spoeArgs),
	line(keyword.SPOE, "event", 0, "When it is sent.", spoeEvent),
	line(keyword.SPOE, "acl", 0, "Declare a test.", aclOfBlock),
})

func spoeTimeout(e *keyword.Env, w []expr.Word) error {
	if len(w) < 2 || indexOf([]string{"hello", "idle", "processing"}, w[0].Text) < 0 {
		return e.Errorf(-1, "'timeout' expects 'processing' as argument.")
	}
	return timeAt(1, "timeout "+w[0].Text)(e, w)
}

func spoeOption(e *keyword.Env, w []expr.Word) error {
	known := []string{"async", "send-frag-payload", "pipelining", "continue-on-error", "dontlog-normal", "force-set-var", "set-on-error", "set-process-time", "set-total-time", "var-prefix"}
	switch {
	case len(w) == 0:
		return e.Errorf(-1, "'option' expects an option name.")
	case indexOf(known, w[0].Text) < 0:
		return e.Errorf(w[0].Index, "option '%s' is not supported.", w[0].Text)
	}
	return nil
}

func spoeEvent(e *keyword.Env, w []expr.Word) error {
	known := []string{"on-client-session", "on-server-session", "on-frontend-tcp-request", "on-backend-tcp-request", "on-tcp-response", "on-frontend-http-request", "on-backend-http-request", "on-http-response"}
	if len(w) == 0 {
		return e.Errorf(-1, "missing event name.")
	}
	if indexOf(known, w[0].Text) < 0 {
		return e.Errorf(w[0].Index, "unkown event '%s'.", w[0].Text)
	}
	_, err := condition(&keyword.Args{Env: e, Words: e.Words, Pos: 2}, "event")
	return err
}

func spoeArgs(e *keyword.Env, w []expr.Word) error {
	for _, a := range w {
		text := a.Text
		if name, rest, ok := strings.Cut(text, "="); ok && badNameByte(name) == 0 {
			text = rest
		}
		if _, err := compileSample(e, text, a.Index); err != nil {
			return prefixError(err, "'"+a.Text+"': ")
		}
	}
	return nil
}

// spoeFile reads the file that a "filter spoe" line names. An engine's lines
// are those below "[engine]", and those before any such line.
func (c *compiler) spoeFile(e *keyword.Env, name, engine string) error {
	data, err := e.ReadFile(name)
	if err != nil {
		c.diags.Alertf(diag.Unreadable, e.LineSpan(), "stat() failed for configuration file %s : %s", name, sysText(err)).Layout = diag.Bare
		return nil
	}
	saved, p := *e, keyword.Attached[*Proxy](e)
	parsed := haproxy.Parse(source.New(name, data), haproxy.Options{IsSection: haproxy.SPOESections, Env: c.environ}, c.diags)
	agents := 0
	for _, s := range parsed.Sections {
		if s.Scope != engine || s.Keyword.Text == "" {
			continue
		}
		b := &Block{Kind: s.Keyword.Text, Name: s.Name(), Span: s.Line.Span}
		c.enter(keyword.SPOE, s)
		switch s.Keyword.Text {
		case "spoe-agent":
			agents++
			readLines(c, spoeAgentWords, s, b)
		case "spoe-group":
			readLines(c, spoeGroupWords, s, b)
		default:
			readLines(c, spoeMessageWords, s, b)
		}
	}
	scope, section, owner := saved.Scope, saved.Section, saved.Owner
	e.Scope, e.Section, e.Owner, e.Words, e.Start = scope, section, owner, saved.Words, saved.Start
	if c.blockACLs = nil; p != nil { // the proxy's section goes on
		keyword.Attach(e, p)
		keyword.Attach(e, p.ACLs)
	}
	if agents == 0 {
		return e.Errorf(-1, "'filter' : No SPOE agent found in file '%s'", name)
	}
	return nil
}
