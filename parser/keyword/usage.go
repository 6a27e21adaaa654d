package keyword

import (
	"reflect"
	"strings"
	"unicode"
)

// tagUsage derives "<name> [len <len>]" from the participle tags of an
// argument struct.
func tagUsage(t reflect.Type) string {
	var out []string
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("parser")
		if tag == "" {
			tag = string(f.Tag)
		}
		if u := fieldUsage(tag, kebab(f.Name)); u != "" {
			out = append(out, u)
		}
	}
	return brackets(strings.Join(out, " "))
}

// brackets writes what may be missing the way manuals do: "(a b)?" becomes
// "[a b]", "<x>?" becomes "[<x>]"; blanks inside parentheses go.
func brackets(s string) string {
	s = strings.NewReplacer("( ", "(", " )", ")").Replace(s)
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '?' || len(out) == 0 {
			out = append(out, s[i])
			continue
		}
		end := len(out) - 1
		if start := opening(out); out[end] == ')' && start >= 0 {
			out[start], out[end] = '[', ']'
			continue
		}
		start := end
		for start > 0 && out[start-1] != ' ' && out[start-1] != '(' {
			start--
		}
		out = append(out, 0, 0)
		copy(out[start+1:], out[start:end+1])
		out[start], out[len(out)-1] = '[', ']'
	}
	return string(out)
}

// opening finds the parenthesis that the last byte of s closes, or -1.
func opening(s []byte) int {
	depth := 0
	for i := len(s) - 1; i >= 0; i-- {
		switch s[i] {
		case ')':
			depth++
		case '(':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// fieldUsage rewrites one tag: captures become <name>, literals lose their
// quotes, optional groups become brackets.
func fieldUsage(tag, name string) string {
	var b strings.Builder
	for i := 0; i < len(tag); i++ {
		switch c := tag[i]; {
		case c == '@':
			for i+1 < len(tag) && (tag[i+1] == '@' || isLetter(tag[i+1])) {
				i++
			}
			if i+1 < len(tag) && (tag[i+1] == '"' || tag[i+1] == '(' || tag[i+1] == '\'') {
				continue // a captured literal or group: its text says it
			}
			b.WriteString("<" + name + ">")
		case c == '"' || c == '\'':
			j := strings.IndexByte(tag[i+1:], c)
			if j < 0 {
				return b.String()
			}
			b.WriteString(tag[i+1 : i+1+j])
			i += j + 1
		case c == '?':
			b.WriteString("?")
		default:
			b.WriteByte(c)
		}
	}
	return strings.TrimSpace(b.String())
}

// handUsage asks an ArgParser struct for its usage, if it has one to say.
func handUsage(t reflect.Type) string {
	if u, ok := reflect.New(t).Interface().(interface{ Usage() string }); ok {
		return u.Usage()
	}
	return "<args>*"
}

func isLetter(c byte) bool { return unicode.IsLetter(rune(c)) }

// kebab turns a Go field name into the words of a placeholder.
func kebab(s string) string {
	var b strings.Builder
	for i, r := range s {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
