package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
)

// A knob is a global word with one value that is kept as text in
// Global.TuneText and, where it is one, as a number in Global.Tune, under its
// name without "tune.". Most size the internals of the original; the ones
// that something here acts on have no flag.
type knob struct {
	name  string
	check knobCheck
	doc   string
	flags keyword.Flags
}

// field is a knob that has a field of its own in Global.
func field(name string, check knobCheck, doc string, set func(*Global, int64)) *keyword.Def[Setting[Global]] {
	return knob{name, check, doc, 0}.into(set)
}

// knobCheck returns what is wrong with a value ("" where the word is missing)
// and the number it stands for. In the text, "%s" is the word's name.
type knobCheck func(value string) (n int64, refusal string)

// knobArgs is one word that may be missing.
type knobArgs struct {
	value string
	index int
}

// Usage is what messages say of the argument.
func (knobArgs) Usage() string { return "<value>" }

// ParseArgs takes the word.
func (a *knobArgs) ParseArgs(in *keyword.Args) error {
	a.value, a.index, _ = in.Next()
	return nil
}

// knobs makes the Defs of a list of knobs.
func knobs(list []knob) []*keyword.Def[Setting[Global]] {
	out := make([]*keyword.Def[Setting[Global]], 0, len(list))
	for _, k := range list {
		out = append(out, k.def())
	}
	return out
}

// firstOnly are the words that must stand before any other section.
var firstOnly = map[string]bool{"nbthread": true, "thread-groups": true, "thread-group": true}

func (k knob) def() *keyword.Def[Setting[Global]] { return k.into(nil) }

// into makes the Def of a knob; set, if given, gets the number too.
func (k knob) into(set func(*Global, int64)) *keyword.Def[Setting[Global]] {
	key := strings.TrimPrefix(k.name, "tune.")
	return keyword.Define(keyword.Spec{Name: k.name, In: keyword.Global, Flags: k.flags, Doc: k.doc}, func(e *keyword.Env, a *knobArgs) (Setting[Global], error) {
		n, refusal := k.check(a.value)
		if refusal == "" && firstOnly[k.name] && keyword.Attached[*compiler](e).past {
			refusal = "'%s' not allowed if a non-global section was previously defined. This parameter must be declared in the first global section"
		}
		if refusal != "" {
			return nil, &keyword.Error{Index: a.index, Code: diag.BadValue, Text: strings.ReplaceAll(refusal, "%s", k.name)}
		}
		return func(g *Global) error {
			g.Tune[key], g.TuneText[key] = n, a.value
			if set != nil {
				set(g, n)
			}
			return nil
		}, nil
	})
}

// laxInt reads a number as the original mostly does: digits up to the first
// other character, 0 where there are none, and of a number that needs more
// than 32 bits the last 32.
func laxInt(s string) int64 {
	i := 0
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		i++
	}
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	// Out of range, ParseInt returns the nearest that 64 bits hold.
	n, _ := strconv.ParseInt(s[:i], 10, 64)
	return int64(int32(n))
}

const wantsInt = "'%s' expects an integer argument."

// whole takes any number; missing is the refusal where it is missing ("": it may be).
func whole(missing string) knobCheck {
	return func(v string) (int64, string) {
		if v == "" {
			return 0, missing
		}
		return laxInt(v), ""
	}
}

// between takes a number from lo to hi; missing may be empty, then 0 is read.
func between(lo, hi int64, missing, outside string) knobCheck {
	return func(v string) (int64, string) {
		if v == "" && missing != "" {
			return 0, missing
		}
		if n := laxInt(v); n >= lo && n <= hi {
			return n, ""
		}
		return 0, outside
	}
}

// onlyBetween is between with one text for both cases.
func onlyBetween(lo, hi int64, text string) knobCheck { return between(lo, hi, text, text) }

// exact takes a number with nothing behind it.
func exact(lo, hi int64, unread, outside string) knobCheck {
	return func(v string) (int64, string) {
		n, err := strconv.ParseInt(v, 10, 64)
		switch {
		case err != nil:
			return 0, strings.ReplaceAll(unread, "{}", v)
		case n < lo || n > hi:
			return 0, strings.ReplaceAll(outside, "{}", v)
		}
		return n, ""
	}
}

