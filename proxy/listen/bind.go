package listen

import (
	"fmt"
	"net/netip"
	"strings"

	"tandem/parser/expr"
)

// NewBind returns a bind line with its defaults for the given addresses.
func NewBind(addrs []string) *Bind { return &Bind{Addrs: addrs, UID: -1, GID: -1} }

// ParseAddrs reads the addresses as written into endpoints, one for each port
// of a range, and names by look (nil: they stay unresolved, for a check without
// DNS). Errors are in the original's words, without the keyword.
func (b *Bind) ParseAddrs(look func(string) []netip.Addr) error {
	for _, text := range b.Addrs {
		a, err := expr.ParseHostAddr(text, expr.AllowRange|expr.AllowFD|expr.NeedPort|expr.NonZeroPort, look)
		if err != nil {
			return err
		}
		low, high := a.Port, a.PortHigh
		for p := low; p <= high; p++ {
			e := a
			e.Port, e.PortHigh = p, p
			b.Endpoints = append(b.Endpoints, e)
		}
	}
	return nil
}

// key is the identity of an endpoint: a socket is adopted by a later
// configuration that binds the same one.
func key(a expr.Addr, b *Bind) string {
	switch a.Kind {
	case expr.FD, expr.SockPair:
		return fmt.Sprintf("fd@%d", a.FDNum)
	case expr.Inet:
		return fmt.Sprintf("%s:%d@%s%v", a.IP, a.Port, b.Interface, b.Transparent)
	}
	return strings.TrimSpace(fmt.Sprintf("%d@%s", a.Kind, a.Host))
}
