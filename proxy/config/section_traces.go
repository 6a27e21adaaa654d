package config

import (
	"slices"

	"tandem/parser/expr"
	"tandem/parser/keyword"
)

// The traces section (configuration manual 12.1).

var tracesWords = keyword.NewTable("traces keyword", []*keyword.Def[Setting[Block]]{
	line(keyword.Traces, "trace", keyword.Tuning, "Trace something from the start.", traceLine),
})

var (
	traceSources = []string{"0", "all", "h2", "fcgi", "spop", "acme", "ssl", "h1", "stream", "peers", "check", "applet", "pt", "session", "haterm", "quic", "qmux", "h3"}
	traceWords   = []string{"event", "level", "lock", "follow", "pause", "sink", "start", "stop", "verbosity"}
	traceLevels  = []string{"error", "user", "proto", "state", "data", "developer"}
	traceDetail  = []string{"quiet", "clean", "minimal", "simple", "advanced", "complete"}
)

// traceLine reads "trace <source> {<word> <value>}…". The events and the
// criteria of a source are not all known here: only those that look like
// nothing of the kind are refused.
func traceLine(e *keyword.Env, w []expr.Word) error {
	if len(w) == 0 {
		return nil
	}
	if !slices.Contains(traceSources, w[0].Text) {
		return e.Errorf(w[0].Index, "No such trace source '%s'", w[0].Text)
	}
	source := w[0].Text
	if source == "0" {
		return nil
	}
	for i := 1; i < len(w); i += 2 {
		k := w[i].Text
		switch {
		case source == "all" && k != "sink" && k != "level" && k != "follow":
			return e.Errorf(w[i].Index, "'%s' not applicable to meta-source 'all'", k)
		case !slices.Contains(traceWords, k):
			return e.Errorf(w[i].Index, "Unknown trace keyword '%s'", k)
		case i+1 >= len(w):
			return nil
		}
		if err := traceValue(e, source, k, w[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// traceValue refuses a value that a word of a trace line cannot have.
func traceValue(e *keyword.Env, source, k string, v expr.Word) error {
	switch {
	case k == "level" && !slices.Contains(traceLevels, v.Text):
		mark := "*"
		if source == "all" {
			mark = " "
		}
		return e.Errorf(v.Index, "No such trace level '%s'. Supported trace levels for source %s:\n    error      : report errors\n  %s user       : also information useful to the end user\n    proto      : also protocol-level updates\n    state      : also report internal state changes\n    data       : also report data transfers\n    developer  : also report information useful only to the developer", v.Text, source, mark)
	case k == "verbosity" && !slices.Contains(traceDetail, v.Text):
		return e.Errorf(v.Index, "No such verbosity level '%s'.", v.Text)
	case k == "follow" && v.Text != "none" && !slices.Contains(traceSources[2:], v.Text):
		return e.Errorf(v.Index, "No such trace source '%s'", v.Text)
	case k == "lock" && len(v.Text) < 3:
		return e.Errorf(v.Index, "Unsupported lock-on criterion '%s'", v.Text)
	case (k == "start" || k == "stop" || k == "pause" || k == "event") && len(v.Text) < 3:
		return e.Errorf(v.Index, "No such trace event '%s'", v.Text)
	}
	return nil
}
