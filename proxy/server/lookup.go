package server

import (
	"context"
	"net"
	"net/netip"
	"time"
)

// LookupHost returns the addresses of a host name as the system resolves it,
// literals included; nil where there is none. It waits for at most 5 seconds.
func LookupHost(name string) []netip.Addr {
	if a, err := netip.ParseAddr(name); err == nil {
		return []netip.Addr{a}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", name)
	if err != nil {
		return nil
	}
	for i := range addrs {
		addrs[i] = addrs[i].Unmap()
	}
	return addrs
}
