package engine

import (
	"net/netip"
	"sync"
	"time"

	"tandem/parser/keyword"
	"tandem/proxy/action"
	"tandem/proxy/config"
	"tandem/proxy/listen"
	"tandem/proxy/logformat"
	"tandem/proxy/logs"
	"tandem/proxy/pattern"
	"tandem/proxy/server"
	"tandem/stats"
)

// front is a proxy seen from its clients.
type front struct {
	side
	rt    *setup
	f     *listen.Frontend
	st    *stats.Frontend
	uses  []useBackend
	def   *back // the default backend, or the proxy itself
	own   *back // the proxy itself where it is a listen section, or nil
	stub  *back // stands for the backend of answers that need none
	http  bool
	reqT  time.Duration // timeout http-request
	kaT   time.Duration // timeout http-keep-alive
	delay time.Duration // inspect-delay

	dontLogNull, dontLogNormal, separateErrors, logASAP, ignoreProbes bool
	unsafe, adjust, socketStats                                       bool
	needCaps                                                          bool
	idleOnResponse, noLinger, indep                                   bool
	h2                                                                bool   // a preface makes a connection HTTP/2
	cliKA                                                             bool   // keep-alive packets to clients
	mute                                                              bool   // no line goes anywhere
	logsSamples                                                       bool   // a line may ask for what the session tracks
	logStart                                                          bool   // one line, when the transaction begins
	steps                                                             uint32 // of "log-steps": 1<<logs.Step; 0: one line
}

// back is a proxy seen from its servers.
type back struct {
	side
	b       *server.Backend
	st      *stats.Backend
	servers []*srv
	uses    []useServer
	sticks  []*action.StickRule
	retry   retrySet

	abortOnClose, persist, pretendKA, unsafe, adjust, preferLast bool
	checkCache, noLinger, indep                                  bool
	srvKA                                                        bool // keep-alive packets to servers
	reuse                                                        reuseMode
	fcgi                                                         *fcgiApp // nil: the servers speak HTTP
	tarpitT                                                      time.Duration
	defaultPick                                                  roundRobin
	added                                                        sync.Map // *server.Server -> *srv: those added at run time
}

// side is what both have in common.
type side struct {
	p          *config.Proxy
	name       string
	bufferReq  bool
	mayWait    bool // its request rules may wait for something
	fwd, orig  *addrHeader
	noDelay    bool
	spliceReq  bool
	spliceRes  bool
	spliceAuto bool
	dropTrail  bool
	restrict   restriction
	spoe       []*spoe
}

type useBackend struct {
	cond   *pattern.Cond
	to     *back
	format *logformat.Format
}

type useServer struct {
	cond   *pattern.Cond
	to     *server.Server
	format *logformat.Format
}

// srv is a server with what the engine keeps for it.
type srv struct {
	s    *server.Server
	line *config.ServerLine
	pool *pool

	noLinger bool   // connections end with a reset
	fcgi     bool   // speaks FastCGI
	redir    string // prefix for GET and HEAD; empty: they are forwarded
}

// addrHeader is "option forwardfor" or "option originalto", ready to write.
type addrHeader struct {
	name   []byte // lower case
	except []netip.Prefix
	ifNone bool
}

func newAddrHeader(h *config.AddrHeader, def string) *addrHeader {
	if h == nil {
		return nil
	}
	out := &addrHeader{name: []byte(def), ifNone: h.IfNone}
	if h.Header != "" {
		out.name = lowered(h.Header)
	}
	for _, x := range h.Except {
		if p, err := netip.ParsePrefix(x); err == nil {
			out.except = append(out.except, p)
		} else if a, err := netip.ParseAddr(x); err == nil {
			out.except = append(out.except, netip.PrefixFrom(a, a.BitLen()))
		}
	}
	return out
}

func lowered(s string) []byte {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return b
}

func newSide(p *config.Proxy) side {
	return side{
		p: p, name: p.Name, bufferReq: p.Option("http-buffer-request") || config.AppOf(p) != nil,
		restrict: restrictionOf(p.Text["http-restrict-req-hdr-names"], config.AppOf(p) != nil),
		fwd:      newAddrHeader(p.ForwardFor, "x-forwarded-for"), orig: newAddrHeader(p.OriginalTo, "x-original-to"),
		mayWait: p.Option("http-buffer-request") || config.AppOf(p) != nil || len(p.TCPContent)+len(p.HTTPRequest)+len(p.OldRequest) > 0,
		noDelay: p.Option("http-no-delay"), spliceReq: p.Option("splice-request"),
		spliceRes: p.Option("splice-response"), spliceAuto: p.Option("splice-auto"),
	}
}

