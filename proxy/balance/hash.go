package balance

import (
	"hash/crc32"
	"math/bits"
)

// hashFunc returns the function that a hash-type names. "none" reads the key
// as a decimal number.
func hashFunc(name string) func([]byte) uint32 {
	switch name {
	case "djb2":
		return djb2
	case "wt6":
		return wt6
	case "crc32":
		return crc32.ChecksumIEEE
	case "none":
		return numberOf
	}
	return sdbm
}

// sdbm is the hash of the sdbm library.
func sdbm(b []byte) uint32 {
	var h uint32
	for _, c := range b {
		h = uint32(c) + h<<6 + h<<16 - h
	}
	return h
}

// djb2 is D. J. Bernstein's hash.
func djb2(b []byte) uint32 {
	h := uint32(5381)
	for _, c := range b {
		h = h<<5 + h + uint32(c)
	}
	return h
}

// wt6 mixes two words that rotate each other by data-dependent distances.
func wt6(b []byte) uint32 {
	h0, h1 := uint32(0xa53c965a), uint32(0x5ca6953a)
	r0, r1 := 6, 18
	for _, c := range b {
		h0, h1 = ^(h0 ^ uint32(c)), ^(h1 + uint32(c))
		h0, h1 = bits.RotateLeft32(h1, r0), bits.RotateLeft32(h0, r1)
		t := (h0>>16 ^ h1) & 0xffff
		r0, r1 = int(t&31), int(t>>11)
	}
	return h0 ^ h1
}

// numberOf reads leading digits.
func numberOf(b []byte) uint32 {
	var n uint32
	for _, c := range b {
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + uint32(c-'0')
	}
	return n
}

// avalanche makes every bit depend on all bits (Bob Jenkins' integer hash);
// the multiplication that follows was observed on the original.
func avalanche(a uint32) uint32 {
	a = (a + 0x7ed55d16) + a<<12
	a = (a ^ 0xc761c23c) ^ a>>19
	a = (a + 0x165667b1) + a<<5
	a = (a + 0xd3a2646c) ^ a<<9
	a = (a + 0xfd7046c5) + a<<3
	a = (a ^ 0xb55a4f09) ^ a>>16
	return a * 0xc0000001
}
