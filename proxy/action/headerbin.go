package action

import (
	"bytes"

	"tandem/parser/keyword"
	"tandem/proxy/sample"
	"tandem/proxy/tx"
)

// headerBlocks are the actions on many header fields at once, which come as
// one binary block (configuration manual 7.3.6, req.hdrs_bin).
var headerBlocks = []*keyword.Def[Action]{
	keyword.Define(keyword.Spec{
		Name: "add-headers-bin", In: httpAll, Doc: "Add the header fields of a binary block.",
	}, func(e *keyword.Env, a *headersBinArgs) (Action, error) { return newHeadersBin(e, a, false) }),
	keyword.Define(keyword.Spec{
		Name: "set-headers-bin", In: httpAll, Doc: "Replace header fields by those of a binary block.",
	}, func(e *keyword.Env, a *headersBinArgs) (Action, error) { return newHeadersBin(e, a, true) }),
	keyword.Define(keyword.Spec{
		Name: "del-headers-bin", In: httpAll, Doc: "Remove the header fields whose names stand in a binary block.",
	}, newDelHeadersBin),
}

// headersBinArgs is "<expr> [prefix <str>]".
type headersBinArgs struct {
	exprArgs
	prefix string
}

// Usage is what messages say of the arguments.
func (headersBinArgs) Usage() string { return "<expr> [ prefix <str> ]" }

// ParseArgs reads the expression and the prefix.
func (h *headersBinArgs) ParseArgs(a *keyword.Args) error {
	if !a.More() {
		return refuse(-1, "expects exactly one argument or three arguments <headers> prefix <pfx>")
	}
	if err := h.exprArgs.ParseArgs(a); err != nil {
		return err
	}
	if a.Peek() != "prefix" {
		return nil
	}
	a.Next()
	w, _, ok := a.Next()
	if !ok {
		return refuse(-1, "expects 1 argument: <headers>; or 3 arguments: <headers> prefix <pfx>")
	}
	h.prefix = w
	return nil
}

// newHeadersBin makes add-headers-bin and set-headers-bin. A block that is cut
// short, or a name or value that no message may have, fails the rewrite.
func newHeadersBin(e *keyword.Env, a *headersBinArgs, replace bool) (Action, error) {
	x, err := sample.Compile(e, a.Sample)
	if err != nil {
		return Action{}, err
	}
	on, prefix := messageOf(e), lower(a.prefix)
	return Action{Run: func(t *tx.Tx) Verdict {
		var v tx.Value
		if !x.Eval(t, tx.TypeBin, &v) {
			return Continue
		}
		m := on.of(t)
		if replace {
			for rest := v.B; ; {
				name, _, after, ok := cutField(rest, true)
				if !ok {
					break
				}
				rest = after
				if bytes.HasPrefix(name, prefix) {
					m.Del(m.StoreLower(name))
				}
			}
		}
		for rest := v.B; ; {
			name, value, after, ok := cutField(rest, true)
			if !ok {
				if len(rest) > 0 && !end(rest) {
					return on.failed(t)
				}
				return Continue
			}
			rest = after
			if !bytes.HasPrefix(name, prefix) {
				continue
			}
			value = m.Store(value)
			clean(value)
			if v := on.put(t, m, m.StoreLower(name), value, false, !bool(on) && bytes.EqualFold(name, hostName)); v != Continue {
				return v
			}
		}
	}}, nil
}

var hostName = []byte("host")

// delHeadersBinArgs is "<expr> [-m <meth>]".
type delHeadersBinArgs struct {
	exprArgs
	delHeaderArgs
}

// Usage is what messages say of the arguments.
func (delHeadersBinArgs) Usage() string { return "<expr> [ -m <meth> ]" }

// ParseArgs reads the expression and the method.
func (h *delHeadersBinArgs) ParseArgs(a *keyword.Args) error {
	if !a.More() {
		return refuse(-1, "expects at least 1 argument")
	}
	if err := h.exprArgs.ParseArgs(a); err != nil {
		return err
	}
	if err := h.delHeaderArgs.method(a); err != nil {
		return err
	}
	if h.meth == "reg" {
		return refuse(-1, "-m reg is unsupported with del-headers-bin due to performance reasons")
	}
	return nil
}

func newDelHeadersBin(e *keyword.Env, a *delHeadersBinArgs) (Action, error) {
	x, err := sample.Compile(e, a.Sample)
	if err != nil {
		return Action{}, err
	}
	on, match := messageOf(e), nameMatch(a.meth)
	return Action{Run: func(t *tx.Tx) Verdict {
		var v tx.Value
		if !x.Eval(t, tx.TypeBin, &v) {
			return Continue
		}
		m := on.of(t)
		for rest := v.B; ; {
			name, _, after, ok := cutField(rest, false)
			if !ok {
				return Continue
			}
			rest = after
			low := t.Scratch.Copy(name)
			for i, c := range low {
				if c >= 'A' && c <= 'Z' {
					low[i] = c | 0x20
				}
			}
			m.DelFunc(func(f *tx.Field) bool { return match(f.Name, low) })
		}
	}}, nil
}

// cutField cuts a name, and a value where pairs says so, from the start of a
// block. An empty name ends the block.
func cutField(b []byte, pairs bool) (name, value, rest []byte, ok bool) {
	if name, b, ok = cutBytes(b); !ok || len(name) == 0 {
		return nil, nil, nil, false
	}
	if pairs {
		if value, b, ok = cutBytes(b); !ok {
			return nil, nil, nil, false
		}
	}
	for _, c := range name {
		if c <= ' ' || c == ':' || c >= 0x7f {
			return nil, nil, nil, false
		}
	}
	return name, value, b, true
}

// end says whether a block is over: an empty name with an empty value.
func end(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// cutBytes cuts a length and as many bytes.
func cutBytes(b []byte) (s, rest []byte, ok bool) {
	n, b, ok := cutVarint(b)
	if !ok || n > uint64(len(b)) {
		return nil, nil, false
	}
	return b[:n], b[n:], true
}

// cutVarint cuts a number in the peers' notation: below 240 one byte; else
// four bits in the first and seven in each of the following.
func cutVarint(b []byte) (n uint64, rest []byte, ok bool) {
	if len(b) == 0 {
		return 0, nil, false
	}
	n = uint64(b[0])
	if n < 0xf0 {
		return n, b[1:], true
	}
	shift := uint(4)
	for i := 1; i < len(b) && shift < 64; i++ {
		n += uint64(b[i]) << shift
		if b[i] < 0x80 {
			return n, b[i+1:], true
		}
		shift += 7
	}
	return 0, nil, false
}
