// Package expr holds the small languages inside a word: numbers, times, sizes,
// addresses, sample expressions, conditions, log formats. Each is a type that
// a keyword's argument struct names in its grammar; none knows any keyword.
package expr

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// Word is one argument with its place in the line.
type Word struct {
	Text  string
	Index int // of the word in its line
}

// Parse takes one word.
func (w *Word) Parse(lex *lexer.PeekingLexer) error {
	if lex.Peek().EOF() {
		return participle.NextMatch
	}
	t := lex.Next()
	w.Text, w.Index = t.Value, t.Pos.Offset
	return nil
}

// Error is what is wrong with a word's inner language.
type Error struct {
	Index int // of the word in its line
	Text  string
}

// Error returns the text.
func (e *Error) Error() string { return e.Text }

// At returns the index of the word that is wrong.
func (e *Error) At() int { return e.Index }

// Int reads a decimal integer between lo and hi.
func (w Word) Int(lo, hi int64) (int64, error) {
	n, rest, ok := leadingInt(w.Text)
	switch {
	case !ok || rest != "":
		return 0, fmt.Errorf("invalid integer '%s'", w.Text)
	case n < lo || n > hi:
		return 0, fmt.Errorf("'%s' is out of range: it must be between %d and %d", w.Text, lo, hi)
	}
	return n, nil
}

// Duration reads a time whose default unit is unit; see ParseTime.
func (w Word) Duration(unit time.Duration) (time.Duration, error) { return ParseTime(w.Text, unit) }

// Size reads a size in bytes; see ParseSize.
func (w Word) Size() (int64, error) { return ParseSize(w.Text) }

// leadingInt reads an optionally signed decimal number at the start of s and
// returns what follows it. It saturates instead of wrapping.
func leadingInt(s string) (n int64, rest string, ok bool) {
	i, neg := 0, false
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		neg = s[i] == '-'
		i++
	}
	start := i
	for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		if n > (math.MaxInt64-9)/10 {
			n = math.MaxInt64
			continue
		}
		n = n*10 + int64(s[i]-'0')
	}
	if neg {
		n = -n
	}
	return n, s[i:], i > start
}

// TimeError says how a time is wrong.
type TimeError uint8

// What can be wrong with a time (reference: configuration manual 2.5).
const (
	TimeSyntax    TimeError = iota + 1 // not a number, or an unknown unit
	TimeOverflow                       // 2^31 units of the default unit or more
	TimeUnderflow                      // not zero, but zero once rounded
)

// Error returns a generic text; keywords have the original's.
func (e TimeError) Error() string {
	return [...]string{"", "unexpected character in time", "timer overflow", "timer underflow"}[e]
}

// ParseTime reads an integer with one of the units us ms s m h d, or none:
// then it counts in unit, which is also the resolution: fractions are rounded
// up. 2^31 units and more are refused (configuration manual 2.5).
func ParseTime(s string, unit time.Duration) (time.Duration, error) {
	n, rest, ok := leadingInt(s)
	if !ok || n < 0 || s[0] == '+' {
		return 0, TimeSyntax
	}
	in := unit
	switch rest {
	case "":
	case "us":
		in = time.Microsecond
	case "ms":
		in = time.Millisecond
	case "s":
		in = time.Second
	case "m":
		in = time.Minute
	case "h":
		in = time.Hour
	case "d":
		in = 24 * time.Hour
	default:
		return 0, TimeSyntax
	}
	limit := int64(math.MaxInt32)
	if n > math.MaxInt64/int64(in) {
		return 0, TimeOverflow
	}
	units := (n*int64(in) + int64(unit) - 1) / int64(unit)
	if units > limit {
		return 0, TimeOverflow
	}
	return time.Duration(units) * unit, nil
}

// LaxTime is ParseTime for a configuration of the original, which stops
// reading behind the unit: of "1m30s" it takes the minute. odd is told of the
// word and of the first byte that was not read.
func LaxTime(s string, unit time.Duration, odd func(word string, b byte)) (time.Duration, error) {
	_, rest, ok := leadingInt(s)
	for _, u := range []string{"us", "ms", "s", "m", "h", "d"} {
		if tail, is := strings.CutPrefix(rest, u); ok && is && tail != "" && (u != "m" || tail[0] != 's') {
			odd(s, tail[0])
			s = s[:len(s)-len(tail)]
			break
		}
	}
	return ParseTime(s, unit)
}

// OddTime is what the original says of a byte behind a time.
func OddTime(word string, b byte) string {
	return fmt.Sprintf("unexpected character '%c' after the timer value '%s', only (us=microseconds,ms=milliseconds,s=seconds,m=minutes,h=hours,d=days) are supported. This will be reported as an error in next versions.", b, word)
}

// ParseSize reads an integer with an optional k, m or g of either case, in
// powers of 1024, and nothing after it.
func ParseSize(s string) (int64, error) {
	n, rest, ok := leadingInt(s)
	if !ok || n < 0 {
		return 0, fmt.Errorf("unexpected character in size '%s'", s)
	}
	shift := 0
	switch rest {
	case "":
	case "k", "K":
		shift = 10
	case "m", "M":
		shift = 20
	case "g", "G":
		shift = 30
	default:
		return 0, fmt.Errorf("unexpected character '%c' in size '%s'", rest[0], s)
	}
	if n > math.MaxInt64>>shift {
		return 0, fmt.Errorf("size '%s' is too large", s)
	}
	return n << shift, nil
}
