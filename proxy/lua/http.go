package lua

import (
	"bytes"

	glua "github.com/yuin/gopher-lua"

	"tandem/proxy/sample"
	"tandem/proxy/tx"
)

// message is what an HTTPMessage object stands for.
type message struct {
	*txn
	response bool
}

func (m *message) of(l *glua.LState) *tx.Message {
	t := m.live(l)
	if m.response {
		if !t.HasRes {
			l.RaiseError("Cannot manipulate HTTP Headers while no response was received")
		}
		return &t.Res
	}
	if !t.HasReq && !t.HasRes {
		l.RaiseError("Cannot manipulate HTTP Headers outside of HTTP")
	}
	return &t.Req
}

// half is one message of a HTTP object.
func half(l *glua.LState, response bool) *tx.Message {
	x := self[*txn](l, 1, "HTTP")
	return (&message{x, response}).of(l)
}

// headers pushes all headers: lists by name, from 0 on.
func headers(l *glua.LState, m *tx.Message) int {
	t := l.NewTable()
	for i := range m.Fields {
		f := &m.Fields[i]
		list, ok := t.RawGetString(string(f.Name)).(*glua.LTable)
		if !ok {
			list = l.NewTable()
			t.RawSetString(string(f.Name), list)
			list.RawSet(glua.LNumber(0), glua.LString(f.Value))
			continue
		}
		list.Append(glua.LString(f.Value))
	}
	l.Push(t)
	return 1
}

func headerArg(l *glua.LState, i int) []byte { return []byte(cleanValue(l.CheckString(i))) }

func addHeader(l *glua.LState, m *tx.Message) int {
	m.Add(headerArg(l, 2), headerArg(l, 3))
	return 0
}

func setHeader(l *glua.LState, m *tx.Message) int {
	m.Set(headerArg(l, 2), headerArg(l, 3))
	return 0
}

func delHeader(l *glua.LState, m *tx.Message) int {
	m.Del(bytes.ToLower(headerArg(l, 2)))
	return 0
}

// repHeader replaces what matches in a header; value says that each part
// between commas counts by itself.
func repHeader(value bool) func(l *glua.LState, m *tx.Message) int {
	return func(l *glua.LState, m *tx.Message) int {
		name := bytes.ToLower(headerArg(l, 2))
		re, err := sample.CompileRegexp(l.CheckString(3), false)
		if err != nil {
			l.ArgError(3, err.Error())
		}
		subst := []byte(l.CheckString(4))
		for i := range m.Fields {
			f := &m.Fields[i]
			if !bytes.Equal(f.Name, name) {
				continue
			}
			parts := [][]byte{f.Value}
			if value {
				parts = bytes.Split(f.Value, []byte{','})
			}
			changed := false
			for k, p := range parts {
				p = bytes.TrimSpace(p)
				if loc := re.FindIndex(p, 0, nil); loc != nil {
					parts[k] = append(sample.ExpandRegexp(append([]byte(nil), p[:loc[0]]...), subst, p, loc), p[loc[1]:]...)
					changed = true
				}
			}
			if changed {
				f.Value = m.Store([]byte(cleanValue(string(bytes.Join(parts, []byte{','})))))
			}
		}
		return 0
	}
}

// onHalf makes a method of HTTP objects.
func onHalf(name string, response bool, n int, f func(l *glua.LState, m *tx.Message) int) glua.LGFunction {
	return func(l *glua.LState) int {
		between(l, name, n, n)
		return f(l, half(l, response))
	}
}

// onMessage makes a method of HTTPMessage objects.
func onMessage(name string, n int, f func(l *glua.LState, m *tx.Message) int) glua.LGFunction {
	return func(l *glua.LState) int {
		between(l, name, n, n)
		return f(l, self[*message](l, 1, "HTTPMessage").of(l))
	}
}

func setMethod(l *glua.LState, m *tx.Message) int {
	m.SetMethod(headerArg(l, 2))
	l.Push(glua.LTrue)
	return 1
}

func setPath(l *glua.LState, m *tx.Message) int {
	uri := string(m.URI)
	pathQuery := string(m.PathQuery())
	head := uri[:len(uri)-len(pathQuery)]
	path := cleanValue(l.CheckString(2))
	if q, ok := m.Query(); ok {
		path += "?" + string(q)
	}
	m.SetURI([]byte(head + path))
	l.Push(glua.LTrue)
	return 1
}

func setQuery(l *glua.LState, m *tx.Message) int {
	uri := m.URI
	if i := bytes.IndexByte(uri, '?'); i >= 0 {
		uri = uri[:i]
	}
	out := string(uri)
	if q := cleanValue(l.CheckString(2)); q != "" {
		out += "?" + q
	}
	m.SetURI([]byte(out))
	l.Push(glua.LTrue)
	return 1
}

func setURI(l *glua.LState, m *tx.Message) int {
	m.SetURI(headerArg(l, 2))
	l.Push(glua.LTrue)
	return 1
}

func setStatus(l *glua.LState, m *tx.Message) int {
	n := l.CheckInt(2)
	if n < 100 || n > 999 {
		l.ArgError(2, "status out of range")
	}
	m.Status = n
	m.Reason = []byte(cleanValue(l.OptString(3, tx.Reason(n))))
	return 0
}

