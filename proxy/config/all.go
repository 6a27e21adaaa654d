package config

import (
	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/listen"
)

// Sections is the table of sections (configuration manual 2.1).
var Sections = keyword.NewTable("section", proxySections, otherSections)

// ProxyWords is the table of the lines of defaults, frontend, backend and
// listen (configuration manual chapter 4).
var ProxyWords = keyword.NewTable("proxy keyword", proxyCore, proxyOptions, proxyCookies, proxyErrors, proxyStats, proxyLogs, proxyRules, proxyRoutes, proxyTimeouts, proxyServers, proxyBinds,
	proxyBalance, proxySticks, proxyPersist, proxyDelays, proxyMisc, proxyChecks, proxyRemoved)

// GlobalWords is the table of the lines of the global section (chapter 3).
var GlobalWords = keyword.NewTable("global keyword", globalProcess, globalMisc, globalFlags, globalTLS, globalTunes, globalRemoved, globalQUIC, globalDevices)

// checkBindAddrs reads the addresses of a bind line.
func checkBindAddrs(e *keyword.Env, b *listen.Bind, i int) error {
	if err := b.ParseAddrs(e.LookUp); err != nil {
		return &keyword.Error{Index: i, Code: diag.BadValue, Text: err.Error()}
	}
	for _, a := range b.Endpoints {
		switch {
		case a.Datagram && !a.QUIC && e.Words[0].Text == "bind":
			return e.Errorf(i, "dgram-type address not acceptable in '%s'", a.Text)
		case a.Kind == expr.Reverse && !e.Experimental:
			return e.Errorf(i, "Address '%s' is experimental, must be allowed via a global 'expose-experimental-directives'", a.Text)
		}
	}
	return nil
}
