package filter

import (
	"bytes"
	"hash/maphash"

	"tandem/proxy/tx"
)

// The request fields by which responses may vary.
const (
	byEncoding = 1 << iota
	byReferer
	byOrigin
)

// variant is what tells responses to one URI apart. Of a request it holds all
// that could matter, of a response what its Vary names.
type variant struct {
	fields    uint8
	encodings uint16 // of a request: what it accepts; of a response: what it is in
	referer   uint64
	origin    uint64
}

// Encodings as bits; "show cache" prints them as the original does.
const (
	encGzip = 1 << iota
	encDeflate
	encBrotli
	encCompress
	encAES128GCM
	encEXI
	encPack200
	encZstd
	encIdentity

	encAll = 1<<iota - 1
)

// encodingNames are the registered content codings that are told apart.
var encodingNames = []struct {
	name string
	bit  uint16
}{
	{"gzip", encGzip}, {"deflate", encDeflate}, {"br", encBrotli}, {"compress", encCompress}, {"aes128gcm", encAES128GCM},
	{"exi", encEXI}, {"pack200-gzip", encPack200}, {"zstd", encZstd}, {"identity", encIdentity}, {"x-gzip", encGzip}, {"x-compress", encCompress},
}

// maxEncodings is how many elements of Accept-Encoding are looked at, less one.
const maxEncodings = 16

var varySeed = maphash.MakeSeed()

// variantOf returns the variant that a request asks for; ok is false where its
// fields are beyond what is looked at. Without wanted nothing is looked at.
func variantOf(m *tx.Message, wanted bool) (v variant, ok bool) {
	if !wanted {
		return v, false
	}
	v.encodings, ok = accepted(m)
	for i := range m.Fields {
		f := &m.Fields[i]
		if f.ID != tx.HdrOther {
			continue
		}
		switch string(f.Name) {
		case "referer":
			if v.referer == 0 {
				v.referer = fieldHash(f.Value)
			}
		case "origin":
			if v.origin == 0 {
				v.origin = fieldHash(f.Value)
			}
		}
	}
	return v, ok
}

// fieldHash is never 0, which stands for a field that is missing.
func fieldHash(b []byte) uint64 { return maphash.Bytes(varySeed, b) | 1 }

// accepted returns the content codings that a request accepts (RFC 9110
// 12.5.3). Only "q=0" refuses one; identity is refused by name alone.
func accepted(m *tx.Message) (bits uint16, ok bool) {
	n, present, star := 0, false, false
	var refused uint16
	for i := range m.Fields {
		f := &m.Fields[i]
		if f.ID != tx.HdrOther || string(f.Name) != "accept-encoding" {
			continue
		}
		present = true
		for w := range listOf(f.Value) {
			if n++; n >= maxEncodings {
				return 0, false
			}
			name, weight, _ := bytes.Cut(w, []byte{';'})
			name, weight = trim(name), trim(weight)
			no := equalFold(weight, "q=0")
			if string(name) == "*" {
				star = !no
				continue
			}
			for k := range encodingNames {
				if e := &encodingNames[k]; equalFold(name, e.name) {
					if bits |= e.bit; no {
						refused |= e.bit
					}
				}
			}
		}
	}
	switch {
	case !present:
		return encAll, true
	case star:
		bits = encAll
	}
	return (bits | encIdentity) &^ refused, true
}

// answers says whether a kept response is one of those that a request asks for.
func (kept *variant) answers(asked *variant) bool {
	switch f := kept.fields; {
	case f&byEncoding != 0 && kept.encodings&^asked.encodings != 0,
		f&byReferer != 0 && kept.referer != asked.referer,
		f&byOrigin != 0 && kept.origin != asked.origin:
		return false
	}
	return true
}

// varies reads the Vary fields of a response; ok is false where it varies by
// what is not looked at.
func varies(m *tx.Message) (fields uint8, ok bool) {
	for i := range m.Fields {
		f := &m.Fields[i]
		if f.ID != tx.HdrOther || string(f.Name) != "vary" {
			continue
		}
		for w := range listOf(f.Value) {
			switch {
			case equalFold(w, "accept-encoding"):
				fields |= byEncoding
			case equalFold(w, "referer"):
				fields |= byReferer
			case equalFold(w, "origin"):
				fields |= byOrigin
			default:
				return 0, false
			}
		}
	}
	return fields, true
}

// encodedIn returns the content codings of a response; ok is false where one
// is not known.
func encodedIn(m *tx.Message) (bits uint16, ok bool) {
	for i := range m.Fields {
		f := &m.Fields[i]
		if f.ID != tx.HdrOther || string(f.Name) != "content-encoding" {
			continue
		}
		for w := range listOf(f.Value) {
			name, _, _ := bytes.Cut(w, []byte{';'})
			name, before := trim(name), bits
			for k := range encodingNames {
				if string(name) == encodingNames[k].name {
					bits |= encodingNames[k].bit
				}
			}
			if bits == before && len(name) > 0 {
				return 0, false
			}
		}
	}
	if bits == 0 {
		bits = encIdentity
	}
	return bits, true
}
