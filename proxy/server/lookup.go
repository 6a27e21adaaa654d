package server

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// LookupHost returns the addresses of a host name as the system resolves it,
// literals included; nil where there is none. It waits for at most 5 seconds.
func LookupHost(name string) []netip.Addr {
	if a, err := netip.ParseAddr(name); err == nil {
		return []netip.Addr{a}
	}
	if a, ok := oldAddr(name); ok {
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

// LookupOnce returns LookupHost for one reading of a configuration: a name that
// hundreds of lines share is asked for once.
func LookupOnce() func(name string) []netip.Addr {
	known := map[string][]netip.Addr{}
	return func(name string) []netip.Addr {
		ips, ok := known[name]
		if !ok {
			ips = LookupHost(name)
			known[name] = ips
		}
		return ips
	}
}

// oldAddr reads the numeric forms of an IPv4 address that C libraries take
// beside the usual one (inet_aton(3)): one to four numbers, decimal, octal with
// a leading 0 or hexadecimal with 0x, the last of which fills what is left.
func oldAddr(s string) (netip.Addr, bool) {
	parts := strings.Split(s, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var v uint64
	for i, p := range parts {
		if p == "" || p[0] < '0' || p[0] > '9' || strings.Contains(p, "_") || strings.HasPrefix(strings.ToLower(p), "0b") || strings.HasPrefix(strings.ToLower(p), "0o") {
			return netip.Addr{}, false
		}
		limit := uint64(256)
		if i == len(parts)-1 {
			limit = 1 << (8 * (5 - len(parts)))
		}
		n, err := strconv.ParseUint(p, 0, 64)
		if err != nil || n >= limit {
			return netip.Addr{}, false
		}
		if i == len(parts)-1 {
			v = v<<(8*(4-i)) | n
		} else {
			v = v<<8 | n
		}
	}
	return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}), true
}
