package haproxy

import (
	"strings"
)

func isNameByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// variable reads $X, ${X}, ${X-default}, ${X[*]} and the pseudo variables.
func (s *splitter) variable() {
	i := s.i + 1
	brace := i < len(s.s) && s.s[i] == '{'
	if brace {
		i++
	}
	first := i
	if i < len(s.s) && s.s[i] == '.' {
		i++
	}
	if i >= len(s.s) || !isNameByte(s.s[i]) || s.s[i] >= '0' && s.s[i] <= '9' {
		s.fail(first, "forbidden first char in environment variable name")
		return
	}
	for i < len(s.s) && isNameByte(s.s[i]) {
		i++
	}
	name := s.s[first:i]
	fallback, cut, many := "", -1, false
	if brace {
		var ok bool
		if i, fallback, cut, many, ok = s.braces(first, i); !ok {
			return
		}
	}
	value, set := "", true
	if name[0] == '.' {
		if value, set = s.pseudo(name, s.t.Pos.Line); !set {
			s.cut = first + len(name)
			s.fail(first, "forbidden first char in environment variable name")
			return
		}
	} else {
		value, set = s.env.Lookup(name)
	}
	if cut >= 0 {
		s.cut = cut
	}
	switch {
	case set:
	case cut >= 0:
		value = fallback
	case !many:
		if s.hint < 0 {
			s.hint, s.hintVar = first, true
		}
		if s.unset == "" {
			s.unset = name
		}
	}
	s.i = i
	if many {
		s.expandWords(value)
		return
	}
	s.buf = append(s.buf, value...)
	s.in = true
}

// braces reads what may follow a name within braces, which begin before byte
// first: "[*]", "-default", and the closing brace. cut is where the default
// ends, or -1.
func (s *splitter) braces(first, i int) (end int, fallback string, cut int, many, ok bool) {
	cut = -1
	if strings.HasPrefix(s.s[i:], "[") {
		if !strings.HasPrefix(s.s[i:], "[*]") {
			s.fail(i, "truncated or invalid word expansion sequence")
			return
		}
		many = true
		i += 3
	}
	if strings.HasPrefix(s.s[i:], "-") {
		if n := strings.IndexByte(s.s[i:], '}'); n >= 0 {
			fallback = s.s[i+1 : i+n]
			i += n
			cut = i
		}
	}
	if i >= len(s.s) || s.s[i] != '}' {
		s.fail(first-1, "unmatched brace in environment variable name")
		return
	}
	return i + 1, fallback, cut, many, true
}

// expandWords adds a value whose blanks end words. A value without words
// makes no word at all.
func (s *splitter) expandWords(value string) {
	blank := func(c byte) bool { return isBlank(c) || c == '\n' }
	for i := 0; i < len(value); {
		if !blank(value[i]) {
			s.in = true
			s.buf = append(s.buf, value[i])
			i++
			continue
		}
		for i < len(value) && blank(value[i]) {
			i++
		}
		if len(s.buf) > 0 {
			s.emit(string(s.buf))
			s.buf, s.in = s.buf[:0], false
		}
	}
	s.in = s.in && len(s.buf) > 0
}
