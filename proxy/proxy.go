// Package proxy serves traffic. It is the only door to the rooms below it:
// Load reads and checks a configuration, New and Run serve it.
package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"tandem/parser/diag"
	"tandem/parser/haproxy"
	"tandem/parser/keyword"
	"tandem/proxy/check"
	"tandem/proxy/config"
	"tandem/proxy/engine"
	"tandem/proxy/listen"
	"tandem/proxy/server"
)

// Options are what the command line says.
type Options struct {
	Files        []string // -f: files and directories, in this order
	CheckOnly    bool     // -c: nothing will be served
	Offline      bool     // --offline: no name is looked up, files may be missing
	Strict       bool     // --strict: refuse what the newest release of the original refuses
	NoResolve    bool     // -dr: servers may start without an address
	LocalPeer    string   // -L: our name among peers; "" for the host's
	MaxConn      int      // -n: connections of the process; 0: as configured
	ProxyMaxConn int      // -N: connections of a proxy that names no limit; 0: none
}

// Load reads the files and compiles them. Everything that is wrong is in the
// list; the configuration is usable only if the list has no errors.
func Load(opt Options, deps *config.Deps) (*config.Config, *diag.List) {
	diags := &diag.List{Strict: opt.Strict}
	files := haproxy.LoadPaths(opt.Files, diags)
	if diags.HasErrors() {
		return nil, diags
	}
	cfg := config.Compile(files, config.Options{
		Offline: opt.Offline, CheckOnly: opt.CheckOnly, NoResolve: opt.NoResolve, LocalPeer: opt.LocalPeer, Cond: CondEnv(os.LookupEnv),
	}, deps, diags)
	if opt.MaxConn > 0 {
		cfg.Global.MaxConn = opt.MaxConn
	}
	if opt.ProxyMaxConn > 0 {
		for _, p := range cfg.Proxies {
			if p.MaxConn == 0 {
				p.MaxConn = opt.ProxyMaxConn
			}
		}
	}
	return cfg, diags
}

// Proxy is a running configuration.
type Proxy struct {
	cfg      *config.Config
	deps     *config.Deps
	eng      *engine.Engine
	tls      *tlsSide
	logs     *logSide
	forwards []*forwarder
	marked   atomic.Pointer[check.Prober] // nil until checks run
	sockets  []*listen.Socket
	cliSocks []*listen.Socket
	started  time.Time
	ops      *operators
	names    *resolving
	peerings []*peering
	wg       sync.WaitGroup
}

// New prepares a configuration for serving: certificates are loaded, servers
// take up their state. What is wrong is in diags.
func New(cfg *config.Config, deps *config.Deps, diags *diag.List) *Proxy {
	p := &Proxy{cfg: cfg, deps: deps, started: time.Now(), tls: loadTLS(cfg, diags)}
	p.logs = newLogs(cfg, deps, p.tls, diags)
	p.forwards = newForwarders(cfg, deps, p.logs, p.tls, diags)
	p.names = &resolving{cfg: cfg, hosts: map[*server.Server]*hostFollower{}}
	if err := secureNameServers(cfg, p.tls.store); err != nil {
		diags.Add(diag.Diagnostic{Severity: diag.Alert, Code: diag.BadValue, Layout: diag.PostParse, Text: err.Error()})
	}
	if diags.HasErrors() {
		return p
	}
	deps.Servers.OnEvent(p.logs.event)
	cfg.Commit(p.started)
	setProcVars(cfg)
	p.ops = newOperators(p)
	p.eng = engine.New(cfg, engine.Deps{
		Process: deps.Process, Log: p.logs.proxy, LogAs: p.logs.as, Logged: p.logs.wanted, Version: Version, ReadProxy: readProxy,
		ServerTLS: p.tls.server, ClientVerdict: p.tls.verdict, ClientTLS: p.tls.client, Service: p.service(), Marked: p.observed,
	})
	p.initScripts(diags)
	return p
}

// readProxy reads the header that accept-proxy promises.
func readProxy(c net.Conn, _ *listen.Listener) (*listen.ProxyHeader, net.Conn, error) {
	h, err := listen.ReadProxy(c)
	return h, c, err
}

