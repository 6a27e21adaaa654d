package wire

import (
	"net/netip"
	"slices"
	"sync"
)

// Fake is a network in memory. Every link name is one cable that all nodes
// share; a node can be cut off it.
type Fake struct {
	mu    sync.Mutex
	conns []*fakeConn
	// Frames are the frames that were sent, in order, by any node.
	frames []FakeFrame
	cut    map[string]bool
}

// FakeFrame is one frame that a node sent.
type FakeFrame struct {
	Node, Link string
	Bytes      []byte
}

// NewFake makes a network without nodes.
func NewFake() *Fake { return &Fake{cut: make(map[string]bool)} }

// Node is the network as node name sees it.
func (f *Fake) Node(name string) Network { return fakeNode{f, name} }

// Cut takes a node off all cables, or puts it back.
func (f *Fake) Cut(name string, off bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cut[name] = off
}

// Frames returns what was sent so far.
func (f *Fake) Frames() []FakeFrame {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.frames)
}

type fakeNode struct {
	f    *Fake
	name string
}

type fakeDatagram struct {
	b []byte
	m Meta
}

type fakeConn struct {
	fakeNode
	spec   Spec
	in     chan fakeDatagram
	closed chan struct{}
	once   sync.Once
	vrids  []uint8
}

// Open implements [Network].
func (n fakeNode) Open(spec Spec) (Conn, error) {
	c := &fakeConn{fakeNode: n, spec: spec, in: make(chan fakeDatagram, 1024), closed: make(chan struct{})}
	n.f.mu.Lock()
	defer n.f.mu.Unlock()
	n.f.conns = append(n.f.conns, c)
	return c, nil
}

// OpenLink implements [Network].
func (n fakeNode) OpenLink(link string) (LinkConn, error) { return fakeLink{n, link}, nil }

// Send implements [Conn]: a copy for every other node that listens.
func (c *fakeConn) Send(b []byte, src, dst netip.Addr) error {
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	if c.f.cut[c.name] {
		return nil
	}
	off := 0
	if !c.spec.IPv6 {
		off = 20 // the IPv4 header
	}
	for _, o := range c.f.conns {
		if o.name == c.name || c.f.cut[o.name] || o.spec.Link != c.spec.Link || o.spec.IPv6 != c.spec.IPv6 ||
			o.spec.Group != c.spec.Group || o.spec.Unicast() && o.spec.Local != dst {
			continue
		}
		if o.vrids != nil && len(b) > off+1 && !slices.Contains(o.vrids, b[off+1]) {
			continue
		}
		select {
		case <-o.closed:
		case o.in <- fakeDatagram{slices.Clone(b), Meta{Src: src, Dst: dst, Hops: 255}}:
		default: // as a socket whose buffer is full
		}
	}
	return nil
}

// Recv implements [Conn].
func (c *fakeConn) Recv(list []Packet) (int, error) {
	select {
	case <-c.closed:
		return 0, ErrClosed
	case d := <-c.in:
		list[0].N, list[0].Meta = copy(list[0].Buf[:], d.b), d.m
		return 1, nil
	}
}

// Filter implements [Conn].
func (c *fakeConn) Filter(vrids []uint8) error {
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	c.vrids = slices.Clone(vrids)
	return nil
}

// Close implements [Conn].
func (c *fakeConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

type fakeLink struct {
	fakeNode
	link string
}

// SendFrame implements [LinkConn].
func (l fakeLink) SendFrame(frame []byte) error {
	l.f.mu.Lock()
	defer l.f.mu.Unlock()
	l.f.frames = append(l.f.frames, FakeFrame{l.name, l.link, slices.Clone(frame)})
	return nil
}

// Close implements [LinkConn].
func (fakeLink) Close() error { return nil }
