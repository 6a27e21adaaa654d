package config

import (
	"strings"
	"time"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/listen"
	"tandem/proxy/logs"
)

// The log-forward section (configuration manual 12.6).

var logForwardWords = keyword.NewTable("log-forward keyword", []*keyword.Def[Setting[Block]]{
	forwardLine("bind", 0, "Where messages come in by TCP.", func(e *keyword.Env, w []expr.Word) (func(*ForwardSection), error) {
		l, err := blockBind(e, w)
		return func(f *ForwardSection) { f.Binds = addBind(f.Binds, l) }, err
	}),
	forwardLine("dgram-bind", 0, "Where messages come in by UDP.", func(e *keyword.Env, w []expr.Word) (func(*ForwardSection), error) {
		l, err := datagramBind(e, w)
		return func(f *ForwardSection) { f.Datagrams = addBind(f.Datagrams, l) }, err
	}),
	forwardLine("log", keyword.No, "Where messages go.", func(e *keyword.Env, _ []expr.Word) (func(*ForwardSection), error) {
		if e.Prefix != "" {
			return func(f *ForwardSection) { f.Logs = nil }, nil
		}
		t, err := blockTarget(e, "log")
		return func(f *ForwardSection) { f.Logs = append(f.Logs, t) }, err
	}),
	line(keyword.LogForward, "maxconn", 0, "Most connections.", upTo(1, least(1, "'maxconn' expects an integer argument."))),
	line(keyword.LogForward, "backlog", 0, "Length of the listen queue.", upTo(1, least(1, "'backlog' expects an integer argument."))),
	line(keyword.LogForward, "timeout", 0, "Longest silence.", func(e *keyword.Env, w []expr.Word) error {
		switch {
		case first(w) != "client":
			return e.Errorf(-1, "unknown keyword 'timeout %s' in log-forward section.", first(w))
		case len(w) < 2:
			return e.Errorf(-1, "missing timeout client value.")
		}
		err := timeAt(1, "timeout client")(e, w)
		if at, ok := err.(*keyword.Error); ok {
			at.Text = "timeout : " + replaceAll(at.Text, "in argument to <timeout client>", "in 'timeout client'")
		}
		return err
	}),
	forwardLine("option", keyword.No, "How messages are read.", func(e *keyword.Env, w []expr.Word) (func(*ForwardSection), error) {
		if err := forwardOption(e, w); err != nil {
			return nil, err
		}
		on, words := e.Prefix != "no", texts(e.Words)
		return func(f *ForwardSection) { f.option(words[1:], on) }, nil
	}),
})

// ForwardSection is what a log-forward section says.
type ForwardSection struct {
	Binds, Datagrams []*listen.Bind
	Logs             []logs.Target
	MaxConn, Backlog int
	Timeout          time.Duration
	Host             string // option host: replace, fill, keep, append
	Whole            bool   // option dont-parse-log
	ByLine           bool   // option assume-rfc6587-ntf
}

// forwardLine makes the Def of a line whose meaning read returns.
func forwardLine(name string, flags keyword.Flags, doc string, read func(*keyword.Env, []expr.Word) (func(*ForwardSection), error)) *keyword.Def[Setting[Block]] {
	return keyword.Define(keyword.Spec{Name: name, In: keyword.LogForward, Flags: flags, Doc: doc}, func(e *keyword.Env, a *restArgs) (Setting[Block], error) {
		set, err := read(e, a.Words)
		if err != nil {
			return nil, err
		}
		words, at := texts(e.Words), e.LineSpan()
		return func(b *Block) error {
			set(b.forward())
			b.Lines, b.Spans = append(b.Lines, words), append(b.Spans, at)
			return nil
		}, nil
	})
}

func addBind(list []*listen.Bind, b *listen.Bind) []*listen.Bind {
	if b == nil {
		return list
	}
	return append(list, b)
}

func forwardOption(e *keyword.Env, w []expr.Word) error {
	switch k := first(w); k {
	case "":
		return tightf(-1, "'option' expects an option name.")
	case "dont-parse-log", "assume-rfc6587-ntf":
		if len(w) > 1 {
			return e.Errorf(w[1].Index, "'option %s' cannot handle unexpected argument '%s'.", k, w[1].Text)
		}
	case "host":
		if len(w) < 2 || indexOf([]string{"replace", "fill", "keep", "append"}, w[1].Text) < 0 {
			return e.Errorf(-1, "option 'host' expects {replace|fill|keep|append}.")
		}
	default:
		return e.Errorf(w[0].Index, "unknown option '%s' in log-forward section.", k)
	}
	return nil
}

// datagramBind is a bind line for datagrams; of words that it does not know
// the original speaks as of words of the section.
func datagramBind(e *keyword.Env, w []expr.Word) (*listen.Bind, error) {
	b, err := blockBind(e, w)
	if at, ok := err.(*keyword.Error); ok && at.Code == diag.UnknownKeyword {
		if i := strings.LastIndex(at.Text, "unknown keyword "); i >= 0 {
			word, _, _ := strings.Cut(at.Text[i+len("unknown keyword '"):], "'")
			at.Text = "unknown keyword '" + word + "' in 'log-forward' section."
		}
	}
	return b, err
}

// checkLogForward puts together what the lines say, and warns of a section
// that listens nowhere for TCP and UDP.
func checkLogForward(c *compiler, b *Block) {
	b.forward().settle(b.Lines)
	c.ending = append(c.ending, func() {
		c.checkListenersTLS(&Proxy{Kind: "log-forward", Name: b.Name, Span: b.Span, Binds: b.Forward.Binds})
	})
	for _, l := range b.Lines {
		if len(l) > 1 && (l[0] == "bind" || l[0] == "dgram-bind") {
			return
		}
	}
	c.atEnd(diag.Warning, diag.NoEffect, b, "frontend '"+b.Name+"' has no 'bind' directive. Please declare it as a backend if this was intended.")
}

// forwardConns is how many connections a section takes that does not say.
const forwardConns = 10

// forward returns the section's meaning, with the defaults where no line came.
func (b *Block) forward() *ForwardSection {
	if b.Forward == nil {
		b.Forward = &ForwardSection{MaxConn: forwardConns, Host: "fill"}
	}
	return b.Forward
}

func (f *ForwardSection) option(w []string, on bool) {
	switch w[0] {
	case "dont-parse-log":
		f.Whole = on
	case "assume-rfc6587-ntf":
		f.ByLine = on
	case "host":
		if f.Host = "fill"; on {
			f.Host = w[1]
		}
	}
}

// settle takes the lines that are but words.
func (f *ForwardSection) settle(lines [][]string) {
	for _, l := range lines {
		if len(l) < 2 {
			continue
		}
		switch l[0] {
		case "maxconn":
			if n := laxInt(l[1]); n > 0 {
				f.MaxConn = int(n)
			}
		case "backlog":
			f.Backlog = int(laxInt(l[1]))
		case "timeout":
			f.Timeout, _ = expr.ParseTime(l[len(l)-1], time.Millisecond)
		}
	}
}