// oneOf takes one of the words; in the refusal "{}" is the value.
func oneOf(refusal string, words ...string) knobCheck {
	return func(v string) (int64, string) {
		for i, w := range words {
			if v == w {
				return int64(i), ""
			}
		}
		return 0, strings.ReplaceAll(refusal, "{}", v)
	}
}

// eachOf takes one or some words joined by commas, and refuses the first
// that is none of them.
func eachOf(refusal string, words ...string) knobCheck {
	return func(v string) (int64, string) {
		for _, w := range strings.Split(v, ",") {
			if indexOf(words, w) < 0 {
				return 0, strings.ReplaceAll(refusal, "{}", w)
			}
		}
		return 0, ""
	}
}

// onOff takes "on" (1) or "off" (0).
func onOff(refusal string) knobCheck { return oneOf(refusal, "off", "on") }

// listOf takes words joined by commas.
func listOf(refusal string, words ...string) knobCheck {
	return func(v string) (int64, string) {
		for _, w := range strings.Split(v, ",") {
			if indexOf(words, w) < 0 {
				return 0, strings.ReplaceAll(refusal, "{}", v)
			}
		}
		return 0, ""
	}
}

// sizeKnob takes a size in bytes.
func sizeKnob(missing string, min int64) knobCheck {
	return func(v string) (int64, string) {
		if v == "" {
			return 0, missing
		}
		n, err := expr.ParseSize(v)
		rest := sizeRest(v)
		if err == nil && n > math.MaxUint32 {
			rest = over32(v)
		}
		switch {
		case err != nil || n > math.MaxUint32:
			return 0, fmt.Sprintf("unexpected '%s' after size passed to '%%s'", rest)
		case n < min:
			return 0, "'%s' expects a strictly positive integer argument."
		}
		return n, ""
	}
}

// sizeRest is what follows the digits of a size.
func sizeRest(v string) string { return strings.TrimLeft(v, "0123456789") }

// over32 is what is left of v where it stops to fit in 32 bits.
func over32(v string) string {
	n := uint64(0)
	for i := range v {
		if v[i] < '0' || v[i] > '9' {
			return v[i:]
		}
		if n = n*10 + uint64(v[i]-'0'); n > math.MaxUint32 {
			return v[i:]
		}
	}
	return ""
}

// timeKnob takes a time in milliseconds.
func timeKnob(missing string, lo, hi int64, outside string) knobCheck {
	return func(v string) (int64, string) {
		if v == "" {
			return 0, missing
		}
		d, err := expr.ParseTime(v, 1e6)
		ms := int64(d / 1e6)
		switch {
		case err == expr.TimeOverflow:
			return 0, "timer overflow in argument <" + v + "> to <%s> (maximum value is 2147483647 ms or ~24.8 days)"
		case err == expr.TimeUnderflow:
			return 0, "timer underflow in argument <" + v + "> to <%s> (minimum non-null value is 1 ms)"
		case err != nil:
			return 0, fmt.Sprintf("unexpected character '%c' in argument to <%%s>.", oddTimeByte(v))
		case ms < lo || ms > hi:
			return 0, strings.ReplaceAll(outside, "{}", v)
		}
		return ms, ""
	}
}

// secondsKnob takes a time whose unit is the second where it names none; the
// number kept is in seconds.
func secondsKnob(missing string) knobCheck {
	check := timeKnob(missing, 0, 1<<40, "")
	return func(v string) (int64, string) {
		if _, text := check(v); text != "" {
			return 0, text
		}
		d, err := expr.ParseTime(v, time.Second)
		if err != nil {
			return 0, "timer overflow in argument <" + v + "> to <%s> (maximum value is 2147483647 ms or ~24.8 days)"
		}
		return int64(d / time.Second), ""
	}
}

// oddTimeByte is the first byte that no number has.
func oddTimeByte(v string) byte {
	if rest := sizeRest(v); rest != "" {
		return rest[0]
	}
	return ' '
}

// needed takes any word.
func needed(missing string) knobCheck {
	return func(v string) (int64, string) {
		if v == "" {
			return 0, missing
		}
		return 0, ""
	}
}

// anything takes a word or none.
func anything(string) (int64, string) { return 0, "" }
