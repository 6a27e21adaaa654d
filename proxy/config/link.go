package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"tandem/parser/diag"
	"tandem/parser/keyword"
	"tandem/proxy/server"
)

// finish checks and completes a proxy once its last line was read.
func (c *compiler) finish(p *Proxy) {
	c.lowerOld(p)
	if d := p.DefaultBackend; d != nil && d.Owner != p.Name { // of the defaults: looked up for each heir
		p.DefaultBackend = nil
		if p.Caps&keyword.Frontend != 0 {
			own := *d
			own.Owner = p.Name
			own.Check = c.routable(p.Kind, &own)
			p.DefaultBackend = &own
			c.refs = append(c.refs, &own)
		}
	}
	if p.Caps&keyword.Frontend != 0 {
		p.Front = c.deps.Fronts.Frontend(p.Name)
		c.defaultLogFormat(p)
	}
	if p.Caps&keyword.Backend != 0 {
		// What the CLI published or not outlives a change of configuration.
		known := c.deps.Servers.Has(p.Name)
		if p.Back = c.deps.Servers.Backend(p.Name); !known {
			p.Back.Unpublished.Store(p.Unpublished)
		}
	}
}

// link turns names into pointers and makes the checks that need the whole
// configuration.
func (c *compiler) link() {
	parsed := !c.diags.HasErrors()
	if parsed && !c.allowExternal() {
		return
	}
	c.assignIDs()
	c.defaultResolvers()
	c.sortRefs()
	for _, r := range c.refs {
		c.resolve(r)
	}
	c.missingArgs()
	if !parsed {
		return
	}
	for _, d := range c.late {
		c.diags.Add(d)
	}
	for _, p := range c.cfg.Proxies {
		c.checkProxy(p)
	}
	for _, p := range c.cfg.Proxies {
		c.checkLate(p)
	}
	for _, p := range c.cfg.Proxies {
		for _, a := range p.SPOEAgents() {
			a.checkBackend(c, p)
		}
		for _, g := range p.spoeGroups {
			if err := p.SPOEGroup(g[0], g[1]); err != nil {
				c.afterf(diag.Alert, diag.UnknownRef, p, "%s", err)
			}
		}
	}
	c.checkApps()
	for _, f := range c.ending {
		f()
	}
	if c.checkDefaultCiphers(); c.diags.HasErrors() {
		return
	}
	c.linkPeers()
	c.loadStates()
	for _, p := range c.cfg.Proxies {
		c.linkProxy(p)
	}
}

// assignIDs gives proxies without an explicit id the next free one; the first is 2.
func (c *compiler) assignIDs() {
	used := map[int]bool{}
	for _, p := range c.cfg.Proxies {
		used[p.ID] = true
	}
	for _, p := range c.cfg.Proxies {
		if p.ID == 0 {
			for used[c.nextID] {
				c.nextID++
			}
			p.ID = c.nextID
			used[p.ID] = true
		}
		if p.Front != nil {
			p.Front.ID = p.ID
		}
		if p.Back != nil {
			p.Back.ID = p.ID
		}
	}
}

// sortRefs puts the default_backend of each proxy before its other references:
// that is the order in which the original looks them up.
func (c *compiler) sortRefs() {
	first := map[string]int{}
	for i, r := range c.refs {
		if _, ok := first[r.Owner]; !ok {
			first[r.Owner] = i
		}
	}
	slices.SortStableFunc(c.refs, func(a, b *keyword.Ref) int {
		if d := first[a.Owner] - first[b.Owner]; d != 0 {
			return d
		}
		rank := func(r *keyword.Ref) int {
			if r.By == "default_backend" {
				return 0
			}
			return 1
		}
		return rank(a) - rank(b)
	})
}

// tableOwner finds a proxy of that name that has a stick table, where both a
// frontend and a backend bear it.
func (c *compiler) tableOwner(name string) *Proxy {
	for _, p := range c.byName[name] {
		if p.StickTable != nil {
			return p
		}
	}
	return nil
}

