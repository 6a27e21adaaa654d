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

// lifeWords are the fields of a head that its life hangs on.
type lifeWords struct {
	shared, plain int64  // s-maxage and max-age, in seconds
	expires       []byte // the first Expires, where hasExpires

	validator  bool // an entity tag or a date of change
	explicit   bool // s-maxage or max-age stand there
	numbered   bool // with a number behind
	hasExpires bool
	pragma     bool // one was seen: only the first counts
	refused    bool // must not be kept
}

// lifeOf returns how long a response may be used; ok is false where it may not
// be kept (RFC 9111 3 and 4.2.1).
func lifeOf(m *tx.Message, now time.Time) (l lifetime, ok bool) {
	var w lifeWords
	for i := range m.Fields {
		if !w.read(&m.Fields[i]) {
			return l, false
		}
	}
	if w.refused {
		return l, false
	}
	switch {
	case w.shared > 0:
		l.told = w.shared
	case w.plain > 0:
		l.told = w.plain
	}
	l.seconds = math.MaxInt32
	switch {
	case l.told > 0:
		l.seconds = l.told
	case w.hasExpires && !w.numbered:
		at, valid := httpDate(w.expires)
		if !valid || !at.After(now) {
			return l, false
		}
		l.seconds = int64(at.Sub(now) / time.Second)
	case !w.explicit && !w.validator:
		return l, false
	}
	return l, true
}

// read takes a field; false: nothing that follows makes the response one to keep.
func (w *lifeWords) read(f *tx.Field) bool {
	if f.ID == tx.HdrCacheControl {
		for word := range listOf(f.Value) {
			if !w.control(word) {
				return false
			}
		}
		return true
	}
	if f.ID != tx.HdrOther {
		return true
	}
	switch string(f.Name) {
	case "pragma":
		if !w.pragma && equalFold(f.Value, "no-cache") {
			return false
		}
		w.pragma = true
	case "etag", "last-modified":
		w.validator = true
	case "expires":
		if !w.hasExpires {
			w.expires, w.hasExpires = f.Value, true
		}
	}
	return true
}

// control takes a directive of Cache-Control, as read does.
func (w *lifeWords) control(word []byte) bool {
	var told, valid bool
	switch {
	case hasPrefixFold(word, "s-maxage"):
		if w.shared, told, valid = seconds(word[len("s-maxage"):]); !valid {
			return false
		}
		w.refused = w.refused && w.shared == 0 || equalFold(word, "s-maxage=0")
	case hasPrefixFold(word, "max-age"):
		if w.plain, told, valid = seconds(word[len("max-age"):]); !valid {
			return false
		}
		w.refused = w.refused || equalFold(word, "max-age=0")
	default:
		return !directive(word, "no-store") && !directive(word, "no-cache") && !directive(word, "private")
	}
	w.explicit, w.numbered = true, w.numbered || told
	return true
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
