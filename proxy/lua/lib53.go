package lua

import (
	"math"
	"strings"
	"unicode/utf8"

	glua "github.com/yuin/gopher-lua"
)

// What the libraries of 5.3 have beyond those of 5.1 (manual 6.4 to 6.7).

var tableLib = map[string]glua.LGFunction{
	"pack": func(l *glua.LState) int {
		t := l.NewTable()
		n := l.GetTop()
		for i := 1; i <= n; i++ {
			t.RawSetInt(i, l.Get(i))
		}
		t.RawSetString("n", glua.LNumber(n))
		l.Push(t)
		return 1
	},
	"move": func(l *glua.LState) int {
		from, f, e, at := l.CheckTable(1), l.CheckInt(2), l.CheckInt(3), l.CheckInt(4)
		to := from
		if l.GetTop() >= 5 {
			to = l.CheckTable(5)
		}
		if e-f > 1<<26 {
			l.ArgError(3, "too many elements to move")
		}
		if at > e || at <= f || to != from {
			for i := 0; i <= e-f; i++ {
				l.SetTable(to, glua.LNumber(at+i), l.GetTable(from, glua.LNumber(f+i)))
			}
		} else {
			for i := e - f; i >= 0; i-- {
				l.SetTable(to, glua.LNumber(at+i), l.GetTable(from, glua.LNumber(f+i)))
			}
		}
		l.Push(to)
		return 1
	},
}

var mathLib = map[string]glua.LGFunction{
	"type": func(l *glua.LState) int {
		switch n, ok := l.CheckAny(1).(glua.LNumber); {
		case !ok:
			l.Push(glua.LNil)
		case isInteger(n):
			l.Push(glua.LString("integer"))
		default:
			l.Push(glua.LString("float"))
		}
		return 1
	},
	"tointeger": func(l *glua.LState) int {
		n, ok := l.CheckAny(1).(glua.LNumber)
		if !ok || !isInteger(n) {
			l.Push(glua.LNil)
		} else {
			l.Push(n)
		}
		return 1
	},
	"ult": func(l *glua.LState) int {
		l.Push(glua.LBool(uint64(toInteger(l, l.CheckNumber(1))) < uint64(toInteger(l, l.CheckNumber(2)))))
		return 1
	},
	"log": func(l *glua.LState) int {
		x := float64(l.CheckNumber(1))
		switch {
		case l.GetTop() < 2:
			l.Push(glua.LNumber(math.Log(x)))
		case l.CheckNumber(2) == 2:
			l.Push(glua.LNumber(math.Log2(x)))
		case l.CheckNumber(2) == 10:
			l.Push(glua.LNumber(math.Log10(x)))
		default:
			l.Push(glua.LNumber(math.Log(x) / math.Log(float64(l.CheckNumber(2)))))
		}
		return 1
	},
}

// maxString bounds the strings that one call makes, bytes.
const maxString = 1 << 28

var stringLib = map[string]glua.LGFunction{
	"format": stringFormat, "gmatch": stringGmatch,
	"rep": func(l *glua.LState) int {
		s, n, sep := l.CheckString(1), l.CheckInt(2), l.OptString(3, "")
		if n <= 0 {
			l.Push(glua.LString(""))
			return 1
		}
		limit := int64(maxString)
		if m := stateOf(l).m.Opt.MaxMem << 20; m > 0 {
			limit = min(limit, m)
		}
		if int64(n) > limit || int64(n)*int64(len(s)+len(sep)) > limit {
			l.RaiseError("resulting string too large")
		}
		out := strings.Repeat(s+sep, n-1) + s
		l.Push(glua.LString(out))
		return 1
	},
}

// openUTF8 makes the library "utf8" (manual 6.5).
func (st *state) openUTF8() {
	t := st.l.NewTable()
	st.l.SetGlobal("utf8", t)
	st.setFuncs(t, utf8Lib)
	t.RawSetString("charpattern", glua.LString("[%z\x01-\x7F\xC2-\xF4][\x80-\xBF]*"))
	if p := st.lib("package"); p != nil {
		if loaded, ok := st.l.GetField(p, "loaded").(*glua.LTable); ok {
			loaded.RawSetString("utf8", t)
		}
	}
}

// position is a place in a string of n bytes; negative ones count from its end.
func position(i, n int) int {
	if i < 0 {
		return n + i + 1
	}
	return i
}

func continues(s string, i int) bool { return i < len(s) && s[i]&0xC0 == 0x80 }

var utf8Lib = map[string]glua.LGFunction{
	"char": func(l *glua.LState) int {
		var b []byte
		for i := 1; i <= l.GetTop(); i++ {
			n := l.CheckInt(i)
			if n < 0 || n > utf8.MaxRune {
				l.ArgError(i, "value out of range")
			}
			b = utf8.AppendRune(b, rune(n))
		}
		l.Push(glua.LString(b))
		return 1
	},
	"len": func(l *glua.LState) int {
		s := l.CheckString(1)
		i, j := position(l.OptInt(2, 1), len(s)), position(l.OptInt(3, -1), len(s))
		n := 0
		for i--; i < j; {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size <= 1 {
				l.Push(glua.LNil)
				l.Push(glua.LNumber(i + 1))
				return 2
			}
			i += size
			n++
		}
		l.Push(glua.LNumber(n))
		return 1
	},
	"codepoint": func(l *glua.LState) int {
		s := l.CheckString(1)
		i := position(l.OptInt(2, 1), len(s))
		j := position(l.OptInt(3, i), len(s))
		if i < 1 || j > len(s) {
			l.ArgError(2, "out of range")
		}
		n := 0
		for i--; i < j; n++ {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size <= 1 {
				l.RaiseError("invalid UTF-8 code")
			}
			l.Push(glua.LNumber(r))
			i += size
		}
		return n
	},
	"offset": func(l *glua.LState) int {
		s, n := l.CheckString(1), l.CheckInt(2)
		def := 1
		if n <= 0 {
			def = len(s) + 1
		}
		i := position(l.OptInt(3, def), len(s)) - 1
		if i < 0 || i > len(s) {
			l.ArgError(3, "position out of range")
		}
		if n == 0 {
			for i > 0 && continues(s, i) {
				i--
			}
			l.Push(glua.LNumber(i + 1))
			return 1
		}
		if continues(s, i) {
			l.RaiseError("initial position is a continuation byte")
		}
		for ; n < 0 && i > 0; n++ {
			for i--; i > 0 && continues(s, i); i-- {
			}
		}
		for n--; n > 0 && i < len(s); n-- {
			for i++; continues(s, i); i++ {
			}
		}
		if n != 0 && n != -1 {
			l.Push(glua.LNil)
		} else {
			l.Push(glua.LNumber(i + 1))
		}
		return 1
	},
	"codes": func(l *glua.LState) int {
		s := l.CheckString(1)
		l.Push(l.NewFunction(func(l *glua.LState) int {
			i := l.CheckInt(2)
			if i > 0 {
				for continues(s, i) {
					i++
				}
			}
			if i >= len(s) {
				return 0
			}
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size <= 1 {
				l.RaiseError("invalid UTF-8 code")
			}
			l.Push(glua.LNumber(i + 1))
			l.Push(glua.LNumber(r))
			return 2
		}))
		l.Push(glua.LString(s))
		l.Push(glua.LNumber(0))
		return 3
	},
}
