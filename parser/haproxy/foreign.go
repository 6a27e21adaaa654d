package haproxy

import (
	"fmt"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2/lexer"

	"tandem/parser/diag"
)

// foreignChars are characters that word processors and web pages put where a
// blank, a quote or a hyphen is meant.
var foreignChars = map[rune]struct{ is, means string }{
	'\u00a0': {"a no-break space", "a blank"},
	'\u1680': {"an ogham space", "a blank"},
	'\u2002': {"an en space", "a blank"},
	'\u2003': {"an em space", "a blank"},
	'\u2007': {"a figure space", "a blank"},
	'\u2009': {"a thin space", "a blank"},
	'\u200a': {"a hair space", "a blank"},
	'\u202f': {"a narrow no-break space", "a blank"},
	'\u3000': {"an ideographic space", "a blank"},
	'\u200b': {"a zero width space", "nothing"},
	'\u200c': {"a zero width non-joiner", "nothing"},
	'\u200d': {"a zero width joiner", "nothing"},
	'\u2060': {"a word joiner", "nothing"},
	'\ufeff': {"a byte order mark", "nothing"},
	'\u00ad': {"a soft hyphen", "nothing"},
	'\u2018': {"a typographic quote", `"'"`},
	'\u2019': {"a typographic quote", `"'"`},
	'\u201a': {"a typographic quote", `"'"`},
	'\u201c': {"a typographic quote", `'"'`},
	'\u201d': {"a typographic quote", `'"'`},
	'\u201e': {"a typographic quote", `'"'`},
	'\u00ab': {"a typographic quote", `'"'`},
	'\u00bb': {"a typographic quote", `'"'`},
	'\u2010': {"a typographic hyphen", "'-'"},
	'\u2011': {"a no-break hyphen", "'-'"},
	'\u2012': {"a figure dash", "'-'"},
	'\u2013': {"an en dash", "'-'"},
	'\u2014': {"an em dash", "'-'"},
	'\u2212': {"a minus sign", "'-'"},
	'\u2190': {"an arrow", "the end of a pasted line"},
	'\u2192': {"an arrow", "the end of a pasted line"},
	'\u21b5': {"an arrow", "the end of a pasted line"},
	'\u21a9': {"an arrow", "the end of a pasted line"},
	'\u2026': {"an ellipsis", "'...'"},
}

// ForeignChar returns what is said of the first character of text that looks
// like another one, and its place; "" where there is none.
func ForeignChar(text string) (says string, start, end int) {
	for i := 0; i < len(text); {
		if text[i] < utf8.RuneSelf {
			i++
			continue
		}
		c, n := utf8.DecodeRuneInString(text[i:])
		if f, ok := foreignChars[c]; ok {
			return fmt.Sprintf("%s (U+%04X) stands here, where %s is meant", f.is, c, f.means), i, i + n
		}
		i += n
	}
	return "", 0, 0
}

// foreign reports look-alike characters outside of comments and quotes, where
// they can only be meant as something else. The original says nothing here:
// it reads them as parts of words.
func (r *reader) foreign(t *lexer.Token, from, to int) {
	text := t.Value[from:to]
	says, start, end := ForeignChar(text)
	if says == "" {
		return
	}
	r.diags.Add(diag.Diagnostic{Severity: diag.Notice, Code: diag.ForeignChars, Layout: diag.ParsingTight,
		Span: r.span(t, from+start, from+end), Text: says, Quiet: true, Ours: true,
		Hint: "type it again; it was probably copied from a web page or a word processor"})
}
