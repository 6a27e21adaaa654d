package proxy

import (
	"context"
	"io"
	"net"
	"strconv"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/keyword"
	"tandem/proxy/config"
	"tandem/proxy/listen"
	"tandem/proxy/lua"
	"tandem/proxy/server"
	"tandem/proxy/tx"
)

// scripts is what the scripts of the configuration see of the process.
type scripts struct{ p *Proxy }

// initScripts runs what scripts do at the start.
func (p *Proxy) initScripts(diags *diag.List) {
	m := p.cfg.Lua
	if !m.Loaded() {
		return
	}
	for _, c := range m.Commands() {
		p.ops.cli.Extend(c.Words, c.Usage, c.Run)
	}
	p.deps.Servers.OnEvent(func(e server.Event) {
		p.logs.event(e)
		switch {
		case e.Server == nil:
		case strings.Contains(e.Text, " is DOWN"):
			m.Happened("SERVER_DOWN", e.Server)
		case strings.Contains(e.Text, " is UP"):
			m.Happened("SERVER_UP", e.Server)
		}
	})
	if err := m.Init(scripts{p}, scripts{p}); err != nil {
		diags.Add(diag.Diagnostic{Severity: diag.Alert, Code: diag.BadValue, Layout: diag.PostParse, Text: err.Error()})
	}
}

// startScripts begins the tasks of scripts. The function that it returns waits
// for their end, when stop has ended.
func (p *Proxy) startScripts(stop context.Context) (wait func()) {
	m := p.cfg.Lua
	if !m.Loaded() {
		return func() {}
	}
	m.Start(stop)
	return m.Stop
}

// LogGlobal writes to the loggers of the global section.
func (s scripts) LogGlobal(level int, line string) bool {
	if len(s.p.cfg.Global.Logs) == 0 {
		return false
	}
	s.p.logs.globallyAt(level, line)
	return true
}

// Info tells the lines of "show info".
func (s scripts) Info(f func(name string, v any)) {
	for _, line := range strings.Split(s.Command("show info"), "\n") {
		name, v, ok := strings.Cut(line, ": ")
		if !ok {
			name, v, ok = strings.Cut(strings.TrimSuffix(line, ":"), ":")
		}
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			f(name, n)
		} else if ok {
			f(name, v)
		}
	}
}

// ProcVar returns a variable of the process.
func (s scripts) ProcVar(name string) (tx.Value, bool) { return s.p.cfg.Proc.Get(name) }

// Proxies lists the proxies that are not disabled.
func (s scripts) Proxies() []lua.ProxyView {
	var out []lua.ProxyView
	for _, p := range s.p.cfg.Proxies {
		if p.Disabled || p.Caps&(keyword.Frontend|keyword.Backend) == 0 {
			continue
		}
		v := lua.ProxyView{Name: p.Name, Mode: p.Mode, Kind: kindOf(p), ID: p.ID, Back: p.Back, Table: p.StickTable != nil}
		for i, b := range p.Binds {
			name := b.Name
			if name == "" {
				name = "sock-" + strconv.Itoa(i+1)
			}
			v.Listeners = append(v.Listeners, name)
		}
		out = append(out, v)
	}
	return out
}

func kindOf(p *config.Proxy) string {
	switch p.Caps & (keyword.Frontend | keyword.Backend) {
	case keyword.Frontend:
		return "frontend"
	case keyword.Backend:
		return "backend"
	}
	return "listen"
}

// Command runs a command of the stats socket as the administrator.
func (s scripts) Command(line string) string {
	ours, theirs := net.Pipe()
	defer ours.Close()
	go func() {
		defer theirs.Close()
		s.p.ops.cli.ServeConn(context.Background(), theirs, &listen.Bind{Level: "admin"})
	}()
	if _, err := io.WriteString(ours, line+"\n"); err != nil {
		return ""
	}
	out, _ := io.ReadAll(ours)
	return string(out)
}
