package listen

import (
	"net"
	"net/netip"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"tandem/parser/expr"
)

// Inherit keeps sockets of a former process until Open asks for their
// addresses.
func (r *Registry) Inherit(list []Inherited) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inherited = append(r.inherited, list...)
}

// adopt returns an inherited socket that an endpoint means, nil where there is
// none; the lock is held.
func (r *Registry) adopt(a expr.Addr, b *Bind, opt SocketOptions) (net.Listener, error) {
	for i, h := range r.inherited {
		if !h.means(a, b, opt) {
			continue
		}
		r.inherited = append(r.inherited[:i:i], r.inherited[i+1:]...)
		h.prepare(b)
		f := os.NewFile(uintptr(h.fd), a.Text)
		defer f.Close()
		ln, err := net.FileListener(f)
		if u, ok := ln.(*net.UnixListener); ok {
			u.SetUnlinkOnClose(false)
		}
		return ln, err
	}
	return nil, nil
}

// means says whether h is bound as an endpoint of b would be.
func (h *Inherited) means(a expr.Addr, b *Bind, opt SocketOptions) bool {
	if h.ns != b.Namespace || h.iface != b.Interface {
		return false
	}
	switch at := h.addr.(type) {
	case *unix.SockaddrInet4:
		return a.Kind == expr.Inet && h.transparent == b.Transparent && at.Port == a.Port && netip.AddrFrom4(at.Addr) == a.IP
	case *unix.SockaddrInet6:
		if a.Kind != expr.Inet || h.transparent != b.Transparent || at.Port != a.Port || netip.AddrFrom16(at.Addr) != a.IP.WithZone("") {
			return false
		}
		return h.v6only == (b.V6Only || !a.IP.IsUnspecified()) || !a.IP.IsUnspecified()
	case *unix.SockaddrUnix:
		switch a.Kind {
		case expr.Unix:
			return boundAs(at.Name, opt.UnixPrefix+a.Host)
		case expr.Abstract, expr.AbstractZ:
			return at.Name == "@"+a.Host && h.padded == (a.Kind == expr.Abstract)
		}
	}
	return false
}

// boundAs says whether a socket that was bound to name stands under path: it
// was made as "<path>.<pid>.tmp" and renamed.
func boundAs(name, path string) bool {
	rest, ok := strings.CutPrefix(name, path+".")
	if !ok {
		return name == path
	}
	pid, ok := strings.CutSuffix(rest, ".tmp")
	return ok && pid != "" && strings.Trim(pid, "0123456789") == ""
}

// prepare gives an inherited socket the options of the new bind line that can
// still be set.
func (h *Inherited) prepare(b *Bind) {
	if _, stream := h.addr.(*unix.SockaddrUnix); stream {
		return
	}
	for _, o := range tcpOptions(b) {
		_ = unix.SetsockoptInt(h.fd, unix.IPPROTO_TCP, o.name, o.value)
	}
	if b.CongestionControl != "" {
		_ = unix.SetsockoptString(h.fd, unix.IPPROTO_TCP, unix.TCP_CONGESTION, b.CongestionControl)
	}
}
