// Package engine serves traffic: one goroutine for each client connection,
// blocking code, and the decisions (framing, retries, termination states) in
// functions that own neither clock nor socket.
package engine

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"tandem/parser/keyword"
	"tandem/proxy/config"
	"tandem/proxy/h1"
	"tandem/proxy/listen"
	"tandem/proxy/logs"
	"tandem/proxy/server"
	"tandem/proxy/tx"
	"tandem/stats"
)

// Deps are what the engine asks of the rest of the process. Every function
// may be nil: the feature is then absent.
type Deps struct {
	// Process counts for the whole process.
	Process *stats.Process
	// Log sends a finished line to the targets of p; level is a syslog level.
	// line is only valid during the call.
	Log func(p *config.Proxy, level int, m logs.Message)
	// LogAs sends a line to the targets of its own that owner, a section of the
	// configuration, has. line is only valid during the call.
	LogAs func(owner any, level int, line []byte)
	// Version is that of the program, as applications learn it.
	Version string
	// Logged says whether p has such targets; nil: it may. Lines of one that
	// has none are not made.
	Logged func(p *config.Proxy) bool
	// ReadProxy reads a PROXY protocol header and returns it with a connection
	// that yields what follows.
	ReadProxy func(c net.Conn, l *listen.Listener) (*listen.ProxyHeader, net.Conn, error)
	// ServerTLS returns the TLS configuration of a listener, nil for clear ones.
	ServerTLS func(l *listen.Listener) *tls.Config
	// ClientVerdict tells how a client's certificate was judged.
	ClientVerdict func(l *listen.Listener, st *tls.ConnectionState) tx.Verdict
	// ClientTLS returns the TLS configuration towards a server for a
	// transaction, nil for clear ones.
	ClientTLS func(s *server.Server, t *tx.Tx) *tls.Config
	// Service answers requests for the stats page and other services; it
	// returns false where the request is not its own.
	Service Service
	// Dial replaces the network, for tests.
	Dial func(ctx context.Context, network, addr string, t *tx.Tx) (net.Conn, error)

	onEnd func(t *tx.Tx) // sees every finished transaction, for tests
	// Marked is told how live traffic of an observed server went, layer 4 or 7
	// (observe, on-error); nil: the server alone is told.
	Marked func(s *server.Server, ok, layer7 bool)
}

// Service answers requests inside of the proxy: the stats page.
type Service interface {
	// Serve looks at a request that reached p. It sets t.Reply and returns
	// true where the request is for it.
	Serve(p *config.Proxy, t *tx.Tx) bool
}

// Engine serves the connections of all frontends. It lives as long as the
// process; configurations pass through it.
type Engine struct {
	deps     Deps
	rt       atomic.Pointer[setup]
	nextID   atomic.Uint64
	conns    sync.WaitGroup
	serving  sync.WaitGroup // calls of Serve
	mu       sync.Mutex
	live     map[*conn]struct{}
	resting  map[*resting]struct{}
	rested   atomic.Int64 // connections that went to rest, or speak HTTP/2
	drain    atomic.Bool
	drainAt  atomic.Int64 // when it began, Unix ns
	bufs     bufPool
	crew     crew
	bulks    bufPool   // for what is left of long bodies
	free     sync.Pool // *conn
	sweeper  sync.Once
	slots    slotGate
	captures captures
	limit    atomic.Int64 // connections of the whole process; 0: none
	limits   processLimits
	zipRate  atomic.Int64 // bytes per second into compressors; 0: any
	cpu      cpuMeter
	start    time.Time
}

// setup is a configuration in the form that the hot path wants: no maps
// asked per request, options as booleans.
type setup struct {
	cfg    *config.Config
	fronts map[*listen.Frontend]*front
	backs  map[*config.Proxy]*back
	byName map[string]*back

	bufSize, maxRewrite, maxHeaders int
	keepHello                       bool // what a ClientHello said, for fetches
	keepInsecure, anyPayload        bool
	simple                          bool // requests of HTTP/0.9 are taken: the file is older than 1.6
	maxConn                         int64
	adjust                          h1.Adjust
	h2fe, h2be                      h2Tuning
	h2Frame, h2Table                int
	h2LogErrors                     string
	noExtConnect                    bool
	zips                            sync.Map // what holds for pairs of proxies that compress
	zipLevel, zipCPU                int
	uriLen, cookieLen               int  // longest request line and cookie that are logged, in bytes
	noLowPorts                      bool // clients on ports below 1024 are sent away
}

