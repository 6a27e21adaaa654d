package lua

import (
	"encoding/binary"
	"math"

	glua "github.com/yuin/gopher-lua"
)

// packLib packs values into strings and takes them out (manual 6.4.2).
var packLib = map[string]glua.LGFunction{"pack": stringPack, "unpack": stringUnpack, "packsize": stringPackSize}

// packOption is one item of a format.
type packOption struct {
	kind  byte // i u f d s z x c
	size  int
	pad   int // bytes before it
	order binary.ByteOrder
}

type packFormat struct {
	l     *glua.LState
	text  string
	pos   int
	order binary.ByteOrder
	align int
	at    int // position in the data, from 0
}

func newPackFormat(l *glua.LState) *packFormat {
	return &packFormat{l: l, text: l.CheckString(1), order: binary.LittleEndian, align: 1}
}

func (f *packFormat) digits(def int) int {
	n, any := 0, false
	for f.pos < len(f.text) && f.text[f.pos] >= '0' && f.text[f.pos] <= '9' && n < 1<<26 {
		n, any = n*10+int(f.text[f.pos]-'0'), true
		f.pos++
	}
	if !any {
		return def
	}
	return n
}

func (f *packFormat) intSize(def int) int {
	n := f.digits(def)
	if n < 1 || n > 16 {
		f.l.RaiseError("integral size (%d) out of limits [1,16]", n)
	}
	return n
}

// next returns the next item; false at the end.
func (f *packFormat) next() (packOption, bool) {
	for f.pos < len(f.text) {
		c := f.text[f.pos]
		f.pos++
		o := packOption{order: f.order}
		align := 0
		switch c {
		case '<', '=':
			f.order = binary.LittleEndian
			continue
		case '>':
			f.order = binary.BigEndian
			continue
		case '!':
			f.align = f.intSize(8)
			continue
		case ' ':
			continue
		case 'b', 'B', 'h', 'H', 'i', 'I', 'l', 'L', 'j', 'J', 'T':
			o.kind = 'i'
			o.size = map[byte]int{'b': 1, 'h': 2, 'l': 8, 'j': 8, 't': 8}[c|0x20]
			if c|0x20 == 'i' {
				o.size = f.intSize(4)
			}
			if c < 'a' {
				o.kind = 'u'
			}
			align = o.size
		case 'f':
			o.kind, o.size, align = 'f', 4, 4
		case 'd', 'n':
			o.kind, o.size, align = 'd', 8, 8
		case 's':
			o.kind, o.size = 's', f.intSize(8)
			align = o.size
		case 'z':
			o.kind = 'z'
		case 'x':
			o.kind, o.size = 'x', 1
		case 'c':
			if o.kind, o.size = 'c', f.digits(-1); o.size < 0 {
				f.l.RaiseError("missing size for format option 'c'")
			}
		default:
			f.l.RaiseError("invalid format option '%c'", c)
		}
		if align = min(align, f.align); align > 1 {
			if align&(align-1) != 0 {
				f.l.ArgError(1, "format asks for alignment not power of 2")
			}
			o.pad = (align - f.at&(align-1)) & (align - 1)
		}
		return o, true
	}
	return packOption{}, false
}

// putInt appends an integer of size bytes.
func putInt(b []byte, n uint64, negative bool, size int, o binary.ByteOrder) []byte {
	at := len(b)
	for i := range size {
		c := byte(0)
		switch {
		case i < 8:
			c = byte(n >> (8 * i))
		case negative:
			c = 0xff
		}
		b = append(b, c)
	}
	if o == binary.BigEndian {
		for i, j := at, len(b)-1; i < j; i, j = i+1, j-1 {
			b[i], b[j] = b[j], b[i]
		}
	}
	return b
}

func getInt(b []byte, signed bool, o binary.ByteOrder) int64 {
	var n uint64
	for i := range b {
		c := b[i]
		if o != binary.BigEndian {
			c = b[len(b)-1-i]
		}
		n = n<<8 | uint64(c)
	}
	if bits := 8 * len(b); signed && bits < 64 && n>>(bits-1)&1 == 1 {
		n |= ^uint64(0) << bits
	}
	return int64(n)
}

