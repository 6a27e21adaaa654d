package engine

import (
	"net/netip"
	"strconv"

	"tandem/proxy/config"
	"tandem/proxy/sample"
	"tandem/proxy/tx"
)

// appender is what a compiled format can do.
type appender interface {
	Append(dst []byte, t *tx.Tx) []byte
}

// addForwarded adds the Forwarded field of RFC 7239.
func (c *conn) addForwarded(f *config.Forwarded) {
	t := &c.t
	out := t.Scratch.Alloc(512)[:0]
	sep := func() {
		if len(out) > 0 {
			out = append(out, ';')
		}
	}
	if f.Proto {
		sep()
		out = append(out, "proto=http"...)
		if c.sess.TLS != nil {
			out = append(out, 's')
		}
	}
	if f.Host || f.HostExpr != nil {
		var h []byte
		if f.HostExpr != nil {
			h, _ = f.HostExpr.AppendString(nil, t)
		} else {
			h = t.Req.Get([]byte("host"))
		}
		if len(h) > 0 {
			sep()
			out = append(append(append(out, `host="`...), h...), '"')
		}
	}
	if f.By || f.ByExpr != nil {
		sep()
		out = c.forwardedNode(append(out, "by="...), f.ByExpr, c.sess.Dst, f.ByPort, f.ByPortExpr)
	}
	if f.For || f.ForExpr != nil {
		sep()
		out = c.forwardedNode(append(out, "for="...), f.ForExpr, c.sess.Src, f.ForPort, f.ForPortExpr)
	}
	if len(out) > 0 {
		t.Req.Append([]byte("forwarded"), out)
	}
}

// forwardedNode appends an address with an optional port, quoted where the
// RFC asks for it.
func (c *conn) forwardedNode(out []byte, x *sample.Expr, a netip.AddrPort, port bool, px *sample.Expr) []byte {
	var node []byte
	switch {
	case x != nil:
		b, ok := x.AppendString(nil, &c.t)
		if !ok {
			return append(out, "unknown"...)
		}
		node = b
		if ip, err := netip.ParseAddr(string(b)); err == nil && ip.Is6() {
			node = append(append([]byte{'['}, b...), ']')
		}
	case !a.IsValid():
		return append(out, "unknown"...)
	case a.Addr().Is6():
		node = append(append([]byte{'['}, a.Addr().String()...), ']')
	default:
		node = []byte(a.Addr().String())
	}
	if px != nil {
		if b, ok := px.AppendString(nil, &c.t); ok {
			node = append(node, ':')
			if len(b) > 0 && (b[0] < '0' || b[0] > '9') && b[0] != '_' {
				node = append(node, '_') // an obfuscated port (RFC 7239 6.2)
			}
			node = append(node, b...)
		}
	} else if port {
		node = strconv.AppendUint(append(node, ':'), uint64(a.Port()), 10)
	}
	return appendNode(out, node)
}

// appendNode appends a token as it is and anything else as a quoted string.
func appendNode(out, v []byte) []byte {
	for _, c := range v {
		if !(c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c == '.' || c == '-' || c == '_') {
			return append(append(append(out, '"'), v...), '"')
		}
	}
	return append(out, v...)
}
