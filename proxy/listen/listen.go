// Package listen accepts connections: addresses, inherited descriptors, the
// PROXY protocol, limits. Listeners live in a Registry keyed by address, so
// that a new configuration adopts them without closing.
package listen

import (
	"net/netip"
	"sync"
	"sync/atomic"

	"tandem/stats"
)

// Frontend is the run time side of a proxy that accepts connections.
type Frontend struct {
	Name  string
	ID    int
	Stats stats.Frontend

	MaxConn   atomic.Int64 // 0: no limit of its own
	RateLimit atomic.Int64 // sessions per second; 0: none
	Disabled  atomic.Bool
	cur       atomic.Int64
}

// Cur returns the number of connections now.
func (f *Frontend) Cur() int64 { return f.cur.Load() }

// Listener is one bound socket of a frontend.
type Listener struct {
	Front *Frontend
	Name  string
	ID    int
	Bind  *Bind
	Stats stats.Listener
	Addr  netip.AddrPort // zero for unix sockets
	Path  string         // unix socket, "" for others
}

// Fixed is the address to which all connections of l were made, where that can
// be only one; else connections must be asked.
func (l *Listener) Fixed() netip.AddrPort {
	if a := l.Addr.Addr(); !a.IsValid() || a.IsUnspecified() || l.Bind != nil && l.Bind.Transparent {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(l.Addr.Addr().Unmap(), l.Addr.Port())
}

// Hello is what a TLS ClientHello said.
type Hello struct {
	ServerName string
	ALPN       []string
	Versions   []uint16
	Ciphers    []uint16
	Extensions []uint16
	Curves     []uint16
	SigAlgs    []uint16
	Points     []uint8
	Version    uint16 // that of the message, which TLS 1.3 no longer raises
	Raw        []byte
}

// ProxyHeader is a PROXY protocol header as received (proxy-protocol.txt).
type ProxyHeader struct {
	Version  int
	Local    bool
	Src, Dst netip.AddrPort
	TLVs     []TLV
}

// TLV is one type-length-value of a version 2 header.
type TLV struct {
	Type  byte
	Value []byte
}

// Get returns the value of the first TLV of that type.
func (p *ProxyHeader) Get(typ byte) ([]byte, bool) {
	if p != nil {
		for _, t := range p.TLVs {
			if t.Type == typ {
				return t.Value, true
			}
		}
	}
	return nil, false
}

// Registry keeps frontends by name across configurations.
type Registry struct {
	mu        sync.Mutex
	m         map[string]*Frontend
	sockets   map[string]*Socket
	inherited []Inherited // of a former process, not taken yet
}

// Frontend returns the frontend of that name, made on first use.
func (r *Registry) Frontend(name string) *Frontend {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.m == nil {
		r.m = map[string]*Frontend{}
	}
	f := r.m[name]
	if f == nil {
		f = &Frontend{Name: name}
		r.m[name] = f
	}
	return f
}
