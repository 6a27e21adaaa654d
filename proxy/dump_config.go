package proxy

import (
	"bufio"
	"io"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/haproxy"
	"tandem/parser/source"
)

// DumpConfig prints files as they are understood: variables expanded, blocks
// that conditions dropped and comments left out, a line for each line
// (management manual 3, -dC). Words that would be read otherwise are quoted,
// so that what is printed can be read again.
func DumpConfig(out io.Writer, files []*source.File, opt haproxy.Options) error {
	w := bufio.NewWriter(out)
	for _, f := range files {
		parsed := haproxy.Parse(f, opt, &diag.List{})
		lines := map[int]string{}
		for _, s := range parsed.Sections {
			if s.Keyword.Text != "" {
				lines[s.Line.Span.Line()] = understood(&s.Line)
			}
			for i := range s.Lines {
				lines[s.Lines[i].Span.Line()] = "\t" + understood(&s.Lines[i])
			}
		}
		for n := 1; n <= f.Lines(); n++ {
			l, ok := lines[n]
			if !ok {
				l = "\t"
			}
			w.WriteString(l + "\n")
		}
	}
	return w.Flush()
}

// understood prints the words of a line, each with a blank behind it.
func understood(l *haproxy.Line) string {
	var b strings.Builder
	for _, w := range l.Words {
		b.WriteString(quoted(w.Text))
		b.WriteByte(' ')
	}
	return b.String()
}

// quoted quotes a word that needs it.
func quoted(s string) string {
	if s != "" && !strings.ContainsAny(s, " \t\"'\\#$") {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "\t", `\t`).Replace(s) + `"`
}
