package listen

import (
	"fmt"
	"strings"

	"tandem/parser/expr"
)

// NewBind returns a bind line with its defaults for the given addresses.
func NewBind(addrs []string) *Bind { return &Bind{Addrs: addrs, UID: -1, GID: -1} }

// ParseAddrs reads the addresses as written into endpoints, one for each port
// of a range. Errors are in the original's words, without the keyword.
func (b *Bind) ParseAddrs() error {
	for _, text := range b.Addrs {
		a, err := expr.ParseAddr(text, expr.AllowRange|expr.AllowFD|expr.NeedPort|expr.NonZeroPort|expr.AllowNames)
		if err != nil {
			return err
		}
		if a.Kind == expr.Inet && !a.IP.IsValid() {
			return fmt.Errorf("unresolvable address: '%s' in '%s'", a.Host, text)
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
