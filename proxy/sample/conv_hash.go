package sample

import (
	"hash/crc32"
	"math/bits"

	"github.com/cespare/xxhash/v2"
	"github.com/zeebo/xxh3"

	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

// hashConvs make integers of strings. With argument 1 the simple ones are
// mixed once more, so that all bits depend on all input bits.
var hashConvs = []word[Conv]{
	conv("sdbm", "[integer]", tx.TypeBin, tx.TypeInt, "32-bit SDBM hash.", newHash32(SDBM)),
	conv("djb2", "[integer]", tx.TypeBin, tx.TypeInt, "32-bit DJB2 hash.", newHash32(DJB2)),
	conv("wt6", "[integer]", tx.TypeBin, tx.TypeInt, "32-bit WT6 hash.", newHash32(WT6)),
	conv("crc32", "[integer]", tx.TypeBin, tx.TypeInt, "CRC32 as Ethernet, gzip and PNG use it.", newHash32(crc32.ChecksumIEEE)),
	conv("crc32c", "[integer]", tx.TypeBin, tx.TypeInt, "CRC32C of RFC 4960 appendix B.", newHash32(crc32C)),
	conv("xxh32", "[integer]", tx.TypeBin, tx.TypeInt, "32-bit xxHash with a seed.", newSeeded(func(b []byte, seed uint64) int64 { return int64(XXH32(b, uint32(seed))) })),
	conv("xxh64", "[integer]", tx.TypeBin, tx.TypeInt, "64-bit xxHash with a seed.", newSeeded(func(b []byte, seed uint64) int64 { return int64(xxh64(b, seed)) })),
	conv("xxh3", "[integer]", tx.TypeBin, tx.TypeInt, "64-bit XXH3 with a seed.", newSeeded(func(b []byte, seed uint64) int64 { return int64(xxh3.HashSeed(b, seed)) })),
}

func newHash32(hash func([]byte) uint32) buildFunc {
	return func(_ *keyword.Env, a args) (evalFunc, error) {
		mix := a.int(0, 0) != 0
		return func(_ *tx.Tx, v *Value) bool {
			h := hash(v.B)
			if mix {
				h = Avalanche(h)
			}
			v.SetInt(int64(h))
			return true
		}, nil
	}
}

func newSeeded(hash func(b []byte, seed uint64) int64) buildFunc {
	return func(_ *keyword.Env, a args) (evalFunc, error) {
		seed := uint64(a.int(0, 0))
		return func(_ *tx.Tx, v *Value) bool {
			v.SetInt(hash(v.B, seed))
			return true
		}, nil
	}
}

// SDBM is the hash of the sdbm library (Ozan Yigit, public domain).
func SDBM(b []byte) uint32 {
	var h uint32
	for _, c := range b {
		h = uint32(c) + h<<6 + h<<16 - h
	}
	return h
}

// DJB2 is D. J. Bernstein's hash.
func DJB2(b []byte) uint32 {
	h := uint32(5381)
	for _, c := range b {
		h = h<<5 + h + uint32(c)
	}
	return h
}

// WT6 is a small mixing hash over two words.
func WT6(b []byte) uint32 {
	h0, h1 := uint32(0xa53c965a), uint32(0x5ca6953a)
	step0, step1 := uint32(6), uint32(18)
	for _, c := range b {
		h0, h1 = ^(h0 ^ uint32(c)), ^(h1 + uint32(c))
		h0, h1 = bits.RotateLeft32(h1, int(step0)), bits.RotateLeft32(h0, int(step1))
		t := h0>>16 ^ h1
		step0, step1 = t&31, t&0xffff>>11
	}
	return h0 ^ h1
}

// Avalanche spreads every bit of a hash over all of it (Bob Jenkins' integer
// hash): "hash-type … avalanche" and the argument 1 of the hash converters.
func Avalanche(a uint32) uint32 {
	a = (a + 0x7ed55d16) + a<<12
	a = (a ^ 0xc761c23c) ^ a>>19
	a = (a + 0x165667b1) + a<<5
	a = (a + 0xd3a2646c) ^ a<<9
	a = (a + 0xfd7046c5) + a<<3
	a = (a ^ 0xb55a4f09) ^ a>>16
	return a * 0xc0000001 // observed: the original spreads the low bits upwards once more
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func crc32C(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

func xxh64(b []byte, seed uint64) uint64 {
	if seed == 0 {
		return xxhash.Sum64(b)
	}
	var d xxhash.Digest
	d.ResetWithSeed(seed)
	_, _ = d.Write(b) // never fails
	return d.Sum64()
}

// Primes of xxHash (github.com/Cyan4973/xxHash, specification).
const (
	prime32x1 = 2654435761
	prime32x2 = 2246822519
	prime32x3 = 3266489917
	prime32x4 = 668265263
	prime32x5 = 374761393
)

func rol32(x uint32, n int) uint32 { return x<<n | x>>(32-n) }

// XXH32 is the 32-bit variant of xxHash.
func XXH32(b []byte, seed uint32) uint32 {
	n := len(b)
	var h uint32
	if n >= 16 {
		s := [4]uint32{prime32x1, prime32x2, 0, 0}
		s[0] = seed + s[0] + prime32x2
		s[1] = seed + prime32x2
		s[2] = seed
		s[3] = seed - prime32x1
		for len(b) >= 16 {
			for i := range s {
				s[i] = rol32(s[i]+le32(b[4*i:])*prime32x2, 13) * prime32x1
			}
			b = b[16:]
		}
		h = rol32(s[0], 1) + rol32(s[1], 7) + rol32(s[2], 12) + rol32(s[3], 18)
	} else {
		h = seed + prime32x5
	}
	h += uint32(n)
	for len(b) >= 4 {
		h = rol32(h+le32(b)*prime32x3, 17) * prime32x4
		b = b[4:]
	}
	for _, c := range b {
		h = rol32(h+uint32(c)*prime32x5, 11) * prime32x1
	}
	h = (h ^ h>>15) * prime32x2
	h = (h ^ h>>13) * prime32x3
	return h ^ h>>16
}

func le32(b []byte) uint32 {
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}
