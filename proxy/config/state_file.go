package config

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"tandem/parser/diag"
	"tandem/parser/source"
	"tandem/proxy/server"
)

// stateSource is a server state file in the words of messages about it.
type stateSource struct {
	path  string
	intro string // "config: " or "Proxy 'x': "
	kind  string // "global server state file" or "server state file"
	end   string // of the message about a file that cannot be opened
}

// loadStates reads the server state files that proxies ask for and notes on
// each server line what its file says (configuration manual,
// load-server-state-from-file). What is wrong with files keeps nobody from
// starting.
func (c *compiler) loadStates() {
	var global map[[2]string]*server.Saved
	for _, p := range c.cfg.Proxies {
		if p.Back == nil || p.Disabled {
			continue
		}
		states := global
		switch p.LoadState {
		case "global":
			if c.cfg.Global.ServerStateFile == "" {
				continue
			}
			if global == nil {
				global = c.readStates(&stateSource{c.cfg.statePath(c.cfg.Global.ServerStateFile), "config: ", "global server state file", ""})
			}
			states = global
		case "local":
			name := p.Text["server-state-file-name"]
			if name == "" || name == "use-backend-name" {
				name = p.Name
			}
			states = c.readStates(&stateSource{c.cfg.statePath(name), "Proxy '" + p.Name + "': ", "server state file", "."})
			for k := range states {
				if k[0] == p.Name && p.server(k[1]) == nil {
					c.tell(diag.Warning, "Proxy '"+p.Name+"': can't find server '"+k[1]+"' in backend '"+p.Name+"'")
				}
			}
		default:
			continue
		}
		for _, l := range p.Servers {
			l.Saved = states[[2]string{p.Name, l.Name}]
		}
	}
}

// statePath is where a state file is.
func (c *Config) statePath(name string) string {
	if strings.HasPrefix(name, "/") || c.Global.ServerStateBase == "" {
		return name
	}
	return strings.TrimSuffix(c.Global.ServerStateBase, "/") + "/" + name
}

// readStates reads one file; the result is never nil.
func (c *compiler) readStates(src *stateSource) map[[2]string]*server.Saved {
	m := map[[2]string]*server.Saved{}
	f, err := os.Open(filepath.Clean(src.path))
	if err != nil {
		why := err.Error()
		if e := syscall.Errno(0); errors.As(err, &e) {
			why = sentence(e.Error())
		}
		if errors.Is(err, fs.ErrNotExist) {
			why = "No such file or directory"
		}
		c.tell(diag.Notice, src.intro+"Can't open "+src.kind+" '"+src.path+"': "+why+src.end)
		return m
	}
	defer f.Close()
	list, err := server.ReadSaved(f, func(be, srv, why string) {
		c.tell(diag.Warning, "server-state application failed for server '"+be+"/"+srv+"'"+why)
	})
	var bad *server.Corrupt
	switch {
	case err == io.EOF:
		c.tell(diag.Notice, src.intro+"Empty "+src.kind+" '"+src.path+"'.")
	case errors.As(err, &bad) && bad.Line == 0:
		c.tell(diag.Warning, src.intro+"Can't get version of the "+src.kind+" '"+src.path+"'.")
	case errors.As(err, &bad):
		c.tell(diag.Warning, src.intro+"corrupted "+src.kind+" '"+src.path+"' at line "+itoa(bad.Line)+".")
	case err != nil:
		c.tell(diag.Warning, src.intro+"Can't read "+src.kind+" '"+src.path+"': "+err.Error()+".")
	}
	for _, s := range list {
		m[[2]string{s.Backend, s.Server}] = s
	}
	return m
}

// sentence makes the first letter large, as strerror(3) has it.
func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// tell adds a message that stands by itself, without a place.
func (c *compiler) tell(severity diag.Severity, text string) {
	c.diags.Add(diag.Diagnostic{Severity: severity, Code: diag.BadValue, Span: source.Span{}, Layout: diag.Told, Text: text})
}

// lastEndpoint is where a state file says that the server was; nil where that
// says nothing: only names are kept, as the addresses of the configuration
// are newer (configuration manual 5.2, init-addr, "last").
func (l *ServerLine) lastEndpoint(e *server.Endpoint) *server.Endpoint {
	v := l.Saved
	if v == nil || e.Name == "" || v.Addr == "-" || v.Addr == "" || v.FQDN != "" && v.FQDN != e.Name {
		return nil
	}
	return literal(e, v.Addr)
}

// lastTarget is the target of an SRV record that the server had, nil where a
// state file tells of none or "init-addr" does not ask for it.
func (l *ServerLine) lastTarget(e *server.Endpoint) *server.Endpoint {
	v := l.Saved
	if v == nil || v.FQDN == "" || v.Port == 0 || !strings.EqualFold(v.Record, e.Name) {
		return nil
	}
	if m := l.Params.InitAddr; len(m) > 0 && !slices.Contains(m, "last") {
		return nil
	}
	found := literal(e, v.Addr)
	if found != nil {
		found.Name, found.Port, found.Mapped, found.MapPort = v.FQDN, v.Port, false, 0
	}
	return found
}

// moved applies the port that a state file tells.
func (l *ServerLine) moved(e *server.Endpoint) *server.Endpoint {
	if l.Saved == nil || l.Saved.Port == 0 || e == nil || e.Mapped || e.Network == "unix" {
		return e
	}
	m := *e
	m.Port = l.Saved.Port
	return &m
}
