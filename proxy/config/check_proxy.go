package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/action"
	"tandem/proxy/balance"
	"tandem/proxy/check"
)

// afterf reports what a check of a whole proxy found. The original names no
// place in these messages; ours is for the pretty and JSON styles.
func (c *compiler) afterf(s diag.Severity, code diag.Code, p *Proxy, format string, args ...any) *diag.Diagnostic {
	return c.diags.Add(diag.Diagnostic{Severity: s, Code: code, Layout: diag.Told, Span: p.Span, Text: fmt.Sprintf(format, args...)})
}

// who is what messages call a proxy: "backend 'x'", a listen is a "proxy".
func (p *Proxy) who() string { return kindWord(p.Kind) + " '" + p.Name + "'" }

// checkProxy makes the checks that need a whole proxy, in the order in which
// the original makes them, so that their messages come in its order.
func (c *compiler) checkProxy(p *Proxy) {
	if p.Disabled {
		return
	}
	c.checkLogOption(p)
	if p.Caps&keyword.Frontend != 0 && len(p.Binds) == 0 {
		c.afterf(diag.Warning, diag.NoEffect, p, "%s has no 'bind' directive. Please declare it as a backend if this was intended.", p.who())
	}
	c.checkListenersTLS(p)
	c.checkBackendMode(p)
	c.checkMail(p)
	c.checkTimeouts(p)
	if p.Caps&keyword.Frontend != 0 && p.LogFormatSet && !c.logs(p) {
		c.afterf(diag.Warning, diag.NoEffect, p, "log format ignored for %s since it has no log address.", p.who())
	}
	if p.Mode != "http" {
		if !c.mayBecomeHTTP(p) {
			c.checkTCPMode(p)
		}
	} else {
		c.checkHTTPMode(p)
	}
	if p.Balance != nil && p.Balance.Refused != "" && p.Caps&keyword.Backend != 0 {
		c.afterf(diag.Alert, diag.BadValue, p, "%s [%s]: %s", p.who(), p.Span, p.Balance.Refused)
	}
	if s, _ := p.CheckSetup.(*check.Setup); s != nil && p.Caps&keyword.Backend != 0 {
		if text := s.Unused(p.Name); text != "" {
			c.afterf(diag.Warning, diag.NoEffect, p, "%s", strings.Replace(text, "backend", kindWord(p.Kind), 1))
		}
	}
	for i, l := range p.Servers {
		if p.Mode == "log" && i > 0 && l.Addr.Datagram != p.Servers[i-1].Addr.Datagram {
			c.closing = "Fatal errors found in configuration."
			c.afterf(diag.Alert, diag.BadValue, p, "log %s: failed to initialize: cannot mix server types within a log backend, '%s' srv's network type differs from previous server.", p.who(), l.Name)
			break
		}
		if p.Mode == "log" && !l.Addr.Datagram {
			c.checkLogServer(l.Params, l.Span, diag.PostParse)
		}
		c.checkServer(p, l)
	}
	c.checkCompression(p)
}

// logs says whether a proxy has a place for log lines; "log global" stands for
// those of the global section.
func (c *compiler) logs(p *Proxy) bool {
	for i := range p.Logs {
		if !p.Logs[i].Global || len(c.cfg.Global.Logs) > 0 {
			return true
		}
	}
	return false
}

// checkLogOption replaces HTTP log formats where there is no HTTP.
func (c *compiler) checkLogOption(p *Proxy) {
	if p.Mode == "http" || p.Caps&keyword.Frontend == 0 || p.LogOption == "" || p.LogOption == "tcplog" {
		return
	}
	text := fmt.Sprintf("parsing [%s] : 'option %s' not usable with %s (needs 'mode http'). Falling back to 'option tcplog'.", p.LogOptionAt, p.LogOption, p.who())
	c.afterf(diag.Warning, diag.NoEffect, p, "%s", text)
	p.LogOption = "tcplog"
}

// checkBackendMode warns of persistence and hashes that need HTTP.
func (c *compiler) checkBackendMode(p *Proxy) {
	if p.Caps&keyword.Backend != 0 && p.Mode != "log" && p.Balance != nil && p.Balance.Name == "log-hash" {
		c.afterf(diag.Warning, diag.NoEffect, p, "Unusable balance algorithm for %s (needs 'mode log'). Falling back to round robin.", p.who())
		p.Balance = balance.Rotation()
	}
	if p.Mode == "http" || p.Caps&keyword.Backend == 0 {
		return
	}
	if p.Mode == "log" && p.Balance != nil && !p.Balance.NeedsHTTP { // those fall back below
		switch p.Balance.Name {
		case "roundrobin", "random", "sticky", "log-hash":
		default:
			c.afterf(diag.Alert, diag.BadArguments, p, "in %s: \"balance\" only supports 'roundrobin', 'random', 'sticky' and 'log-hash'.", p.who())
		}
	}
	if p.Cookie != nil {
		c.afterf(diag.Warning, diag.NoEffect, p, "cookie will be ignored for %s (needs 'mode http').", p.who())
	}
	if p.Balance != nil && p.Balance.NeedsHTTP {
		c.afterf(diag.Warning, diag.NoEffect, p, "Layer 7 hash not possible for %s (needs 'mode http'). Falling back to round robin.", p.who())
		p.Balance = balance.Rotation()
	}
}

