package lua

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	glua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/pm"

	parse "tandem/parser/lua"
)

// stringFormat is string.format as C's printf makes it (manual 6.4).
func stringFormat(l *glua.LState) int {
	f := l.CheckString(1)
	var b strings.Builder
	arg := 1
	for i := 0; i < len(f); i++ {
		if f[i] != '%' {
			b.WriteByte(f[i])
			continue
		}
		start := i
		for i++; i < len(f) && strings.IndexByte("-+ #0123456789.", f[i]) >= 0; i++ {
		}
		if i >= len(f) {
			l.RaiseError("invalid option '%%' to 'format'")
		}
		spec, c := f[start:i], f[i]
		if c == '%' {
			b.WriteByte('%')
			continue
		}
		if len(spec) > 20 {
			l.RaiseError("invalid format (width or precision too long)")
		}
		arg++
		switch c {
		case 'd', 'i':
			fmt.Fprintf(&b, spec+"d", formatInt(l, arg))
		case 'u':
			fmt.Fprintf(&b, spec+"d", uint64(formatInt(l, arg)))
		case 'c':
			b.WriteByte(byte(formatInt(l, arg)))
		case 'x', 'X', 'o':
			fmt.Fprintf(&b, spec+string(c), uint64(formatInt(l, arg)))
		case 'e', 'E', 'f', 'F', 'g', 'G':
			if !strings.Contains(spec, ".") {
				spec += ".6"
			}
			fmt.Fprintf(&b, spec+string(c), float64(l.CheckNumber(arg)))
		case 'a', 'A':
			b.WriteString(strconv.FormatFloat(float64(l.CheckNumber(arg)), 'x', -1, 64))
		case 's':
			fmt.Fprintf(&b, spec+"s", l.ToStringMeta(l.CheckAny(arg)).String())
		case 'q':
			quoted(&b, l.CheckAny(arg))
		default:
			l.RaiseError("invalid option '%%%c' to 'format'", c)
		}
	}
	l.Push(glua.LString(b.String()))
	return 1
}

func formatInt(l *glua.LState, i int) int64 {
	n := l.CheckNumber(i)
	if !isInteger(n) || math.Abs(float64(n)) >= 1<<63 {
		l.ArgError(i, "number has no integer representation")
	}
	return int64(n)
}

// quoted writes a value so that Lua reads it back.
func quoted(b *strings.Builder, v glua.LValue) {
	s, ok := v.(glua.LString)
	if !ok {
		b.WriteString(v.String())
		return
	}
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\' || c == '\n':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c == '\r':
			b.WriteString("\\r")
		case c == 0 || c < ' ' || c == 0x7f:
			if i+1 < len(s) && s[i+1] >= '0' && s[i+1] <= '9' {
				fmt.Fprintf(b, "\\%03d", c)
			} else {
				fmt.Fprintf(b, "\\%d", c)
			}
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
}

// stringGmatch returns an iterator over all matches, that needs no arguments.
func stringGmatch(l *glua.LState) int {
	s, pattern := []byte(l.CheckString(1)), l.CheckString(2)
	at := 0
	l.Push(l.NewFunction(func(l *glua.LState) int {
		if at > len(s) {
			return 0
		}
		found, err := pm.Find(pattern, s, at, 1)
		if err != nil {
			l.RaiseError("%s", err)
		}
		if len(found) == 0 {
			at = len(s) + 1
			return 0
		}
		m := found[0]
		begin, end := m.Capture(0), m.Capture(1)
		if at = end; end == begin {
			at++
		}
		if m.CaptureLength() == 2 {
			l.Push(glua.LString(s[begin:end]))
			return 1
		}
		for i := 2; i < m.CaptureLength(); i += 2 {
			if m.IsPosCapture(i) {
				l.Push(glua.LNumber(m.Capture(i)))
			} else {
				l.Push(glua.LString(s[m.Capture(i):m.Capture(i+1)]))
			}
		}
		return m.CaptureLength()/2 - 1
	}))
	return 1
}

// toNumber is tonumber: 5.3's numbers without a base, integers with one.
func toNumber(l *glua.LState) int {
	v := l.CheckAny(1)
	if l.GetTop() < 2 || l.Get(2) == glua.LNil {
		switch v := v.(type) {
		case glua.LNumber:
			l.Push(v)
		case glua.LString:
			if n, ok := parse.Number(string(v)); ok {
				l.Push(glua.LNumber(n))
			} else {
				l.Push(glua.LNil)
			}
		default:
			l.Push(glua.LNil)
		}
		return 1
	}
	base := l.CheckInt(2)
	if base < 2 || base > 36 {
		l.ArgError(2, "base out of range")
	}
	s, ok := v.(glua.LString)
	if !ok {
		l.TypeError(1, glua.LTString)
	}
	n, err := strconv.ParseInt(strings.ToLower(strings.TrimSpace(string(s))), base, 64)
	if err != nil || strings.Contains(string(s), "_") {
		l.Push(glua.LNil)
	} else {
		l.Push(exact(l, n))
	}
	return 1
}

func rawLen(l *glua.LState) int {
	switch v := l.CheckAny(1).(type) {
	case glua.LString:
		l.Push(glua.LNumber(len(v)))
	case *glua.LTable:
		l.Push(glua.LNumber(v.Len()))
	default:
		l.ArgError(1, "table or string expected")
	}
	return 1
}