// missingArgs reports what arguments of fetches and converters name in vain;
// several make one message, as in the original.
func (c *compiler) missingArgs() {
	switch len(c.unfound) {
	case 0:
		return
	case 1:
		r := c.unfound[0]
		c.post(diag.UnknownRef, r, fmt.Sprintf("parsing [%s]: %s", r.Span, r.Missing)).Layout = diag.Told
		return
	}
	var b strings.Builder
	b.WriteString("multiple argument resolution errors:")
	for _, r := range c.unfound {
		fmt.Fprintf(&b, "\n        parsing [%s]: %s", r.Span, r.Missing)
	}
	c.post(diag.UnknownRef, c.unfound[0], b.String()).Layout = diag.Told
}

// resolve gives a reference its target or reports that there is none.
func (c *compiler) resolve(r *keyword.Ref) {
	targets := c.find(r)
	if targets == nil {
		c.missing(r)
		return
	}
	r.Resolve(targets...)
	if r.Check != nil {
		if text := r.Check(targets[0]); text != "" {
			c.post(diag.UnknownRef, r, text)
		}
	}
}

// find returns the views of what a reference names; nil if there is no such thing.
func (c *compiler) find(r *keyword.Ref) []any {
	caps := map[keyword.RefKind]keyword.Scope{
		keyword.ToBackend: keyword.Backend, keyword.ToFrontend: keyword.Frontend, keyword.ToProxy: keyword.Listen,
		keyword.ToTable: keyword.Listen,
	}[r.Kind]
	if caps != 0 {
		if p := c.proxy(r.Name, caps); p != nil && (r.Kind != keyword.ToTable || p.StickTable != nil) {
			return p.views()
		}
		if r.Kind == keyword.ToTable {
			if p := c.tableOwner(r.Name); p != nil {
				return p.views()
			}
		}
		if r.Kind != keyword.ToTable {
			return nil
		}
	}
	if r.Kind == keyword.ToServer {
		be, name, ok := strings.Cut(r.Name, "/")
		if !ok {
			be, name = r.Owner, r.Name
		}
		if p := c.proxy(be, keyword.Backend); p != nil {
			if s := p.server(name); s != nil {
				if t := s.prepare(p); r.By != "server" && r.By != "server-template" {
					t.NameIt()
				}
				return []any{s, s.prepare(p)}
			}
		}
		return nil
	}
	if t := c.cfg.Others.Tables[r.Name]; t != nil && r.Kind == keyword.ToTable {
		return []any{t}
	}
	if r.Kind == keyword.ToHTTPErrors {
		return c.cfg.Others.errorViews(r.Name)
	}
	if t := c.cfg.Others.find(r); t != nil {
		return viewsOf(t)
	}
	return nil
}

// viewsOf returns what the rooms know a section as.
func viewsOf(t any) []any {
	b, ok := t.(*Block)
	switch {
	case ok && b.Cache != nil:
		return []any{t, b.Cache}
	case ok && b.Resolver != nil:
		return []any{t, b.Resolver}
	}
	return []any{t}
}

// views returns what the rooms know a proxy as.
func (p *Proxy) views() []any {
	v := []any{p}
	if p.Back != nil {
		v = append(v, p.Back)
	}
	if p.Front != nil {
		v = append(v, p.Front)
	}
	if p.StickTable != nil {
		v = append(v, p.StickTable)
	}
	return v
}

func (c *compiler) proxy(name string, caps keyword.Scope) *Proxy {
	for _, p := range c.byName[name] {
		if p.Caps&caps != 0 {
			return p
		}
	}
	return nil
}

// find returns a section that is no proxy.
func (o *Others) find(r *keyword.Ref) any {
	m := map[keyword.RefKind]map[string]any{
		keyword.ToUserlist: o.Userlists, keyword.ToResolvers: o.Resolvers, keyword.ToPeers: o.Peers,
		keyword.ToMailers: o.Mailers, keyword.ToCache: o.Caches, keyword.ToRing: o.Rings,
		keyword.ToFCGIApp: o.FCGIApps, keyword.ToLogProfile: o.LogProfiles, keyword.ToHealthcheck: o.Healthchecks,
		keyword.ToHTTPErrors: o.ErrorSections,
	}[r.Kind]
	if t, ok := m[r.Name]; ok {
		return t
	}
	return nil
}

