package config

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/parser/source"
	"tandem/proxy/logs"
	"tandem/proxy/pattern"
	"tandem/proxy/sample"
)

// SPOEEvent is a moment at which agents are asked (SPOE.txt 3.3).
type SPOEEvent uint8

// The events in the order in which a request meets them.
const (
	OnClientSession SPOEEvent = iota
	OnFrontendTCP
	OnFrontendHTTP
	OnBackendTCP
	OnBackendHTTP
	OnServerSession
	OnTCPResponse
	OnHTTPResponse
	SPOEEvents
)

var spoeEvents = [SPOEEvents]string{"on-client-session", "on-frontend-tcp-request", "on-frontend-http-request", "on-backend-tcp-request",
	"on-backend-http-request", "on-server-session", "on-tcp-response", "on-http-response"}

// String is the event's name.
func (e SPOEEvent) String() string { return spoeEvents[e] }

// SPOEAgent is an engine of "filter spoe" with its agent (SPOE.txt 2.2).
type SPOEAgent struct {
	Name, Engine             string
	Span                     source.Span
	Backend                  *keyword.Ref // of the agents
	Prefix                   string       // of variables that agents set
	OnError, Process, Total  string       // variables of scope txn that tell of events, with prefix; "": none
	Timeout                  time.Duration
	MaxFrame                 int // bytes of a frame that is sent; 0: as long as the agent takes
	NoPipelining, KeepGoing  bool
	DontLogNormal, ForceVars bool
	Logs                     []logs.Target
	Events                   [SPOEEvents][]*SPOEMessage
	Groups                   map[string][]*SPOEMessage
	Known                    map[string]bool // variables that agents may set, with prefix

	messages, groups []spoeName
	register         []string
}

// spoeName is a name that a line uses.
type spoeName struct {
	name string
	at   source.Span
}

// SPOEMessage is what is told of a request (SPOE.txt 2.3).
type SPOEMessage struct {
	Name string
	Args []SPOEArg
	Cond *pattern.Cond

	span  source.Span
	event SPOEEvent // SPOEEvents: none
}

// SPOEArg is an argument of a message.
type SPOEArg struct {
	Name string // may be empty
	Expr *sample.Expr
}

// spoeFile collects what a SPOE file says of one engine.
type spoeFile struct {
	agent    *SPOEAgent
	messages map[string]*SPOEMessage
	groups   map[string][]spoeName
	groupAt  map[string]source.Span
	message  *SPOEMessage // the one being read
	group    string
}

// spoeLine makes the Def of a line of a SPOE file: check refuses, set acts.
func spoeLine(name, doc string, check lineCheck, set func(f *spoeFile, e *keyword.Env, w []expr.Word) error) *keyword.Def[Setting[Block]] {
	return line(keyword.SPOE, name, 0, doc, func(e *keyword.Env, w []expr.Word) error {
		if check != nil {
			if err := check(e, w); err != nil {
				return err
			}
		}
		f := keyword.Attached[*compiler](e).spoe
		if f == nil || set == nil {
			return nil
		}
		return set(f, e, w)
	})
}

// names appends the words of a line to a list, each of which may stand once.
func names(e *keyword.Env, w []expr.Word, list *[]spoeName, kind string) error {
	for _, x := range w {
		for _, old := range *list {
			if old.name == x.Text {
				return tightf(x.Index, "%s '%s' already used.", kind, x.Text)
			}
		}
		*list = append(*list, spoeName{x.Text, e.LineSpan()})
	}
	return nil
}

// spoeVarName refuses what can be no part of a variable's name.
func spoeVarName(w []expr.Word) error {
	for _, c := range w[1].Text {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.') {
			return tightf(w[1].Index, "'option %s' only supports [a-zA-Z0-9_.] chars.", w[0].Text)
		}
	}
	return nil
}

