package action

import (
	"bytes"

	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/logformat"
	"tandem/proxy/tx"
)

// uris are the actions on the request line and the status line.
var uris = []*keyword.Def[Action]{
	setLine("set-method", "Replace the request method.", func(m *tx.Message, v []byte) { m.Method = v }),
	setLine("set-path", "Replace the path of the request target, keep its query.", setPath),
	setLine("set-pathq", "Replace the path of the request target with its query.", setPathQuery),
	setLine("set-query", "Replace the query of the request target.", setQuery),
	setLine("set-uri", "Replace the whole request target.", setURI),
	replaceLine("replace-path", "Rewrite the path of the request target where it matches.", path, setPath),
	replaceLine("replace-pathq", "Rewrite path and query of the request target where they match.", pathQuery, setPathQuery),
	replaceLine("replace-uri", "Rewrite the request target where it matches.", func(m *tx.Message) []byte { return m.URI }, setURI),
	setStatus,
}

func path(m *tx.Message) []byte      { return m.Path() }
func pathQuery(m *tx.Message) []byte { return m.PathQuery() }

// setLine makes an action that sets a part of the request line to a format.
func setLine(name, doc string, set func(*tx.Message, []byte)) *keyword.Def[Action] {
	return keyword.Define(keyword.Spec{
		Name: name, In: httpReq, Doc: doc, Misuse: "expects exactly 1 argument <format>",
	}, func(e *keyword.Env, a *fmtArgs) (Action, error) {
		f, err := logformat.Compile(e, a.Fmt)
		if err != nil {
			return Action{}, err
		}
		return Action{Run: func(t *tx.Tx) Verdict {
			value := f.Append(t.Req.Spare(), t)
			return rewriteLine(t, value, set)
		}}, nil
	})
}

// rewriteLine sets a part of the request line to a value made in the
// message's spare memory.
func rewriteLine(t *tx.Tx, value []byte, set func(*tx.Message, []byte)) Verdict {
	m := &t.Req
	clean(value)
	value = m.Keep(value)
	before := len(m.URI) + len(m.Method)
	oldURI, oldMethod := m.URI, m.Method
	set(m, value)
	if !message(false).fits(t, m, len(m.URI)+len(m.Method)-before) {
		m.URI, m.Method = oldURI, oldMethod
		return message(false).failed(t)
	}
	return Continue
}

type replaceURIArgs struct {
	Regex expr.Word `parser:"@@"`
	Fmt   expr.Fmt  `parser:"@@"`
}

func replaceLine(name, doc string, get func(*tx.Message) []byte, set func(*tx.Message, []byte)) *keyword.Def[Action] {
	return keyword.Define(keyword.Spec{
		Name: name, In: httpReq, Doc: doc, Misuse: "expects exactly 2 arguments <match-regex> and <replace-format>",
	}, func(e *keyword.Env, a *replaceURIArgs) (Action, error) {
		re, err := compileRegex(a.Regex)
		if err != nil {
			return Action{}, err
		}
		f, err := logformat.Compile(e, a.Fmt)
		if err != nil {
			return Action{}, err
		}
		return Action{Run: func(t *tx.Tx) Verdict {
			subst := t.Scratch.Copy(f.Append(t.Req.Spare(), t))
			old := get(&t.Req)
			if old == nil {
				return Continue
			}
			value := replaceWhole(t.Req.Spare(), old, subst, re)
			if value == nil {
				return Continue
			}
			return rewriteLine(t, value, set)
		}}, nil
	})
}

// splitURI divides a request target into what stands before the path (scheme
// and authority), the path, and the query with its question mark.
func splitURI(u []byte) (head, path, query []byte) {
	p := 0
	if len(u) > 0 && u[0] != '/' {
		if i := bytes.Index(u, []byte("://")); i > 0 {
			p = len(u)
			if j := bytes.IndexAny(u[i+3:], "/?"); j >= 0 {
				p = i + 3 + j
			}
		}
	}
	head, path = u[:p], u[p:]
	if q := bytes.IndexByte(path, '?'); q >= 0 {
		path, query = path[:q], path[q:]
	}
	return head, path, query
}

// join gives the request a new target made of parts.
func join(m *tx.Message, a, b, c []byte) {
	u := append(append(append(m.Spare(), a...), b...), c...)
	m.URI = m.Keep(u)
}

func setPath(m *tx.Message, v []byte) {
	head, _, query := splitURI(m.URI)
	join(m, head, v, query)
}

func setPathQuery(m *tx.Message, v []byte) {
	head, _, _ := splitURI(m.URI)
	join(m, head, v, nil)
}

// setQuery keeps a question mark that is there even if the query becomes
// empty, and adds one only for a query (configuration manual, set-query).
func setQuery(m *tx.Message, v []byte) {
	i := bytes.IndexByte(m.URI, '?')
	switch {
	case i >= 0:
		join(m, m.URI[:i+1], v, nil)
	case len(v) > 0:
		join(m, m.URI, []byte{'?'}, v)
	}
}

// setURI sets the whole target; that of an absolute one is the Host too.
func setURI(m *tx.Message, v []byte) {
	m.URI = v
	if a := authority(v); a != nil {
		for i := range m.Fields {
			if m.Fields[i].ID == tx.HdrHost {
				m.Fields[i].Value = a
			}
		}
	}
}

// authority returns the authority of an absolute target, nil where there is none.
func authority(u []byte) []byte {
	head, _, _ := splitURI(u)
	if i := bytes.Index(head, []byte("://")); i >= 0 {
		return head[i+3:]
	}
	return nil
}

// setAuthority makes the authority of an absolute target follow a new Host.
func setAuthority(m *tx.Message, host []byte) {
	a := authority(m.URI)
	if a == nil || bytes.Equal(a, host) {
		return
	}
	head, _, _ := splitURI(m.URI)
	join(m, head[:len(head)-len(a)], host, m.URI[len(head):])
}

// setStatusArgs is "<status> [reason <str>]".
type setStatusArgs struct {
	Status expr.Word  `parser:"@@"`
	Reason *expr.Word `parser:"( 'reason' @@ )?"`
}

var setStatus = keyword.Define(keyword.Spec{
	Name: "set-status", In: httpRes | httpAft,
	Misuse: "expects 1 argument: <status>; or 3 arguments: <status> reason <fmt>",
	Doc:    "Replace the status of the response.",
}, func(e *keyword.Env, a *setStatusArgs) (Action, error) {
	n, err := a.Status.Int(100, 999)
	if err != nil {
		return Action{}, refuse(a.Status.Index, "expects an integer status code between 100 and 999")
	}
	reason := []byte(tx.Reason(int(n)))
	if a.Reason != nil {
		reason = []byte(a.Reason.Text)
		clean(reason)
	}
	return Action{Run: func(t *tx.Tx) Verdict {
		if !message(true).fits(t, &t.Res, len(reason)-len(t.Res.Reason)) {
			return message(true).failed(t)
		}
		t.Res.Status, t.Res.Reason = int(n), reason
		return Continue
	}}, nil
})
