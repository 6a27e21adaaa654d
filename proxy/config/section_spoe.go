package config

import (
	"time"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/haproxy"
	"tandem/parser/keyword"
	"tandem/parser/source"
)

// The sections of a SPOE file (SPOE.txt 2); they stand in files of their own
// that a filter line names.

var spoeAgentWords = keyword.NewTable("spoe-agent keyword", []*keyword.Def[Setting[Block]]{
	spoeLine("messages", "Messages that are sent.", nil, func(f *spoeFile, e *keyword.Env, w []expr.Word) error {
		return names(e, w, &f.agent.messages, "spoe-message")
	}),
	spoeLine("groups", "Groups that rules may send.", nil, func(f *spoeFile, e *keyword.Env, w []expr.Word) error {
		return names(e, w, &f.agent.groups, "spoe-group")
	}),
	spoeLine("use-backend", "Backend of the agents.", least(1, "'use-backend' expects a backend name.", most(1)), func(f *spoeFile, e *keyword.Env, w []expr.Word) error {
		f.agent.Backend = e.NewRef(keyword.ToBackend, w[0].Text, w[0].Index)
		f.agent.Backend.Missing = "Proxy " + keyword.Attached[*compiler](e).spoeOwner + " : unknown backend '" + w[0].Text + "' used by SPOE agent '" + f.agent.Name + "' declared at " + f.agent.Span.String() + "."
		return nil
	}),
	spoeLine("timeout", "Timing.", spoeTimeout, func(f *spoeFile, e *keyword.Env, w []expr.Word) error {
		if w[0].Text == "processing" {
			f.agent.Timeout, _ = expr.ParseTime(w[1].Text, time.Millisecond)
		}
		return nil
	}),
	spoeOptionLine(),
	spoeLine("maxconnrate", "Ignored since 3.1.", nil, nil),
	spoeLine("maxerrrate", "Ignored since 3.1.", nil, nil),
	spoeLine("max-frame-size", "Longest frame.", least(1, "'max-frame-size' expects an integer argument.", most(1)), setSPOEFrame),
	spoeLine("max-waiting-frames", "Ignored since 3.1.", least(1, "'max-waiting-frames' expects an integer argument.", most(1)), nil),
	spoeLine("register-var-names", "Variables that agents may set.", nil, func(f *spoeFile, _ *keyword.Env, w []expr.Word) error {
		f.agent.register = append(f.agent.register, texts2(w)...)
		return nil
	}),
	spoeLogLine(),
})

var spoeGroupWords = keyword.NewTable("spoe-group keyword", []*keyword.Def[Setting[Block]]{
	spoeLine("messages", "Messages of the group.", nil, func(f *spoeFile, e *keyword.Env, w []expr.Word) error {
		list := f.groups[f.group]
		err := names(e, w, &list, "spoe-message")
		f.groups[f.group] = list
		return err
	}),
})

var spoeMessageWords = keyword.NewTable("spoe-message keyword", []*keyword.Def[Setting[Block]]{
	spoeLine("args", "What is sent.", nil, setSPOEArgs),
	spoeLine("event", "When it is sent.", spoeEvent, setSPOEEvent),
	line(keyword.SPOE, "acl", 0, "Declare a test.", aclOfBlock),
})

// texts2 are the texts of words.
func texts2(w []expr.Word) (out []string) {
	for _, x := range w {
		out = append(out, x.Text)
	}
	return out
}

func spoeOptionLine() *keyword.Def[Setting[Block]] {
	d := spoeLine("option", "How agents are spoken to.", spoeOption, setSPOEOption)
	d.Flags |= keyword.No
	return d
}

func spoeLogLine() *keyword.Def[Setting[Block]] {
	d := spoeLine("log", "Where log lines go.", nil, setSPOELog)
	d.Flags |= keyword.No
	return d
}

