package config

import (
	"os"
	"path/filepath"

	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/server"
)

// The ring section (configuration manual 12.5).

var ringWords = keyword.NewTable("ring keyword", []*keyword.Def[Setting[Block]]{
	line(keyword.Ring, "size", 0, "Size in bytes.", ringSize),
	line(keyword.Ring, "maxlen", 0, "Longest message.", func(e *keyword.Env, w []expr.Word) error {
		if laxInt(first(w)) == 0 {
			return e.Errorf(-1, "invalid size '%s' for new sink buffer.", first(w))
		}
		return nil
	}),
	line(keyword.Ring, "format", 0, "Header of messages.", func(e *keyword.Env, w []expr.Word) error {
		if indexOf(logFormats, first(w)) < 0 {
			return e.Errorf(-1, "unknown format '%s'.", first(w))
		}
		return nil
	}),
	line(keyword.Ring, "description", 0, "Description of the ring.", least(1, "missing ring description text.")),
	line(keyword.Ring, "server", keyword.NotActed, "Where messages are sent on to.", checkServer),
	line(keyword.Ring, "timeout", 0, "Timing of the servers.", ringTimeout),
	line(keyword.Ring, "backing-file", keyword.NotActed, "File that keeps the ring.", func(e *keyword.Env, w []expr.Word) error {
		_, err := os.Stat(filepath.Dir(first(w)))
		if first(w) == "" || err != nil && notFound(err) {
			return e.Errorf(-1, "cannot open backing-file '%s' for ring '%s': No such file or directory.", first(w), e.Owner)
		}
		return nil
	}),
})

var logFormats = []string{"local", "rfc3164", "rfc5424", "priority", "short", "timed", "iso", "raw"}

func ringSize(e *keyword.Env, w []expr.Word) error {
	if n, err := expr.ParseSize(first(w)); err != nil || n == 0 {
		return e.Errorf(-1, "invalid size '%s' for new sink buffer.", first(w))
	}
	return nil
}

// ringTimeout reads "timeout {connect|server} <time>"; other words the
// original drops.
func ringTimeout(e *keyword.Env, w []expr.Word) error {
	k := first(w)
	switch {
	case k != "connect" && k != "server":
		e.Warnf("no-effect", -1, "'timeout %s' means nothing in a ring and is ignored.", k).Ours = true
		return nil
	case len(w) < 2:
		return e.Errorf(-1, "'timeout %s' expects <time> as argument.", k)
	}
	return tightly(timeAt(1, "timeout "+k))(e, w)
}

// blockServer has the server room read a "server" line of a section that is
// no proxy.
func blockServer(e *keyword.Env, w []expr.Word) (*server.Line, error) {
	l, err := server.ParseServer(e, e.Words, &server.Params{})
	if at, ok := err.(*keyword.Error); ok && len(w) < 2 {
		at.Place = true
	}
	if err != nil {
		return nil, err
	}
	return &l, nil
}

// checkServer is blockServer where nothing is kept of the line but its words.
func checkServer(e *keyword.Env, w []expr.Word) error {
	_, err := blockServer(e, w)
	return err
}
