package config

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/logformat"
	"tandem/proxy/logs"
	"tandem/proxy/sample"
)

// proxyLogs are the lines that say what is logged and where.
var proxyLogs = []*keyword.Def[Setting[Proxy]]{
	logLine, logTag,
	formatLine(keyword.Spec{Name: "log-format", In: sideF, Doc: "Format of log lines."}, func(p *Proxy, f *logformat.Format) { p.LogFormat, p.LogOption, p.LogFormatSet = f, "", true }),
	formatLine(keyword.Spec{Name: "log-format-sd", In: sideF, Doc: "RFC 5424 structured data of log lines."}, func(p *Proxy, f *logformat.Format) { p.LogFormatSD, p.LogFormatSet = f, true }),
	formatLine(keyword.Spec{Name: "error-log-format", In: sideF, Doc: "Format of lines about failed connections."}, func(p *Proxy, f *logformat.Format) { p.ErrorLogFormat = f }),
	formatLine(keyword.Spec{Name: "unique-id-format", In: keyword.AnyProxy, Doc: "Format of unique request ids."}, func(p *Proxy, f *logformat.Format) { p.UniqueID = f }),
	text(keyword.Spec{Name: "unique-id-header", In: sideF, Flags: keyword.Open, Misuse: "unique-id-header expects an argument.", Doc: "Header that carries the unique id."}, func(p *Proxy, s string) { p.UniqueIDHeader = lower(s) }),
	monitorFail,
}

// fmtArgs is one format string.
type fmtArgs struct{ Fmt expr.Word }

// ParseArgs reads it.
func (f *fmtArgs) ParseArgs(in *keyword.Args) error {
	what := in.Words[in.Pos-1].Text
	w, at, ok := in.Next()
	switch {
	case !ok:
		return &keyword.Error{Index: -1, Code: diag.BadArguments, Text: what + " expects an argument."}
	case in.More():
		return &keyword.Error{Index: in.Pos, Code: diag.BadArguments, Text: what + " expects only one argument, don't forget to escape spaces!"}
	}
	f.Fmt = expr.Word{Text: w, Index: at}
	return nil
}

// formatLine makes the Def of a line with one log format.
func formatLine(s keyword.Spec, set func(*Proxy, *logformat.Format)) *keyword.Def[Setting[Proxy]] {
	place := sample.LogLine
	if s.Name == "unique-id-format" {
		place = sample.FrontHTTPRequestRule
	}
	return keyword.Define(s, func(e *keyword.Env, a *fmtArgs) (Setting[Proxy], error) {
		restore := sample.Within(e, place)
		f, err := compileFormat(e, a.Fmt, "")
		restore()
		if err != nil {
			later(e, "Parsing [%s]: failed to parse %s : %s", strings.Replace(s.Name, "unique-id-format", "unique-id", 1), err)
			return nil, nil
		}
		at := e.LineSpan()
		return func(p *Proxy) error {
			if s.Name == "log-format" {
				p.overrides(e, s.Name)
			}
			set(p, f)
			for _, name := range f.Fetches(rawData) {
				p.rawFormats = append(p.rawFormats, rawFormat{name, at})
			}
			return nil
		}, nil
	})
}

// overrides warns of a second line of a defaults section that chooses the
// format of log lines.
func (p *Proxy) overrides(e *keyword.Env, word string) {
	if p.Caps&keyword.Defaults != 0 && p.logWord != "" {
		e.Warnf(diag.Duplicate, 0, "'%s' overrides previous '%s' in 'defaults' section.", word, p.logWord).Layout = diag.ParsingTight
	}
	p.logWord = word
}

// compileFormat reads and compiles a log format and says whose it is.
func compileFormat(e *keyword.Env, w expr.Word, what string) (*logformat.Format, error) {
	if what != "" {
		what = "'" + what + "' : "
	}
	w.Text = oldAliases(e, w)
	f, err := expr.ParseFmt(w.Text)
	if err != nil {
		return nil, &keyword.Error{Index: w.Index, Code: diag.BadValue, Text: what + err.Error()}
	}
	f.Index = w.Index
	out, err := logformat.Compile(e, f)
	if err != nil {
		return nil, prefixError(err, what)
	}
	return out, nil
}

