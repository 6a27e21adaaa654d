package listen

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"

	"tandem/parser/expr"
	"tandem/proxy/socket"
)

// Socket is a bound and listening socket. It outlives configurations: what
// accepts from it may change, the socket does not.
type Socket struct {
	net.Listener
	Endpoint *Listener // whose connections these are now
	key      string
	used     bool
}

// SocketOptions are what the global section says about all sockets.
type SocketOptions struct {
	Backlog    int
	UnixPrefix string // in front of paths
	Unix       *Bind  // mode and owner of unix sockets whose line has none; nil: none
	NoReuse    bool   // -dR
}

// Open binds all endpoints of a bind line, or adopts the sockets that an
// earlier configuration bound to the same addresses. Errors are those of the
// system with the address.
func (r *Registry) Open(b *Bind, front *Frontend, opt SocketOptions) ([]*Socket, error) {
	var out []*Socket
	for _, a := range b.Endpoints {
		if a.Datagram || a.QUIC {
			return out, fmt.Errorf("cannot listen on datagram address '%s'", a.Text)
		}
		s, err := r.open(a, b, opt)
		if err != nil {
			return out, err
		}
		s.Endpoint = &Listener{Front: front, Name: b.Name, Bind: b, Path: unixPath(a)}
		if ap, err := netip.ParseAddrPort(s.Addr().String()); err == nil {
			s.Endpoint.Addr = ap
		}
		out = append(out, s)
	}
	return out, nil
}

func unixPath(a expr.Addr) string {
	if a.Kind == expr.Unix {
		return a.Host
	}
	return ""
}

// open binds one endpoint.
func (r *Registry) open(a expr.Addr, b *Bind, opt SocketOptions) (*Socket, error) {
	k := key(a, b)
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.sockets[k]; s != nil && !s.used {
		s.used = true
		return s, nil
	}
	var ln net.Listener
	var err error
	if s := r.sockets[k]; s != nil && a.Kind == expr.FD {
		// Another bind line has the same descriptor: both accept from it.
		ln, err = again(s.Listener)
		for r.sockets[k] != nil && r.sockets[k].used {
			k += "+"
		}
	} else if ln, err = r.adopt(a, b, opt); ln == nil && err == nil {
		ln, err = bind(a, b, opt)
	}
	if x, ok := ln.(syscall.Conn); ok && err == nil {
		err = setBacklog(x, b, opt)
	}
	if err == nil {
		ln, err = socket.Take(ln)
	}
	if err != nil {
		return nil, err
	}
	s := &Socket{Listener: ln, key: k, used: true}
	if r.sockets == nil {
		r.sockets = map[string]*Socket{}
	}
	r.sockets[k] = s
	return s, nil
}

// again makes a second listener of an open one.
func again(ln net.Listener) (net.Listener, error) {
	x, ok := ln.(interface{ File() (*os.File, error) })
	if !ok {
		return nil, fmt.Errorf("cannot share %s", ln.Addr())
	}
	f, err := x.File()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return net.FileListener(f)
}

// Renew marks all sockets as unused before a new configuration opens its own.
func (r *Registry) Renew() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.sockets {
		s.used = false
	}
}

// CloseUnused closes the sockets that no configuration claimed since Renew,
// and those of a former process that none had a place for.
func (r *Registry) CloseUnused() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k, s := range r.sockets {
		if !s.used {
			s.Close()
			delete(r.sockets, k)
		}
	}
	closeInherited(r.inherited)
	r.inherited = nil
}

// bind makes the listening socket of one endpoint.
func bind(a expr.Addr, b *Bind, opt SocketOptions) (net.Listener, error) {
	lc := net.ListenConfig{KeepAlive: -1, Control: control(a, b, opt)}
	ctx := context.Background()
	switch a.Kind {
	case expr.SockPair:
		return OpenChannel(a.FDNum)
	case expr.FD:
		f := os.NewFile(uintptr(a.FDNum), a.Text)
		if f == nil {
			return nil, fmt.Errorf("no descriptor %d", a.FDNum)
		}
		defer f.Close()
		return net.FileListener(f)
	case expr.Unix:
		return listenUnix(ctx, &lc, opt.UnixPrefix+a.Host, b.owned(opt.Unix))
	case expr.Abstract, expr.AbstractZ:
		return lc.Listen(ctx, "unix", a.AbstractName())
	case expr.Inet:
		network := "tcp4"
		if a.IP.Is6() {
			network = "tcp6"
		}
		if a.IP.Is6() && a.IP.IsUnspecified() && !b.V6Only {
			network = "tcp" // ":::80" takes IPv4 too, unless told otherwise
		}
		return lc.Listen(ctx, network, netip.AddrPortFrom(a.IP, uint16(a.Port)).String())
	}
	return nil, fmt.Errorf("cannot listen on '%s'", a.Text)
}

// owner is who may use a unix socket; mode 0 and negative numbers leave it.
type owner struct {
	mode     uint32
	uid, gid int
}

// owned is b's owner, completed by the global section's unix-bind.
func (b *Bind) owned(global *Bind) owner {
	o := owner{b.Mode, b.UID, b.GID}
	if global != nil {
		if o.mode == 0 {
			o.mode = global.Mode
		}
		if o.uid < 0 {
			o.uid = global.UID
		}
		if o.gid < 0 {
			o.gid = global.GID
		}
	}
	return o
}

// listenUnix binds under a temporary name and renames it over an older
// socket, so that there is never a moment without one.
func listenUnix(ctx context.Context, lc *net.ListenConfig, path string, o owner) (net.Listener, error) {
	tmp := fmt.Sprintf("%s.%d.tmp", path, os.Getpid())
	os.Remove(tmp)
	ln, err := lc.Listen(ctx, "unix", tmp)
	if err != nil {
		return nil, err
	}
	ln.(*net.UnixListener).SetUnlinkOnClose(false)
	if o.mode != 0 {
		err = os.Chmod(tmp, os.FileMode(o.mode))
	}
	if err == nil && (o.uid >= 0 || o.gid >= 0) {
		err = os.Chown(tmp, o.uid, o.gid)
	}
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		ln.Close()
		os.Remove(tmp)
		return nil, err
	}
	return ln, nil
}
