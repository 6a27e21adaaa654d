package daemon

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"tandem/vrrp/fsm"
	"tandem/vrrp/packet"
	"tandem/vrrp/wire"
)

// socket is one connection with the instances that share it.
type socket struct {
	conn   wire.Conn
	spec   wire.Spec
	name   string // its channel: see channelOf
	users  int
	logged bool
	// shortAt is when a packet that is too short may be told again.
	shortAt time.Duration
}

// channelOf names what tells the sockets of one interface apart.
func channelOf(s wire.Spec) string {
	name := s.Group.String()
	if s.Unicast() {
		name = s.Local.String()
	}
	if s.AH {
		name += " AH"
	}
	return name
}

// batch is how many datagrams go to the loop at once under load.
const batch = 16

// received is a batch of datagrams on its way from a socket to the loop.
type received struct {
	s    *socket
	n    int
	list [batch]wire.Packet
	d    packet.Datagram
	ev   fsm.Recv
}

// openSockets opens what the instances need and does not exist yet, and lets
// only their VRIDs through.
func (d *Daemon) openSockets() {
	vrids := make(map[wire.Spec][]uint8)
	for _, s := range d.socks {
		s.users = 0
	}
	for _, in := range d.order {
		if !in.src.IsValid() && in.spec.Unicast() {
			continue
		}
		s := d.socks[in.spec]
		if s == nil {
			conn, err := d.opt.Network.Open(in.spec)
			if err != nil {
				d.logf("(%s) cannot open VRRP socket: %v", in.cfg.Name, err)
				continue
			}
			s = &socket{conn: conn, spec: in.spec, name: channelOf(in.spec)}
			d.socks[in.spec] = s
			go d.read(s)
		}
		s.users++
		vrids[in.spec] = append(vrids[in.spec], in.cfg.VRID)
	}
	for spec, list := range vrids {
		if d.cfg.Global.LogUnknownVRIDs {
			list = nil
		}
		if err := d.socks[spec].conn.Filter(list); err != nil {
			d.logf("cannot filter VRIDs: %v", err)
		}
	}
}

// closeUnused closes sockets that no instance needs any more.
func (d *Daemon) closeUnused() {
	for spec, s := range d.socks {
		if s.users == 0 {
			s.conn.Close()
			delete(d.socks, spec)
		}
	}
}

// logSockets tells of sockets that were not told yet.
func (d *Daemon) logSockets() {
	for _, in := range d.order {
		s := d.socks[in.spec]
		if s == nil || s.logged {
			continue
		}
		s.logged = true
		family, proto := "IPv4", packet.Protocol
		if s.spec.IPv6 {
			family = "IPv6"
		}
		if s.spec.AH {
			proto = packet.ProtocolAH
		}
		kind := fmt.Sprintf("multicast, address(%s)", s.spec.Group)
		if s.spec.Unicast() {
			kind = fmt.Sprintf(", unicast, address(%s)", s.spec.Local)
		}
		rx, tx := -1, -1
		if f, ok := s.conn.(interface{ Descriptors() (int, int) }); ok {
			rx, tx = f.Descriptors()
		}
		d.logf("VRRP sockpool: [ifindex(%3d), family(%s), proto(%d), fd(%d,%d) %s]", d.indexOf(s.spec.Link), family, proto, rx, tx, kind)
	}
}

// read carries datagrams to the loop until the socket is closed. Buffers go
// round, so that a flood allocates nothing; when the loop is behind, the
// socket's own buffer fills up and the kernel drops.
func (d *Daemon) read(s *socket) {
	for {
		var r *received
		select {
		case r = <-d.free:
		default:
			r = new(received)
		}
		n, err := s.conn.Recv(r.list[:])
		if errors.Is(err, wire.ErrClosed) {
			return
		}
		r.s, r.n = s, n
		select {
		case d.packets <- r:
		case <-d.stop:
			return
		}
	}
}

// packet hands a batch of datagrams to the machine.
func (d *Daemon) packet(r *received) {
	for i := range r.n {
		var f packet.Fault
		p := &r.list[i]
		if r.s.spec.IPv6 {
			r.d, f = packet.FromIPv6(p.Buf[:p.N], p.Meta.Src.WithZone(""), p.Meta.Dst.WithZone(""), p.Meta.Hops)
		} else {
			r.d, f = packet.FromIPv4(p.Buf[:p.N])
		}
		if f.Err() {
			d.short(r.s, f)
			continue
		}
		r.d.Clock = packet.Clock(d.opt.Wall())
		r.ev = fsm.Recv{Link: r.s.spec.Link, Channel: r.s.name, IPv6: r.s.spec.IPv6, D: &r.d}
		d.step(&r.ev)
	}
	select {
	case d.free <- r:
	default:
	}
}

// shortPause is how long further packets that are too short are not told.
const shortPause = 10 * time.Second

// short tells of a packet that nobody can be found for.
func (d *Daemon) short(s *socket, f packet.Fault) {
	if now := d.now(); now >= s.shortAt {
		s.shortAt = now + shortPause
		d.logf("%s", f.Text("", netip.Addr{}))
	}
}

// send transmits one advert to the group or to every peer.
func (d *Daemon) send(in *instance, prio uint8) {
	s := d.socks[in.spec]
	if s == nil || !in.src.IsValid() {
		return
	}
	in.sign()
	if !in.spec.Unicast() {
		d.sendTo(s, in, prio, in.spec.Group)
		return
	}
	for _, p := range in.cfg.Peers {
		d.sendTo(s, in, prio, p.Addr)
	}
}

func (d *Daemon) sendTo(s *socket, in *instance, prio uint8, dst netip.Addr) {
	err := s.conn.Send(in.datagram(prio, dst), in.src, dst)
	if err != nil && !in.sendFailed {
		d.logSendError(in, err)
	}
	in.sendFailed = err != nil
}

// logSendError tells why an advert could not leave, once until one could. That
// a link is down is told elsewhere already.
func (d *Daemon) logSendError(in *instance, err error) {
	var no syscall.Errno
	switch {
	case !errors.As(err, &no):
		d.logf("(%s): %v", in.cfg.Name, err)
	case no == syscall.ENETUNREACH || no == syscall.ENETDOWN:
	default:
		text := no.Error()
		d.logf("(%s): send advert error %d (%s)", in.cfg.Name, int(no), strings.ToUpper(text[:1])+text[1:])
	}
}
