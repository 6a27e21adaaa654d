package sample

import (
	"bytes"
	"net/netip"
	"strconv"
	"unsafe"

	"tandem/proxy/tx"
)

type castFunc func(t *tx.Tx, v *Value) bool

// castTo returns the function that turns a sample of type from into one of
// type to (nil: nothing to do), and whether such a cast exists (configuration
// manual 7.1.1).
func castTo(from, to Type) (castFunc, bool) {
	switch {
	case to == tx.TypeAny || to == tx.TypeSame || from == to:
		return nil, true
	case from == tx.TypeAny || from == tx.TypeSame:
		return func(t *tx.Tx, v *Value) bool { return Cast(t, v, to) }, true
	case !castable[from][to]:
		return nil, false
	case to == tx.TypeAddr && (from == tx.TypeIPv4 || from == tx.TypeIPv6):
		return nil, true
	}
	return func(t *tx.Tx, v *Value) bool { return Cast(t, v, to) }, true
}

// Castable says whether samples of type from can be used as to.
func Castable(from, to Type) bool {
	_, ok := castTo(from, to)
	return ok
}

// castable[from][to] is the original's table, observed.
var castable = func() (m [tx.TypeMethod + 1][tx.TypeMethod + 1]bool) {
	allow := func(from Type, to ...Type) {
		for _, t := range to {
			m[from][t] = true
		}
	}
	allow(tx.TypeBool, tx.TypeInt, tx.TypeStr, tx.TypeBin)
	allow(tx.TypeInt, tx.TypeBool, tx.TypeAddr, tx.TypeIPv4, tx.TypeIPv6, tx.TypeStr, tx.TypeBin)
	allow(tx.TypeAddr, tx.TypeIPv4, tx.TypeIPv6, tx.TypeStr, tx.TypeBin)
	allow(tx.TypeIPv4, tx.TypeInt, tx.TypeAddr, tx.TypeIPv6, tx.TypeStr, tx.TypeBin)
	allow(tx.TypeIPv6, tx.TypeAddr, tx.TypeIPv4, tx.TypeStr, tx.TypeBin)
	allow(tx.TypeStr, tx.TypeBool, tx.TypeInt, tx.TypeAddr, tx.TypeIPv4, tx.TypeIPv6, tx.TypeBin, tx.TypeMethod)
	allow(tx.TypeBin, tx.TypeStr)
	allow(tx.TypeMethod, tx.TypeStr, tx.TypeBin)
	return m
}()

// Cast turns v into a sample of type to and says whether its value allows it.
func Cast(t *tx.Tx, v *Value, to Type) bool {
	if v.Type == to || to == tx.TypeAny || to == tx.TypeSame {
		return true
	}
	if v.Type > tx.TypeMethod || !castable[v.Type][to] {
		return false
	}
	switch to {
	case tx.TypeStr:
		return castStr(t, v)
	case tx.TypeBin:
		castBin(t, v)
		return true
	case tx.TypeInt:
		return castInt(v)
	case tx.TypeBool:
		if !castInt(v) {
			return false
		}
		v.SetBool(v.Int != 0)
		return true
	case tx.TypeAddr, tx.TypeIPv4, tx.TypeIPv6:
		return castIP(v, to)
	case tx.TypeMethod:
		v.Type = tx.TypeMethod
		return true
	}
	return false
}

func castBin(t *tx.Tx, v *Value) {
	switch v.Type {
	case tx.TypeInt, tx.TypeBool:
		b := t.Scratch.Alloc(8)
		for i := range 8 {
			b[i] = byte(uint64(v.Int) >> (56 - 8*i))
		}
		v.B = b
	case tx.TypeIPv4, tx.TypeIPv6, tx.TypeAddr:
		v.B = addrBytes(t, v.IP)
	}
	v.Type = tx.TypeBin
}

// addrBytes returns the 4 or 16 bytes of an address.
func addrBytes(t *tx.Tx, ip netip.Addr) []byte {
	if ip.Is4() {
		b, a := t.Scratch.Alloc(4), ip.As4()
		copy(b, a[:])
		return b
	}
	b, a := t.Scratch.Alloc(16), ip.As16()
	copy(b, a[:])
	return b
}

