package proxy

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"tandem/parser/keyword"
	"tandem/proxy/action"
	"tandem/proxy/balance"
	"tandem/proxy/cli"
	"tandem/proxy/config"
	"tandem/proxy/listen"
	"tandem/proxy/sample"
	"tandem/proxy/server"
	"tandem/proxy/stick"
)

// Reference writes what the tables know of every keyword, as Markdown: usage,
// one sentence, the releases that dropped it, and whether it is acted on.
func Reference(out io.Writer) error {
	w := bufio.NewWriter(out)
	fmt.Fprintf(w, "# Keywords of haproxy %s\n", Version)
	section(w, "Sections", config.Sections)
	section(w, "Global section", config.GlobalWords)
	section(w, "Proxies", config.ProxyWords)
	section(w, "bind lines", listen.Words)
	section(w, "server lines", server.Words)
	section(w, "Rule actions", action.Actions)
	section(w, "balance", balance.Algorithms)
	section(w, "stick-table lines", stick.Words)
	section(w, "Filters", config.Filters)
	section(w, "Sample fetches", sample.Fetches)
	section(w, "Converters", sample.Convs)
	section(w, "Commands of the stats socket", cli.Commands)
	for _, t := range config.OtherTables() {
		fmt.Fprintf(w, "\n## Section %s\n\n", t.Section)
		for _, n := range t.Words {
			fmt.Fprintf(w, "- `%s`\n", n)
		}
	}
	return w.Flush()
}

// section writes one table.
func section[T any](w *bufio.Writer, title string, t *keyword.Table[T]) {
	acted := 0
	for _, d := range t.All() {
		if d.Flags&(keyword.NotActed|keyword.Refused) == 0 {
			acted++
		}
	}
	fmt.Fprintf(w, "\n## %s\n\n%d keywords, %d acted on.\n\n", title, len(t.All()), acted)
	for _, d := range t.All() {
		fmt.Fprintf(w, "- `%s`: %s%s\n", d.Usage(), d.Doc, notes(&d.Spec))
	}
}

// notes are what a reader must know of a keyword besides what it does.
func notes(s *keyword.Spec) string {
	text := ""
	if s.Since != 0 {
		text += " Since " + s.Since.String() + "."
	}
	if s.Until != 0 {
		text += " HAProxy " + s.Until.String() + " dropped it"
		if s.Instead != "" {
			text += "; write `" + strings.Replace(s.Instead, " @", "` ", 1)
			if !strings.Contains(s.Instead, " @") {
				text += "`"
			}
		}
		text += "."
	}
	for _, f := range []struct {
		flag keyword.Flags
		text string
	}{
		{keyword.Deprecated, " Deprecated."}, {keyword.Experimental, " Needs `expose-experimental-directives`."},
		{keyword.NotActed, " **Not acted on yet.**"}, {keyword.Refused, " **Refused: ignoring it would be unsafe.**"},
		{keyword.Tuning, " Sizes the original's internals; nothing to do here."},
	} {
		if s.Flags.Has(f.flag) {
			text += f.text
		}
	}
	return text
}
