package cli

import "strings"

// maxWords is how many words a command may have.
const maxWords = 64

// maxMark is the longest word that may mark the end of a payload.
const maxMark = 64

// splitCommands cuts a line at semicolons that no backslash protects.
// Backslashes stay where they are.
func splitCommands(line string) []string {
	var out []string
	start := 0
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '\\':
			i++
		case ';':
			out = append(out, line[start:i])
			start = i + 1
		}
	}
	return append(out, line[start:])
}

// splitWords cuts a command at blanks. A backslash protects the character
// behind it and goes; quotes mean nothing here.
func splitWords(s string) []string {
	var out []string
	var word []byte
	in := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case ' ', '\t', '\r':
			if in {
				out = append(out, string(word))
				word, in = word[:0], false
			}
		case '\\':
			if i+1 < len(s) {
				i++
				c = s[i]
			}
			word, in = append(word, c), true
		default:
			word, in = append(word, c), true
		}
	}
	if in {
		out = append(out, string(word))
	}
	return out
}

// payloadMark finds " <<" or " <<WORD" at the end of a line. It returns the
// line without it and the line that ends the payload, which is empty for "<<".
func payloadMark(line string) (rest, mark string, ok bool) {
	line = strings.TrimRight(line, " \t\r")
	i := strings.LastIndexAny(line, " \t")
	word := line[i+1:]
	if !strings.HasPrefix(word, "<<") || len(word) > 2+maxMark || strings.Contains(word, ";") {
		return line, "", false
	}
	if i < 0 {
		return "", word[2:], true
	}
	return line[:i], word[2:], true
}