// checkTimeouts warns of sides that may wait for ever.
func (c *compiler) checkTimeouts(p *Proxy) {
	t := &p.Timeouts
	missing := p.Caps&keyword.Frontend != 0 && t.Client == 0 ||
		p.Caps&keyword.Backend != 0 && len(p.Servers) > 0 && (t.Connect == 0 || t.Server == 0 && (p.Mode == "http" || t.Tunnel == 0))
	if !missing || p.Mode == "log" || p.Mode == "spop" {
		return
	}
	c.afterf(diag.Warning, diag.MissingTimeout, p, "missing timeouts for %s.\n"+
		"   | While not properly invalid, you will certainly encounter various problems\n"+
		"   | with such a configuration. To fix this, please ensure that all following\n"+
		"   | timeouts are set to a non-zero value: 'client', 'connect', 'server'.", p.who())
}

// httpOptions are the options that TCP mode ignores, in the order of the messages.
var httpOptions = []struct {
	name string
	side keyword.Scope
}{
	{"http-buffer-request", keyword.Listen}, {"http-ignore-probes", keyword.Frontend}, {"prefer-last-server", keyword.Backend},
	{"http-no-delay", keyword.Listen}, {"http-pretend-keepalive", keyword.Backend}, {"http-use-proxy-header", keyword.Frontend},
	{"idle-close-on-response", keyword.Frontend}, {"checkcache", keyword.Backend}, {"disable-h2-upgrade", keyword.Frontend},
	{"accept-unsafe-violations-in-http-request", keyword.Frontend}, {"accept-unsafe-violations-in-http-response", keyword.Backend},
	{"http-drop-request-trailers", keyword.Backend}, {"http-drop-response-trailers", keyword.Frontend},
}

// NeedsHTTP says whether an option has no effect in TCP mode.
func NeedsHTTP(option string) bool {
	for _, o := range httpOptions {
		if o.name == option {
			return true
		}
	}
	return false
}

// mayBecomeHTTP says whether connections of a frontend in TCP mode may go on as
// HTTP: by a rule, or since they go to a backend in HTTP mode.
func (c *compiler) mayBecomeHTTP(p *Proxy) bool {
	http := func(to *keyword.Ref) bool {
		b := keyword.Target[*Proxy](to)
		return b != nil && b.Mode == "http"
	}
	return p.Caps&keyword.Frontend != 0 &&
		(slices.ContainsFunc(p.TCPContent, func(r action.Rule) bool { return r.Name == "switch-mode" }) || http(p.DefaultBackend) ||
			slices.ContainsFunc(p.UseBackend, func(u UseBackend) bool { return u.Format != nil || http(u.To) }))
}

// checkTCPMode warns of what TCP mode ignores.
func (c *compiler) checkTCPMode(p *Proxy) {
	ignored := func(on bool, text string) {
		if on {
			c.afterf(diag.Warning, diag.NoEffect, p, "%s", strings.Replace(text, "%s", p.who(), 1))
		}
	}
	front := p.Caps&keyword.Frontend != 0
	ignored(p.Stats != nil && p.Stats.own, "'stats' statement ignored for %s as it requires HTTP mode.")
	ignored(front && p.MonitorURI != "", "'monitor-uri' statement ignored for %s as it requires HTTP mode.")
	ignored(len(p.HTTPRequest) > 0 || len(p.Blocks) > 0, "'http-request' rules ignored for %s as they require HTTP mode.")
	ignored(len(p.HTTPResponse) > 0, "'http-response' rules ignored for %s as they require HTTP mode.")
	ignored(len(p.HTTPAfterResponse) > 0, "'http-after-response' rules ignored for %s as they require HTTP mode.")
	ignored(len(p.Redirects) > 0, "'redirect' rules ignored for %s as they require HTTP mode.")
	for _, o := range httpOptions {
		ignored(o.side&p.Caps != 0 && p.Options[o.name], "'option "+o.name+"' ignored for %s as it requires HTTP mode.")
	}
	for _, l := range p.Servers {
		if l.Params.Cookie != "" {
			c.afterf(diag.Warning, diag.NoEffect, p, "%s : ignoring cookie for server '%s' as HTTP mode is disabled.", p.who(), l.Name)
		}
	}
}

// checkLate makes the checks that come after all proxies'.
func (c *compiler) checkLate(p *Proxy) {
	if p.Mode == "http" || p.Disabled {
		return
	}
	back := p.Caps&keyword.Backend != 0
	for _, o := range []struct {
		on   bool
		name string
	}{
		// What a frontend inherits is told only if it names exceptions.
		{p.ForwardFor != nil && (back || len(p.ForwardFor.Except) > 0), "forwardfor"},
		{p.OriginalTo != nil && back, "originalto"},
		{p.Forwarded != nil && back, "forwarded"},
	} {
		if o.on {
			c.afterf(diag.Warning, diag.NoEffect, p, "'option %s' ignored for %s as it requires HTTP mode.", o.name, p.who())
		}
	}
}

// checkServer makes the checks of a server that need the whole configuration.
func (c *compiler) checkServer(p *Proxy, l *ServerLine) {
	c.checkServerTLS(p, l)
	s := l.Params
	if s.Check.Enabled && s.Check.Port == 0 && l.Addr.Kind == expr.Inet && l.Addr.Port == 0 && !l.Addr.Offset && isIP(l.Addr.Host) {
		setup, _ := p.CheckSetup.(*check.Setup)
		if why, bad := setup.Portless(); bad && c.closing == "" { // the original stops at the first
			c.closing = "Fatal errors found in configuration."
			c.afterf(diag.Alert, diag.BadArguments, p, "config: %s '%s': server '%s' has neither service port nor check port%s.", kindWord(p.Kind), p.Name, l.Name, why)
		}
	}
}

// isIP says whether a host is an address: names are known too late for checks
// of what stands beside them.
func isIP(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

func checkKind(s *check.Setup) string {
	if s == nil {
		return ""
	}
	return s.Kind
}