func castStr(t *tx.Tx, v *Value) bool {
	switch v.Type {
	case tx.TypeBool, tx.TypeInt:
		v.B = strconv.AppendInt(t.Scratch.Alloc(20)[:0], v.Int, 10)
	case tx.TypeIPv4, tx.TypeIPv6, tx.TypeAddr:
		v.B = v.IP.AppendTo(t.Scratch.Alloc(46)[:0])
	case tx.TypeBin:
		if i := bytes.IndexByte(v.B, 0); i >= 0 { // text ends at the first NUL
			v.B = v.B[:i]
		}
	}
	v.Type = tx.TypeStr
	return true
}

func castInt(v *Value) bool {
	switch v.Type {
	case tx.TypeBool:
		v.Type = tx.TypeInt
	case tx.TypeIPv4:
		a := v.IP.As4()
		v.SetInt(int64(a[0])<<24 | int64(a[1])<<16 | int64(a[2])<<8 | int64(a[3]))
	case tx.TypeStr:
		if len(v.B) == 0 {
			return false
		}
		v.SetInt(leadingInt(v.B))
	}
	return v.Type == tx.TypeInt
}

// leadingInt reads the decimal number at the start of b; it is 0 where there
// is none, and saturates.
func leadingInt(b []byte) int64 {
	i, neg := 0, false
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		neg, i = b[0] == '-', 1
	}
	var n uint64
	const most = 1<<63 - 1
	for ; i < len(b) && b[i] >= '0' && b[i] <= '9'; i++ {
		if n > (most-9)/10 {
			n = most
			break
		}
		n = n*10 + uint64(b[i]-'0')
	}
	if neg {
		return -int64(n)
	}
	return int64(n)
}

func castIP(v *Value, to Type) bool {
	switch v.Type {
	case tx.TypeStr:
		a, ok := parseAddr(v.B)
		if !ok {
			return false
		}
		setAddr(v, a)
	case tx.TypeInt:
		n := uint32(v.Int)
		v.IP, v.Type = netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}), tx.TypeIPv4
	}
	switch {
	case to == tx.TypeIPv6 && v.Type == tx.TypeIPv4:
		v.IP, v.Type = netip.AddrFrom16(v.IP.As16()), tx.TypeIPv6
	case to == tx.TypeIPv4 && v.Type == tx.TypeIPv6:
		a, ok := EmbeddedIPv4(v.IP)
		if !ok {
			return false
		}
		v.IP, v.Type = a, tx.TypeIPv4
	}
	return v.Type == tx.TypeIPv4 || v.Type == tx.TypeIPv6
}

// setAddr stores an address without unmapping it.
func setAddr(v *Value, a netip.Addr) {
	v.IP, v.Type = a, tx.TypeIPv6
	if a.Is4() {
		v.Type = tx.TypeIPv4
	}
}

// parseAddr reads an address without zone.
func parseAddr(b []byte) (netip.Addr, bool) {
	if len(b) == 0 || len(b) > 45 {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(text(b))
	return a, err == nil && a.Zone() == ""
}

// EmbeddedIPv4 returns the IPv4 address inside 2002:IPV4::, ::IPV4 or
// ::ffff:IPV4 (configuration manual 7.1.6).
func EmbeddedIPv4(a netip.Addr) (netip.Addr, bool) {
	if a.Is4() {
		return a, true
	}
	b := a.As16()
	if b[0] == 0x20 && b[1] == 0x02 {
		return netip.AddrFrom4([4]byte(b[2:6])), true
	}
	for _, x := range b[:10] {
		if x != 0 {
			return a, false
		}
	}
	if b[10] != b[11] || b[10] != 0 && b[10] != 0xff {
		return a, false
	}
	return netip.AddrFrom4([4]byte(b[12:])), true
}

// text returns b as a string that shares its memory; for look-ups and parsers
// that do not keep it.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
