package config

import (
	"tandem/parser/diag"
	"tandem/parser/keyword"
	"tandem/parser/source"
)

// hasRules says whether a defaults section defines rules.
func (p *Proxy) hasRules() bool {
	return len(p.HTTPRequest)+len(p.HTTPResponse)+len(p.HTTPAfterResponse)+len(p.TCPConnection)+len(p.TCPSession)+len(p.TCPContent)+len(p.TCPResponse) > 0
}

// mayInherit says whether p can take over the rules of a defaults section, and
// reports why not: rules of a defaults section serve proxies of one side only
// (configuration manual 4).
func (c *compiler) mayInherit(p, d *Proxy, at source.Span) bool {
	if !d.hasRules() {
		return true
	}
	refuse := func(format string, args ...any) bool {
		c.diags.Alertf(diag.WrongSection, at, format, args...).Layout = diag.ParsingTight
		return false
	}
	side := p.Caps & (keyword.Frontend | keyword.Backend)
	switch {
	case p.Caps&keyword.Defaults != 0:
		return refuse("a defaults section cannot inherit from a defaults section defining TCP/HTTP rules (defaults section at %s).", d.Span)
	case side == keyword.Frontend|keyword.Backend:
		return refuse("a listen section cannot inherit from a defaults section defining TCP/HTTP rules.")
	case d.heirs != 0 && d.heirs != side:
		return refuse("frontends and backends cannot inherit from the same defaults section if it defines TCP/HTTP rules (defaults section at %s).", d.Span)
	case side == keyword.Backend && len(d.TCPConnection)+len(d.TCPSession) > 0:
		return refuse("a backend section cannot inherit from a defaults section defining 'tcp-request connection' or 'tcp-request session' rules (defaults section at %s).", d.Span)
	case side == keyword.Frontend && len(d.TCPResponse) > 0:
		return refuse("a frontend section cannot inherit from a defaults section defining 'tcp-response content' rules (defaults section at %s).", d.Span)
	}
	d.heirs |= side
	return true
}
