package sample

import (
	"math"

	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

// numConvs calculate. Their argument is a number or a variable.
var numConvs = []word[Conv]{
	conv("add", "string", tx.TypeInt, tx.TypeInt, "Sum with a number or variable.", newMath(addSat)),
	conv("sub", "string", tx.TypeInt, tx.TypeInt, "Difference to a number or variable.", newMath(subSat)),
	conv("mul", "string", tx.TypeInt, tx.TypeInt, "Product with a number or variable.", newMath(mulSat)),
	conv("div", "string", tx.TypeInt, tx.TypeInt, "Quotient by a number or variable.", newMath(divSat)),
	conv("mod", "string", tx.TypeInt, tx.TypeInt, "Remainder of the division by a number or variable.", newMath(modZero)),
	conv("and", "string", tx.TypeInt, tx.TypeInt, "Bits that are set in both.", newMath(func(a, b int64) int64 { return a & b })),
	conv("or", "string", tx.TypeInt, tx.TypeInt, "Bits that are set in either.", newMath(func(a, b int64) int64 { return a | b })),
	conv("xor", "string", tx.TypeInt, tx.TypeInt, "Bits that differ.", newMath(func(a, b int64) int64 { return a ^ b })),
	conv("cpl", "", tx.TypeInt, tx.TypeInt, "All bits flipped.", plain(func(_ *tx.Tx, v *Value) bool { v.SetInt(^v.Int); return true })),
	conv("neg", "", tx.TypeInt, tx.TypeInt, "The opposite number.", plain(func(_ *tx.Tx, v *Value) bool { v.SetInt(-v.Int); return true })),
	conv("bool", "", tx.TypeInt, tx.TypeBool, "True if not zero.", plain(func(_ *tx.Tx, v *Value) bool { v.SetBool(v.Int != 0); return true })),
	conv("not", "", tx.TypeInt, tx.TypeBool, "True if zero.", plain(func(_ *tx.Tx, v *Value) bool { v.SetBool(v.Int == 0); return true })),
	conv("even", "", tx.TypeInt, tx.TypeBool, "True if even.", plain(func(_ *tx.Tx, v *Value) bool { v.SetBool(v.Int&1 == 0); return true })),
	conv("odd", "", tx.TypeInt, tx.TypeBool, "True if odd.", plain(func(_ *tx.Tx, v *Value) bool { v.SetBool(v.Int&1 == 1); return true })),
}

func newMath(f func(a, b int64) int64) buildFunc {
	return func(_ *keyword.Env, a args) (evalFunc, error) {
		arg, err := parseNumber(a.str(0, ""))
		if err != nil {
			return nil, err
		}
		return func(t *tx.Tx, v *Value) bool {
			n, ok := arg.get(t)
			if !ok {
				return false
			}
			v.SetInt(f(v.Int, n))
			return true
		}, nil
	}
}

// addSat adds and saturates.
func addSat(a, b int64) int64 {
	switch s := a + b; {
	case a > 0 && b > 0 && s < 0:
		return math.MaxInt64
	case a < 0 && b < 0 && s >= 0:
		return math.MinInt64
	default:
		return s
	}
}

func subSat(a, b int64) int64 {
	if b == math.MinInt64 {
		if a >= 0 {
			return math.MaxInt64
		}
		return a - b
	}
	return addSat(a, -b)
}

func mulSat(a, b int64) int64 {
	if a == 0 || b == 0 {
		return 0
	}
	p := a * b
	if p/b != a || a == -1 && b == math.MinInt64 || b == -1 && a == math.MinInt64 {
		if (a < 0) == (b < 0) {
			return math.MaxInt64
		}
		return math.MinInt64
	}
	return p
}

// divSat divides; by zero it is the largest number (configuration manual).
func divSat(a, b int64) int64 {
	switch {
	case b == 0, a == math.MinInt64 && b == -1:
		return math.MaxInt64
	}
	return a / b
}

func modZero(a, b int64) int64 {
	if b == 0 || b == -1 {
		return 0
	}
	return a % b
}
