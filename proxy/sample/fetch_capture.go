package sample

import (
	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

// captureFetches read what was kept of a message for later.
var captureFetches = []word[Fetch]{
	fetch("capture.req.hdr", "integer", tx.TypeStr, RequestLine, "Request header captured in a slot, counted from 0.", newCapture(request)),
	fetch("capture.res.hdr", "integer", tx.TypeStr, ResponseLine, "Response header captured in a slot, counted from 0.", newCapture(response)),
	fetch("capture.req.method", "", tx.TypeStr, RequestLine, "Method of the request, kept until the end.", plain(evalCapturedMethod)),
	fetch("capture.req.uri", "", tx.TypeStr, RequestLine, "Path and query of the request as received, kept until the end.", plain(evalCapturedURI)),
	fetch("capture.req.ver", "", tx.TypeStr, RequestLine, "Version of the request as HTTP/1.1, kept until the end.", plain(func(t *tx.Tx, v *Value) bool { return t.HasReq && setVersion(v, t.Req.Version, false) })),
	fetch("capture.res.ver", "", tx.TypeStr, RequestLine, "Version of the response as HTTP/1.1, kept until the end.", plain(func(t *tx.Tx, v *Value) bool { return t.HasRes && setVersion(v, t.Res.Version, false) })),
}

// captureSlot reads the number of a slot.
func captureSlot(a args) (int, error) {
	i := int(a.int(0, 0))
	if i < 0 {
		return 0, errText("capture slots are counted from 0")
	}
	return i, nil
}

// captures are the slots of a side.
func (s side) captures(t *tx.Tx) [][]byte {
	if s == response {
		return t.ResCaps
	}
	return t.ReqCaps
}

func newCapture(s side) buildFunc {
	return func(_ *keyword.Env, a args) (evalFunc, error) {
		i, err := captureSlot(a)
		return func(t *tx.Tx, v *Value) bool {
			caps := s.captures(t)
			if i >= len(caps) || caps[i] == nil {
				return false
			}
			v.SetStr(caps[i])
			return true
		}, err
	}
}

func evalCapturedMethod(t *tx.Tx, v *Value) bool {
	m, _ := RequestLineParts(t.LogURI)
	if m == nil {
		m = t.Req.Method
	}
	v.SetStr(m)
	return len(m) > 0
}

func evalCapturedURI(t *tx.Tx, v *Value) bool {
	_, uri := RequestLineParts(t.LogURI)
	if uri == nil {
		uri = t.Req.URI
	}
	m := tx.Message{URI: uri}
	if p := m.PathQuery(); p != nil {
		uri = p
	}
	v.SetStr(uri)
	return len(uri) > 0
}

// RequestLineParts cuts "GET /x HTTP/1.1" into method and target; they are
// nil where the line has no such form.
func RequestLineParts(line []byte) (method, uri []byte) {
	i := 0
	for i < len(line) && line[i] != ' ' {
		i++
	}
	if i == len(line) {
		return nil, nil
	}
	method, line = line[:i], line[i+1:]
	for i = 0; i < len(line) && line[i] != ' '; i++ {
	}
	return method, line[:i]
}