func setSPOEOption(f *spoeFile, e *keyword.Env, w []expr.Word) error {
	a, on := f.agent, e.Prefix != "no"
	name := w[0].Text
	switch name {
	case "pipelining", "dontlog-normal", "async", "send-frag-payload":
	default:
		if !on {
			return tightf(w[0].Index, "negation is not supported for option '%s'.", name)
		}
	}
	switch name {
	case "pipelining":
		a.NoPipelining = !on
	case "dontlog-normal":
		a.DontLogNormal = on
	case "continue-on-error":
		a.KeepGoing = true
	case "force-set-var":
		a.ForceVars = true
	case "var-prefix", "set-on-error", "set-process-time", "set-total-time":
		if len(w) < 2 {
			return tightf(-1, "'option %s' expects a value.", name)
		}
		if err := spoeVarName(w); err != nil {
			return err
		}
		*map[string]*string{"var-prefix": &a.Prefix, "set-on-error": &a.OnError, "set-process-time": &a.Process, "set-total-time": &a.Total}[name] = w[1].Text
	}
	return nil
}

func setSPOELog(f *spoeFile, e *keyword.Env, _ []expr.Word) error {
	if e.Prefix == "no" {
		f.agent.Logs = nil
		return nil
	}
	t, err := blockTarget(e, "log")
	if err == nil {
		f.agent.Logs = append(f.agent.Logs, t)
	}
	return err
}

func setSPOEFrame(f *spoeFile, e *keyword.Env, w []expr.Word) error {
	most := 16384 - 4
	if n, ok := keyword.Attached[*compiler](e).cfg.Global.Tune["bufsize"]; ok {
		most = int(n) - 4
	}
	n := int(laxInt(w[0].Text))
	if n < 256 || n > most {
		return e.Errorf(w[0].Index, "'max-frame-size' expects a positive integer argument in the range [256, %d].", most)
	}
	f.agent.MaxFrame = n
	return nil
}

func setSPOEArgs(f *spoeFile, e *keyword.Env, w []expr.Word) error {
	for _, a := range w {
		text, name := a.Text, ""
		if n, rest, ok := strings.Cut(text, "="); ok && badNameByte(n) == 0 {
			name, text = n, rest
		}
		x, err := compileSample(e, text, a.Index)
		if err != nil {
			err = prefixError(err, "'args': ")
			if at, ok := err.(*keyword.Error); ok {
				at.Text += "."
			}
			return err
		}
		if f.message != nil {
			f.message.Args = append(f.message.Args, SPOEArg{name, x})
		}
	}
	return nil
}

func setSPOEEvent(f *spoeFile, e *keyword.Env, w []expr.Word) error {
	at := indexOf(spoeEvents[:], w[0].Text)
	cond, err := condition(&keyword.Args{Env: e, Words: e.Words, Pos: 2}, "event")
	if err == nil && f.message != nil {
		f.message.event, f.message.Cond = SPOEEvent(at), cond
	}
	return err
}

// varWord finds what may be variables in the text of a configuration.
var varWord = regexp.MustCompile(`\b(?:proc|p?sess|p?txn|p?req|p?res|check)\.([A-Za-z0-9_.]+)`)