// New returns an engine that runs cfg.
func New(cfg *config.Config, deps Deps) *Engine {
	e := &Engine{deps: deps, live: map[*conn]struct{}{}, resting: map[*resting]struct{}{}, start: time.Now()}
	if e.deps.Process == nil {
		e.deps.Process = &stats.Process{}
	}
	e.free.New = func() any { return newConn(e) }
	e.bulks.setSize(bulkSize)
	e.Load(cfg)
	return e
}

// Load makes cfg the configuration of all requests that begin from now on.
// Connections stay open.
func (e *Engine) Load(cfg *config.Config) {
	rt := &setup{cfg: cfg, fronts: map[*listen.Frontend]*front{}, backs: map[*config.Proxy]*back{}, byName: map[string]*back{}}
	rt.keepHello = tune(cfg, "ssl.capture-buffer-size", 0) > 0
	rt.bufSize = tune(cfg, "bufsize", h1.DefaultBufferSize)
	rt.maxRewrite = tune(cfg, "maxrewrite", h1.DefaultMaxRewrite)
	if rt.maxRewrite > rt.bufSize/2 {
		rt.maxRewrite = rt.bufSize / 2
	}
	rt.maxHeaders = tune(cfg, "http.maxhdr", h1.DefaultMaxHeaders)
	rt.keepInsecure = tune(cfg, "h1-do-not-close-on-insecure-transfer-encoding", 0) > 0
	rt.simple = cfg.Era != 0 && cfg.Era < keyword.V(1, 6)
	rt.anyPayload = tune(cfg, "h1-accept-payload-with-any-method", 0) > 0
	rt.maxConn = int64(cfg.Global.MaxConn)
	if len(cfg.Global.H1CaseAdjust) > 0 {
		rt.adjust = h1.Adjust(cfg.Global.H1CaseAdjust)
	}
	rt.uriLen = tune(cfg, "http.logurilen", 1024) - 1
	rt.cookieLen = tune(cfg, "http.cookielen", 63)
	rt.noLowPorts = cfg.Global.Tune["harden.reject-privileged-ports.tcp"] > 0
	rt.zipLevel = tune(cfg, "comp.maxlevel", 1)
	rt.zipCPU = int(cfg.Global.Tune["maxcompcpuusage"])
	e.zipRate.Store(cfg.Global.Tune["maxcomprate"] << 10)
	rt.loadH2(cfg)
	e.bufs.setSize(rt.bufSize)
	for _, p := range cfg.Proxies {
		if p.Caps&keyword.Backend != 0 {
			b := newBack(e, p)
			rt.backs[p] = b
			rt.byName[p.Name] = b
		}
	}
	for _, p := range cfg.Proxies {
		if p.Caps&keyword.Frontend != 0 && p.Front != nil {
			rt.fronts[p.Front] = newFront(e, rt, p)
		}
	}
	for _, p := range cfg.Proxies {
		rt.loadSPOE(p)
	}
	e.limit.Store(rt.maxConn)
	e.limits.load(&cfg.Global)
	e.rt.Store(rt)
}

// tune returns a number of the global section's tune.* words.
func tune(cfg *config.Config, name string, def int) int {
	for _, k := range [2]string{name, "tune." + name} {
		if n, ok := cfg.Global.Tune[k]; ok && n > 0 {
			return int(n)
		}
	}
	return def
}

// Drain waits until all connections are gone; the listeners are closed before.
// Connections that wait for another request are closed at once, others after
// their current or first response; when ctx ends, all that are left are cut.
func (e *Engine) Drain(ctx context.Context) error {
	e.drainAt.Store(time.Now().UnixNano())
	e.drain.Store(true)
	e.slots.add(0) // listeners that wait for room need none any more
	e.Stopping()
	done := make(chan struct{})
	if e.wakeIdle() {
		go e.wakeSpread(done)
	}
	go func() {
		e.serving.Wait() // what they accepted last is counted then
		e.conns.Wait()
		close(done)
	}()
	select {
	case <-done:
		e.closeIdle(0)
		return nil
	case <-ctx.Done():
		e.mu.Lock()
		for c := range e.live {
			c.cut()
		}
		for r := range e.resting {
			r.cli.Close()
		}
		e.mu.Unlock()
		return ctx.Err()
	}
}

// Sessions calls f for every live connection's session, for "show sess".
func (e *Engine) Sessions(f func(s *tx.Session)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for c := range e.live {
		f(&c.sess)
	}
	for r := range e.resting {
		s := r.sess.Session()
		f(&s)
	}
}

// nowMS is the clock of the rate counters: it does not go back.
func (e *Engine) nowMS(now time.Time) int64 { return now.Sub(e.start).Milliseconds() + 1_000_000 }
