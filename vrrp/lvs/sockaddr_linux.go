package lvs

import (
	"net"
	"net/netip"
	"strconv"

	"golang.org/x/sys/unix"
)

// sockaddr is an address without port for system calls.
func sockaddr(a netip.Addr) unix.Sockaddr {
	if a.Is4() {
		return &unix.SockaddrInet4{Addr: a.As4()}
	}
	s := &unix.SockaddrInet6{Addr: a.As16()}
	if z := a.Zone(); z != "" {
		if n, err := strconv.Atoi(z); err == nil {
			s.ZoneId = uint32(n)
		} else if i, err := net.InterfaceByName(z); err == nil {
			s.ZoneId = uint32(i.Index)
		}
	}
	return s
}
