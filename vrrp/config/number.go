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
// original's words what is wrong with it; an empty word is 0. Ranges without
// negative numbers are read as unsigned ones.
func (c *compiler) integer(w expr.Word, lo, hi int64) (int64, bool) {
	if lo < 0 {
		return c.signed(w, lo, hi)
	}
	s := strings.TrimLeft(w.Text, " \t")
	if strings.HasPrefix(s, "-") {
		c.sayAt(w.Index, "negative number '%s'", w.Text)
		return 0, false
	}
	return c.whole(w, s, lo, hi, 0, math.MaxUint32, "unsigned integer")
}

// signed is integer for what the original reads with a sign although only
// positive numbers are good.
func (c *compiler) signed(w expr.Word, lo, hi int64) (int64, bool) {
	s := w.Text
	if t := strings.TrimLeft(s, " \t"); t != "" {
		s = t
	}
	return c.whole(w, s, lo, hi, math.MinInt32, math.MaxInt32, "integer")
}

// whole reads s, which is w without its leading blanks, as a number in [lo, hi]
// of a kind of numbers in [least, most]. A number that is refused for its range
// is returned all the same, cut to 32 bits.
func (c *compiler) whole(w expr.Word, s string, lo, hi, least, most int64, kind string) (int64, bool) {
	n, err := strconv.ParseInt(strings.TrimPrefix(s, "+"), 10, 64)
	switch {
	case s == "":
		n = 0
	case err != nil && !outOfRange(err):
		c.sayAt(w.Index, "invalid number '%s'", w.Text)
		n, _ = parseInt(s)
		return int64(int32(n)), false
	case err != nil || n < least || n > most:
		c.sayAt(w.Index, "number '%s' outside %s range", w.Text, kind)
		return int64(int32(n)), false
	}
	if n < lo || n > hi {
		c.sayAt(w.Index, "number '%s' outside range [%d, %d]", w.Text, lo, hi)
		return int64(int32(n)), false
	}
	return n, true
}

func outOfRange(err error) bool {
	e, ok := err.(*strconv.NumError)
	return ok && e.Err == strconv.ErrRange
}

// timeRange is the range of a decimal, with the digits that are kept.
type timeRange struct {
	lo, hi   uint64 // in units of 10^-decimals
	decimals int
}

// The ranges of the original's timers.
var (
	anyTimer   = timeRange{lo: 0, hi: math.MaxUint32, decimals: 6}
	someTimer  = timeRange{lo: 1, hi: math.MaxUint32, decimals: 6}
	longTimer  = timeRange{lo: 1, hi: math.MaxUint64 - 1, decimals: 6}
	long0Timer = timeRange{lo: 0, hi: math.MaxUint64 - 1, decimals: 6}
)

// seconds makes a range of whole seconds with six decimals.
func seconds(lo, hi uint64) timeRange {
	return timeRange{lo: lo * 1e6, hi: hi * 1e6, decimals: 6}
}

// print writes a limit as the original does.
func (r timeRange) print(n uint64) string {
	scale := uint64(math.Pow10(r.decimals))
	return fmt.Sprintf("%d.%0*d", n/scale, r.decimals, n%scale)
}

// timer reads a decimal number of seconds and says what is wrong with it. What
// is longer than a Duration can be is the longest one.
func (c *compiler) timer(w expr.Word, r timeRange) (time.Duration, bool) {
	n, ok := c.decimal(w, r)
	if !ok {
		return 0, false
	}
	unit := time.Second
	for range r.decimals {
		unit /= 10
	}
	if n > uint64(math.MaxInt64/unit) {
		return math.MaxInt64, true
	}
	return time.Duration(n) * unit, true
}

// decimal reads a number with up to r.decimals digits behind the point; more
// are rounded with a message. As in the original, what cannot be read is said
// and then counts as the digits before it.
func (c *compiler) decimal(w expr.Word, r timeRange) (uint64, bool) {
	s := strings.TrimLeft(w.Text, " \t")
	if strings.HasPrefix(s, "-") {
		c.sayAt(w.Index, "negative number '%s'", w.Text)
		return 0, false
	}
	s, frac, _ := strings.Cut(strings.TrimPrefix(s, "+"), ".")
	up := false
	if len(frac) > r.decimals {
		c.sayAt(w.Index, "number '%s' has too many decimal places", w.Text)
		up = frac[r.decimals] >= '5'
		frac = frac[:r.decimals]
	}
	s += frac + strings.Repeat("0", r.decimals-len(frac))
	good := 0
	for good < len(s) && s[good] >= '0' && s[good] <= '9' {
		good++
	}
	n, err := strconv.ParseUint("0"+s[:good], 10, 64)
	if err != nil {
		c.sayAt(w.Index, "number '%s' outside unsigned decimal range", w.Text)
		return 0, false
	}
	if good < len(s) {
		c.sayAt(w.Index, "invalid number '%s'", w.Text)
		return n, n >= r.lo && n <= r.hi
	}
	if up {
		n++
	}
	if n < r.lo || n > r.hi {
		c.sayAt(w.Index, "number '%s' outside range [%s, %s]", w.Text, r.print(r.lo), r.print(r.hi))
		return 0, false
	}
	return n, true
}
