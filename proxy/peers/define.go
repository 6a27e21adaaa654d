package peers

import (
	"tandem/proxy/stick"
)

// keyTypes are the numbers of the types of keys on the wire.
var keyTypes = map[stick.KeyType]uint64{stick.KeyInteger: 2, stick.KeyIPv4: 4, stick.KeyIPv6: 5, stick.KeyString: 6, stick.KeyBinary: 7}

// Definition is what a peer says of a table before its updates.
type Definition struct {
	ID      uint64 // by which the peer knows the table
	Name    string
	KeyType uint64
	KeyLen  uint64
	Expire  uint64 // milliseconds
	Data    uint64 // bits: the kinds of data in updates
	Count   [stick.NumData]uint64
	Period  [stick.NumData]uint64 // of rates, milliseconds
}

// wireKeyLen is the length of a table's keys on the wire: that of strings
// counts the byte that ends them.
func wireKeyLen(c *stick.Config) uint64 {
	if c.Key == stick.KeyString {
		return uint64(c.KeyLen) + 1
	}
	return uint64(c.KeyLen)
}

// define is what we say of a table.
func defineTable(id uint64, name string, c *stick.Config) Definition {
	d := Definition{ID: id, Name: name, KeyType: keyTypes[c.Key], KeyLen: wireKeyLen(c), Expire: uint64(c.ExpireMS)}
	for k := range stick.NumData {
		if c.Stores(k) {
			d.Data |= 1 << k
			d.Count[k], d.Period[k] = uint64(c.Len(k)), uint64(c.Period(k))
		}
	}
	return d
}

// append appends the data of a "define" message.
func (d *Definition) append(dst []byte) []byte {
	dst = appendInt(dst, d.ID)
	dst = append(appendInt(dst, uint64(len(d.Name))), d.Name...)
	for _, v := range []uint64{d.KeyType, d.KeyLen, d.Data, d.Expire} {
		dst = appendInt(dst, v)
	}
	for k := range stick.NumData {
		if d.Data&(1<<k) == 0 || !k.IsArray() && !k.IsRate() {
			continue
		}
		dst = appendInt(dst, uint64(k))
		if k.IsArray() {
			dst = appendInt(dst, d.Count[k])
		}
		if k.IsRate() {
			dst = appendInt(dst, d.Period[k])
		}
	}
	return dst
}

// maxElements bounds arrays, as the configuration does.
const maxElements = 100

// readDefinition reads a "define" message. What follows the kinds of data may
// be missing: old releases did not send it.
func readDefinition(b []byte) (*Definition, bool) {
	s := scanner{b: b}
	d := &Definition{ID: s.int()}
	d.Name = string(s.take(s.int()))
	d.KeyType, d.KeyLen, d.Data = s.int(), s.int(), s.int()
	if s.bad || d.Name == "" || d.KeyLen > maxMessage {
		return nil, false
	}
	for k := range stick.NumData {
		d.Count[k] = 1
	}
	if len(s.b) > 0 {
		d.Expire = s.int()
	}
	for len(s.b) > 0 {
		k := stick.Data(min(s.int(), uint64(stick.NumData)))
		if k >= stick.NumData || !k.IsArray() && !k.IsRate() {
			break // of a later release: all behind it is unknown as well
		}
		if k.IsArray() {
			if d.Count[k] = s.int(); d.Count[k] > maxElements {
				return nil, false
			}
		}
		if k.IsRate() {
			d.Period[k] = s.int()
		}
	}
	return d, !s.bad
}

// fits says whether a peer's updates can be taken into a table.
func (d *Definition) fits(c *stick.Config) bool {
	return d.KeyType == keyTypes[c.Key] && (c.Key == stick.KeyString || d.KeyLen == wireKeyLen(c))
}
