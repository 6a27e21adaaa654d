package cli

import (
	"io"
	"strings"

	"tandem/parser/keyword"
)

// Extend adds a command that a script registered: its words, what help says
// ("words : description"; empty: nothing), and what runs it with all words of
// the line. It must be called before connections are served.
func (s *Server) Extend(words []string, usage string, run func(w io.Writer, words []string)) {
	name := strings.Join(words, " ")
	if s.table.Lookup(name) != nil {
		return // the program's own command wins
	}
	shown, doc, _ := strings.Cut(usage, ":")
	if doc = strings.TrimSpace(doc); doc == "" {
		doc = "A command of a script."
	}
	d := define(keyword.Spec{Name: name, Doc: doc}, Command{Usage: strings.TrimSpace(shown), Secret: usage == "", Run: func(c *Call) {
		run(c.out, append(append([]string(nil), words...), c.Args...))
	}})
	s.table = keyword.NewTable("command", s.table.All(), []*keyword.Def[Command]{d})
}
