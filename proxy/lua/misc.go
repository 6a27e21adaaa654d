package lua

import (
	"net/netip"
	"strings"
	"time"

	glua "github.com/yuin/gopher-lua"

	"tandem/proxy/sample"
)

// concat is a Concat object.
type concat struct{ b []byte }

func newConcat(l *glua.LState) int {
	l.Push(stateOf(l).object("Concat", &concat{}))
	return 1
}

var concatMethods = map[string]glua.LGFunction{
	"add": func(l *glua.LState) int {
		c := self[*concat](l, 1, "Concat")
		c.b = append(c.b, l.CheckString(2)...)
		return 0
	},
	"dump": func(l *glua.LState) int {
		l.Push(glua.LString(self[*concat](l, 1, "Concat").b))
		return 1
	},
}

// queue is a Queue object: first in, first out.
type queue struct {
	list   []glua.LValue
	wakers []chan struct{}
}

func newQueue(l *glua.LState) int {
	l.Push(stateOf(l).object("Queue", &queue{}))
	return 1
}

func (q *queue) pop() glua.LValue {
	if len(q.list) == 0 {
		return glua.LNil
	}
	v := q.list[0]
	q.list = q.list[1:]
	return v
}

var queueMethods = map[string]glua.LGFunction{
	"size": func(l *glua.LState) int {
		l.Push(glua.LNumber(len(self[*queue](l, 1, "Queue").list)))
		return 1
	},
	"push": func(l *glua.LState) int {
		q := self[*queue](l, 1, "Queue")
		v := l.Get(2)
		if v == glua.LNil {
			l.Push(glua.LFalse)
			return 1
		}
		q.list = append(q.list, v)
		if len(q.wakers) > 0 {
			close(q.wakers[0])
			q.wakers = q.wakers[1:]
		}
		l.Push(glua.LTrue)
		return 1
	},
	"pop": func(l *glua.LState) int {
		l.Push(self[*queue](l, 1, "Queue").pop())
		return 1
	},
	"pop_wait": func(l *glua.LState) int {
		q := self[*queue](l, 1, "Queue")
		for len(q.list) == 0 {
			wake := make(chan struct{})
			q.wakers = append(q.wakers, wake)
			r := current(l)
			stop := r.stopped()
			block(l, func() {
				select {
				case <-wake:
				case <-stop:
				}
			})
			r.endTask(l)
		}
		l.Push(q.pop())
		return 1
	},
	"alarm": missing("Queue.alarm"),
}

// stopped is closed when the process ends, for those that end with it.
func (r *run) stopped() <-chan struct{} {
	if c := r.st.m.stop; c != nil {
		return c.Done()
	}
	return nil
}

func tokenize(l *glua.LState) int {
	n := l.GetTop()
	if n < 2 || n > 3 {
		l.RaiseError("'tokenize' needs between 2 and 3 arguments")
	}
	s, seps := l.CheckString(1), l.CheckString(2)
	noBlank := n == 3 && glua.LVAsBool(l.Get(3))
	t := l.NewTable()
	for {
		i := strings.IndexAny(s, seps)
		part := s
		if i >= 0 {
			part = s[:i]
		}
		if part != "" || !noBlank {
			t.Append(glua.LString(part))
		}
		if i < 0 {
			break
		}
		s = s[i+1:]
	}
	l.Push(t)
	return 1
}

// dateOf makes the readers of HTTP dates (RFC 9110 5.6.7).
func dateOf(name string) glua.LGFunction {
	layouts := map[string][]string{
		"imf_date":     {"Mon, 02 Jan 2006 15:04:05 GMT"},
		"rfc850_date":  {"Monday, 02-Jan-06 15:04:05 GMT"},
		"asctime_date": {"Mon Jan _2 15:04:05 2006"},
	}
	layouts["http_date"] = []string{layouts["imf_date"][0], layouts["rfc850_date"][0], layouts["asctime_date"][0]}
	return func(l *glua.LState) int {
		between(l, name, 1, 1)
		s := l.CheckString(1)
		for _, layout := range layouts[name] {
			if t, err := time.Parse(layout, s); err == nil {
				l.Push(glua.LNumber(t.Unix()))
				return 1
			}
		}
		return 0
	}
}

// prefixOf reads an address or network.
func prefixOf(s string) (netip.Prefix, bool) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), true
	}
	addr, mask, ok := strings.Cut(s, "/")
	if !ok {
		return netip.Prefix{}, false
	}
	a, err := netip.ParseAddr(addr)
	m, err2 := netip.ParseAddr(mask)
	if err != nil || err2 != nil || a.BitLen() != m.BitLen() {
		return netip.Prefix{}, false
	}
	bits := 0
	for _, b := range m.AsSlice() {
		for ; b&0x80 != 0; b <<= 1 {
			bits++
		}
	}
	return netip.PrefixFrom(a, bits).Masked(), true
}

func parseAddr(l *glua.LState) int {
	between(l, "parse_addr", 1, 1)
	p, ok := prefixOf(l.CheckString(1))
	if !ok {
		return 0
	}
	u := l.NewUserData()
	u.Value = p
	l.Push(u)
	return 1
}

func addrArg(l *glua.LState, i int) netip.Prefix {
	switch v := l.Get(i).(type) {
	case *glua.LUserData:
		if p, ok := v.Value.(netip.Prefix); ok {
			return p
		}
	case glua.LString:
		if p, ok := prefixOf(string(v)); ok {
			return p
		}
	}
	l.ArgError(i, "address expected")
	return netip.Prefix{}
}

func matchAddr(l *glua.LState) int {
	between(l, "match_addr", 2, 2)
	a, b := addrArg(l, 1), addrArg(l, 2)
	l.Push(glua.LBool(a.Overlaps(b)))
	return 1
}

// coreGetVar reads a variable of the process.
func coreGetVar(l *glua.LState) int {
	between(l, "get_var", 1, 1)
	st := stateOf(l)
	w := st.m.worldNow()
	n, err := sample.ParseVar(l.CheckString(1))
	if w == nil || err != nil {
		l.Push(glua.LNil)
		return 1
	}
	if v, ok := w.ProcVar(n.Name); ok {
		t := blankTx()
		l.Push(st.push(t, &v, sample.Cast))
		return 1
	}
	l.Push(glua.LNil)
	return 1
}