func stringPack(l *glua.LState) int {
	f := newPackFormat(l)
	var b []byte
	arg := 2
	for {
		o, ok := f.next()
		if !ok {
			break
		}
		b = append(b, make([]byte, o.pad)...)
		switch o.kind {
		case 'i', 'u':
			n := toInteger(l, l.CheckNumber(arg))
			if o.size < 8 {
				lim := int64(1) << (8*o.size - 1)
				if o.kind == 'i' && (n < -lim || n >= lim) {
					l.ArgError(arg, "integer overflow")
				} else if o.kind == 'u' && uint64(n) >= uint64(lim)*2 {
					l.ArgError(arg, "unsigned overflow")
				}
			}
			b = putInt(b, uint64(n), n < 0 && o.kind == 'i', o.size, o.order)
			arg++
		case 'f':
			b = putInt(b, uint64(math.Float32bits(float32(l.CheckNumber(arg)))), false, 4, o.order)
			arg++
		case 'd':
			b = putInt(b, math.Float64bits(float64(l.CheckNumber(arg))), false, 8, o.order)
			arg++
		case 's':
			s := l.CheckString(arg)
			if o.size < 8 && uint64(len(s)) >= 1<<(8*o.size) {
				l.ArgError(arg, "string length does not fit in given size")
			}
			b = append(putInt(b, uint64(len(s)), false, o.size, o.order), s...)
			arg++
		case 'z':
			b = append(append(b, l.CheckString(arg)...), 0)
			arg++
		case 'c':
			s := l.CheckString(arg)
			if len(s) > o.size {
				l.ArgError(arg, "string longer than given size")
			}
			b = append(append(b, s...), make([]byte, o.size-len(s))...)
			arg++
		case 'x':
			b = append(b, 0)
		}
		f.at = len(b)
	}
	l.Push(glua.LString(b))
	return 1
}

func stringUnpack(l *glua.LState) int {
	f := newPackFormat(l)
	data := l.CheckString(2)
	f.at = position(l.OptInt(3, 1), len(data)) - 1
	if f.at < 0 || f.at > len(data) {
		l.ArgError(3, "initial position out of string")
	}
	n := 0
	take := func(size int) []byte {
		if size > len(data)-f.at {
			l.ArgError(2, "data string too short")
		}
		b := []byte(data[f.at : f.at+size])
		f.at += size
		return b
	}
	for {
		o, ok := f.next()
		if !ok {
			break
		}
		take(o.pad)
		n++
		switch o.kind {
		case 'i', 'u':
			l.Push(exact(l, getInt(take(o.size), o.kind == 'i', o.order)))
		case 'f':
			l.Push(glua.LNumber(math.Float32frombits(uint32(getInt(take(4), false, o.order)))))
		case 'd':
			l.Push(glua.LNumber(math.Float64frombits(uint64(getInt(take(8), false, o.order)))))
		case 's':
			size := getInt(take(o.size), false, o.order)
			if size < 0 || size > int64(len(data)) {
				l.ArgError(2, "data string too short")
			}
			l.Push(glua.LString(take(int(size))))
		case 'z':
			end := f.at
			for end < len(data) && data[end] != 0 {
				end++
			}
			if end == len(data) {
				l.ArgError(2, "unfinished string for format 'z'")
			}
			l.Push(glua.LString(take(end - f.at)))
			take(1)
		case 'c':
			l.Push(glua.LString(take(o.size)))
		case 'x':
			take(1)
			n--
		}
	}
	l.Push(glua.LNumber(f.at + 1))
	return n + 1
}

func stringPackSize(l *glua.LState) int {
	f := newPackFormat(l)
	for {
		o, ok := f.next()
		if !ok {
			break
		}
		if o.kind == 's' || o.kind == 'z' {
			l.ArgError(1, "variable-length format")
		}
		f.at += o.pad + o.size
	}
	l.Push(glua.LNumber(f.at))
	return 1
}
