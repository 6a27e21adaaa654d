package lua

import (
	"strconv"
	"strings"

	glua "github.com/yuin/gopher-lua"

	"tandem/proxy/tx"
)

// newReply makes a Reply object: a plain table with methods.
func newReply(l *glua.LState) int {
	st := stateOf(l)
	r := l.NewTable()
	r.Metatable = st.class("Reply")
	r.RawSetString("status", glua.LNumber(200))
	r.RawSetString("headers", l.NewTable())
	if from, ok := l.Get(2).(*glua.LTable); ok {
		for _, name := range []string{"status", "reason", "headers", "body"} {
			if v := from.RawGetString(name); v != glua.LNil {
				r.RawSetString(name, v)
			}
		}
	}
	l.Push(r)
	return 1
}

var replyMethods = map[string]glua.LGFunction{
	"set_status": func(l *glua.LState) int {
		between(l, "set_status", 2, 3)
		r := l.CheckTable(1)
		r.RawSetString("status", l.CheckNumber(2))
		r.RawSetString("reason", l.Get(3))
		return 0
	},
	"add_header": func(l *glua.LState) int {
		between(l, "add_header", 3, 3)
		addToTable(l, l.CheckTable(1), l.CheckString(2), l.Get(3))
		return 0
	},
	"del_header": func(l *glua.LState) int {
		between(l, "del_header", 2, 2)
		if h, ok := l.CheckTable(1).RawGetString("headers").(*glua.LTable); ok {
			h.RawSetString(l.CheckString(2), glua.LNil)
		}
		return 0
	},
	"set_body": func(l *glua.LState) int {
		between(l, "set_body", 2, 2)
		l.CheckTable(1).RawSetString("body", l.Get(2))
		return 0
	},
}

// addToTable adds a value to the list that a header's name has in an object.
func addToTable(l *glua.LState, of *glua.LTable, name string, value glua.LValue) {
	h, ok := of.RawGetString("headers").(*glua.LTable)
	if !ok {
		h = l.NewTable()
		of.RawSetString("headers", h)
	}
	list, ok := h.RawGetString(name).(*glua.LTable)
	if !ok {
		list = l.NewTable()
		h.RawSetString(name, list)
	}
	list.Append(value)
}

// fieldsOf makes header fields of a table of lists, which may begin at 0 or 1,
// or of texts.
func fieldsOf(l *glua.LState, h glua.LValue, out []tx.Field) []tx.Field {
	t, ok := h.(*glua.LTable)
	if !ok {
		return out
	}
	add := func(name string, v glua.LValue) {
		switch v.(type) {
		case glua.LString, glua.LNumber, glua.LBool:
			n := []byte(strings.ToLower(name))
			out = append(out, tx.Field{Name: n, Value: []byte(cleanValue(v.String())), ID: tx.IDOf(n)})
		}
	}
	t.ForEach(func(k, v glua.LValue) {
		name, ok := k.(glua.LString)
		if !ok {
			return
		}
		list, isList := v.(*glua.LTable)
		if !isList {
			add(string(name), v)
			return
		}
		add(string(name), list.RawGet(glua.LNumber(0)))
		for i := 1; i <= list.Len(); i++ {
			add(string(name), list.RawGetInt(i))
		}
	})
	return out
}

// cleanValue makes a text fit for a header: bytes that end a line are blanks.
func cleanValue(s string) string {
	if strings.ContainsAny(s, "\r\n\x00") {
		s = strings.NewReplacer("\r", " ", "\n", " ", "\x00", " ").Replace(s)
	}
	return s
}

// replyOf makes an answer of a Reply object or a plain table.
func replyOf(l *glua.LState, t *glua.LTable) *tx.Reply {
	r := &tx.Reply{Status: 200, Body: []byte{}}
	if n, ok := number(t.RawGetString("status")); ok {
		r.Status = int(n)
	}
	if r.Status < 200 || r.Status > 599 {
		l.RaiseError("reply: status %d is not one of an answer", r.Status)
	}
	if s, ok := t.RawGetString("reason").(glua.LString); ok {
		r.Reason = cleanValue(string(s))
	}
	r.Fields = fieldsOf(l, t.RawGetString("headers"), nil)
	if s := t.RawGetString("body"); s != glua.LNil {
		r.Body = []byte(glua.LVAsString(s))
	}
	kept := r.Fields[:0]
	for _, f := range r.Fields {
		if f.ID != tx.HdrContentLength && f.ID != tx.HdrTransferEncoding {
			kept = append(kept, f)
		}
	}
	name := []byte("content-length")
	r.Fields = append(kept, tx.Field{Name: name, Value: strconv.AppendInt(nil, int64(len(r.Body)), 10), ID: tx.HdrContentLength})
	return r
}

// txnDone ends the transaction: with an answer where one is given (or was
// begun), without a word otherwise.
func txnDone(l *glua.LState) int {
	between(l, "done", 1, 2)
	x := self[*txn](l, 1, "TXN")
	t := x.live(l)
	r := x.r
	if reply, ok := l.Get(2).(*glua.LTable); ok {
		t.Reply = replyOf(l, reply)
	} else {
		t.Reply = nil
	}
	r.done = true
	l.RaiseError("done")
	return 0
}
