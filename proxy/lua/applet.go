package lua

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strconv"
	"time"

	glua "github.com/yuin/gopher-lua"

	"tandem/proxy/tx"
)

// BodyTaker is implemented by a tx.Conn that gives the request's body away in
// pieces: at most max bytes, once there are any; more is false behind the last.
type BodyTaker interface {
	TakeBody(max int) (data []byte, more bool)
}

// Stream is implemented by a tx.Conn whose client's bytes a service may have
// for itself. Receive waits for bytes not longer than timeout (0: the
// client's); the error is io.EOF at the end and a timeout when the time is over.
type Stream interface {
	Receive(max int, timeout time.Duration) ([]byte, error)
	Send(b []byte) error
}

// applet is what AppletHTTP and AppletTCP objects stand for.
type applet struct {
	*txn
	class   string
	object  *glua.LTable
	pending []byte // read and not yet given
	ended   bool
	started bool
	status  int
	reason  string
	out     []byte
	left    int64 // of the content-length promised; -1: none was
	fields  []tx.Field
}

const anySize = 1 << 30

func (st *state) openApplets() {
	common := func(class string) map[string]glua.LGFunction {
		return map[string]glua.LGFunction{
			"set_var": setVar(class), "unset_var": unsetVar(class), "get_var": getVar(class), "set_priv": setPriv(class), "get_priv": getPriv(class),
			"getline": appletLine(class), "receive": appletReceive(class), "send": appletSend(class),
		}
	}
	http := common("AppletHTTP")
	http["set_status"], http["add_header"], http["start_response"] = appletStatus, appletHeader, appletStart
	st.methods("AppletHTTP", http)
	tcp := common("AppletTCP")
	tcp["try_receive"] = appletTry
	st.methods("AppletTCP", tcp)
	st.methods("AppletCLI", map[string]glua.LGFunction{"send": cliSend, "getline": missing("applet.getline of a command")})
}

// newApplet makes the object that a service gets.
func (st *state) newApplet(r *run, class string) *applet {
	a := &applet{txn: &txn{r, r.t}, class: class, status: 200, left: -1}
	t := st.object(class, a)
	a.object = t
	t.RawSetString("f", st.object("Fetches", &sampler{a.txn, false}))
	t.RawSetString("sf", st.object("Fetches", &sampler{a.txn, true}))
	t.RawSetString("c", st.object("Converters", &sampler{a.txn, false}))
	t.RawSetString("sc", st.object("Converters", &sampler{a.txn, true}))
	if class != "AppletHTTP" {
		return a
	}
	m := &r.t.Req
	set := func(name, v string) { t.RawSetString(name, glua.LString(v)) }
	set("method", string(m.Method))
	set("path", string(m.Path()))
	q, _ := m.Query()
	set("qs", string(q))
	set("version", map[int]string{9: "HTTP/0.9", 10: "HTTP/1.0", 11: "HTTP/1.1", 20: "HTTP/2.0", 30: "HTTP/3.0"}[m.Version])
	length := int64(-1)
	switch m.Framing {
	case tx.ByLength:
		length = int64(m.Length)
	case tx.NoBody:
		length = 0
	}
	t.RawSetString("length", glua.LNumber(length))
	headers(st.l, m)
	t.RawSetString("headers", st.l.Get(-1))
	st.l.Pop(1)
	t.RawSetString("response", st.l.NewTable())
	return a
}

// more reads what the client sends next; false: there is nothing any more.
func (a *applet) more(l *glua.LState, max int, timeout time.Duration) (ok bool, err error) {
	if a.ended {
		return false, io.EOF
	}
	var data []byte
	more := true
	switch c := a.t.Conn.(type) {
	case nil:
		more = false
	default:
		if a.class == "AppletHTTP" {
			taker, can := c.(BodyTaker)
			if !can {
				more = false
				break
			}
			block(l, func() { data, more = taker.TakeBody(max) })
		} else {
			stream, can := c.(Stream)
			if !can {
				more = false
				break
			}
			block(l, func() { data, err = stream.Receive(max, timeout) })
			more = err == nil || errors.Is(err, os.ErrDeadlineExceeded)
		}
	}
	a.pending = append(a.pending, data...)
	a.ended = !more
	return len(data) > 0, err
}

func (a *applet) take(n int) []byte {
	b := a.pending[:n]
	a.pending = a.pending[n:]
	return b
}

func appletLine(class string) glua.LGFunction {
	return func(l *glua.LState) int {
		a := self[*applet](l, 1, class)
		a.live(l)
		for {
			if i := bytes.IndexByte(a.pending, '\n'); i >= 0 {
				l.Push(glua.LString(a.take(i + 1)))
				return 1
			}
			if ok, _ := a.more(l, anySize, 0); !ok {
				break
			}
		}
		l.Push(glua.LString(a.take(len(a.pending))))
		return 1
	}
}