func spoeTimeout(e *keyword.Env, w []expr.Word) error {
	switch {
	case len(w) == 0:
		return e.Errorf(-1, "'timeout' expects 'processing' as argument.")
	case indexOf([]string{"hello", "idle", "processing"}, w[0].Text) < 0:
		return e.Errorf(w[0].Index, "'timeout' supports 'processing' (got %s).", w[0].Text)
	case len(w) < 2:
		return e.Errorf(-1, "'timeout %s' expects an integer value (in milliseconds).", w[0].Text)
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
	if len(w) == 0 {
		return e.Errorf(-1, "missing event name.")
	}
	if indexOf(spoeEvents[:], w[0].Text) < 0 {
		return e.Errorf(w[0].Index, "unkown event '%s'.", w[0].Text)
	}
	return nil
}

// spoeFile reads the file that a "filter spoe" line names and returns its
// agent. An engine's lines are those below "[engine]", and those before any
// such line.
func (c *compiler) spoeFile(e *keyword.Env, name, engine string) (*SPOEAgent, error) {
	data, err := e.ReadFile(name)
	if err != nil {
		c.diags.Alertf(diag.Unreadable, e.LineSpan(), "stat() failed for configuration file %s : %s", name, sysText(err)).Layout = diag.Bare
		return nil, e.Errorf(-1, "'filter' : error encountered while processing 'spoe'")
	}
	saved, p := *e, keyword.Attached[*Proxy](e)
	if p != nil {
		c.spoeOwner = p.Name
	}
	parsed := haproxy.Parse(source.New(name, data), haproxy.Options{IsSection: haproxy.SPOESections, Env: c.environ}, c.diags)
	f := &spoeFile{messages: map[string]*SPOEMessage{}, groups: map[string][]spoeName{}, groupAt: map[string]source.Span{}}
	before := c.diags.Refusals()
	for _, s := range parsed.Sections {
		if s.Scope != engine || s.Keyword.Text == "" {
			continue
		}
		b := &Block{Kind: s.Keyword.Text, Name: s.Name(), Span: s.Line.Span}
		c.enter(keyword.SPOE, s)
		c.spoe = f
		switch s.Keyword.Text {
		case "spoe-agent":
			if f.agent != nil {
				c.diags.Alertf(diag.Duplicate, s.Line.Span, "another spoe-agent section previously defined.")
				continue
			}
			f.agent = &SPOEAgent{Name: b.Name, Span: b.Span}
			readLines(c, spoeAgentWords, s, b)
		case "spoe-group":
			f.group, f.groupAt[b.Name], f.groups[b.Name] = b.Name, b.Span, []spoeName{}
			readLines(c, spoeGroupWords, s, b)
		default:
			if old := f.messages[b.Name]; old != nil {
				c.diags.Alertf(diag.Duplicate, s.Line.Span, "spoe-message section '%s' has the same name as another one declared at %s.", b.Name, old.span).Layout = diag.ParsingTight
				continue
			}
			f.message = &SPOEMessage{Name: b.Name, span: b.Span, event: SPOEEvents}
			f.messages[b.Name] = f.message
			readLines(c, spoeMessageWords, s, b)
		}
	}
	c.spoe = nil
	e.Scope, e.Section, e.Owner, e.Words, e.Start, e.Prefix = saved.Scope, saved.Section, saved.Owner, saved.Words, saved.Start, saved.Prefix
	if c.blockACLs = nil; p != nil { // the proxy's section goes on
		keyword.Attach(e, p)
		keyword.Attach(e, p.ACLs)
	}
	switch {
	case c.diags.Refusals() > before:
		return nil, e.Errorf(-1, "'filter' : Error(s) found in configuration file %s", name)
	case f.agent == nil:
		return nil, e.Errorf(-1, "'filter' : No SPOE agent found in file %s", name)
	case p == nil:
		return f.agent, nil
	}
	return f.agent, f.finish(c, e, p, engine, string(data))
}
