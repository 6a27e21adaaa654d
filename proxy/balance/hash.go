package balance

import (
	"hash/crc32"

	"tandem/proxy/sample"
)

// hashFunc returns the function that a hash-type names. "none" reads the key
// as a decimal number.
func hashFunc(name string) func([]byte) uint32 {
	switch name {
	case "djb2":
		return sample.DJB2
	case "wt6":
		return sample.WT6
	case "crc32":
		return crc32.ChecksumIEEE
	case "none":
		return numberOf
	}
	return sample.SDBM
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
