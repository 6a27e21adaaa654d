package config

import (
	"tandem/parser/diag"
	"tandem/parser/source"
	"tandem/proxy/server"
)

// checkLogServer warns of words that do nothing for a server that messages are
// sent to over a stream, in a ring or a log backend.
func (c *compiler) checkLogServer(p *server.Params, at source.Span, layout diag.Layout) {
	warn := func(text string) *diag.Diagnostic {
		return c.diags.Add(diag.Diagnostic{Severity: diag.Warning, Code: diag.NoEffect, Layout: layout, Span: at, Text: text})
	}
	if p.SendProxy.Version != 0 {
		warn("'send-proxy*' server option is unsupported there, ignoring it")
	}
	mute := func(set bool, words string) {
		if set {
			warn("'" + words + "' has no effect on a server that takes log messages.").Ours = true
		}
	}
	mute(p.Socks4 != "", "socks4")
	mute(p.Source.UseSrc != "", "usesrc")
	mute(p.Source.Interface != "", "interface")
	mute(p.Source.PortLow != 0, "source <addr>:<port>")
}
