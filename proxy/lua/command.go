package lua

import (
	"io"
	"strings"

	glua "github.com/yuin/gopher-lua"
)

// Command is one of the command line interface that a script registered.
type Command struct {
	Words []string
	Usage string
	m     *Machine
	e     *entry
}

// Commands returns what register_cli registered.
func (m *Machine) Commands() []*Command {
	if m == nil {
		return nil
	}
	return m.commands
}

func (st *state) registerCLI(l *glua.LState) int {
	between(l, "register_cli", 3, 3)
	st.body(l, "register_cli")
	words, usage, fn := l.CheckTable(1), l.CheckString(2), l.CheckFunction(3)
	c := &Command{Usage: usage, m: st.m}
	words.ForEach(func(_, v glua.LValue) {
		s, ok := v.(glua.LString)
		if !ok {
			l.ArgError(1, "only string are expected")
		}
		c.Words = append(c.Words, string(s))
	})
	if len(c.Words) == 0 || len(c.Words) > 5 {
		l.ArgError(1, "1st argument must contain between 1 and 5 words")
	}
	name := strings.Join(c.Words, " ")
	for _, have := range st.m.commands {
		if strings.Join(have.Words, " ") == name {
			have.e.fns[st], have.e.order = fn, append(have.e.order, st)
			return 0
		}
	}
	c.e = &entry{name: name, kind: kindCLI, fns: map[*state]*glua.LFunction{st: fn}, order: []*state{st}}
	st.m.commands = append(st.m.commands, c)
	return 0
}

// Run runs the command with all words of its line; what it sends goes to w.
func (c *Command) Run(w io.Writer, words []string) {
	st, fn := c.e.pick(0)
	r := &run{st: st, entry: c.e, kind: kindCLI, mayYield: true, limit: c.m.Opt.ServiceTimeout}
	_, err := st.callWith(r, fn, 0, func(l *glua.LState) []glua.LValue {
		vals := []glua.LValue{st.object("AppletCLI", &cliApplet{w: w})}
		for _, word := range words {
			vals = append(vals, glua.LString(word))
		}
		return vals
	})
	if err != nil && !r.done {
		c.m.report(nil, c.e, st, err)
	}
}

type cliApplet struct{ w io.Writer }

func cliSend(l *glua.LState) int {
	between(l, "send", 2, 2)
	a := self[*cliApplet](l, 1, "AppletCLI")
	data := l.CheckString(2)
	block(l, func() { _, _ = io.WriteString(a.w, data) })
	l.Push(glua.LNumber(len(data)))
	return 1
}