func newFront(e *Engine, rt *setup, p *config.Proxy) *front {
	f := &front{
		side: newSide(p), rt: rt, f: p.Front, st: &p.Front.Stats, http: p.Mode == "http", delay: p.InspectDelay,
		dontLogNull: p.Option("dontlognull"), dontLogNormal: p.Option("dontlog-normal"),
		separateErrors: p.Option("log-separate-errors"), logASAP: p.Option("logasap"),
		ignoreProbes: p.Option("http-ignore-probes"),
		unsafe:       p.Option("accept-unsafe-violations-in-http-request"),
		adjust:       p.Option("h1-case-adjust-bogus-client"),
		socketStats:  p.Option("socket-stats"),
		noLinger:     p.Option("nolinger"), indep: p.Option("independent-streams"), idleOnResponse: p.Option("idle-close-on-response"),
		cliKA:    p.Option("clitcpka") || p.Option("tcpka"),
		needCaps: len(p.ReqCaptures)+len(p.ResCaptures) > 0 || p.CaptureCookie != nil,
	}
	f.h2 = !p.Option("disable-h2-upgrade")
	f.dropTrail = p.Option("http-drop-response-trailers")
	for _, name := range p.LogSteps {
		if s, ok := logs.StepNamed(name); ok {
			f.steps |= 1 << s
		}
	}
	f.logStart = p.LogAtStart && f.steps == 0
	f.logsSamples = logsSamples(rt.cfg, p)
	f.mute = e.deps.Logged != nil && !e.deps.Logged(p)
	t := &p.Timeouts
	f.reqT = t.HTTPRequest
	if !t.SetHTTPRequest && t.HTTPRequest == 0 {
		f.reqT = t.Client
	}
	f.kaT = t.HTTPKeepAlive
	if !t.SetHTTPKeepAlive && t.HTTPKeepAlive == 0 {
		f.kaT = f.reqT
	}
	for i := range p.UseBackend {
		u := &p.UseBackend[i]
		f.uses = append(f.uses, useBackend{u.Cond, rt.backs[keyword.Target[*config.Proxy](u.To)], u.Format})
	}
	f.def = rt.backs[keyword.Target[*config.Proxy](p.DefaultBackend)]
	f.own = rt.backs[p]
	f.stub = &back{side: f.side, st: &stats.Backend{}}
	if f.def == nil {
		f.def = f.own // a listen section serves itself
	}
	return f
}

func newBack(e *Engine, p *config.Proxy) *back {
	b := &back{
		side: newSide(p), b: p.Back, abortOnClose: true,
		persist: p.Option("persist"), pretendKA: p.Option("http-pretend-keepalive"),
		unsafe:     p.Option("accept-unsafe-violations-in-http-response"),
		adjust:     p.Option("h1-case-adjust-bogus-server"),
		checkCache: p.Option("checkcache"), noLinger: p.Option("nolinger"), indep: p.Option("independent-streams"),
		preferLast: p.Option("prefer-last-server"), reuse: reuseOf(p.Reuse),
		retry: newRetrySet(p.RetryOn), tarpitT: p.Timeouts.Tarpit,
	}
	if on, set := p.Options["abortonclose"]; set {
		b.abortOnClose = on
	}
	b.fcgi = newFCGIApp(e, p)
	b.dropTrail = p.Option("http-drop-request-trailers")
	b.srvKA = p.Option("srvtcpka") || p.Option("tcpka")
	if b.tarpitT == 0 {
		b.tarpitT = p.Timeouts.Connect
	}
	if b.b != nil {
		b.st = &b.b.Stats
	} else {
		b.st = &stats.Backend{}
	}
	for _, l := range p.Servers {
		if l.Server != nil {
			b.servers = append(b.servers, &srv{s: l.Server, line: l, pool: e.poolOf(l.Server), redir: redirOf(l.Server), noLinger: b.noLinger, fcgi: b.speaksFCGI(l.Server)})
			l.Server.Attach(shutter{e, l.Server})
		}
	}
	for i := range p.UseServer {
		u := &p.UseServer[i]
		b.uses = append(b.uses, useServer{u.Cond, keyword.Target[*server.Server](u.To), u.Format})
	}
	for _, x := range p.StickRules {
		if r, ok := any(x).(*action.StickRule); ok {
			b.sticks = append(b.sticks, r)
		}
	}
	return b
}

// speaksFCGI says whether requests go to s as FastCGI.
func (b *back) speaksFCGI(s *server.Server) bool {
	return b.fcgi != nil && s.Params != nil && s.Params.Proto == "fcgi"
}

func redirOf(s *server.Server) string {
	if s.Params == nil {
		return ""
	}
	return s.Params.Redir
}

// srvOf returns the engine's view of a server.
func (b *back) srvOf(s *server.Server) *srv {
	for _, x := range b.servers {
		if x.s == s {
			return x
		}
	}
	return nil
}

// viewOf returns the engine's view of a server that was added at run time.
func (b *back) viewOf(e *Engine, s *server.Server) *srv {
	if x, ok := b.added.Load(s); ok {
		return x.(*srv)
	}
	x, loaded := b.added.LoadOrStore(s, &srv{s: s, pool: e.poolOf(s), redir: redirOf(s), noLinger: b.noLinger, fcgi: b.speaksFCGI(s)})
	if !loaded {
		s.Attach(shutter{e, s})
	}
	return x.(*srv)
}

// everyServer calls f for all servers, those added at run time too.
func (b *back) everyServer(f func(*srv)) {
	for _, s := range b.servers {
		f(s)
	}
	b.added.Range(func(_, x any) bool { f(x.(*srv)); return true })
}

// Forget closes the idle connections to a server that is gone.
func (e *Engine) Forget(s *server.Server) {
	for _, b := range e.rt.Load().backs {
		b.added.Delete(s)
	}
	if p, ok := pools.LoadAndDelete(s); ok {
		p.(*pool).sweep(time.Now().Add(time.Hour))
	}
}
