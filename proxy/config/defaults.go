package config

import (
	"maps"
	"slices"

	"tandem/parser/keyword"
	"tandem/proxy/action"
	"tandem/proxy/check"
	"tandem/proxy/server"
)

// newProxy returns a proxy with the built-in defaults (configuration manual,
// chapter 4; reference values of 3.5).
func newProxy() *Proxy {
	return &Proxy{
		Mode: "tcp", Retries: 3, Options: map[string]bool{},
		DefaultServer: server.DefaultParams(), MaxKeepAliveQueue: -1,
		ErrorFiles: map[int]*ErrorFile{}, FullConn: 0,
	}
}

// builtIn is what proxies begin with where no defaults section stands above
// them. It is never changed.
var builtIn = newProxy()

// newGlobal returns a global section with the built-in defaults.
func newGlobal() Global {
	g := Global{
		UID: -1, GID: -1, StatsMaxConn: 10, Tune: map[string]int64{}, TuneText: map[string]string{},
		SSLDefaultBind: map[string]string{}, SSLDefaultServer: map[string]string{}, H1CaseAdjust: map[string]string{},
		StrictLimits: true,
	}
	for n := 400; n < 600; n++ {
		g.HTTPErrCodes[n] = n < 500
		g.HTTPFailCodes[n] = n >= 500 && n != 501 && n != 505
	}
	return g
}

// inherit copies into p what a section takes from its defaults: everything
// but names, addresses, servers, ACLs, captures and filters. Rules of a named
// defaults section run before the proxy's own (configuration manual 4).
func (p *Proxy) inherit(d *Proxy) {
	kind, caps, span := p.Kind, p.Caps, p.Span
	*p = *d
	p.Kind, p.Caps, p.Span, p.From, p.Name = kind, caps, span, d, ""
	if d == builtIn {
		p.From = nil
	}
	p.ACLs, p.GUID, p.ID = nil, "", 0
	p.Options = maps.Clone(d.Options)
	p.ErrorFiles = maps.Clone(d.ErrorFiles)
	p.Logs = slices.Clone(d.Logs)
	p.Text = maps.Clone(d.Text)
	if s, ok := d.CheckSetup.(*check.Setup); ok {
		p.CheckSetup = s.Clone()
	}
	p.DefaultServer = d.DefaultServer // a default-server line makes a new one
	if d.Stats != nil {
		s := *d.Stats
		s.Auth, s.Scope, s.Admin = slices.Clone(s.Auth), slices.Clone(s.Scope), slices.Clone(s.Admin)
		p.Stats = &s
	}
	for _, rs := range []*action.Rules{&p.HTTPRequest, &p.HTTPResponse, &p.HTTPAfterResponse, &p.TCPConnection, &p.TCPSession, &p.TCPContent, &p.TCPResponse} {
		*rs = slices.Clone(*rs)
	}
	if caps&keyword.Backend == 0 && caps&keyword.Defaults == 0 {
		p.TCPResponse = nil
	}
	if caps&keyword.Frontend == 0 && caps&keyword.Defaults == 0 {
		p.TCPConnection, p.TCPSession = nil, nil
	}
	p.Binds, p.Servers, p.UseBackend, p.UseServer, p.serverBy = nil, nil, nil, nil, nil
	p.CaptureCookie, p.MonitorFail, p.StickRules, p.Filters = nil, nil, nil, nil
	p.ReqCaptures, p.ResCaptures = slices.Clone(d.ReqCaptures), slices.Clone(d.ResCaptures) // slots of inherited rules
	p.ForcePersist, p.IgnorePersist, p.StickTable, p.Description = nil, nil, nil, ""
	p.Redirects, p.Blocks, p.seen = nil, nil, [orderCount]bool{}
}

// Option says whether an option is set.
func (p *Proxy) Option(name string) bool { return p.Options[name] }
