package filter

import (
	"bytes"
	"math"
	"time"

	"tandem/proxy/tx"
)

// lifetime is how long a response is fresh.
type lifetime struct {
	seconds int64
	told    int64 // as Cache-Control says it, 0: it does not
}

// lifeOf returns how long a response may be used; ok is false where it may not
// be kept (RFC 9111 3 and 4.2.1).
func lifeOf(m *tx.Message, now time.Time) (l lifetime, ok bool) {
	var shared, plain int64 // s-maxage and max-age
	var expires []byte
	var validator, explicit, numbered, refused, hasExpires, pragma bool
	for i := range m.Fields {
		f := &m.Fields[i]
		switch f.ID {
		case tx.HdrCacheControl:
			for w := range listOf(f.Value) {
				switch {
				case hasPrefixFold(w, "s-maxage"):
					var told, valid bool
					if shared, told, valid = seconds(w[len("s-maxage"):]); !valid {
						return l, false
					}
					explicit, numbered = true, numbered || told
					refused = refused && shared == 0 || equalFold(w, "s-maxage=0")
				case hasPrefixFold(w, "max-age"):
					var told, valid bool
					if plain, told, valid = seconds(w[len("max-age"):]); !valid {
						return l, false
					}
					explicit, numbered = true, numbered || told
					refused = refused || equalFold(w, "max-age=0")
				case directive(w, "no-store"), directive(w, "no-cache"), directive(w, "private"):
					return l, false
				}
			}
		case tx.HdrOther:
			switch string(f.Name) {
			case "pragma":
				if !pragma && equalFold(f.Value, "no-cache") {
					return l, false
				}
				pragma = true
			case "etag", "last-modified":
				validator = true
			case "expires":
				if !hasExpires {
					expires, hasExpires = f.Value, true
				}
			}
		}
	}
	if refused {
		return l, false
	}
	l.seconds = math.MaxInt32
	switch {
	case shared > 0:
		l.told = shared
	case plain > 0:
		l.told = plain
	}
	switch {
	case l.told > 0:
		l.seconds = l.told
	case hasExpires && !numbered:
		at, valid := httpDate(expires)
		if !valid || !at.After(now) {
			return l, false
		}
		l.seconds = int64(at.Sub(now) / time.Second)
	case !explicit && !validator:
		return l, false
	}
	return l, true
}

// directive says whether w is the directive, with an argument or without.
func directive(w []byte, name string) bool {
	return hasPrefixFold(w, name) && (len(w) == len(name) || w[len(name)] == '=')
}

// seconds reads what stands behind the name of a directive. told is false
// where nothing does, valid where it is no number. What follows the digits does
// not matter, nor whether they are quoted.
func seconds(b []byte) (n int64, told, valid bool) {
	if len(b) == 0 || b[0] != '=' {
		return 0, false, true
	}
	b = bytes.TrimPrefix(b[1:], []byte{'"'})
	for len(b) > 0 && blank(b[0]) {
		b = b[1:]
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			break
		}
		valid = true
		n = min(n*10+int64(c-'0'), math.MaxInt32)
	}
	return n, true, valid
}

// ageOf returns the age that a response has already; ok is false where that is
// no number or beyond the life that Cache-Control gives it.
func ageOf(m *tx.Message, told int64) (int64, bool) {
	v := m.Get(nameAge)
	if v == nil {
		return 0, true
	}
	v = trim(v[:elementEnd(v)])
	n := int64(0)
	for _, c := range v {
		if c < '0' || c > '9' || n > math.MaxInt32 {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, n > 0 && n <= told
}
