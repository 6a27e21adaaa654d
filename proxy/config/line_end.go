package config

import (
	"strings"

	"tandem/parser/keyword"
	"tandem/parser/source"
)

// endsAt says whether the original reads no further once it refused a line of
// a proxy that begins with these words.
func endsAt(w []source.Word) bool {
	switch w[0].Text {
	case "http-request", "http-response", "http-after-response", "description":
		return true
	case "option":
		return len(w) > 1 && w[1].Text == "mysql-check"
	case "stats":
		return len(w) > 1 && w[1].Text == "http-request"
	}
	return false
}

// notBuilt says whether a word belongs to a library that the newest release
// need not be built with (it is not, as a rule): then it does not know the word.
func notBuilt(name string) bool {
	return strings.HasPrefix(name, "tune.zlib.")
}

// tooMany says whether more than one word follows where the original counts
// the words before it looks at the one that it wants.
func tooMany(e *keyword.Env, name string, args []source.Word) bool {
	if len(args) < 2 {
		return false
	}
	switch name {
	case "mode", "id":
		return e.Scope&keyword.AnyProxy != 0
	case "maxconn", "group", "gid", "user", "uid", "nbthread", "thread-groups", "master-worker":
		return e.Scope == keyword.Global
	}
	return false
}
