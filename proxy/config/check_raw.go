package config

import (
	"fmt"

	"tandem/parser/diag"
	"tandem/parser/source"
)

// rawFormat is a use of data that HTTP mode has not, in a format.
type rawFormat struct {
	fetch string
	at    source.Span
}

// checkHTTPMode says what looks at bytes that a proxy in HTTP mode does not
// keep, for it has messages (configuration manual 7.3.5).
func (c *compiler) checkHTTPMode(p *Proxy) {
	for _, at := range p.rawConds {
		c.diags.Add(diag.Diagnostic{Severity: diag.Warning, Code: diag.NoEffect, Layout: diag.Told, Span: at,
			Text: fmt.Sprintf("Proxy '%s': L6 sample fetches ignored on HTTP proxies (declared at %s).", p.Name, at)})
	}
	for _, f := range p.rawFormats {
		c.diags.Add(diag.Diagnostic{Severity: diag.Warning, Code: diag.NoEffect, Layout: diag.Told, Span: f.at,
			Text: fmt.Sprintf("parsing [%s] : L6 sample fetch <%s> ignored in HTTP log-format string.", f.at, f.fetch)})
	}
}
