package balance

import (
	"fmt"
	"strings"

	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/sample"
	"tandem/proxy/server"
	"tandem/proxy/tx"
)

// The algorithms that only log backends have (configuration manual 4.2,
// balance). The message is the transaction's Message.

var sticky = keyword.Define(keyword.Spec{
	Name: "sticky", In: keyword.Backend | keyword.Defaults, Doc: "Log backends: the same server as long as it works.",
}, func(*keyword.Env, *rest) (*Algorithm, error) {
	return &Algorithm{Name: "sticky", NeedsLog: true, New: func(b *server.Backend, _ HashType) Policy { return stickyPolicy{b} }}, nil
})

// stickyPolicy takes the server that has worked for longest: those that come
// back wait behind the others.
type stickyPolicy struct{ b *server.Backend }

// Pick returns that server.
func (p stickyPolicy) Pick(_ *tx.Tx, avoid *server.Server) *server.Server {
	list := p.b.Farm().Longest
	for _, s := range list {
		if s != avoid {
			return s
		}
	}
	if len(list) > 0 {
		return list[0]
	}
	return nil
}

var logHash = keyword.Define(keyword.Spec{
	Name: "log-hash", In: keyword.Backend | keyword.Defaults, Doc: "Log backends: by converters applied to the message.",
}, func(e *keyword.Env, a *logHashArgs) (*Algorithm, error) {
	s, err := expr.ParseSample("str(x)," + a.text)
	if err == nil {
		s.Index = a.index
		var x *sample.Expr
		if x, err = sample.CompileAnywhere(e, s); err == nil {
			x = x.From(func(t *tx.Tx) []byte { return t.Message })
			alg := keyed("log-hash", func(t *tx.Tx) ([]byte, uint32, bool, bool) {
				v := values.Get().(*sample.Value)
				ok := x.Eval(t, tx.TypeStr, v)
				key := v.B
				*v = sample.Value{}
				values.Put(v)
				return key, 0, false, ok
			})
			alg.NeedsLog = true
			return alg, nil
		}
	}
	out := Rotation()
	out.NeedsLog = true
	out.Refused = fmt.Sprintf("failed to parse 'balance log-hash' converter list '%s' in : %s.", a.text, strings.TrimSuffix(err.Error(), "."))
	return out, nil
})

type logHashArgs struct {
	text  string
	index int
}

// Usage is what the reference prints.
func (*logHashArgs) Usage() string { return "<converters>" }

// ParseArgs takes the converter list.
func (l *logHashArgs) ParseArgs(a *keyword.Args) error {
	if a.Peek() == "" {
		return bad(a.Pos, "balance log-hash requires a converter list.")
	}
	l.text, l.index, _ = a.Next()
	a.Rest()
	return nil
}
