package proxy

import (
	"net"
	"strings"
	"sync"
	"syscall"
	"time"

	"tandem/proxy/cli"
	"tandem/proxy/config"
	"tandem/proxy/listen"
	"tandem/proxy/tx"
	"tandem/stats"
)

// operators are the stats socket and the statistics page of a running
// configuration.
type operators struct {
	p   *Proxy
	env *cli.Env
	cli *cli.Server

	mu     sync.Mutex
	paused map[*config.Proxy]bool
}

func newOperators(p *Proxy) *operators {
	o := &operators{p: p, paused: map[*config.Proxy]bool{}}
	o.env = &cli.Env{
		Config: func() *config.Config { return p.cfg }, Process: p.deps.Process, Start: p.started,
		NowMS:   func() int64 { return p.eng.NowMS() },
		Version: Version, ReleaseDate: VersionDate, Listeners: o.listeners, Streams: o.streams, BadMessages: func() (uint64, []*tx.BadMessage) { return o.p.eng.BadMessages() }, Frontend: o,
		Limits: o.limit, Info: o.info, Certs: p.tls.store, Sinks: &p.logs.sinks, AddServer: p.addServer, RemoveServer: p.removeServer, GetSocks: p.handOver, Log: p.logs.globally,
		Rename: p.names.rename,
	}
	o.cli = cli.New(o.env)
	return o
}

// Paused says whether the frontend's sockets wait for Resume.
func (o *operators) Paused(p *config.Proxy) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.paused[p]
}

// info adds what only the owner of the sockets knows.
func (o *operators) info(in *stats.Info) {
	n := uint64(len(o.p.sockets) + len(o.p.cliSocks))
	in.N[stats.InfoListeners] = n
	if s := o.p.tls.sessions; s != nil {
		in.N[stats.InfoSslCacheLookups], in.N[stats.InfoSslCacheMisses] = s.Counts()
	}
	in.N[stats.InfoJobs] = n + in.N[stats.InfoCurrConns] + in.N[stats.InfoCurrStreams]
}

// listeners returns the open sockets of a frontend.
func (o *operators) listeners(f *listen.Frontend) []*listen.Listener {
	var out []*listen.Listener
	for _, s := range o.p.sockets {
		if s.Endpoint != nil && s.Endpoint.Front == f {
			out = append(out, s.Endpoint)
		}
	}
	return out
}

// streams lists the client connections that are being served.
func (o *operators) streams(f func(cli.Stream)) {
	var list []cli.Stream
	o.p.eng.Sessions(func(s *tx.Session) {
		x := cli.Stream{ID: s.ID, Src: s.Src, Begin: s.Accepted, Requests: s.Requests, Proto: "unix_stream", Unix: 1}
		if s.Src.IsValid() {
			x.Proto = "tcpv6"
			if s.Src.Addr().Unmap().Is4() {
				x.Proto = "tcpv4"
			}
		}
		for _, p := range o.p.cfg.Proxies {
			if p.Front == s.Front {
				x.Front = p
			}
		}
		if s.Listener != nil {
			x.Listener = s.Listener.Name
		}
		id := s.ID
		x.Kill = func() { o.p.eng.Cut(id) }
		list = append(list, x)
	})
	for _, x := range list {
		f(x) // without the engine's lock: Kill takes it
	}
}

// limit changes a limit of the whole process.
func (o *operators) limit(which cli.Limit, n int64) {
	g := &o.p.cfg.Global
	switch which {
	case cli.MaxConn:
		o.p.eng.SetMaxConn(n)
	case cli.ConnRate:
		g.MaxConnRate = int(n)
		o.p.eng.SetRates(g)
	case cli.SessRate:
		g.MaxSessRate = int(n)
		o.p.eng.SetRates(g)
	case cli.CompressBps:
		o.p.eng.SetCompressionRate(n)
	case cli.SSLRate:
		g.MaxSSLRate = int(n)
		o.p.eng.SetRates(g)
	}
}

// Pause stops a frontend's sockets from listening: the port is free, the
// socket stays ("disable frontend"). Unix sockets cannot be resumed and are
// left alone.
func (o *operators) Pause(p *config.Proxy) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range o.p.sockets {
		if s.Endpoint.Front == p.Front && tcp(s.Listener) && !control(s.Listener, func(fd int) error { return syscall.Shutdown(fd, syscall.SHUT_RD) }) {
			return false
		}
	}
	o.paused[p] = true
	return true
}

// Resume makes the sockets of a paused frontend listen again.
func (o *operators) Resume(p *config.Proxy) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.paused[p] {
		return false
	}
	backlog := p.Backlog
	if backlog <= 0 {
		backlog = syscall.SOMAXCONN
	}
	for _, s := range o.p.sockets {
		if s.Endpoint.Front != p.Front || !tcp(s.Listener) {
			continue
		}
		if !control(s.Listener, func(fd int) error { return syscall.Listen(fd, backlog) }) {
			return false
		}
		o.p.wg.Go(func() { o.p.eng.Serve(s, s.Endpoint) })
	}
	delete(o.paused, p)
	return true
}

// Stop closes the sockets of a frontend for good ("shutdown frontend").
func (o *operators) Stop(p *config.Proxy) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range o.p.sockets {
		if s.Endpoint.Front == p.Front {
			s.Close()
		}
	}
	delete(o.paused, p)
}

func tcp(ln net.Listener) bool { _, ok := ln.Addr().(*net.TCPAddr); return ok }

// control runs f on the descriptor of a TCP listener; false for other ones
// and where f fails.
func control(ln net.Listener, f func(fd int) error) bool {
	t, ok := ln.(syscall.Conn)
	if _, tcp := ln.Addr().(*net.TCPAddr); !ok || !tcp {
		return false
	}
	raw, err := t.SyscallConn()
	if err != nil {
		return false
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = f(int(fd)) }); err != nil {
		return false
	}
	return failed == nil
}

// setProcVars evaluates the "set-var proc.x" lines of the global section.
func setProcVars(cfg *config.Config) {
	now := time.Now()
	t := &tx.Tx{Sess: &tx.Session{Proc: cfg.Proc, Accepted: now}, Now: now}
	for _, v := range cfg.Global.ProcVars {
		var out tx.Value
		switch {
		case v.Format != nil:
			out.SetStr(v.Format.Append(nil, t))
		case v.Expr == nil || !v.Expr.Eval(t, tx.TypeAny, &out):
			continue
		}
		cfg.Proc.Set(strings.TrimPrefix(v.Name, "proc."), out)
	}
}
