package sample

import (
	"strings"

	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

// fieldConvs take parts of a text.
var fieldConvs = []word[Conv]{
	conv("field", "integer,string[,integer]", tx.TypeStr, tx.TypeStr, "Fields between delimiters, empty ones counting.", newField(false)),
	conv("word", "integer,string[,integer]", tx.TypeStr, tx.TypeStr, "Words between delimiters, empty ones not counting.", newField(true)),
}

// newField makes field and word.
func newField(words bool) buildFunc {
	return func(_ *keyword.Env, a args) (evalFunc, error) {
		n, delims, count := int(a.int(0, 0)), a.str(1, ""), int(a.int(2, 1))
		if n == 0 {
			return nil, errText("Unexpected value 0 for index")
		}
		if delims == "" {
			return nil, errText("Empty separators list.")
		}
		return func(_ *tx.Tx, v *Value) bool {
			out, ok := pickField(v.B, n, delims, count, words)
			v.SetStr(out)
			return ok
		}, nil
	}
}

// pickField returns count (0: all that follow) fields from the n-th on,
// counted from 1, or from -1 backwards.
func pickField(b []byte, n int, delims string, count int, words bool) ([]byte, bool) {
	isDelim := func(c byte) bool { return strings.IndexByte(delims, c) >= 0 }
	if n < 0 {
		return pickBackwards(b, -n, isDelim, count, words)
	}
	at := 0
	for i := 1; ; i++ {
		for words && at < len(b) && isDelim(b[at]) {
			at++
		}
		if words && at >= len(b) {
			return b[:0], false
		}
		end := at
		for end < len(b) && !isDelim(b[end]) {
			end++
		}
		if i == n {
			return b[at:extend(b, end, isDelim, count, words)], true
		}
		if end >= len(b) {
			return b[:0], false
		}
		at = end + 1
	}
}

// extend moves end over the further fields that count asks for.
func extend(b []byte, end int, isDelim func(byte) bool, count int, words bool) int {
	if count == 0 {
		return len(b)
	}
	for k := 1; k < count && end < len(b); k++ {
		next := end + 1
		for words && next < len(b) && isDelim(b[next]) {
			next++
		}
		if words && next >= len(b) {
			return end
		}
		for next < len(b) && !isDelim(b[next]) {
			next++
		}
		end = next
	}
	return end
}

// pickBackwards counts fields from the end.
func pickBackwards(b []byte, n int, isDelim func(byte) bool, count int, words bool) ([]byte, bool) {
	end := len(b)
	for i := 1; ; i++ {
		for words && end > 0 && isDelim(b[end-1]) {
			end--
		}
		if words && end == 0 {
			return b[:0], false
		}
		start := end
		for start > 0 && !isDelim(b[start-1]) {
			start--
		}
		if i == n {
			if count == 0 {
				return b[:end], true
			}
			for k := 1; k < count && start > 0; k++ {
				prev := start - 1
				for words && prev > 0 && isDelim(b[prev-1]) {
					prev--
				}
				for prev > 0 && !isDelim(b[prev-1]) {
					prev--
				}
				if words && prev < start-1 || !words {
					start = prev
				}
			}
			return b[start:end], true
		}
		if start == 0 {
			return b[:0], false
		}
		end = start - 1
	}
}
