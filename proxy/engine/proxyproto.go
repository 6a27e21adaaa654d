package engine

import (
	"encoding/binary"
	"hash/crc32"
	"net/netip"
	"strconv"

	"tandem/proxy/server"
)

// proxyHeader builds the PROXY protocol header that tells a server whom it
// serves (proxy-protocol.txt).
func (c *conn) proxyHeader(sp *server.SendProxy) []byte {
	if sp.Version == 1 {
		return appendProxyV1(nil, c.sess.Src, c.sess.Dst)
	}
	return c.proxyV2(sp)
}

// appendProxyV1 appends a version 1 header; addresses of different families
// or none give UNKNOWN.
func appendProxyV1(dst []byte, src, to netip.AddrPort) []byte {
	a, b := src.Addr().Unmap(), to.Addr().Unmap()
	switch {
	case !a.IsValid() || !b.IsValid():
		return append(dst, "PROXY UNKNOWN\r\n"...)
	case a.Is4() && b.Is4():
		dst = append(dst, "PROXY TCP4 "...)
	default:
		dst = append(dst, "PROXY TCP6 "...)
		a, b = netip.AddrFrom16(a.As16()), netip.AddrFrom16(b.As16())
	}
	dst = append(a.AppendTo(dst), ' ')
	dst = append(b.AppendTo(dst), ' ')
	dst = append(strconv.AppendUint(dst, uint64(src.Port()), 10), ' ')
	return append(strconv.AppendUint(dst, uint64(to.Port()), 10), "\r\n"...)
}

// TLV types of a version 2 header.
const (
	tlvALPN      = 0x01
	tlvAuthority = 0x02
	tlvCRC32C    = 0x03
	tlvUniqueID  = 0x05
	tlvSSL       = 0x20
)

var v2Signature = []byte("\r\n\r\n\x00\r\nQUIT\n")

func (c *conn) proxyV2(sp *server.SendProxy) []byte {
	out := append([]byte(nil), v2Signature...)
	a, b := c.sess.Src.Addr().Unmap(), c.sess.Dst.Addr().Unmap()
	switch {
	case !a.IsValid() || !b.IsValid():
		out = append(out, 0x20, 0x00, 0, 0)
	case a.Is4() && b.Is4():
		out = append(out, 0x21, 0x11, 0, 0)
		out = append(append(out, a.AsSlice()...), b.AsSlice()...)
	default:
		out = append(out, 0x21, 0x21, 0, 0)
		x, y := a.As16(), b.As16()
		out = append(append(out, x[:]...), y[:]...)
	}
	if a.IsValid() && b.IsValid() {
		out = binary.BigEndian.AppendUint16(out, c.sess.Src.Port())
		out = binary.BigEndian.AppendUint16(out, c.sess.Dst.Port())
	}
	tlv := func(t byte, v []byte) {
		out = append(out, t, byte(len(v)>>8), byte(len(v)))
		out = append(out, v...)
	}
	if p := c.sess.Proxy; p != nil && len(sp.TLVs) > 0 { // pass on what is not set here
		for _, x := range p.TLVs {
			if x.Type >= 0xe0 && !hasTLV(sp.TLVs, int(x.Type)) {
				tlv(x.Type, x.Value)
			}
		}
	}
	for _, x := range sp.TLVs {
		if f, ok := x.Format.(appender); ok {
			tlv(byte(x.Type), f.Append(nil, &c.t))
		}
	}
	crc := -1
	for _, o := range sp.Options {
		switch o {
		case "authority":
			if h := c.authority(); h != "" {
				tlv(tlvAuthority, []byte(h))
			}
		case "unique-id":
			if len(c.t.UniqueID) > 0 {
				tlv(tlvUniqueID, c.t.UniqueID)
			}
		case "crc32c":
			tlv(tlvCRC32C, []byte{0, 0, 0, 0})
			crc = len(out) - 4
		case "ssl", "ssl-cn":
			if st := c.sess.TLS; st != nil {
				v := append([]byte{1, 0, 0, 0, 0, 0x21}, 0, 7)
				tlv(tlvSSL, append(v, "TLSv1.3"...))
				if st.NegotiatedProtocol != "" {
					tlv(tlvALPN, []byte(st.NegotiatedProtocol))
				}
			}
		}
	}
	binary.BigEndian.PutUint16(out[14:], uint16(len(out)-16))
	if crc >= 0 {
		binary.BigEndian.PutUint32(out[crc:], crc32.Checksum(out, crc32.MakeTable(crc32.Castagnoli)))
	}
	return out
}

func (c *conn) authority() string {
	if c.sess.TLS != nil && c.sess.TLS.ServerName != "" {
		return c.sess.TLS.ServerName
	}
	if v, ok := c.sess.Proxy.Get(tlvAuthority); ok {
		return string(v)
	}
	return ""
}

func hasTLV(list []server.TLV, typ int) bool {
	for _, x := range list {
		if x.Type == typ {
			return true
		}
	}
	return false
}