// Listen binds all addresses. Every failure is reported in the original's
// words, with the place of the bind line.
func (p *Proxy) Listen(diags *diag.List) {
	p.deps.Fronts.Renew()
	g := &p.cfg.Global
	noReuse := g.Tune["noreuseport"] > 0
	open := func(b *listen.Bind, f *listen.Frontend, kind, name string, opt listen.SocketOptions) []*listen.Socket {
		opt.NoReuse = noReuse
		socks, err := p.deps.Fronts.Open(b, f, opt)
		if err != nil {
			diags.Add(diag.Diagnostic{Severity: diag.Alert, Code: "cannot-bind", Layout: diag.PostParse,
				Text: fmt.Sprintf("Binding [%s] for %s %s: %s", b.Span, kind, name, bindError(err))})
		}
		return socks
	}
	for _, px := range p.cfg.Proxies {
		if px.Disabled || px.Caps&keyword.Frontend == 0 {
			continue
		}
		for _, b := range px.Binds {
			p.sockets = append(p.sockets, open(b, px.Front, px.Kind, px.Name, listen.SocketOptions{Backlog: px.Backlog, UnixPrefix: g.UnixPrefix, Unix: g.UnixBind})...)
		}
	}
	for _, f := range p.forwards {
		p.openForward(f, diags)
	}
	for _, b := range p.cfg.Global.StatsSockets {
		p.cliSocks = append(p.cliSocks, open(b, nil, "frontend", "GLOBAL", listen.SocketOptions{})...)
	}
	for _, s := range p.cfg.Peers {
		x := &peering{section: s, side: p.tls}
		for _, b := range s.Binds {
			x.sockets = append(x.sockets, open(b, nil, "peers", s.Name, listen.SocketOptions{})...)
		}
		p.peerings = append(p.peerings, x)
	}
	if !diags.HasErrors() {
		p.deps.Fronts.CloseUnused()
	}
}

// bindError words a failure to bind as the original does.
func bindError(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Addr != nil {
		return fmt.Sprintf("cannot bind socket (%s) for [%s]", SysError(err), op.Addr)
	}
	return SysError(err)
}

// Run serves until soft ends: then no new connections are accepted, and Run
// returns when the last one is over or hard ends.
func (p *Proxy) Run(soft, hard context.Context) {
	feeding, stopFeeding := context.WithCancel(context.Background())
	fed := make(chan struct{})
	go func() { p.logs.sinks.Run(feeding); close(fed) }()
	defer func() { stopFeeding(); <-fed }()
	for _, f := range p.forwards {
		f.serve()
	}
	waitScripts := p.startScripts(soft)
	stopChecks, stopResolving := p.startChecks(), p.startResolving()
	for _, x := range p.peerings {
		x.start()
	}
	for _, s := range p.sockets {
		p.wg.Go(func() { p.eng.Serve(s, s.Endpoint) })
	}
	for _, s := range p.cliSocks {
		p.wg.Go(func() { p.serveCLI(s) })
	}
	<-soft.Done()
	if d := p.cfg.Global.Grace; d > 0 {
		p.eng.Stopping()
		select {
		case <-time.After(d):
		case <-hard.Done():
		}
	}
	for _, s := range p.sockets {
		s.Close()
	}
	for _, f := range p.forwards {
		f.stop()
	}
	for _, px := range p.cfg.Proxies {
		if !px.Disabled {
			p.logs.stopped(px)
		}
	}
	if d := p.cfg.Global.HardStopAfter; d > 0 {
		var cancel context.CancelFunc
		hard, cancel = context.WithTimeout(hard, d)
		defer cancel()
	}
	for _, x := range p.peerings {
		p.wg.Go(func() { x.hand(hard) })
	}
	p.eng.Drain(hard)
	waitScripts()
	stopChecks()
	stopResolving()
	for _, s := range p.cliSocks {
		s.Close()
	}
	p.ops.cli.Close()
	p.wg.Wait()
}