// oldAlias finds the aliases that 1.5 renamed and 2.5 dropped.
var oldAlias = regexp.MustCompile(`%%|%(\{[^}]*\})?(Ci|Cp|Fi|Fp|Bi|Bp|Si|Sp|cc|cs|st)\b`)

// oldAliases replaces the aliases of older releases and says so.
func oldAliases(e *keyword.Env, w expr.Word) string {
	if !strings.Contains(w.Text, "%") || e.Diags.Strict {
		return w.Text // the newest release does not know them
	}
	return oldAlias.ReplaceAllStringFunc(w.Text, func(m string) string {
		if m == "%%" {
			return m
		}
		name := m[len(m)-2:]
		keyword.Attached[*compiler](e).dropped(droppedAliases)
		now := strings.ToLower(name)
		if now == name {
			now = strings.ToUpper(name)
		}
		e.Diags.Tolerate(diag.Diagnostic{
			Code: diag.RemovedWord, Span: e.Span(w.Index), Hint: "%" + now,
			Text: fmt.Sprintf("log-format alias '%%%s' was dropped in HAProxy 2.5; it is accepted here and does what it did. Please write '%%%s' instead.", name, now),
		}, diag.Diagnostic{})
		return m[:len(m)-2] + now
	})
}

var logTag = text(keyword.Spec{Name: "log-tag", In: keyword.AnyProxy, Flags: keyword.Open, Doc: "Tag of log lines.",
	Misuse: "'log-tag' expects a tag for use in syslog."}, func(p *Proxy, s string) { p.LogTag = s })

var logLine = keyword.Define(keyword.Spec{
	Name: "log", In: keyword.AnyProxy, Flags: keyword.No, Doc: "Where log lines go.",
	Misuse: "'log' expects either <address[:port]> and <facility> or 'global' as arguments.",
}, func(e *keyword.Env, a *logArgs) (Setting[Proxy], error) {
	no := e.Prefix == "no"
	if no && a.given {
		return nil, e.Errorf(-1, noLogWords)
	}
	if !no && !a.given {
		return nil, e.Errorf(-1, "%s", logUse(e))
	}
	return func(p *Proxy) error {
		if no {
			p.Logs = nil
		} else {
			p.Logs = append(p.Logs, a.target)
		}
		return nil
	}, nil
})

// noLogWords refuses words behind "no log".
const noLogWords = "log : 'no log' does not expect arguments"

// logUse refuses a log line that names no target or no facility.
func logUse(e *keyword.Env) string {
	if e.Scope == keyword.Global {
		return "log : expects <address> and <facility>  as arguments"
	}
	return "log : expects <address> and <facility> or global as arguments"
}

// logArgs is "global" or a target; nothing behind "no".
type logArgs struct {
	target logs.Target
	given  bool
}

// Usage is what messages say of the line.
func (logArgs) Usage() string {
	return "{global|<target> [len <len>] [format <fmt>] [sample <ranges>:<size>] [profile <name>] <facility> [<max> [<min>]]}"
}

// ParseArgs reads the line.
func (a *logArgs) ParseArgs(in *keyword.Args) error {
	if !in.More() {
		return nil
	}
	a.given = true
	if in.Env.Prefix == "no" { // refused as a whole
		for in.More() {
			in.Next()
		}
		return nil
	}
	if in.Peek() == "global" {
		if in.Next(); in.More() {
			return in.Env.Errorf(in.Pos, "log : unknown log facility '%s'", in.Peek())
		}
		a.target.Global = true
		return nil
	}
	t, err := readLogTarget(in)
	if a.target = t; err == nil && in.More() {
		return in.Env.Errorf(in.Pos, "log : cannot handle unexpected argument '%s'", in.Peek())
	}
	return err
}

