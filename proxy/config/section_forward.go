package config

import (
	"strings"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
)

// The log-forward section (configuration manual 12.6).

var logForwardWords = keyword.NewTable("log-forward keyword", []*keyword.Def[Setting[Block]]{
	line(keyword.LogForward, "bind", 0, "Where messages come in by TCP.", checkBind),
	line(keyword.LogForward, "dgram-bind", 0, "Where messages come in by UDP.", datagramBind),
	line(keyword.LogForward, "log", keyword.No, "Where messages go.", func(e *keyword.Env, _ []expr.Word) error {
		if e.Prefix != "" {
			return nil
		}
		return blockLog(e, "log")
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
	line(keyword.LogForward, "option", keyword.No, "How messages are read.", forwardOption),
})

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
func datagramBind(e *keyword.Env, w []expr.Word) error {
	err := checkBind(e, w)
	if at, ok := err.(*keyword.Error); ok && at.Code == diag.UnknownKeyword {
		if i := strings.LastIndex(at.Text, "unknown keyword "); i >= 0 {
			word, _, _ := strings.Cut(at.Text[i+len("unknown keyword '"):], "'")
			at.Text = "unknown keyword '" + word + "' in 'log-forward' section."
		}
	}
	return err
}

// checkLogForward warns of a section that listens nowhere for TCP and UDP.
func checkLogForward(c *compiler, b *Block) {
	for _, l := range b.Lines {
		if len(l) > 1 && (l[0] == "bind" || l[0] == "dgram-bind") {
			return
		}
	}
	c.atEnd(diag.Warning, diag.NoEffect, b, "frontend '"+b.Name+"' has no 'bind' directive. Please declare it as a backend if this was intended.")
}
