package lua

import (
	"net"
	"strconv"
	"strings"

	glua "github.com/yuin/gopher-lua"

	"tandem/proxy/server"
)

// openObjects makes the classes Proxy, Server, Listener and StickTable.
func (st *state) openObjects() {
	proxy := func(f func(l *glua.LState, p *proxyObject) glua.LValue) glua.LGFunction {
		return func(l *glua.LState) int {
			l.Push(f(l, self[*proxyObject](l, 1, "Proxy")))
			return 1
		}
	}
	st.methods("Proxy", map[string]glua.LGFunction{
		"get_name": proxy(func(_ *glua.LState, p *proxyObject) glua.LValue { return glua.LString(p.Name) }),
		"get_uuid": proxy(func(_ *glua.LState, p *proxyObject) glua.LValue { return glua.LString(strconv.Itoa(p.ID)) }),
		"get_mode": proxy(func(_ *glua.LState, p *proxyObject) glua.LValue { return glua.LString(p.Mode) }),
		"get_cap": proxy(func(_ *glua.LState, p *proxyObject) glua.LValue {
			if p.Kind == "listen" {
				return glua.LString("proxy")
			}
			return glua.LString(p.Kind)
		}),
		"get_srv_act": proxy(func(_ *glua.LState, p *proxyObject) glua.LValue { return usable(p, false) }),
		"get_srv_bck": proxy(func(_ *glua.LState, p *proxyObject) glua.LValue { return usable(p, true) }),
		"get_stats": func(l *glua.LState) int {
			p := self[*proxyObject](l, 1, "Proxy")
			if p.Kind == "backend" {
				return statsOf(l, p.Name, "BACKEND", 2)
			}
			return statsOf(l, p.Name, "FRONTEND", 1)
		},
		"pause":  proxyCommand("disable", "frontend"),
		"resume": proxyCommand("enable", "frontend"),
		"stop":   proxyCommand("shutdown", "frontend"),
		"shut_bcksess": func(l *glua.LState) int {
			p := self[*proxyObject](l, 1, "Proxy")
			if p.Back != nil {
				for _, s := range p.Back.Servers() {
					if s.Params != nil && s.Params.Backup {
						command(l, "shutdown", "sessions", "server", p.Name+"/"+s.Name)
					}
				}
			}
			return 0
		},
		// Mails of email-alert are sent by the program itself: scripts that would
		// send them too see that there is nothing for them to do.
		"get_mailers": func(l *glua.LState) int { l.Push(glua.LNil); return 1 },
	})
	st.methods("Server", serverMethods)
	st.methods("Listener", map[string]glua.LGFunction{"get_stats": func(l *glua.LState) int {
		x := self[*listenerObject](l, 1, "Listener")
		return statsOf(l, x.proxy, x.name, 8)
	}})
	st.methods("StickTable", tableMethods)
}

func usable(p *proxyObject, backup bool) glua.LValue {
	n := 0
	if p.Back != nil {
		for _, s := range p.Back.Servers() {
			if op, admin := s.State(); op != server.Stopped && op != server.Stopping && admin&(server.AnyMaint|server.AnyDrain) == 0 && (s.Params != nil && s.Params.Backup) == backup {
				n++
			}
		}
	}
	return glua.LNumber(n)
}

func proxyCommand(words ...string) glua.LGFunction {
	return func(l *glua.LState) int {
		p := self[*proxyObject](l, 1, "Proxy")
		command(l, append(append([]string{}, words...), p.Name)...)
		return 0
	}
}

func srv(l *glua.LState) *server.Server { return self[*serverObject](l, 1, "Server").s }

// serverCommand makes a method that is a command of the stats socket on the
// server: "set server <b>/<s> …".
func serverCommand(words ...string) glua.LGFunction {
	return func(l *glua.LState) int {
		s := srv(l)
		command(l, append([]string{"set", "server", s.Backend.Name + "/" + s.Name}, words...)...)
		return 0
	}
}

func serverValue(f func(s *server.Server) glua.LValue) glua.LGFunction {
	return func(l *glua.LState) int {
		l.Push(f(srv(l)))
		return 1
	}
}

// onServer makes a method that is "<verb> <what> <b>/<s>".
func onServer(verb, what string) glua.LGFunction {
	return func(l *glua.LState) int {
		s := srv(l)
		command(l, verb, what, s.Backend.Name+"/"+s.Name)
		return 0
	}
}

