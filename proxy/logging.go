package proxy

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"tandem/parser/diag"
	"tandem/proxy/config"
	"tandem/proxy/logs"
	"tandem/proxy/server"
)

// logSide sends the log lines of a running configuration.
type logSide struct {
	id     *logs.Identity // of the process
	sinks  logs.Sinks
	tls    *tlsSide
	groups map[*config.Proxy]*logBackend
	global *logs.Logger
	ids    map[*config.Proxy]*logs.Identity
	by     map[*config.Proxy]*logs.Logger
	owners map[any]owner // sections with targets of their own
	byName map[string]*config.Proxy
	mails  map[*config.Proxy]*logs.Mail // of proxies with email-alert
}

// newLogs opens the targets of all proxies; "log global" stands for the
// global section's.
func newLogs(cfg *config.Config, deps *config.Deps, t *tlsSide, diags *diag.List) *logSide {
	system, _ := os.Hostname()
	host := "" // messages name it only where the configuration asks for it
	if cfg.Global.LogSendHostnameSet {
		if host = cfg.Global.LogSendHostname; host == "" {
			host = system
		}
	}
	l := &logSide{tls: t, groups: map[*config.Proxy]*logBackend{}, ids: map[*config.Proxy]*logs.Identity{}, by: map[*config.Proxy]*logs.Logger{}, owners: map[any]owner{}, byName: map[string]*config.Proxy{}, mails: cfg.Mails(system)}
	if deps.Process != nil {
		l.sinks.Lost = &deps.Process.LogsDropped
	}
	id := logs.Identity{Tag: cfg.Global.LogTag, PID: os.Getpid(), Host: host, SendHost: cfg.Global.LogSendHostnameSet}
	if id.Tag == "" {
		id.Tag = filepath.Base(os.Args[0])
	}
	l.declareRings(cfg)
	l.sinks.Groups = map[string]*logs.Group{}
	for _, p := range cfg.Proxies {
		if p.Mode == "log" && p.Back != nil && !p.Disabled {
			b := newLogBackend(l, p)
			l.groups[p] = b
			l.sinks.Groups[p.Name] = &logs.Group{Pick: b.pick, Lost: l.sinks.Lost}
		}
	}
	l.global = l.open(cfg, cfg.Global.Logs, diags)
	for _, p := range cfg.Proxies {
		own := id
		if p.LogTag != "" {
			own.Tag = p.LogTag
		}
		l.ids[p], l.by[p] = &own, l.open(cfg, p.Logs, diags)
		if p.Back != nil {
			l.byName[p.Name] = p
		}
	}
	for _, x := range cfg.Loggers() {
		own := id
		if x.Tag != "" {
			own.Tag = x.Tag
		}
		l.owners[x.Owner] = owner{&own, l.open(cfg, x.Targets, diags)}
	}
	l.id = &id
	return l
}

// owner is a section that logs under a name of its own.
type owner struct {
	id     *logs.Identity
	logger *logs.Logger
}

// withGlobal puts the global section's targets in place of "global".
func withGlobal(list, global []logs.Target) (out []logs.Target) {
	for _, t := range list {
		if t.Global {
			out = append(out, global...)
		} else {
			out = append(out, t)
		}
	}
	return out
}

// as sends a line to the targets of a section; it is the engine's LogAs.
func (l *logSide) as(section any, level int, line []byte) {
	if o, ok := l.owners[section]; ok {
		o.logger.Send(o.id, level, time.Now(), logs.Message{Line: line})
	}
}

// globally sends a line to the targets of the global section.
func (l *logSide) globally(text string) { l.globallyAt(logs.Info, text) }

func (l *logSide) globallyAt(level int, text string) {
	l.global.Send(l.id, level, time.Now(), logs.Message{Line: []byte(text)})
}

// open makes the logger of a list of targets; "log global" stands for the
// global section's.
func (l *logSide) open(cfg *config.Config, list []logs.Target, diags *diag.List) *logs.Logger {
	targets := withGlobal(list, cfg.Global.Logs)
	for i := range targets {
		if b, ok := cfg.Others.LogProfiles[targets[i].Profile].(*config.Block); ok {
			targets[i].Use = b.Profile
		}
	}
	x, err := l.sinks.Logger(targets)
	if err != nil {
		diags.Add(diag.Diagnostic{Severity: diag.Alert, Code: diag.BadValue, Layout: diag.PostParse, Text: fmt.Sprintf("log: %s", err)})
	}
	return x
}

// proxy sends a line to the targets of p; it is the engine's Log.
func (l *logSide) proxy(p *config.Proxy, level int, m logs.Message) {
	l.by[p].Send(l.ids[p], level, time.Now(), m)
}

// wanted says whether p has targets.
func (l *logSide) wanted(p *config.Proxy) bool { return !l.by[p].Empty() }

// stopped says that a proxy takes no more connections (management guide 4).
func (l *logSide) stopped(p *config.Proxy) {
	var front, back uint64
	if p.Front != nil {
		front = p.Front.Stats.ConnTot.Load()
	}
	if p.Back != nil {
		back = p.Back.Stats.SessTot.Load()
	}
	l.say(p, logs.Warning, fmt.Sprintf("Proxy %s stopped (cumulated conns: FE: %d, BE: %d).", p.Name, front, back))
}

// event logs a change of a server's or backend's state, and says it on stderr
// as the original does.
func (l *logSide) event(e server.Event) {
	label, text := "[WARNING]  ", e.Text
	if e.Level <= logs.Alert && e.Server == nil {
		label = "[ALERT]    "
	}
	if e.Console != "" {
		text = e.Console
	}
	if !e.Quiet {
		fmt.Fprintf(os.Stderr, "%s(%d) : %s\n", label, os.Getpid(), text)
	}
	if p := l.byName[e.Backend.Name]; p != nil {
		l.proxy(p, e.Level, logs.Message{Line: []byte(e.Text)})
		if e.Mail != 0 {
			l.mails[p].Send(e.Mail, e.Text, time.Now())
		}
	}
}
