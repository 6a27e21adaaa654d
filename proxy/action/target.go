package action

import (
	"bytes"

	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

// message says which message of a transaction an action works on: false the
// request, true the response.
type message bool

// messageOf returns the message that belongs to the rule set being read.
func messageOf(e *keyword.Env) message {
	return e.Scope&(httpRes|httpAft|tcpRes) != 0
}

func (r message) of(t *tx.Tx) *tx.Message {
	if r {
		return &t.Res
	}
	return &t.Req
}

// fits says whether n more bytes fit into the buffer of a message, beside its
// head and what is there of its body, and counts them. Received messages leave
// tune.maxrewrite bytes free, so that the sizes must be known only beyond that.
func (r message) fits(t *tx.Tx, m *tx.Message, n int) bool {
	if n <= 0 || t.Conn == nil {
		return true
	}
	m.Grown += n
	if m.Grown <= t.Conn.MaxRewrite() {
		return true
	}
	body, _ := t.Conn.Body(bool(r))
	if m.Size()+len(body)+n <= t.Conn.BufferSize() {
		return true
	}
	m.Grown -= n
	return false
}

// failed counts a rewrite that did not fit. In strict mode, which is the
// default, the transaction fails (configuration manual 4.4, strict-mode).
func (r message) failed(t *tx.Tx) Verdict {
	if f := t.Sess.Front; f != nil {
		f.Stats.Rewrites.Add(1)
	}
	if l := t.Sess.Listener; l != nil {
		l.Stats.Rewrites.Add(1)
	}
	if t.Back != nil {
		t.Back.Stats.Rewrites.Add(1)
	}
	if bool(r) && t.Server != nil {
		t.Server.Stats.Rewrites.Add(1)
	}
	if t.Settings.LaxRewrite {
		return Continue
	}
	return Fail
}

// term is the end state that the log shows for what a rule of this message
// did: cause and "R" for requests, "H" for responses (configuration manual 8.5).
func (r message) term(t *tx.Tx, cause byte) {
	t.Term = [2]byte{cause, 'R'}
	if r {
		t.Term[1] = 'H'
	}
}

// clean replaces the bytes that must not stand in a field value or a request
// line by blanks (RFC 9110 5.5), so that what a client sent encoded cannot
// make a line of its own.
func clean(b []byte) {
	for _, c := range [...]byte{'\r', '\n', 0} {
		for rest := b; ; {
			i := bytes.IndexByte(rest, c)
			if i < 0 {
				break
			}
			rest[i] = ' '
			rest = rest[i+1:]
		}
	}
}
