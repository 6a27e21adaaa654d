package sample

import (
	"net"
	"net/netip"
	"strconv"
	"time"

	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

// l4Fetches are about the connections themselves.
var l4Fetches = []word[Fetch]{
	fetch("src", "", tx.TypeAddr, ClientL4, "Address of the client.", plain(addrOf(func(t *tx.Tx) netip.AddrPort { return t.Sess.Src }))),
	fetch("src_port", "", tx.TypeInt, ClientL4, "Port of the client.", plain(portOf(func(t *tx.Tx) netip.AddrPort { return t.Sess.Src }))),
	fetch("dst", "", tx.TypeAddr, ClientL4, "Address that the client connected to.", plain(addrOf(func(t *tx.Tx) netip.AddrPort { return t.Sess.Dst }))),
	fetch("dst_port", "", tx.TypeInt, ClientL4, "Port that the client connected to.", plain(portOf(func(t *tx.Tx) netip.AddrPort { return t.Sess.Dst }))),
	fetch("fc_src", "", tx.TypeAddr, ClientL4, "Address of the client as its connection began.", plain(addrOf(func(t *tx.Tx) netip.AddrPort { return realOr(t.Sess.RealSrc, t.Sess.Src) }))),
	fetch("fc_src_port", "", tx.TypeInt, ClientL4, "Port of the client as its connection began.", plain(portOf(func(t *tx.Tx) netip.AddrPort { return realOr(t.Sess.RealSrc, t.Sess.Src) }))),
	fetch("fc_dst", "", tx.TypeAddr, ClientL4, "Address connected to as the connection began.", plain(addrOf(func(t *tx.Tx) netip.AddrPort { return realOr(t.Sess.RealDst, t.Sess.Dst) }))),
	fetch("fc_dst_port", "", tx.TypeInt, ClientL4, "Port connected to as the connection began.", plain(portOf(func(t *tx.Tx) netip.AddrPort { return realOr(t.Sess.RealDst, t.Sess.Dst) }))),
	fetch("bc_src", "", tx.TypeAddr, ServerL4, "Local address of the connection to the server.", plain(addrOf(func(t *tx.Tx) netip.AddrPort { return t.SrvSrc }))),
	fetch("bc_src_port", "", tx.TypeInt, ServerL4, "Local port of the connection to the server.", plain(portOf(func(t *tx.Tx) netip.AddrPort { return t.SrvSrc }))),
	fetch("bc_dst", "", tx.TypeAddr, ServerL4, "Address of the server.", plain(addrOf(func(t *tx.Tx) netip.AddrPort { return t.SrvDst }))),
	fetch("bc_dst_port", "", tx.TypeInt, ServerL4, "Port of the server.", plain(portOf(func(t *tx.Tx) netip.AddrPort { return t.SrvDst }))),
	fetch("bc_reused", "", tx.TypeBool, ServerL4, "Whether the connection to the server served an earlier request.", plain(func(t *tx.Tx, v *Value) bool { v.SetBool(t.SrvReused); return t.SrvDst.IsValid() })),
	fetch("src_is_local", "", tx.TypeBool, ClientL4, "Whether the client's address is one of this machine.", plain(isLocal(func(t *tx.Tx) netip.AddrPort { return t.Sess.Src }))),
	fetch("dst_is_local", "", tx.TypeBool, ClientL4, "Whether the address connected to is one of this machine.", plain(isLocal(func(t *tx.Tx) netip.AddrPort { return t.Sess.Dst }))),
	fetch("fc_src_is_local", "", tx.TypeBool, ClientL4, "src_is_local for the connection as it began.", plain(isLocal(func(t *tx.Tx) netip.AddrPort { return realOr(t.Sess.RealSrc, t.Sess.Src) }))),
	fetch("fc_dst_is_local", "", tx.TypeBool, ClientL4, "dst_is_local for the connection as it began.", plain(isLocal(func(t *tx.Tx) netip.AddrPort { return realOr(t.Sess.RealDst, t.Sess.Dst) }))),
	fetch("fc_rcvd_proxy", "", tx.TypeBool, ClientL4, "Whether the connection began with a PROXY protocol header.", plain(func(t *tx.Tx, v *Value) bool { v.SetBool(t.Sess.Proxy != nil); return true })),
	fetch("fc_pp_authority", "", tx.TypeStr, ClientL4, "Host name in the PROXY protocol header.", plain(proxyTLV(0x02, tx.TypeStr))),
	fetch("fc_pp_unique_id", "", tx.TypeStr, ClientL4, "Unique id in the PROXY protocol header.", plain(proxyTLV(0x05, tx.TypeStr))),
	fetch("fc_pp_tlv", "string", tx.TypeStr, ClientL5, "Value of a TLV of the PROXY protocol header, by number or name.", newProxyTLV),
	fetch("fc_http_major", "", tx.TypeInt, ClientL4, "Major version of HTTP that the client speaks.", plain(evalClientMajor)),
	fetch("bc_http_major", "", tx.TypeInt, ServerL4, "Major version of HTTP that the server is spoken to with.", plain(evalServerMajor)),
	fetch("fc_err", "", tx.TypeInt, ClientL4, "Number of the error of the client connection, 0 if there is none.", plain(func(t *tx.Tx, v *Value) bool { v.SetInt(int64(t.Sess.Err.Code)); return true })),
	fetch("fc_err_str", "", tx.TypeStr, ClientL4, "Text of the error of the client connection.", plain(evalClientError)),
	fetch("fc_err_name", "", tx.TypeStr, ClientL4, "Name of the error of the client connection.", never, keyword.NotActed),
	fetch("bc_err", "", tx.TypeInt, ServerL4, "Number of the error of the server connection.", plain(func(t *tx.Tx, v *Value) bool { v.SetInt(0); return t.SrvDst.IsValid() }), keyword.NotActed),
	fetch("bc_err_str", "", tx.TypeStr, ServerL4, "Text of the error of the server connection.", never, keyword.NotActed),
	fetch("bc_err_name", "", tx.TypeStr, ServerL4, "Name of the error of the server connection.", never, keyword.NotActed),
	fetch("fc_nb_streams", "", tx.TypeInt, ClientL4, "Streams open on the client connection.", plain(constant(1)), keyword.NotActed),
	fetch("bc_nb_streams", "", tx.TypeInt, ServerL5, "Streams open on the server connection.", plain(constant(1)), keyword.NotActed),
	fetch("fc_glitches", "", tx.TypeInt, ClientL4, "Protocol glitches counted on the client connection.", plain(func(t *tx.Tx, v *Value) bool {
		v.SetInt(int64(t.Sess.Glitches))
		return true
	})),
	fetch("bc_glitches", "", tx.TypeInt, ServerL4, "Protocol glitches counted on the server connection.", plain(constant(0)), keyword.NotActed),
	fetch("fc_settings_streams_limit", "", tx.TypeInt, ClientL5, "Streams allowed on the client connection.", plain(constant(1)), keyword.NotActed),
	fetch("bc_settings_streams_limit", "", tx.TypeInt, ServerL5, "Streams allowed on the server connection.", plain(constant(1)), keyword.NotActed),
	fetch("fc_saved_syn", "", tx.TypeBin, ClientL4, "The SYN packet saved by the bind option tcp-ss.", never, keyword.NotActed),
	fetch("dst_conn", "", tx.TypeInt, Listener, "Connections of the listener.", plain(evalListenerConns)),
	fetch("so_id", "", tx.TypeInt, Listener, "Number of the listener.", plain(evalListenerID)),
	fetch("so_name", "", tx.TypeStr, Listener, "Name of the listener.", plain(evalListenerName)),
}

// realOr returns the socket's address, or the rules' one where none is kept.
func realOr(real, seen netip.AddrPort) netip.AddrPort {
	if real.IsValid() {
		return real
	}
	return seen
}

func addrOf(get func(*tx.Tx) netip.AddrPort) evalFunc {
	return func(t *tx.Tx, v *Value) bool {
		a := get(t).Addr()
		if !a.IsValid() {
			return false
		}
		v.SetIP(a)
		return true
	}
}

func portOf(get func(*tx.Tx) netip.AddrPort) evalFunc {
	return func(t *tx.Tx, v *Value) bool {
		a := get(t)
		v.SetInt(int64(a.Port()))
		return a.IsValid()
	}
}

// isLocal asks whether this machine could bind the address, as the original does.
func isLocal(get func(*tx.Tx) netip.AddrPort) evalFunc {
	return func(t *tx.Tx, v *Value) bool {
		a := get(t).Addr().Unmap()
		if !a.IsValid() {
			return false
		}
		if a.IsLoopback() {
			v.SetBool(true)
			return true
		}
		l, err := net.ListenUDP("udp", &net.UDPAddr{IP: a.AsSlice()})
		if err == nil {
			err = l.Close()
		}
		v.SetBool(err == nil)
		return true
	}
}

func proxyTLV(typ byte, out Type) evalFunc {
	return func(t *tx.Tx, v *Value) bool {
		b, ok := t.Sess.Proxy.Get(typ)
		v.Type, v.B = out, b
		return ok
	}
}

// tlvNames are the names of TLV types (proxy-protocol.txt section 2.2).
var tlvNames = map[string]byte{
	"ALPN": 0x01, "AUTHORITY": 0x02, "CRC32C": 0x03, "NOOP": 0x04, "UNIQUE_ID": 0x05,
	"SSL": 0x20, "NETNS": 0x30,
}

func newProxyTLV(_ *keyword.Env, a args) (evalFunc, error) {
	name := a.str(0, "")
	if typ, ok := tlvNames[name]; ok {
		return proxyTLV(typ, tx.TypeStr), nil
	}
	n, err := strconv.ParseUint(name, 0, 64)
	switch {
	case name == "": // never asked for by its number
	case err != nil:
		return nil, errText("Could not convert type '" + name + "'")
	case n > 255:
		return nil, errText("Must be in range of 0-255")
	}
	return proxyTLV(byte(n), tx.TypeStr), nil
}

func evalClientMajor(t *tx.Tx, v *Value) bool {
	n := t.Sess.Version
	if n == 0 && t.HasReq {
		n = t.Req.Version
	}
	v.SetInt(int64(max(1, n/10)))
	return true
}

func evalServerMajor(t *tx.Tx, v *Value) bool {
	v.SetInt(int64(max(1, t.Res.Version/10)))
	return t.SrvDst.IsValid()
}

func evalClientError(t *tx.Tx, v *Value) bool {
	s := t.Sess.Err.Text
	if s == "" && t.Sess.Err.Code == 0 {
		s = "Success"
	}
	v.SetStr([]byte(s))
	return true
}

// constant makes a fetch that is always n.
func constant(n int64) evalFunc {
	return func(_ *tx.Tx, v *Value) bool {
		v.SetInt(n)
		return true
	}
}

func evalListenerConns(t *tx.Tx, v *Value) bool {
	if t.Sess.Listener == nil {
		return false
	}
	v.SetInt(int64(t.Sess.Listener.Stats.Sess.Load()))
	return true
}

func evalListenerID(t *tx.Tx, v *Value) bool {
	if t.Sess.Listener == nil {
		return false
	}
	v.SetInt(int64(t.Sess.Listener.ID))
	return true
}

func evalListenerName(t *tx.Tx, v *Value) bool {
	if t.Sess.Listener == nil || t.Sess.Listener.Name == "" {
		return false
	}
	v.SetStr(stringBytes(t, t.Sess.Listener.Name))
	return true
}

// stringBytes copies a string into the transaction's memory.
func stringBytes(t *tx.Tx, s string) []byte {
	b := t.Scratch.Alloc(len(s))
	copy(b, s)
	return b
}

// millis returns a duration as logs print it.
func millis(d time.Duration) int64 { return d.Milliseconds() }
