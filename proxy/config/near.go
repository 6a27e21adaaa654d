package config

import (
	"slices"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/keyword"
)

// Words that the original suggests in a section beside those of its table:
// sections, and words that it still has, if only to refuse them.
var (
	nearProxy  = strings.Fields("acl appsession email-alert backend block clitimeout contimeout defaults dispatch frontend listen monitor-net srvtimeout transparent usesrc")
	nearGlobal = strings.Fields("tune.chksize backend defaults frontend global listen peers resolvers")
)

// suggest returns the word that someone may have meant who wrote one that the
// section does not know, as the original guesses.
func suggest[T any](c *compiler, table *keyword.Table[Setting[T]], word string) string {
	names := table.Suggestions(0, true)
	switch {
	case c.env.Scope&keyword.AnyProxy != 0:
		names = append(names, nearProxy...)
	case c.env.Scope == keyword.Global:
		names = append(names, nearGlobal...)
	}
	return diag.Nearest(word, slices.DeleteFunc(names, notBuilt))
}

// suggestOption is suggest for the word behind "option".
func suggestOption(word string) string {
	names := []string{"original-to", "transparent"} // the one as it is written there, the other as it was
	for _, d := range ProxyWords.All() {
		if name, ok := strings.CutPrefix(d.Name, "option "); ok && d.Until == 0 && !notSuggested[name] {
			names = append(names, name)
		}
	}
	return diag.Nearest(word, names)
}

// notSuggested are options that the original reads by other means and does not
// think of.
var notSuggested = map[string]bool{
	"http-restrict-req-hdr-names": true, "httpslog": true, "originalto": true, "use-small-buffers": true,
	"accept-invalid-http-request": true, "accept-invalid-http-response": true,
}