// finish makes one engine of what the file said.
func (f *spoeFile) finish(c *compiler, e *keyword.Env, p *Proxy, engine, text string) error {
	a := f.agent
	if a.Engine = engine; engine == "" {
		a.Engine = a.Name
	}
	if a.Prefix == "" {
		a.Prefix = a.Name
	}
	if a.Backend == nil {
		return e.Errorf(-1, "'filter' : No backend declared for SPOE agent '%s' declared at %s", a.Name, a.Span)
	}
	warn := func(format string, args ...any) {
		e.Warnf(diag.NoEffect, -1, "Proxy '%s': "+format, append([]any{p.Name}, args...)...).Layout = diag.Bare
	}
	if a.Timeout == 0 {
		warn("missing 'processing' timeout for SPOE agent '%s' declare at %s.", a.Name, a.Span)
	}
	if len(a.messages)+len(a.groups) == 0 {
		warn("No message/group used by SPOE agent '%s' declared at %s.", a.Name, a.Span)
	}
	for _, v := range [3]*string{&a.OnError, &a.Process, &a.Total} {
		if *v != "" {
			*v = a.Prefix + "." + *v
		}
	}
	for _, n := range a.messages {
		m := f.messages[n.name]
		switch {
		case m == nil:
			return e.Errorf(-1, "'filter' : SPOE agent '%s' try to use undefined SPOE message '%s' at %s", a.Name, n.name, a.Span)
		case m.event == SPOEEvents:
			warn("Ignore SPOE message '%s' without event at %s.", m.Name, m.span)
			continue
		case m.event <= OnFrontendHTTP && p.Caps&keyword.Frontend == 0:
			warn("frontend event used on a backend proxy at %s.", m.span)
			continue
		case (m.event == OnBackendTCP || m.event == OnBackendHTTP) && p.Caps&keyword.Backend != 0 && p.Caps&keyword.Frontend != 0:
			continue // skipped in listen sections (SPOE.txt 3.3)
		}
		a.Events[m.event] = append(a.Events[m.event], m)
	}
	a.Groups = map[string][]*SPOEMessage{}
	for _, n := range a.groups {
		list, ok := f.groups[n.name]
		if !ok {
			return e.Errorf(-1, "'filter' : SPOE agent '%s' try to use undefined SPOE group '%s' at %s", a.Name, n.name, a.Span)
		}
		a.Groups[n.name] = []*SPOEMessage{}
		for _, mn := range list {
			m := f.messages[mn.name]
			if m == nil {
				return e.Errorf(-1, "'filter' : SPOE group '%s' try to use undefined SPOE message '%s' at %s", n.name, mn.name, a.Span)
			}
			a.Groups[n.name] = append(a.Groups[n.name], m)
		}
	}
	a.Known = map[string]bool{a.OnError: true, a.Process: true, a.Total: true}
	for _, v := range a.register {
		if _, err := sample.ParseVar("txn." + a.Prefix + "." + v); err != nil {
			return e.Errorf(-1, "'filter' : SPOE agent '%s': failed to register variable %s.%s (%s)", a.Name, a.Prefix, v, err)
		}
		a.Known[a.Prefix+"."+v] = true
	}
	know := func(data string) {
		for _, m := range varWord.FindAllStringSubmatch(data, -1) {
			a.Known[m[1]] = true
		}
	}
	know(text)
	for _, file := range c.cfg.Files {
		know(string(file.Data))
	}
	return nil
}

// checkBackend refuses a backend that is none of agents; one in TCP mode
// becomes one.
func (a *SPOEAgent) checkBackend(c *compiler, p *Proxy) {
	b := keyword.Target[*Proxy](a.Backend)
	switch {
	case b == nil:
	case b.Mode == "tcp":
		b.Mode = "spop"
	case b.Mode != "spop":
		c.afterf(diag.Alert, diag.BadValue, p, "Proxy %s : backend '%s' used by SPOE agent '%s' declared at %s must use SPOP mode.", p.Name, b.Name, a.Name, a.Span)
	}
}

// SPOEAgents returns the engines of a proxy's filters.
func (p *Proxy) SPOEAgents() (out []*SPOEAgent) {
	for _, x := range p.Filters {
		if f := filterOf(x); f.SPOE != nil {
			out = append(out, f.SPOE)
		}
	}
	return out
}

// UseGroup implements action.GroupUser.
func (p *Proxy) UseGroup(engine, group string) {
	p.spoeGroups = append(p.spoeGroups, [2]string{engine, group})
}

// SPOEGroup finds a group of an engine of the proxy. The error is the
// original's text.
func (p *Proxy) SPOEGroup(engine, group string) error {
	for _, a := range p.SPOEAgents() {
		if a.Engine != engine {
			continue
		}
		if _, ok := a.Groups[group]; !ok {
			return fmt.Errorf("Proxy '%s': unable to find SPOE group '%s' into SPOE engine '%s' configuration.", p.Name, group, engine)
		}
		return nil
	}
	return fmt.Errorf("Proxy '%s': unable to find SPOE engine '%s' used by the send-spoe-group '%s'.", p.Name, engine, group)
}
