package lua

import (
	"math"

	glua "github.com/yuin/gopher-lua"

	parse "tandem/parser/lua"
)

// operator is one of those that the reader makes calls of.
type operator struct {
	event string // of metatables
	unary bool
	run   func(l *glua.LState, a, b glua.LNumber) glua.LNumber
}

var operators = map[string]operator{
	parse.IDiv: {event: "__idiv", run: func(l *glua.LState, a, b glua.LNumber) glua.LNumber {
		if b == 0 && isInteger(a) {
			l.RaiseError("attempt to perform 'n//0'")
		}
		return glua.LNumber(math.Floor(float64(a / b)))
	}},
	parse.BAnd: bits("__band", func(a, b int64) int64 { return a & b }),
	parse.BOr:  bits("__bor", func(a, b int64) int64 { return a | b }),
	parse.BXor: bits("__bxor", func(a, b int64) int64 { return a ^ b }),
	parse.Shl:  bits("__shl", shift),
	parse.Shr:  bits("__shr", func(a, b int64) int64 { return shift(a, -b) }),
	parse.BNot: {event: "__bnot", unary: true, run: func(l *glua.LState, a, _ glua.LNumber) glua.LNumber {
		return exact(l, ^toInteger(l, a))
	}},
}

func bits(event string, f func(a, b int64) int64) operator {
	return operator{event: event, run: func(l *glua.LState, a, b glua.LNumber) glua.LNumber {
		return exact(l, f(toInteger(l, a), toInteger(l, b)))
	}}
}

// shift moves bits to the left, or to the right by a negative count, and fills
// with zeros (manual 3.4.2).
func shift(a, n int64) int64 {
	switch {
	case n <= -64 || n >= 64:
		return 0
	case n < 0:
		return int64(uint64(a) >> uint(-n))
	}
	return int64(uint64(a) << uint(n))
}

func isInteger(n glua.LNumber) bool {
	return float64(n) == math.Floor(float64(n)) && !math.IsInf(float64(n), 0)
}

func toInteger(l *glua.LState, n glua.LNumber) int64 {
	f := float64(n)
	if !isInteger(n) || f < -(1<<63) || f >= 1<<63 {
		l.RaiseError("number has no integer representation")
	}
	return int64(f)
}

// exact gives an integer to the script, or ends it where numbers cannot hold
// all of its bits.
func exact(l *glua.LState, n int64) glua.LNumber {
	f := float64(n)
	if f >= 1<<63 || int64(f) != n {
		l.RaiseError("integer %d has more than 53 bits, which numbers do not hold here", n)
	}
	return glua.LNumber(f)
}

// openOperators makes the functions behind the operators.
func (st *state) openOperators() {
	for name, op := range operators {
		st.l.SetGlobal(name, st.l.NewFunction(func(l *glua.LState) int {
			a, b := l.Get(1), l.Get(2)
			x, okA := number(a)
			y, okB := number(b)
			if okA && (okB || op.unary) {
				l.Push(op.run(l, x, y))
				return 1
			}
			for _, v := range []glua.LValue{a, b} {
				if f := l.GetMetaField(v, op.event); f != glua.LNil {
					l.Push(f)
					l.Push(a)
					l.Push(b)
					l.Call(2, 1)
					return 1
				}
			}
			bad := a
			if okA {
				bad = b
			}
			what := "perform bitwise operation"
			if op.event == "__idiv" {
				what = "perform arithmetic"
			}
			l.RaiseError("attempt to %s on a %s value", what, bad.Type())
			return 0
		}))
	}
}

// number takes numbers and texts that are numbers.
func number(v glua.LValue) (glua.LNumber, bool) {
	switch v := v.(type) {
	case glua.LNumber:
		return v, true
	case glua.LString:
		if n, ok := parse.Number(string(v)); ok {
			return glua.LNumber(n), true
		}
	}
	return 0, false
}