func (st *state) openMessages() {
	st.methods("HTTP", map[string]glua.LGFunction{
		"req_get_headers": onHalf("req_get_headers", false, 1, headers), "res_get_headers": onHalf("res_get_headers", true, 1, headers),
		"req_add_header": onHalf("req_add_header", false, 3, addHeader), "res_add_header": onHalf("res_add_header", true, 3, addHeader),
		"req_set_header": onHalf("req_set_header", false, 3, setHeader), "res_set_header": onHalf("res_set_header", true, 3, setHeader),
		"req_del_header": onHalf("req_del_header", false, 2, delHeader), "res_del_header": onHalf("res_del_header", true, 2, delHeader),
		"req_rep_header": onHalf("req_rep_header", false, 4, repHeader(false)), "res_rep_header": onHalf("res_rep_header", true, 4, repHeader(false)),
		"req_rep_value": onHalf("req_rep_value", false, 4, repHeader(true)), "res_rep_value": onHalf("res_rep_value", true, 4, repHeader(true)),
		"req_set_method": onHalf("req_set_method", false, 2, setMethod), "req_set_path": onHalf("req_set_path", false, 2, setPath),
		"req_set_query": onHalf("req_set_query", false, 2, setQuery), "req_set_uri": onHalf("req_set_uri", false, 2, setURI),
		"res_set_status": func(l *glua.LState) int {
			between(l, "res_set_status", 2, 3)
			return setStatus(l, half(l, true))
		},
	})
	funcs := map[string]glua.LGFunction{
		"get_headers": onMessage("get_headers", 1, headers), "add_header": onMessage("add_header", 3, addHeader),
		"set_header": onMessage("set_header", 3, setHeader), "del_header": onMessage("del_header", 2, delHeader),
		"rep_header": onMessage("rep_header", 4, repHeader(false)), "rep_value": onMessage("rep_value", 4, repHeader(true)),
		"set_method": onMessage("set_method", 2, setMethod), "set_path": onMessage("set_path", 2, setPath),
		"set_query": onMessage("set_query", 2, setQuery), "set_uri": onMessage("set_uri", 2, setURI),
		"set_status": func(l *glua.LState) int {
			between(l, "set_status", 2, 3)
			return setStatus(l, self[*message](l, 1, "HTTPMessage").of(l))
		},
		"get_stline": onMessage("get_stline", 1, statusLine), "is_resp": messageIsResp, "body": messageBody, "input": messageInput, "eom": messageEOM,
	}
	for _, name := range []string{"append", "prepend", "insert", "remove", "set", "send", "forward", "output", "may_recv", "is_full", "set_eom", "unset_eom", "set_body_len"} {
		funcs[name] = missing("HTTPMessage." + name)
	}
	st.methods("HTTPMessage", funcs)
	st.openChannel()
}

// statusLine pushes the parts of the first line.
func statusLine(l *glua.LState, m *tx.Message) int {
	t := l.NewTable()
	version := map[int]string{9: "HTTP/0.9", 10: "HTTP/1.0", 11: "HTTP/1.1", 20: "HTTP/2.0", 30: "HTTP/3.0"}[m.Version]
	t.RawSetString("version", glua.LString(version))
	if m.Status > 0 {
		t.RawSetString("code", glua.LNumber(m.Status))
		t.RawSetString("reason", glua.LString(m.Reason))
	} else {
		t.RawSetString("method", glua.LString(m.Method))
		t.RawSetString("uri", glua.LString(m.URI))
	}
	l.Push(t)
	return 1
}

func messageIsResp(l *glua.LState) int {
	l.Push(glua.LBool(self[*message](l, 1, "HTTPMessage").response))
	return 1
}

func (m *message) data(l *glua.LState) ([]byte, bool) {
	t := m.live(l)
	if t.Conn == nil {
		return nil, true
	}
	return t.Conn.Body(m.response)
}

// messageBody pushes the body as far as it was received, nil where no more
// will come and there is none.
func messageBody(l *glua.LState) int {
	m := self[*message](l, 1, "HTTPMessage")
	data, done := m.data(l)
	data = window(l, data)
	if len(data) == 0 && done {
		l.Push(glua.LNil)
	} else {
		l.Push(glua.LString(data))
	}
	return 1
}

// window takes the part of data that arguments 2 (offset) and 3 (length) say.
func window(l *glua.LState, data []byte) []byte {
	off, n := l.OptInt(2, 0), l.OptInt(3, -1)
	if off < 0 {
		off = max(len(data)+off, 0)
	}
	if off > len(data) {
		l.RaiseError("offset out of range.")
	}
	data = data[off:]
	if n >= 0 && n < len(data) {
		data = data[:n]
	}
	return data
}

func messageInput(l *glua.LState) int {
	data, _ := self[*message](l, 1, "HTTPMessage").data(l)
	l.Push(glua.LNumber(len(data)))
	return 1
}

func messageEOM(l *glua.LState) int {
	_, done := self[*message](l, 1, "HTTPMessage").data(l)
	l.Push(glua.LBool(done))
	return 1
}
