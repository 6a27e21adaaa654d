package action

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"

	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

const addrRules = tcpCon | tcpSes | tcpCnt | httpReq

// conns are the actions on the connections of both sides.
var conns = []*keyword.Def[Action]{
	setAddr("set-src", "Set the source address that rules see.", func(t *tx.Tx) *netip.AddrPort { return &t.Sess.Src }),
	setAddr("set-dst", "Set the destination address that rules and servers without address see.", func(t *tx.Tx) *netip.AddrPort { return &t.Sess.Dst }),
	setPort("set-src-port", "Set the source port that rules see.", func(t *tx.Tx) *netip.AddrPort { return &t.Sess.Src }),
	setPort("set-dst-port", "Set the destination port that rules and servers without port see.", func(t *tx.Tx) *netip.AddrPort { return &t.Sess.Dst }),
	setMark("set-fc-mark", tcpCon|tcpSes|tcpCnt|tcpRes|httpBoth, 0, "Set the netfilter mark of packets to the client.", markClient),
	setMark("set-fc-tos", tcpCon|tcpSes|tcpCnt|tcpRes|httpBoth, 0, "Set the type of service of packets to the client.", tosClient),
	setMark("set-mark", tcpCon|tcpSes|tcpCnt|tcpRes|httpBoth, keyword.Deprecated, "Old name of set-fc-mark.", markClient),
	setMark("set-tos", tcpCon|tcpSes|tcpCnt|tcpRes|httpBoth, keyword.Deprecated, "Old name of set-fc-tos.", tosClient),
	setMark("set-bc-mark", tcpCnt|httpReq, 0, "Set the netfilter mark of packets to the server.", func(t *tx.Tx, n *int) { t.Settings.BCMark = n }),
	setMark("set-bc-tos", tcpCnt|httpReq, 0, "Set the type of service of packets to the server.", func(t *tx.Tx, n *int) { t.Settings.BCTOS = n }),
	expect("expect-proxy", "Read a PROXY protocol header before anything else.", 0, func(s *tx.Session) { s.ExpectProxy = true }),
	expect("expect-netscaler-cip", "Read a NetScaler client address header before anything else.", 0, func(s *tx.Session) { s.ExpectCIP = true }),
}

func markClient(t *tx.Tx, n *int) {
	t.Sess.Mark = *n
	if t.Conn != nil {
		t.Conn.ClientMark(*n)
	}
}

func tosClient(t *tx.Tx, n *int) {
	t.Sess.TOS = *n
	if t.Conn != nil {
		t.Conn.ClientTOS(*n)
	}
}

// setAddr makes set-src and set-dst: the port stays where the family has one
// (configuration manual 4.4, set-src).
func setAddr(name, doc string, of func(*tx.Tx) *netip.AddrPort) *keyword.Def[Action] {
	return keyword.Define(keyword.Spec{Name: name, In: addrRules, Doc: doc}, func(e *keyword.Env, a *exprArgs) (Action, error) {
		x, err := compileOnRequest(e, a.Sample)
		if err != nil {
			return Action{}, err
		}
		dst := strings.HasPrefix(name, "set-dst")
		return Action{Run: func(t *tx.Tx) Verdict {
			var v tx.Value
			if x.Eval(t, tx.TypeAddr, &v) && v.IP.IsValid() {
				p := of(t)
				*p = netip.AddrPortFrom(v.IP, p.Port())
				if dst {
					t.Settings.Dst = *p
				}
			}
			return Continue
		}}, nil
	})
}

