package sample

import (
	"encoding/hex"
	"net/netip"
	"strconv"

	"tandem/proxy/tx"
)

type castFunc func(t *tx.Tx, v *Value) bool

// castTo returns the function that turns a sample of type from into one of
// type to (nil: nothing to do), and whether such a cast exists (configuration
// manual 7.1.1).
func castTo(from, to Type) (castFunc, bool) {
	switch {
	case to == tx.TypeAny || from == to:
		return nil, true
	case from == tx.TypeAny || from == tx.TypeSame || from == tx.TypeAddr:
		return func(t *tx.Tx, v *Value) bool { return Cast(t, v, to) }, true
	case !castable[from][to]:
		return nil, false
	}
	return func(t *tx.Tx, v *Value) bool { return Cast(t, v, to) }, true
}

// castable[from][to] is the table of the configuration manual.
var castable = func() (m [tx.TypeMethod + 1][tx.TypeMethod + 1]bool) {
	allow := func(from Type, to ...Type) {
		for _, t := range to {
			m[from][t] = true
		}
	}
	allow(tx.TypeBool, tx.TypeBool, tx.TypeInt, tx.TypeStr)
	allow(tx.TypeInt, tx.TypeBool, tx.TypeInt, tx.TypeAddr, tx.TypeIPv4, tx.TypeIPv6, tx.TypeStr, tx.TypeBin)
	allow(tx.TypeIPv4, tx.TypeBool, tx.TypeInt, tx.TypeAddr, tx.TypeIPv4, tx.TypeIPv6, tx.TypeStr, tx.TypeBin)
	allow(tx.TypeIPv6, tx.TypeBool, tx.TypeAddr, tx.TypeIPv4, tx.TypeIPv6, tx.TypeStr, tx.TypeBin)
	allow(tx.TypeStr, tx.TypeBool, tx.TypeInt, tx.TypeAddr, tx.TypeIPv4, tx.TypeIPv6, tx.TypeStr, tx.TypeBin, tx.TypeMethod)
	allow(tx.TypeBin, tx.TypeStr, tx.TypeBin, tx.TypeMethod, tx.TypeInt, tx.TypeIPv4, tx.TypeIPv6, tx.TypeAddr)
	allow(tx.TypeMethod, tx.TypeStr, tx.TypeBin, tx.TypeMethod)
	return m
}()

// Cast turns v into a sample of type to and says whether its value allows it.
func Cast(t *tx.Tx, v *Value, to Type) bool {
	if v.Type == to || to == tx.TypeAny || to == tx.TypeSame {
		return true
	}
	switch to {
	case tx.TypeStr:
		return castStr(t, v)
	case tx.TypeBin:
		if v.Type == tx.TypeInt {
			b := t.Scratch.Alloc(8)
			for i := range 8 {
				b[i] = byte(uint64(v.Int) >> (56 - 8*i))
			}
			v.SetBin(b)
			return true
		}
		if v.Type == tx.TypeIPv4 || v.Type == tx.TypeIPv6 {
			v.SetBin(t.Scratch.Copy(v.IP.AsSlice()))
			return true
		}
		if v.B == nil && v.Type != tx.TypeStr && v.Type != tx.TypeMethod {
			return false
		}
		v.Type = tx.TypeBin
		return true
	case tx.TypeInt:
		return castInt(v)
	case tx.TypeBool:
		if v.Type == tx.TypeStr || v.Type == tx.TypeBin || v.Type == tx.TypeMethod {
			if !castInt(v) {
				return false
			}
		}
		if v.Type == tx.TypeIPv4 || v.Type == tx.TypeIPv6 {
			v.SetBool(!v.IP.IsUnspecified())
			return true
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

func castStr(t *tx.Tx, v *Value) bool {
	switch v.Type {
	case tx.TypeBool, tx.TypeInt:
		b := t.Scratch.Alloc(20)[:0]
		v.SetStr(strconv.AppendInt(b, v.Int, 10))
	case tx.TypeIPv4, tx.TypeIPv6, tx.TypeAddr:
		b := t.Scratch.Alloc(46)[:0]
		v.SetStr(v.IP.AppendTo(b))
	case tx.TypeBin:
		b := t.Scratch.Alloc(2 * len(v.B))
		hex.Encode(b, v.B)
		for i, c := range b {
			if c >= 'a' {
				b[i] = c - 32
			}
		}
		v.SetStr(b)
	default:
		v.Type = tx.TypeStr
	}
	return true
}

func castInt(v *Value) bool {
	switch v.Type {
	case tx.TypeBool:
		v.Type = tx.TypeInt
		return true
	case tx.TypeIPv4:
		a := v.IP.As4()
		v.SetInt(int64(a[0])<<24 | int64(a[1])<<16 | int64(a[2])<<8 | int64(a[3]))
		return true
	case tx.TypeStr:
		n, err := strconv.ParseInt(string(v.B), 10, 64)
		if err != nil {
			return false
		}
		v.SetInt(n)
		return true
	case tx.TypeBin:
		var n int64
		for _, c := range v.B[:min(8, len(v.B))] {
			n = n<<8 | int64(c)
		}
		v.SetInt(n)
		return true
	}
	return v.Type == tx.TypeInt
}

func castIP(v *Value, to Type) bool {
	switch v.Type {
	case tx.TypeStr:
		a, err := netip.ParseAddr(string(v.B))
		if err != nil {
			return false
		}
		v.SetIP(a)
	case tx.TypeBin:
		a, ok := netip.AddrFromSlice(v.B)
		if !ok {
			return false
		}
		v.SetIP(a)
	case tx.TypeInt:
		n := uint32(v.Int)
		v.SetIP(netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}))
	}
	switch {
	case to == tx.TypeIPv6 && v.Type == tx.TypeIPv4:
		v.IP, v.Type = netip.AddrFrom16(v.IP.As16()), tx.TypeIPv6
	case to == tx.TypeIPv4 && v.Type == tx.TypeIPv6:
		a := v.IP.Unmap()
		if !a.Is4() {
			return false
		}
		v.IP, v.Type = a, tx.TypeIPv4
	}
	return v.Type == tx.TypeIPv4 || v.Type == tx.TypeIPv6
}