var facilities = []string{"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "auth2", "ftp", "ntp", "audit", "alert", "cron2", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"}
var levels = []string{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"}

func indexOf(list []string, s string) int {
	for i, x := range list {
		if x == s {
			return i
		}
	}
	return -1
}

// readLogTarget reads what follows "log" where it is not "global".
func readLogTarget(in *keyword.Args) (logs.Target, error) {
	addr, i, _ := in.Next()
	t := logs.Target{Address: addr, Len: 1024, Format: "local", Max: 7, Auto: true}
	if at := in.Env.LineSpan(); at.File != nil {
		t.File, t.Line = at.File.Name, at.Line()
	}
	if err := checkLogAddress(addr, nil); err != nil {
		return t, &keyword.Error{Index: i, Code: diag.BadValue, Text: "log : " + err.Error()}
	}
	given := false
	for _, w := range []string{"len", "format", "sample", "profile"} { // in this order, and once
		if in.Peek() != w || w == "profile" && t.Sample != nil || w == "sample" && t.Profile != "" {
			continue
		}
		given = true
		in.Next()
		v, vi, _ := in.Next()
		if err := logOption(&t, w, v); err != nil {
			return t, &keyword.Error{Index: vi, Code: diag.BadValue, Text: "log : " + err.Error()}
		}
	}
	f, fi, ok := in.Next()
	if !ok && !given {
		return t, &keyword.Error{Index: -1, Code: diag.BadArguments, Text: logUse(in.Env)}
	}
	if t.Facility = indexOf(facilities, f); t.Facility < 0 {
		return t, &keyword.Error{Index: fi, Code: diag.BadValue, Text: "log : unknown log facility '" + f + "'", Hint: diag.Nearest(f, facilities)}
	}
	for _, p := range []*int{&t.Max, &t.Min} {
		w, wi, ok := in.Next()
		if !ok {
			break
		}
		if *p = indexOf(levels, w); *p < 0 {
			what := "optional log level"
			if p == &t.Min {
				what = "optional minimum log level"
			}
			return t, &keyword.Error{Index: wi, Code: diag.BadValue, Text: "log : unknown " + what + " '" + w + "'", Hint: diag.Nearest(w, levels)}
		}
	}
	if err := checkLogAddress(addr, in.Env.LookUp); err != nil {
		return t, &keyword.Error{Index: i, Code: diag.BadValue, Text: "log : " + err.Error()}
	}
	return t, nil
}

// logOption sets one of the words between address and facility.
func logOption(t *logs.Target, word, value string) error {
	switch word {
	case "len":
		n, err := expr.Word{Text: value}.Int(80, 65535)
		if err != nil {
			return fmt.Errorf("invalid log length '%s', must be between 80 and 65535", value)
		}
		t.Len = int(n)
	case "format":
		formats := []string{"local", "rfc3164", "rfc5424", "priority", "short", "timed", "iso", "raw"}
		if indexOf(formats, value) < 0 {
			return fmt.Errorf("unknown log format '%s'", value)
		}
		t.Format, t.Auto = value, false
	case "profile":
		t.Profile = value
	case "sample":
		s, err := logs.ParseSampling(value)
		if err != nil {
			return err
		}
		t.Sample = s
	}
	return nil
}

// checkLogAddress refuses what cannot be logged to; names are looked up where
// look is not nil.
func checkLogAddress(addr string, look func(string) []netip.Addr) error {
	switch {
	case addr == "stdout", addr == "stderr", strings.HasPrefix(addr, "ring@"), strings.HasPrefix(addr, "backend@"):
		return nil
	}
	_, err := expr.ParseHostAddr(addr, expr.AllowFD, look)
	return err
}

var monitorFail = keyword.Define(keyword.Spec{
	Name: "monitor fail", In: keyword.Frontend, Doc: "When the monitor URI answers 503.",
}, func(e *keyword.Env, a *condArgs) (Setting[Proxy], error) {
	return func(p *Proxy) error {
		p.inOrder(e, orderMonitorFail)
		p.MonitorFail = append(p.MonitorFail, a.cond)
		return nil
	}, nil
})
