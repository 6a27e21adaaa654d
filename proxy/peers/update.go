package peers

import (
	"encoding/binary"

	"tandem/proxy/stick"
)

// appendUpdate appends the data of an update message of an entry: its number
// n unless next, the time that it has left where timed, key, values.
func appendUpdate(dst []byte, t *stick.Table, e *stick.Entry, dict *sentStrings, n uint32, next, timed bool, now int64) []byte {
	if !next {
		dst = binary.BigEndian.AppendUint32(dst, n)
	}
	if timed {
		dst = binary.BigEndian.AppendUint32(dst, uint32(t.Left(e, now)))
	}
	key := e.Key()
	if t.Key == stick.KeyString {
		dst = appendInt(dst, uint64(len(key)))
	}
	dst = append(dst, key...)
	e.Each(now, func(d stick.Data, _ int, v uint64, r stick.Rate, text string) {
		switch {
		case d == stick.ServerKey:
			dst = dict.append(dst, text)
		case d.IsRate():
			dst = appendInt(appendInt(appendInt(dst, uint64(r.Age)), uint64(r.Cur)), uint64(r.Prev))
		default:
			dst = appendInt(dst, v)
		}
	})
	return dst
}

// target is where an update goes.
type target struct {
	table *stick.Table
	also  *stick.Table // "write-to": gets tags and servers too; may be nil
	// learned is told of each entry that was changed; nil: nobody is.
	learned func(*stick.Entry)
}

// readUpdate takes the entry of an update message into the table; n is the
// number of the last update, and the result that of this one. Nothing is
// taken into a nil table, but the strings that an update teaches are heard.
func readUpdate(b []byte, typ byte, d *Definition, to target, dict *heardStrings, n uint32, now int64) (uint32, bool) {
	s := scanner{b: b}
	if typ == update || typ == updateTimed {
		n = s.fixed()
	} else {
		n++
	}
	left := int64(-1)
	if typ == updateTimed || typ == updateTimedNext {
		left = int64(s.fixed())
	}
	key := readKey(&s, d)
	if s.bad {
		return n, false
	}
	v := readValues(&s, d, dict)
	if s.bad {
		return n, false
	}
	if to.table != nil && d.fits(&to.table.Config) {
		if key = fitKey(key, &to.table.Config); len(key) > 0 {
			if e := v.apply(d, to.table, key, left, now, false); e != nil && to.learned != nil {
				to.learned(e)
			}
			if to.also != nil {
				v.apply(d, to.also, key, -1, now, true)
			}
		}
	}
	return n, true
}

// readKey takes a key.
func readKey(s *scanner, d *Definition) []byte {
	switch d.KeyType {
	case keyTypes[stick.KeyString]:
		return s.take(s.int())
	case keyTypes[stick.KeyInteger]:
		return s.take(4)
	}
	return s.take(d.KeyLen)
}

// fitKey cuts a string to the length of a table's keys; none may hold a NUL.
func fitKey(key []byte, c *stick.Config) []byte {
	if c.Key != stick.KeyString {
		return key
	}
	for i, b := range key {
		if b == 0 {
			key = key[:i]
			break
		}
	}
	return key[:min(len(key), c.KeyLen)]
}

// value is one value of an update.
type value struct {
	data stick.Data
	i    int
	n    uint64
	rate stick.Rate
	text string
}

type values []value

// readValues takes the values of an update in the order of their kinds. Kinds
// of a later release stand behind all known ones and are left.
func readValues(s *scanner, d *Definition, dict *heardStrings) values {
	var out values
	for k := range stick.NumData {
		if d.Data&(1<<k) == 0 {
			continue
		}
		for i := range int(d.Count[k]) {
			v := value{data: k, i: i}
			switch {
			case k == stick.ServerKey:
				v.text = dict.read(s)
			case k.IsRate():
				v.rate = stick.Rate{Age: uint32(s.int()), Cur: uint32(s.int()), Prev: uint32(s.int())}
			default:
				v.n = s.int()
			}
			if s.bad {
				return nil
			}
			out = append(out, v)
		}
	}
	return out
}

// apply puts the values into the entry of a key. What counts connections that
// are open here is not learned, but by tables that only receive; tags alone
// takes no counters.
func (v values) apply(d *Definition, t *stick.Table, key []byte, left, now int64, tags bool) *stick.Entry {
	e := t.Learn(key, left, now)
	if e == nil {
		return nil
	}
	for i := range v {
		switch x := &v[i]; {
		case x.data == stick.ConnCur && !t.RecvOnly:
		case tags && x.data != stick.ServerID && x.data != stick.ServerKey && x.data != stick.GPT && x.data != stick.GPT0:
		case x.data == stick.ServerKey:
			e.LearnServerKey(x.text)
		case x.data.IsRate():
			if d.Period[x.data] == uint64(t.Period(x.data)) {
				e.LearnRate(x.data, x.i, x.rate, now)
			}
		default:
			e.LearnCount(x.data, x.i, x.n)
		}
	}
	return e
}