// appletReceive takes as many bytes as asked for, all to the end without a
// number; AppletTCP may be given a time in ms, too.
func appletReceive(class string) glua.LGFunction {
	return func(l *glua.LState) int {
		a := self[*applet](l, 1, class)
		a.live(l)
		want := l.OptInt(2, -1)
		timeout := time.Duration(l.OptInt(3, 0)) * time.Millisecond
		var end time.Time
		if timeout > 0 {
			end = time.Now().Add(timeout)
		}
		for want < 0 || len(a.pending) < want {
			rest := anySize
			if want >= 0 {
				rest = want - len(a.pending)
			}
			left := timeout
			if timeout > 0 {
				if left = time.Until(end); left <= 0 {
					break
				}
			}
			if ok, _ := a.more(l, rest, left); !ok {
				break
			}
		}
		n := len(a.pending)
		if want >= 0 {
			n = min(n, want)
		}
		l.Push(glua.LString(a.take(n)))
		return 1
	}
}

// appletTry takes what is there without waiting.
func appletTry(l *glua.LState) int {
	a := self[*applet](l, 1, "AppletTCP")
	a.live(l)
	if len(a.pending) == 0 && !a.ended {
		if _, err := a.more(l, anySize, time.Nanosecond); errors.Is(err, io.EOF) {
			l.Push(glua.LNil)
			return 1
		}
	}
	l.Push(glua.LString(a.take(len(a.pending))))
	return 1
}

func appletSend(class string) glua.LGFunction {
	return func(l *glua.LState) int {
		between(l, "send", 2, 2)
		a := self[*applet](l, 1, class)
		a.live(l)
		data := []byte(l.CheckString(2))
		if class == "AppletTCP" {
			stream, ok := a.t.Conn.(Stream)
			if !ok {
				l.RaiseError("send: no connection")
			}
			var err error
			block(l, func() { err = stream.Send(data) })
			n := len(data)
			if err != nil {
				n = -1
			}
			l.Push(glua.LNumber(n))
			return 1
		}
		if !a.started {
			l.RaiseError("'send' must be called after start_response()")
		}
		if a.left >= 0 {
			data = data[:min(int64(len(data)), a.left)]
			a.left -= int64(len(data))
		}
		if len(a.out)+len(data) > maxString {
			l.RaiseError("send: the answer is too long")
		}
		a.out = append(a.out, data...)
		l.Push(glua.LNumber(len(data)))
		return 1
	}
}

func appletStatus(l *glua.LState) int {
	between(l, "set_status", 2, 3)
	a := self[*applet](l, 1, "AppletHTTP")
	n := l.CheckInt(2)
	if n < 100 || n > 599 {
		l.ArgError(2, "status out of range")
	}
	a.status, a.reason = n, cleanValue(l.OptString(3, ""))
	l.Push(glua.LTrue)
	return 1
}

func appletHeader(l *glua.LState) int {
	between(l, "add_header", 3, 3)
	a := self[*applet](l, 1, "AppletHTTP")
	name := bytes.ToLower(headerArg(l, 2))
	a.fields = append(a.fields, tx.Field{Name: name, Value: headerArg(l, 3), ID: tx.IDOf(name)})
	l.Push(glua.LTrue)
	return 1
}

func appletStart(l *glua.LState) int {
	a := self[*applet](l, 1, "AppletHTTP")
	a.live(l)
	if a.started {
		l.RaiseError("Lua: applet http '<lua.%s>': start_response() was called before", a.r.entry.name)
	}
	for _, f := range a.fields {
		if f.ID == tx.HdrContentLength {
			n, err := strconv.ParseInt(string(f.Value), 10, 64)
			if err != nil || n < 0 {
				l.RaiseError("Lua: applet http '<lua.%s>': invalid content-length", a.r.entry.name)
			}
			a.left = n
		}
	}
	a.started = true
	return 0
}

// reply is what the service answered.
func (a *applet) reply(failed bool) *tx.Reply {
	if !a.started {
		return nil
	}
	out := &tx.Reply{Status: a.status, Reason: a.reason, Body: a.out, Close: failed}
	if out.Body == nil {
		out.Body = []byte{}
	}
	for _, f := range a.fields {
		if f.ID == tx.HdrContentLength && a.left > 0 { // less was sent than promised
			out.Close = true
		}
		if f.ID != tx.HdrTransferEncoding && f.ID != tx.HdrConnection {
			out.Fields = append(out.Fields, f)
		}
	}
	return out
}
