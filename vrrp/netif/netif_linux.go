package netif

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// ifaProto is IFA_PROTO of linux/if_addr.h (since Linux 5.18); older kernels
// ignore it.
const ifaProto = 11

// Netlink is the kernel of the network namespace that it was opened in.
type Netlink struct {
	h    *netlink.Handle
	mu   sync.Mutex
	sock map[int]*nl.SocketHandle
	// index remembers interface indexes, which change only when an interface
	// is made anew; Watch keeps it right.
	index map[string]int
}

// Open connects to the kernel.
func Open() (*Netlink, error) {
	h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("netlink: %w", err)
	}
	s, err := nl.GetNetlinkSocketAt(netns.None(), netns.None(), unix.NETLINK_ROUTE)
	if err != nil {
		h.Close()
		return nil, fmt.Errorf("netlink: %w", err)
	}
	return &Netlink{h: h, sock: map[int]*nl.SocketHandle{unix.NETLINK_ROUTE: {Socket: s}}, index: make(map[string]int)}, nil
}

// Close ends the connection.
func (k *Netlink) Close() {
	k.h.Close()
	for _, s := range k.sock {
		s.Close()
	}
}

func (k *Netlink) linkIndex(name string) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if i, ok := k.index[name]; ok {
		return i, nil
	}
	l, err := k.h.LinkByName(name)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, ErrNoLink)
	}
	k.index[name] = l.Attrs().Index
	return l.Attrs().Index, nil
}

func (k *Netlink) forget(name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.index, name)
}

// addrRequest builds RTM_NEWADDR or RTM_DELADDR by hand, since the library has
// no IFA_PROTO.
func (k *Netlink) addrRequest(kind, flags int, a Addr) error {
	idx, err := k.linkIndex(a.Link)
	if err != nil {
		return err
	}
	req := nl.NewNetlinkRequest(kind, flags|unix.NLM_F_ACK)
	req.Sockets = k.sock
	family := nl.FAMILY_V4
	if a.Prefix.Addr().Is6() {
		family = nl.FAMILY_V6
	}
	msg := nl.NewIfAddrmsg(family)
	msg.Index = uint32(idx)
	msg.Prefixlen = uint8(a.Prefix.Bits())
	msg.Scope = a.Scope
	msg.IfAddrmsg.Flags = uint8(a.Flags)
	local := a.Prefix.Addr().AsSlice()
	peer := local
	if a.Peer.IsValid() {
		peer = a.Peer.Addr().AsSlice()
		msg.Prefixlen = uint8(a.Peer.Bits())
	}
	req.AddData(msg)
	req.AddData(nl.NewRtAttr(unix.IFA_LOCAL, local))
	req.AddData(nl.NewRtAttr(unix.IFA_ADDRESS, peer))
	if kind == unix.RTM_NEWADDR {
		if a.Broadcast.IsValid() {
			req.AddData(nl.NewRtAttr(unix.IFA_BROADCAST, a.Broadcast.AsSlice()))
		}
		if a.Label != "" {
			req.AddData(nl.NewRtAttr(unix.IFA_LABEL, nl.ZeroTerminated(a.Label)))
		}
		if a.Flags > 0xff {
			req.AddData(nl.NewRtAttr(unix.IFA_FLAGS, nl.Uint32Attr(a.Flags)))
		}
		if a.Lifetimes {
			ci := nl.IfaCacheInfo{}
			ci.Prefered, ci.Valid = a.Preferred, ^uint32(0)
			req.AddData(nl.NewRtAttr(unix.IFA_CACHEINFO, ci.Serialize()))
		}
		req.AddData(nl.NewRtAttr(ifaProto, []byte{Protocol}))
	}
	_, err = req.Execute(unix.NETLINK_ROUTE, 0)
	return err
}

// AddAddr implements [Kernel].
func (k *Netlink) AddAddr(a Addr) error {
	err := k.addrRequest(unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_REPLACE, a)
	if errors.Is(err, unix.EEXIST) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("add address %s: %w", a, err)
	}
	return nil
}

// DelAddr implements [Kernel].
func (k *Netlink) DelAddr(a Addr) error {
	err := k.addrRequest(unix.RTM_DELADDR, 0, a)
	if errors.Is(err, unix.EADDRNOTAVAIL) || errors.Is(err, unix.ENODEV) || errors.Is(err, ErrNoLink) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("delete address %s: %w", a, err)
	}
	return nil
}

// HasAddr implements [Kernel].
func (k *Netlink) HasAddr(a Addr) (bool, error) {
	l, err := k.h.LinkByName(a.Link)
	if err != nil {
		return false, nil
	}
	family := netlink.FAMILY_V4
	if a.Prefix.Addr().Is6() {
		family = netlink.FAMILY_V6
	}
	list, err := k.h.AddrList(l, family)
	if err != nil {
		return false, err
	}
	for _, o := range list {
		if prefixOf(o.IPNet) == a.Prefix {
			return true, nil
		}
	}
	return false, nil
}

// prefixOf converts an address of the library.
func prefixOf(n *net.IPNet) netip.Prefix {
	if n == nil {
		return netip.Prefix{}
	}
	ip, ok := netip.AddrFromSlice(n.IP)
	if !ok {
		return netip.Prefix{}
	}
	ones, _ := n.Mask.Size()
	return netip.PrefixFrom(ip.Unmap(), ones)
}

// toLink converts an interface of the library.
func toLink(l netlink.Link) Link {
	a := l.Attrs()
	kind := l.Type()
	if kind == "device" {
		kind = ""
	}
	return Link{
		Name: a.Name, Index: a.Index, MAC: a.HardwareAddr, MTU: a.MTU, Kind: kind,
		Up:        a.RawFlags&unix.IFF_UP != 0 && a.RawFlags&unix.IFF_RUNNING != 0,
		NoARP:     a.RawFlags&unix.IFF_NOARP != 0,
		Loopback:  a.RawFlags&unix.IFF_LOOPBACK != 0,
		Multicast: a.RawFlags&unix.IFF_MULTICAST != 0,
	}
}

// Links implements [Kernel].
func (k *Netlink) Links() ([]Link, error) {
	list, err := k.h.LinkList()
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	addrs, err := k.h.AddrList(nil, netlink.FAMILY_ALL)
	if err != nil {
		return nil, fmt.Errorf("list addresses: %w", err)
	}
	out := make([]Link, 0, len(list))
	for _, l := range list {
		ln := toLink(l)
		for _, a := range addrs {
			if a.LinkIndex == ln.Index {
				ln.Addrs = append(ln.Addrs, prefixOf(a.IPNet))
			}
		}
		out = append(out, ln)
	}
	return out, nil
}
