package lua

import (
	"slices"
	"time"

	glua "github.com/yuin/gopher-lua"

	"tandem/proxy/server"
)

// serverEvents are the events that scripts may ask for.
var serverEvents = []string{"SERVER_ADD", "SERVER_DEL", "SERVER_UP", "SERVER_DOWN"}

// event is something that happened to a server.
type event struct {
	name string
	s    *server.Server
	when time.Time
}

// subscription is what an EventSub object stands for.
type subscription struct {
	st    *state
	fn    *glua.LFunction
	names []string
	of    *server.Server // nil: all servers
	ended bool
}

// subscribe makes core.event_sub and, for the class Server, its method.
func subscribe(class string) glua.LGFunction {
	return func(l *glua.LState) int {
		i := 1
		var of *server.Server
		if class == "Server" {
			of, i = srv(l), 2
		}
		between(l, "event_sub", i+1, i+1)
		list, fn := l.CheckTable(i), l.CheckFunction(i+1)
		x := &subscription{st: stateOf(l), fn: fn, of: of}
		list.ForEach(func(_, v glua.LValue) {
			switch name := v.String(); {
			case name == "SERVER":
				x.names = append(x.names, serverEvents...)
			case slices.Contains(serverEvents, name):
				x.names = append(x.names, name)
			default:
				l.RaiseError("event_sub: '%s' events are not implemented in this program", name)
			}
		})
		m := x.st.m
		m.mu.Lock()
		m.subs = append(m.subs, x)
		m.mu.Unlock()
		l.Push(x.st.object("EventSub", x))
		return 1
	}
}

func (st *state) openEvents() {
	st.methods("EventSub", map[string]glua.LGFunction{"unsub": func(l *glua.LState) int {
		x := self[*subscription](l, 1, "EventSub")
		m := x.st.m
		m.mu.Lock()
		x.ended = true
		m.subs = slices.DeleteFunc(slices.Clone(m.subs), func(y *subscription) bool { return y == x })
		m.mu.Unlock()
		return 0
	}})
}

// maxEvents bounds how many events wait for slow handlers; later ones are lost
// as in the original.
const maxEvents = 10000

// Happened tells that something happened to a server: one of the events that
// event_sub knows. It may be called with any lock held, and does not wait.
func (m *Machine) Happened(name string, s *server.Server) {
	if !m.Loaded() {
		return
	}
	m.mu.Lock()
	if len(m.queue) < maxEvents {
		m.queue = append(m.queue, event{name, s, time.Now()})
	}
	m.mu.Unlock()
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// dispatch hands events to who asked for them, one after the other, until the
// process ends.
func (m *Machine) dispatch() {
	for {
		select {
		case <-m.stop.Done():
			return
		case <-m.wake:
		}
		for {
			m.mu.Lock()
			if len(m.queue) == 0 || m.stop.Err() != nil {
				m.mu.Unlock()
				break
			}
			e := m.queue[0]
			m.queue = m.queue[1:]
			subs := m.subs
			m.mu.Unlock()
			m.follow(e)
			for _, x := range subs {
				if (x.of == nil || x.of == e.s) && slices.Contains(x.names, e.name) {
					m.deliver(x, e)
				}
			}
		}
	}
}

func (m *Machine) deliver(x *subscription, e event) {
	m.mu.Lock()
	ended := x.ended
	m.mu.Unlock()
	if ended {
		return
	}
	en := &entry{kind: kindEvent}
	r := &run{st: x.st, entry: en, kind: kindEvent, mayYield: true, limit: m.Opt.TaskTimeout}
	_, err := x.st.callWith(r, x.fn, 0, func(l *glua.LState) []glua.LValue {
		d := l.NewTable()
		d.RawSetString("name", glua.LString(e.s.Name))
		d.RawSetString("puid", glua.LNumber(e.s.ID))
		d.RawSetString("rid", glua.LNumber(0))
		d.RawSetString("proxy_name", glua.LString(e.s.Backend.Name))
		d.RawSetString("proxy_uuid", glua.LNumber(e.s.Backend.ID))
		if e.name != "SERVER_DEL" {
			d.RawSetString("reference", x.st.newServer(e.s))
		}
		return []glua.LValue{glua.LString(e.name), d, x.st.object("EventSub", x), glua.LNumber(e.when.Unix())}
	})
	if err != nil && !r.done {
		m.report(nil, en, x.st, err)
	}
}

// follow keeps the lists of servers that scripts see in step with servers that
// are added and removed.
func (m *Machine) follow(e event) {
	if e.name != "SERVER_ADD" && e.name != "SERVER_DEL" {
		return
	}
	for _, st := range m.states {
		st.mu.Lock()
		proxies, _ := st.l.GetGlobal("core").(*glua.LTable).RawGetString("proxies").(*glua.LTable)
		if p, ok := proxies.RawGetString(e.s.Backend.Name).(*glua.LTable); ok {
			if list, ok := p.RawGetString("servers").(*glua.LTable); ok {
				if e.name == "SERVER_ADD" {
					list.RawSetString(e.s.Name, st.newServer(e.s))
				} else {
					list.RawSetString(e.s.Name, glua.LNil)
				}
			}
		}
		st.mu.Unlock()
	}
}
