package proxy

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"tandem/parser/diag"
	"tandem/proxy/config"
	"tandem/proxy/listen"
	"tandem/proxy/logs"
)

// forwarder is a log-forward section that takes messages.
type forwarder struct {
	logs.Forward
	section *config.ForwardSection
	name    string
	tls     map[*listen.Bind]*tls.Config

	streams   []*listen.Socket
	datagrams []net.PacketConn

	mu    sync.Mutex
	conns map[net.Conn]bool
	slots chan struct{}
	wg    sync.WaitGroup
}

// frameSize is the longest message that comes in, bytes, where tune.bufsize
// says nothing else.
const frameSize = 16384

// newForwarders makes the forwarders of a configuration.
func newForwarders(cfg *config.Config, deps *config.Deps, side *logSide, t *tlsSide, diags *diag.List) (list []*forwarder) {
	for _, b := range cfg.Others.InOrder(cfg.Others.LogForwards) {
		s := b.Forward
		f := &forwarder{section: s, name: b.Name, tls: t.binds, conns: map[net.Conn]bool{}, slots: make(chan struct{}, max(s.MaxConn, 1))}
		f.Forward = logs.Forward{Host: s.Host, Whole: s.Whole, ByLine: s.ByLine, Timeout: s.Timeout, MaxFrame: frameSize,
			Logs: side.open(cfg, s.Logs, diags)}
		if n := cfg.Global.Tune["tune.bufsize"]; n > 0 {
			f.MaxFrame = int(n)
		}
		if deps.Process != nil {
			f.Received = &deps.Process.LogsReceived
		}
		list = append(list, f)
	}
	return list
}

// listen opens the section's sockets.
func (p *Proxy) openForward(f *forwarder, diags *diag.List) {
	refuse := func(b *listen.Bind, err error) {
		diags.Add(diag.Diagnostic{Severity: diag.Alert, Code: "cannot-bind", Layout: diag.PostParse,
			Text: fmt.Sprintf("Binding [%s] for %s %s: %s", b.Span, "log-forward", f.name, bindError(err))})
	}
	for _, b := range f.section.Binds {
		list, err := p.deps.Fronts.Open(b, nil, listen.SocketOptions{Backlog: f.section.Backlog})
		if f.streams = append(f.streams, list...); err != nil {
			refuse(b, err)
		}
	}
	for _, b := range f.section.Datagrams {
		list, err := listen.OpenDatagrams(b, listen.SocketOptions{})
		if f.datagrams = append(f.datagrams, list...); err != nil {
			refuse(b, err)
		}
	}
}

// serve takes messages until stop.
func (f *forwarder) serve() {
	for _, c := range f.datagrams {
		f.wg.Go(func() { _ = f.Datagrams(c) })
	}
	for _, s := range f.streams {
		f.wg.Go(func() { f.accept(s) })
	}
}

// accept takes connections; as many as the section allows at once.
func (f *forwarder) accept(ln *listen.Socket) {
	for {
		f.slots <- struct{}{}
		c, err := ln.Accept()
		if err != nil {
			<-f.slots
			if ne, ok := err.(net.Error); ok && ne.Timeout() {
				continue
			}
			return
		}
		f.note(c, true)
		f.wg.Go(func() {
			defer func() {
				f.note(c, false)
				c.Close()
				<-f.slots
			}()
			f.stream(c, ln.Endpoint)
		})
	}
}

// note keeps the open connections, for stop.
func (f *forwarder) note(c net.Conn, open bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if open {
		f.conns[c] = true
	} else {
		delete(f.conns, c)
	}
}

// stream reads one connection to its end.
func (f *forwarder) stream(c net.Conn, l *listen.Listener) {
	var from netip.Addr
	if a, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		from = a.AddrPort().Addr()
	}
	if f.Timeout > 0 {
		_ = c.SetDeadline(time.Now().Add(f.Timeout))
	}
	if l.Bind.AcceptProxy {
		h, inner, err := readProxy(c, l)
		if err != nil {
			return
		}
		if c = inner; h != nil && h.Src.IsValid() {
			from = h.Src.Addr()
		}
	}
	if t := f.tls[l.Bind]; t != nil {
		x := tls.Server(c, t)
		if x.Handshake() != nil {
			return
		}
		c = x
	}
	_ = c.SetDeadline(time.Time{})
	f.Stream(c, from)
}

// stop closes what is open. What was received is passed on.
func (f *forwarder) stop() {
	for _, s := range f.streams {
		s.Close()
	}
	for _, c := range f.datagrams {
		c.Close()
	}
	f.mu.Lock()
	for c := range f.conns {
		c.Close()
	}
	f.mu.Unlock()
	f.wg.Wait()
}
