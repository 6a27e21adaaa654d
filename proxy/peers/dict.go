package peers

import "sync/atomic"

// dictSize is how many strings each side remembers of the other.
const dictSize = 128

// stringList are strings by number. One goroutine changes them, others may look.
type stringList [dictSize]atomic.Pointer[string]

func (l *stringList) at(i int) string {
	if p := l[i].Load(); p != nil {
		return *p
	}
	return ""
}

// sentStrings are the strings that the other side knows by number: a ring of
// those sent last.
type sentStrings struct {
	ids  map[string]int
	list stringList
	next int
}

// append appends a string, or its number where the other side knows it: the
// length of what follows, the number, and for a new one the string.
func (d *sentStrings) append(dst []byte, s string) []byte {
	if s == "" {
		return append(dst, 0)
	}
	var mem [64]byte
	if id, ok := d.ids[s]; ok {
		b := appendInt(mem[:0], uint64(id)+1)
		return append(appendInt(dst, uint64(len(b))), b...)
	}
	if d.ids == nil {
		d.ids = map[string]int{}
	}
	id := d.next
	if old := d.list.at(id); old != "" {
		delete(d.ids, old)
	}
	d.ids[s] = id
	d.list[id].Store(&s)
	d.next = (id + 1) % dictSize
	b := appendInt(mem[:0], uint64(id)+1)
	b = append(appendInt(b, uint64(len(s))), s...)
	return append(appendInt(dst, uint64(len(b))), b...)
}

// heardStrings are the strings that the other side sent, by number.
type heardStrings struct{ list stringList }

// read takes a string; "" is none. A number that was never given fails.
func (d *heardStrings) read(s *scanner) string {
	in := scanner{b: s.take(s.int())}
	if s.bad || len(in.b) == 0 {
		return ""
	}
	id := in.int()
	if in.bad || id == 0 || id > dictSize {
		s.fail()
		return ""
	}
	if len(in.b) == 0 {
		text := d.list.at(int(id - 1))
		if text == "" {
			s.fail()
		}
		return text
	}
	text := string(in.take(in.int()))
	if in.bad || text == "" {
		s.fail()
		return ""
	}
	d.list[id-1].Store(&text)
	return text
}
