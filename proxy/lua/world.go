package lua

import (
	"strconv"
	"strings"

	glua "github.com/yuin/gopher-lua"

	"tandem/proxy/server"
	"tandem/proxy/tx"
)

// World is the running process as scripts see it.
type World interface {
	// Info calls f for every line of "show info".
	Info(f func(name string, v any))
	// ProcVar returns a variable of the process.
	ProcVar(name string) (tx.Value, bool)
	// Proxies lists the proxies.
	Proxies() []ProxyView
	// Command runs a command as the administrator of the stats socket and
	// returns the answer.
	Command(line string) string
}

// ProxyView is one proxy.
type ProxyView struct {
	Name, Mode, Kind string // Kind: "frontend", "backend" or "listen"
	ID               int
	Back             *server.Backend // nil: it has no servers
	Listeners        []string        // names of its bind lines
	Table            bool            // it has a stick table
}

// proxyObject, serverObject, listenerObject and tableObject are what objects
// of the classes Proxy, Server, Listener and StickTable stand for.
type (
	proxyObject    struct{ ProxyView }
	serverObject   struct{ s *server.Server }
	listenerObject struct{ proxy, name string }
	tableObject    struct{ name string }
)

// populate gives every state its proxies, once they are known.
func (m *Machine) populate() {
	w := m.worldNow()
	if w == nil {
		return
	}
	views := w.Proxies()
	for _, st := range m.states {
		st.mu.Lock()
		core := st.l.GetGlobal("core").(*glua.LTable)
		lists := map[string]*glua.LTable{"proxies": st.l.NewTable(), "frontends": st.l.NewTable(), "backends": st.l.NewTable()}
		for _, v := range views {
			p := st.newProxy(v)
			lists["proxies"].RawSetString(v.Name, p)
			if v.Kind != "backend" {
				lists["frontends"].RawSetString(v.Name, p)
			}
			if v.Kind != "frontend" {
				lists["backends"].RawSetString(v.Name, p)
			}
		}
		for name, t := range lists {
			core.RawSetString(name, t)
		}
		st.mu.Unlock()
	}
}

func (st *state) newProxy(v ProxyView) *glua.LTable {
	p := st.object("Proxy", &proxyObject{v})
	p.RawSetString("name", glua.LString(v.Name))
	p.RawSetString("uuid", glua.LString(strconv.Itoa(v.ID)))
	listeners := st.l.NewTable()
	for _, n := range v.Listeners {
		listeners.RawSetString(n, st.object("Listener", &listenerObject{v.Name, n}))
	}
	p.RawSetString("listeners", listeners)
	servers := st.l.NewTable()
	if v.Back != nil {
		for _, s := range v.Back.Servers() {
			servers.RawSetString(s.Name, st.newServer(s))
		}
	}
	p.RawSetString("servers", servers)
	if v.Table {
		p.RawSetString("stktable", st.object("StickTable", &tableObject{v.Name}))
	}
	return p
}

func (st *state) newServer(s *server.Server) *glua.LTable {
	t := st.object("Server", &serverObject{s})
	t.RawSetString("name", glua.LString(s.Name))
	t.RawSetString("puid", glua.LString(strconv.Itoa(s.ID)))
	return t
}

// statsOf makes a table of a line of "show stat"; kind is the bit of what is
// wanted, svname its name.
func statsOf(l *glua.LState, proxy, svname string, kind int) int {
	t := l.NewTable()
	l.Push(t)
	w := stateOf(l).m.worldNow()
	if w == nil {
		return 1
	}
	lines := strings.Split(w.Command("show stat "+proxy+" "+strconv.Itoa(kind)+" -1"), "\n")
	names := strings.Split(strings.TrimPrefix(lines[0], "# "), ",")
	for _, line := range lines[1:] {
		f := strings.Split(line, ",")
		if len(f) < 2 || f[0] != proxy || svname != "" && f[1] != svname {
			continue
		}
		for i, v := range f {
			if i < len(names) && names[i] != "" && v != "" {
				if n, err := strconv.ParseFloat(v, 64); err == nil {
					t.RawSetString(names[i], glua.LNumber(n))
				} else {
					t.RawSetString(names[i], glua.LString(v))
				}
			}
		}
		break
	}
	return 1
}

// command runs a command of the stats socket.
func command(l *glua.LState, words ...string) string {
	w := stateOf(l).m.worldNow()
	if w == nil {
		l.RaiseError("not available before the process runs")
	}
	for i, s := range words {
		words[i] = escapeWord(s)
	}
	return w.Command(strings.Join(words, " "))
}

// escapeWord makes one word of a command line of a text.
func escapeWord(s string) string {
	if s == "" {
		return `""`
	}
	if !strings.ContainsAny(s, " \t\"'\\;#\r\n") {
		return s
	}
	return strings.NewReplacer("\\", `\\`, " ", `\ `, "\t", `\t`, "\"", `\"`, "'", `\'`, ";", `\;`, "\r", " ", "\n", " ").Replace(s)
}