var serverMethods = map[string]glua.LGFunction{
	"get_name":    serverValue(func(s *server.Server) glua.LValue { return glua.LString(s.Name) }),
	"get_puid":    serverValue(func(s *server.Server) glua.LValue { return glua.LString(strconv.Itoa(s.ID)) }),
	"get_rid":     serverValue(func(*server.Server) glua.LValue { return glua.LNumber(0) }),
	"is_draining": serverValue(func(s *server.Server) glua.LValue { _, a := s.State(); return glua.LBool(a&server.AnyDrain != 0) }),
	"is_backup": serverValue(func(s *server.Server) glua.LValue {
		return glua.LBool(s.Params != nil && s.Params.Backup)
	}),
	"is_dynamic":    serverValue(func(s *server.Server) glua.LValue { return glua.LBool(s.Dynamic()) }),
	"get_cur_sess":  serverValue(func(s *server.Server) glua.LValue { return glua.LNumber(s.Cur()) }),
	"get_pend_conn": serverValue(func(s *server.Server) glua.LValue { return glua.LNumber(s.Waiting()) }),
	"get_maxconn":   serverValue(func(s *server.Server) glua.LValue { return glua.LNumber(s.MaxConn()) }),
	"set_maxconn": func(l *glua.LState) int {
		s, n := srv(l), l.CheckString(2)
		command(l, "set", "maxconn", "server", s.Backend.Name+"/"+s.Name, n)
		return 0
	},
	"get_weight": func(l *glua.LState) int {
		s := srv(l)
		answer := command(l, "get", "weight", s.Backend.Name+"/"+s.Name)
		weight, _, _ := strings.Cut(strings.TrimSpace(answer), " ")
		l.Push(glua.LString(weight))
		return 1
	},
	"set_weight": func(l *glua.LState) int {
		s, n := srv(l), l.CheckString(2)
		command(l, "set", "weight", s.Backend.Name+"/"+s.Name, n)
		return 0
	},
	"get_addr": func(l *glua.LState) int {
		e := srv(l).Addr()
		out := "<unknown>"
		if e != nil && e.Host != "" {
			if out = e.Host; e.Network != "unix" {
				out = net.JoinHostPort(e.Host, strconv.Itoa(e.Port))
			}
		}
		l.Push(glua.LString(out))
		return 1
	},
	"set_addr": func(l *glua.LState) int {
		s := srv(l)
		words := []string{"set", "server", s.Backend.Name + "/" + s.Name, "addr", l.CheckString(2)}
		if port, ok := text(l, 3); ok {
			words = append(words, "port", port)
		}
		command(l, words...)
		return 0
	},
	"get_stats": func(l *glua.LState) int {
		s := srv(l)
		return statsOf(l, s.Backend.Name, s.Name, 4)
	},
	"get_proxy": func(l *glua.LState) int {
		s := srv(l)
		proxies, _ := l.GetField(l.GetGlobal("core"), "proxies").(*glua.LTable)
		if proxies == nil {
			return 0
		}
		l.Push(proxies.RawGetString(s.Backend.Name))
		return 1
	},
	"shut_sess":        onServer("shutdown sessions", "server"),
	"set_drain":        serverCommand("state", "drain"),
	"set_maint":        serverCommand("state", "maint"),
	"set_ready":        serverCommand("state", "ready"),
	"check_enable":     onServer("enable", "health"),
	"check_disable":    onServer("disable", "health"),
	"check_force_up":   serverCommand("health", "up"),
	"check_force_nolb": serverCommand("health", "stopping"),
	"check_force_down": serverCommand("health", "down"),
	"agent_enable":     onServer("enable", "agent"),
	"agent_disable":    onServer("disable", "agent"),
	"agent_force_up":   serverCommand("agent", "up"),
	"agent_force_down": serverCommand("agent", "down"),
	"tracking":         missing("Server.tracking"),
	"get_trackers":     missing("Server.get_trackers"),
	"event_sub":        subscribe("Server"),
}

// tableRow reads a line of "show table".
func tableRow(l *glua.LState, line string) (key string, row *glua.LTable) {
	row = l.NewTable()
	for _, f := range strings.Fields(line) {
		name, v, ok := strings.Cut(f, "=")
		if !ok {
			continue
		}
		if name == "key" {
			key = v
			continue
		}
		if i := strings.IndexByte(name, '('); i >= 0 {
			name = name[:i]
		}
		if name == "exp" {
			name = "expire"
		}
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			row.RawSetString(name, glua.LNumber(n))
		} else {
			row.RawSetString(name, glua.LString(v))
		}
	}
	return key, row
}

var tableMethods = map[string]glua.LGFunction{
	"info": func(l *glua.LState) int {
		t := self[*tableObject](l, 1, "StickTable")
		head, _, _ := strings.Cut(command(l, "show", "table", t.name), "\n")
		out := l.NewTable()
		for _, part := range strings.Split(strings.TrimPrefix(head, "# "), ",") {
			name, v, _ := strings.Cut(strings.TrimSpace(part), ":")
			name, v = strings.TrimSpace(name), strings.TrimSpace(v)
			if n, err := strconv.Atoi(v); err == nil && name != "table" {
				out.RawSetString(name, glua.LNumber(n))
			} else {
				out.RawSetString(name, glua.LString(v))
			}
		}
		l.Push(out)
		return 1
	},
	"lookup": func(l *glua.LState) int {
		t := self[*tableObject](l, 1, "StickTable")
		lines := strings.Split(command(l, "show", "table", t.name, "key", l.CheckString(2)), "\n")
		if len(lines) < 2 || !strings.HasPrefix(lines[1], "0x") {
			l.Push(glua.LNil)
			return 1
		}
		_, row := tableRow(l, lines[1])
		l.Push(row)
		return 1
	},
	"dump": func(l *glua.LState) int {
		t := self[*tableObject](l, 1, "StickTable")
		words := []string{"show", "table", t.name}
		if filter, ok := l.Get(2).(*glua.LTable); ok {
			filter.ForEach(func(_, v glua.LValue) {
				if f, ok := v.(*glua.LTable); ok && f.Len() == 3 {
					words = append(words, "data."+f.RawGetInt(1).String(), f.RawGetInt(2).String(), f.RawGetInt(3).String())
				}
			})
		}
		out := l.NewTable()
		for _, line := range strings.Split(command(l, words...), "\n") {
			if strings.HasPrefix(line, "0x") {
				key, row := tableRow(l, line)
				out.RawSetString(key, row)
			}
		}
		l.Push(out)
		return 1
	},
}
