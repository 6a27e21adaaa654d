package tx

import "net/netip"

// Type is the type of a sample (configuration manual 7.1, "types").
type Type uint8

// Sample types. Any and Same stand only in declarations.
const (
	TypeAny Type = iota
	TypeSame
	TypeBool
	TypeInt
	TypeAddr // IPv4 or IPv6, known when it is fetched
	TypeIPv4
	TypeIPv6
	TypeStr
	TypeBin
	TypeMethod
)

// String returns the type as the configuration manual names it.
func (t Type) String() string {
	return [...]string{"any", "same", "boolean", "integer", "addr", "ipv4", "ipv6", "string", "binary", "method"}[t]
}

// Value is one sample. B is only valid until the transaction's scratch memory
// or the message it points into is reset; Own copies it.
type Value struct {
	Type Type
	Int  int64  // TypeBool (0 or 1), TypeInt
	B    []byte // TypeStr, TypeBin, TypeMethod
	IP   netip.Addr

	// More says that calling the fetch again with this same Value yields the
	// next occurrence; Cursor is the fetch's own memory for that.
	More   bool
	Cursor int
	// MayChange says that a later call may answer differently because data
	// are still coming; rules that wait for content then wait.
	MayChange bool
}

// SetBool makes v a boolean.
func (v *Value) SetBool(b bool) {
	v.Type, v.Int = TypeBool, 0
	if b {
		v.Int = 1
	}
}

// SetInt makes v an integer.
func (v *Value) SetInt(n int64) { v.Type, v.Int = TypeInt, n }

// SetStr makes v a string that points to b.
func (v *Value) SetStr(b []byte) { v.Type, v.B = TypeStr, b }

// SetBin makes v a binary block that points to b.
func (v *Value) SetBin(b []byte) { v.Type, v.B = TypeBin, b }

// SetIP makes v an address of its own family; IPv4-mapped addresses become IPv4.
func (v *Value) SetIP(a netip.Addr) {
	a = a.Unmap()
	v.IP, v.Type = a, TypeIPv6
	if a.Is4() {
		v.Type = TypeIPv4
	}
}

// Own returns a copy of v that shares no memory with a transaction.
func (v Value) Own() Value {
	if v.B != nil {
		v.B = append([]byte(nil), v.B...)
	}
	return v
}

// Borrow returns an empty Value that Return takes back, in the reverse order:
// evaluation through function values would otherwise allocate one each time.
func (t *Tx) Borrow() *Value {
	if t.values == nil {
		t.values = new([16]Value)
	}
	if t.borrowed >= len(t.values) {
		t.borrowed++
		return new(Value)
	}
	v := &t.values[t.borrowed]
	t.borrowed++
	*v = Value{}
	return v
}

// Return gives the Value borrowed last back.
func (t *Tx) Return() { t.borrowed-- }
