package config

import (
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/logformat"
)

// defaultLogFormat gives a frontend the format that its options select, where
// no log-format line does (configuration manual 8.2).
func (c *compiler) defaultLogFormat(p *Proxy) {
	if p.LogFormat != nil || p.Caps&keyword.Frontend == 0 {
		return
	}
	format := `Connect from %ci:%cp to %fi:%fp (%f/` + upperMode(p.Mode) + `)`
	http := p.Mode == "http"
	switch {
	case p.Option("httplog clf") && http:
		format = logformat.HTTPLogCLF
	case p.Option("httpslog") && http:
		format = logformat.HTTPSLog
	case p.Option("httplog") && http:
		format = logformat.HTTPLog
	case p.Option("tcplog clf"):
		format = logformat.TCPLogCLF
	case p.Option("tcplog"), p.Option("httplog"), p.Option("httpslog"):
		format = logformat.TCPLog // httplog falls back to tcplog in TCP mode
	default:
		p.LogAtStart = true
	}
	f, err := expr.ParseFmt(format)
	if err == nil {
		p.LogFormat, err = logformat.Compile(c.env, f)
	}
	if err != nil {
		c.refuse(err)
	}
}

func upperMode(mode string) string {
	if mode == "http" {
		return "HTTP"
	}
	return "TCP"
}
