package netif

import (
	"errors"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// watchBuffer is the receive buffer of the monitor sockets: room for a storm
// of changes while a burst of adverts is handled.
const watchBuffer = 1 << 20

// Watch implements [Kernel]. The callback runs on goroutines of its own.
func (k *Netlink) Watch(stop <-chan struct{}, f func(Event)) error {
	lost := func(err error) {
		if errors.Is(err, syscall.ENOBUFS) {
			f(Event{Resync: true})
		}
	}
	links := make(chan netlink.LinkUpdate, 64)
	if err := netlink.LinkSubscribeWithOptions(links, stop, netlink.LinkSubscribeOptions{
		ErrorCallback: lost, ReceiveBufferSize: watchBuffer,
	}); err != nil {
		return err
	}
	addrs := make(chan netlink.AddrUpdate, 64)
	if err := netlink.AddrSubscribeWithOptions(addrs, stop, netlink.AddrSubscribeOptions{
		ErrorCallback: lost, ReceiveBufferSize: watchBuffer,
	}); err != nil {
		return err
	}
	names := make(map[int]string)
	if list, err := k.h.LinkList(); err == nil {
		for _, l := range list {
			names[l.Attrs().Index] = l.Attrs().Name
		}
	}
	go k.relay(links, addrs, names, f)
	return nil
}

// relay turns the library's updates into events until both sources end.
func (k *Netlink) relay(links <-chan netlink.LinkUpdate, addrs <-chan netlink.AddrUpdate, names map[int]string, f func(Event)) {
	for links != nil || addrs != nil {
		select {
		case u, ok := <-links:
			if !ok {
				links = nil
				continue
			}
			ev := Event{Link: toLink(u.Link), Gone: u.Header.Type == unix.RTM_DELLINK}
			k.forget(names[ev.Link.Index])
			k.forget(ev.Link.Name)
			if ev.Gone {
				delete(names, ev.Link.Index)
			} else {
				names[ev.Link.Index] = ev.Link.Name
			}
			f(ev)
		case u, ok := <-addrs:
			if !ok {
				addrs = nil
				continue
			}
			name, known := names[u.LinkIndex]
			if !known {
				if l, err := k.h.LinkByIndex(u.LinkIndex); err == nil {
					name = l.Attrs().Name
					names[u.LinkIndex] = name
				}
			}
			f(Event{
				Link: Link{Name: name, Index: u.LinkIndex}, Gone: !u.NewAddr,
				Addr: prefixOf(&u.LinkAddress), Tentive: u.Flags&unix.IFA_F_TENTATIVE != 0,
			})
		}
	}
}