// missing reports a reference to nothing. The first line is the original's,
// which names no place for these; the place goes to the pretty and JSON styles.
func (c *compiler) missing(r *keyword.Ref) {
	text := r.Missing
	switch {
	case r.Arg:
		if px, _, ok := strings.Cut(r.Name, "/"); ok && r.Kind == keyword.ToServer && c.proxy(px, keyword.Backend) == nil {
			_, rest, _ := strings.Cut(text, ", referenced")
			r.Missing = "unable to find proxy '" + px + "' referenced" + rest
		}
		c.unfound = append(c.unfound, r)
		return
	case text != "":
	case r.By == "use_backend":
		text = fmt.Sprintf("Proxy '%s': unable to find required use_backend: '%s'.", r.Owner, r.Name)
	case r.By == "default_backend":
		text = fmt.Sprintf("Proxy '%s': unable to find required default_backend: '%s'.", r.Owner, r.Name)
	case r.Kind == keyword.ToServer:
		text = c.missingServer(r)
	case r.Kind == keyword.ToResolvers && (r.By == "server" || r.By == "server-template"):
		kind, name := c.serverAt(r)
		text = fmt.Sprintf("%s '%s', server '%s': unable to find required resolvers '%s'", kind, r.Owner, name, r.Name)
	default:
		text = fmt.Sprintf("Proxy '%s': unable to find required %s: '%s'.", r.Owner, r.Kind, r.Name)
	}
	c.tellPlace(r, c.post(diag.UnknownRef, r, text))
}

// missingServer words a reference to a server that does not exist.
func (c *compiler) missingServer(r *keyword.Ref) string {
	kind := "backend"
	for _, p := range c.byName[r.Owner] {
		if kind = kindWord(p.Kind); p.Caps&keyword.Backend != 0 {
			break
		}
	}
	if r.By != "server" && r.By != "server-template" {
		return fmt.Sprintf("%s '%s' : unable to find server '%s' referenced in a '%s' rule.", kind, r.Owner, r.Name, r.By)
	}
	be, name, ok := strings.Cut(r.Name, "/")
	if !ok {
		be, name = r.Owner, r.Name
	}
	_, own := c.serverAt(r)
	place := fmt.Sprintf("[%s] : 'server %s/%s' : ", r.Span, r.Owner, own)
	if c.proxy(be, keyword.Backend) == nil {
		return place + fmt.Sprintf("unable to find required proxy '%s' for tracking.", be)
	}
	return place + fmt.Sprintf("unable to find required server '%s' for tracking.", name)
}

// serverAt returns the name of the server whose line holds a reference, and
// what its proxy is.
func (c *compiler) serverAt(r *keyword.Ref) (kind, name string) {
	if p := c.proxy(r.Owner, keyword.Backend); p != nil {
		for _, l := range p.Servers {
			if l.Span.Line() == r.Span.Line() && l.Span.File == r.Span.File {
				return kindWord(p.Kind), l.Name
			}
		}
	}
	return "proxy", ""
}

func (c *compiler) post(code diag.Code, r *keyword.Ref, text string) *diag.Diagnostic {
	d := c.diags.Alertf(code, r.Span, "%s", text)
	d.Layout = diag.Told
	return d
}

// prepare returns the run time object of a server, so that names can point to
// it; nothing changes in it before Commit. Servers that nobody names have none
// until then: a check makes nothing that only a run needs.
func (l *ServerLine) prepare(p *Proxy) *server.Server {
	if l.Server == nil {
		l.Server = p.Back.Prepare(l.Name, l.Params)
	}
	return l.Server
}

// linkProxy resolves the names of a proxy's servers.
func (c *compiler) linkProxy(p *Proxy) {
	if p.Back == nil {
		return
	}
	for _, l := range p.Servers {
		c.resolveServer(p, l)
	}
	if p.Balance == nil {
		p.Balance = c.defaultBalance()
	}
	if p.Reuse == "" {
		p.Reuse = c.defaultReuse()
	}
}

