package lua

import (
	"bytes"

	glua "github.com/yuin/gopher-lua"
)

// channel is what a Channel object stands for: the bytes of one direction of
// a session in TCP mode, of a message's body else.
type channel struct {
	*txn
	response bool
}

func (c *channel) data(l *glua.LState) ([]byte, bool) {
	t := c.live(l)
	if t.Conn == nil {
		return nil, true
	}
	if t.Sess != nil && t.Sess.HTTP {
		return t.Conn.Body(c.response)
	}
	return t.Conn.Content(c.response)
}

func (st *state) openChannel() {
	funcs := map[string]glua.LGFunction{
		"data": channelData, "dup": channelDup, "line": channelLine,
		"input": channelSize, "get_in_len": channelSize,
		"output": channelZero, "get_out_len": channelZero,
		"is_resp": func(l *glua.LState) int {
			l.Push(glua.LBool(self[*channel](l, 1, "Channel").response))
			return 1
		},
		"may_recv": func(l *glua.LState) int {
			_, done := self[*channel](l, 1, "Channel").data(l)
			l.Push(glua.LBool(!done))
			return 1
		},
		"is_full": func(l *glua.LState) int {
			c := self[*channel](l, 1, "Channel")
			data, _ := c.data(l)
			l.Push(glua.LBool(c.t.Conn != nil && len(data) >= c.t.Conn.BufferSize()))
			return 1
		},
	}
	for _, name := range []string{"append", "prepend", "insert", "remove", "set", "send", "forward", "get", "getline"} {
		funcs[name] = missing("Channel." + name)
	}
	st.methods("Channel", funcs)
}

// channelData pushes what was received, nil where no more will come.
func channelData(l *glua.LState) int {
	data, done := self[*channel](l, 1, "Channel").data(l)
	data = window(l, data)
	if len(data) == 0 && done {
		l.Push(glua.LNil)
	} else {
		l.Push(glua.LString(data))
	}
	return 1
}

// channelDup is the older name of data, which knows no part of it.
func channelDup(l *glua.LState) int {
	l.SetTop(1)
	return channelData(l)
}

func channelLine(l *glua.LState) int {
	data, done := self[*channel](l, 1, "Channel").data(l)
	data = window(l, data)
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		data = data[:i+1]
	}
	if len(data) == 0 && done {
		l.Push(glua.LNil)
	} else {
		l.Push(glua.LString(data))
	}
	return 1
}

func channelSize(l *glua.LState) int {
	data, _ := self[*channel](l, 1, "Channel").data(l)
	l.Push(glua.LNumber(len(data)))
	return 1
}

func channelZero(l *glua.LState) int {
	self[*channel](l, 1, "Channel")
	l.Push(glua.LNumber(0))
	return 1
}
