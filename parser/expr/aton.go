package expr

import (
	"net/netip"
	"strconv"
	"strings"
)

// shortAddr reads the old forms of an IPv4 address that the C library takes
// wherever a host name may stand: one to four numbers, decimal, octal or
// hexadecimal, of which the last one fills the bytes that are left ("127.1",
// "10", "0x7f000001"; inet_aton(3)).
func shortAddr(s string) (netip.Addr, bool) {
	if s == "" || s[0] < '0' || s[0] > '9' {
		return netip.Addr{}, false
	}
	parts := strings.Split(s, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var v uint64
	for i, p := range parts {
		if p == "" || p[0] < '0' || p[0] > '9' || strings.ContainsAny(p, "_oObB") && !strings.HasPrefix(strings.ToLower(p), "0x") || strings.Contains(p, "_") {
			return netip.Addr{}, false
		}
		n, err := strconv.ParseUint(p, 0, 64)
		left := 4 - i // bytes that this and the following parts have
		switch last := i == len(parts)-1; {
		case err != nil, last && n >= 1<<(8*left), !last && n > 255:
			return netip.Addr{}, false
		case last:
			v = v<<(8*left) | n
		default:
			v = v<<8 | n
		}
	}
	return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}), true
}