// resolveServer finds a server's address; a name that has none is refused, as
// the original does without "init-addr none" (configuration manual 5.2).
func (c *compiler) resolveServer(p *Proxy, l *ServerLine) {
	if server.Literal(&l.Addr) {
		return // Commit makes the endpoint
	}
	e, _ := server.EndpointOf(&l.Addr)
	l.Line = *e
	if l.record() {
		l.Endpoint = l.lastTarget(e)
		return
	}
	if e.Name == "" || c.opt.Offline || p.Disabled {
		return
	}
	if found, ok := l.findAddress(e, c.env.LookUp); ok {
		l.Endpoint = found
		return
	}
	switch {
	case c.opt.NoResolve:
		return
	case l.Params.Resolvers != nil:
		d := c.diags.Add(diag.Diagnostic{Severity: diag.Notice, Code: diag.Unresolvable, Span: l.Span, Text: "could not resolve address '" + e.Name + "', disabling server."})
		d.Layout, d.Subject = diag.PostParse, "server "+p.Name+"/"+l.Name
		return
	}
	if !c.diags.HasErrors() {
		c.closing = "Failed to initialize server(s) addr."
	}
	text := "could not resolve address '%s'."
	if strings.HasPrefix(e.Name, "_") {
		text = "no method found to resolve address '%s'." // only resolvers know SRV records
	}
	d := c.diags.Alertf(diag.Unresolvable, l.Span, text, e.Name)
	d.Layout, d.Subject = diag.PostParse, "server "+p.Name+"/"+l.Name
}

// record says whether the line names SRV records, whose targets are looked up
// while the process runs.
func (l *ServerLine) record() bool {
	return l.Params.Resolvers != nil && strings.HasPrefix(l.Line.Name, "_")
}

// findAddress tries the methods of init-addr in order (configuration manual
// 5.2); ok is false where none of them helps. A server that may start without
// an address gets nil.
func (l *ServerLine) findAddress(e *server.Endpoint, look func(string) []netip.Addr) (found *server.Endpoint, ok bool) {
	methods := l.Params.InitAddr
	if len(methods) == 0 {
		methods = []string{"last", "libc"}
	}
	for _, m := range methods {
		switch m {
		case "last":
			found = l.lastEndpoint(e)
		case "libc":
			if ips := look(e.Name); len(ips) > 0 {
				found = literal(e, ips[0].String())
			}
		case "none":
			return nil, true
		default:
			found = literal(e, m)
		}
		if found != nil {
			return found, true
		}
	}
	return nil, false
}

// literal is the endpoint e of a name once its address is known; nil where ip
// is none.
func literal(e *server.Endpoint, ip string) *server.Endpoint {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return nil
	}
	found := *e
	found.Host, found.Network = a.String(), "tcp4"
	if a.Is6() {
		found.Network = "tcp6"
	}
	return &found
}

// endpoint returns where the server is, nil where that is not known yet.
func (l *ServerLine) endpoint() *server.Endpoint {
	if l.Endpoint == nil && server.Literal(&l.Addr) {
		l.Endpoint, _ = server.EndpointOf(&l.Addr)
	}
	return l.moved(l.Endpoint)
}

// Commit makes the servers of the configuration those of the run time
// backends, and the balancing policies over them. It is called once, when the configuration is about to serve.
func (c *Config) Commit(now time.Time) {
	c.adoptTables()
	for _, p := range c.Proxies {
		if p.Back == nil {
			continue
		}
		if p.Balance != nil {
			p.Policy = p.Balance.New(p.Back, p.HashType)
		}
		list := make([]server.Declared, 0, len(p.Servers))
		for _, l := range p.Servers {
			list = append(list, server.Declared{Server: l.prepare(p), Params: l.Params, ID: l.Params.ForcedID, Addr: l.endpoint(), Line: l.Line, Track: keyword.Target[*server.Server](l.Params.Track)})
		}
		p.Back.Commit(list, server.Settings{
			AllBackups: p.Option("allbackups"), FullConn: p.FullConn, LogHealthChecks: p.Option("log-health-checks"), Mode: p.Mode, Ranked: p.Balance != nil && p.Balance.Name == "sticky",
			DynamicCookies: p.Cookie != nil && p.Cookie.Dynamic, CookieKey: p.DynamicCookieKey,
		}, now)
	}
	for _, p := range c.Proxies { // once all are there: some follow servers of others
		for _, l := range p.Servers {
			if l.Saved != nil {
				l.Server.Restore(l.Saved, now)
				l.Saved = nil
			}
		}
	}
}
