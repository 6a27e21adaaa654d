package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"tandem/parser/expr"
	"tandem/parser/source"
)

type sourceWords = []source.Word

// exprWords turns a line's words into the words that fields read.
func exprWords(line []source.Word) []expr.Word {
	out := make([]expr.Word, len(line))
	for i, w := range line {
		out[i] = expr.Word{Text: w.Text, Index: i}
	}
	return out
}

// parseBool reads <BOOL>: lower case only.
func parseBool(s string) (on, ok bool) {
	switch s {
	case "on", "true", "yes":
		return true, true
	case "off", "false", "no":
		return false, true
	}
	return false, false
}

// integer reads a whole word as a number in [lo, hi] and says in the
// original's words what is wrong with it. Ranges without negative numbers are
// read as unsigned ones.
func (c *compiler) integer(w expr.Word, lo, hi int64) (int64, bool) {
	s := strings.TrimLeft(w.Text, " \t")
	if lo >= 0 && strings.HasPrefix(s, "-") {
		c.sayAt(w.Index, "negative number '%s'", w.Text)
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimPrefix(s, "+"), 10, 64)
	switch {
	case err != nil && !outOfRange(err) || s == "":
		c.sayAt(w.Index, "invalid number '%s'", w.Text)
	case err != nil || n > math.MaxUint32 || n < math.MinInt32 || lo < 0 && n > math.MaxInt32:
		kind := "unsigned integer"
		if lo < 0 {
			kind = "integer"
		}
		c.sayAt(w.Index, "number '%s' outside %s range", w.Text, kind)
	case n < lo || n > hi:
		c.sayAt(w.Index, "number '%s' outside range [%d, %d]", w.Text, lo, hi)
	default:
		return n, true
	}
	return 0, false
}

func outOfRange(err error) bool {
	e, ok := err.(*strconv.NumError)
	return ok && e.Err == strconv.ErrRange
}

// timeRange is the range of a decimal, with the digits that are kept.
type timeRange struct {
	lo, hi   int64 // in units of 10^-decimals
	decimals int
	noHigh   bool // the original's limit lies beyond what a timer can hold
}

// The ranges of the original's timers.
var (
	anyTimer   = timeRange{lo: 0, hi: math.MaxUint32, decimals: 6}
	someTimer  = timeRange{lo: 1, hi: math.MaxUint32, decimals: 6}
	longTimer  = timeRange{lo: 1, hi: math.MaxInt64 / 1000, decimals: 6, noHigh: true}
	long0Timer = timeRange{lo: 0, hi: math.MaxInt64 / 1000, decimals: 6, noHigh: true}
)

// seconds makes a range of whole seconds with six decimals.
func seconds(lo, hi int64) timeRange {
	return timeRange{lo: lo * 1e6, hi: hi * 1e6, decimals: 6}
}

// print writes a limit as the original does.
func (r timeRange) print(n int64) string {
	scale := int64(math.Pow10(r.decimals))
	if r.noHigh && n == r.hi {
		return "18446744073709.551614"
	}
	return fmt.Sprintf("%d.%0*d", n/scale, r.decimals, n%scale)
}

// timer reads a decimal number of seconds and says what is wrong with it.
func (c *compiler) timer(w expr.Word, r timeRange) (time.Duration, bool) {
	n, ok := c.decimal(w, r)
	if !ok {
		return 0, false
	}
	unit := time.Second
	for range r.decimals {
		unit /= 10
	}
	if n > int64(math.MaxInt64/unit) {
		return math.MaxInt64, true
	}
	return time.Duration(n) * unit, true
}

// decimal reads a number with up to r.decimals digits behind the point; more
// are rounded with a warning.
func (c *compiler) decimal(w expr.Word, r timeRange) (int64, bool) {
	s := strings.TrimLeft(w.Text, " \t")
	if strings.HasPrefix(s, "-") {
		c.sayAt(w.Index, "negative number '%s'", w.Text)
		return 0, false
	}
	s = strings.TrimPrefix(s, "+")
	whole, frac, _ := strings.Cut(s, ".")
	if whole == "" && frac == "" || !digits(whole) || !digits(frac) {
		c.sayAt(w.Index, "invalid number '%s'", w.Text)
		return 0, false
	}
	up := int64(0)
	if len(frac) > r.decimals {
		c.sayAt(w.Index, "number '%s' has too many decimal places", w.Text)
		if frac[r.decimals] >= '5' {
			up = 1
		}
		frac = frac[:r.decimals]
	}
	frac += strings.Repeat("0", r.decimals-len(frac))
	n, err := strconv.ParseInt(whole+frac, 10, 64)
	if err == nil {
		n += up
	}
	if r.noHigh && (err != nil || n > r.hi) {
		c.sayAt(w.Index, "number '%s' outside unsigned decimal range", w.Text)
		return 0, false
	}
	if err != nil || n < r.lo || n > r.hi {
		c.sayAt(w.Index, "number '%s' outside range [%s, %s]", w.Text, r.print(r.lo), r.print(r.hi))
		return 0, false
	}
	return n, true
}

func digits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