// setPort makes set-src-port and set-dst-port. An address without ports (a
// unix socket's) becomes 0.0.0.0.
func setPort(name, doc string, of func(*tx.Tx) *netip.AddrPort) *keyword.Def[Action] {
	return keyword.Define(keyword.Spec{Name: name, In: addrRules, Doc: doc}, func(e *keyword.Env, a *exprArgs) (Action, error) {
		x, err := compileOnRequest(e, a.Sample)
		if err != nil {
			return Action{}, err
		}
		dst := strings.HasPrefix(name, "set-dst")
		return Action{Run: func(t *tx.Tx) Verdict {
			var v tx.Value
			if x.Eval(t, tx.TypeInt, &v) {
				p := of(t)
				ip := p.Addr()
				if !ip.IsValid() {
					ip = netip.IPv4Unspecified()
				}
				*p = netip.AddrPortFrom(ip, uint16(v.Int))
				if dst {
					t.Settings.Dst = *p
				}
			}
			return Continue
		}}, nil
	})
}

// markArgs is a number, decimal or hexadecimal, or an expression.
type markArgs struct{ numberOrExpr }

// Usage is what messages say of the argument.
func (markArgs) Usage() string { return "{ <number> | <expr> }" }

// ParseArgs reads the number or the expression.
func (m *markArgs) ParseArgs(a *keyword.Args) (err error) {
	if !a.More() {
		return refuse(-1, "expects an argument")
	}
	saved := a.Env.Scope
	a.Env.Scope = httpReq // as compileOnRequest, with errors that name the action
	defer func() { a.Env.Scope = saved }()
	m.numberOrExpr, err = compileNumber(a, markNumber)
	return err
}

// markNumber reads a number in the C notations, octal and hexadecimal too. What
// is negative or has more than 32 bits is cut to 32, as the original does.
func markNumber(s string) (int64, bool) {
	digits, minus := strings.CutPrefix(s, "-")
	digits = strings.TrimPrefix(digits, "+")
	base := 10
	switch low := strings.ToLower(digits); {
	case strings.HasPrefix(low, "0x") && len(low) > 2:
		base, digits = 16, digits[2:]
	case strings.HasPrefix(low, "0") && len(low) > 1:
		base, digits = 8, digits[1:]
	}
	n, err := strconv.ParseUint(digits, base, 64)
	if minus {
		n = -n
	}
	return int64(uint32(n)), err == nil || errors.Is(err, strconv.ErrRange)
}

func setMark(name string, in keyword.Scope, flags keyword.Flags, doc string, set func(*tx.Tx, *int)) *keyword.Def[Action] {
	s := keyword.Spec{Name: name, In: in, Flags: flags, Doc: doc, Needs: "CAP_NET_ADMIN for marks"}
	if flags.Has(keyword.Deprecated) {
		s.Instead = strings.Replace(name, "set-", "set-fc-", 1)
	}
	return keyword.Define(s, func(e *keyword.Env, a *markArgs) (Action, error) {
		n, x := int(a.Number), a.Expr
		return Action{Run: func(t *tx.Tx) Verdict {
			if x == nil {
				set(t, &n)
				return Continue
			}
			var v tx.Value
			if x.Eval(t, tx.TypeInt, &v) {
				n := int(uint32(v.Int))
				set(t, &n)
			}
			return Continue
		}}, nil
	})
}

// expectArgs is "layer4".
type expectArgs struct{}

// Usage is what messages say of the argument.
func (expectArgs) Usage() string { return "layer4" }

// ParseArgs reads the layer.
func (expectArgs) ParseArgs(a *keyword.Args) error {
	what := a.Words[max(a.Pos-1, 0)].Text
	w, at, _ := a.Next()
	if w != "layer4" {
		return refuse(at, "'tcp-request connection %s' only supports 'layer4' in %s '%s' (got '%s')", what, kind(a.Env.Section), a.Env.Owner, w)
	}
	return nil
}

func expect(name, doc string, flags keyword.Flags, set func(*tx.Session)) *keyword.Def[Action] {
	return keyword.Define(keyword.Spec{Name: name, In: tcpCon, Doc: doc, Flags: flags}, func(*keyword.Env, *expectArgs) (Action, error) {
		return Action{Run: func(t *tx.Tx) Verdict {
			set(t.Sess)
			return Continue
		}}, nil
	})
}
