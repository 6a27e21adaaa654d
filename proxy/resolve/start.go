package resolve

import (
	"context"
	"net/netip"
	"slices"
)

// Outcome says how the search at start ended.
type Outcome uint8

// Outcomes of Start.
const (
	Found    Outcome = iota
	Without          // "none": start down, without an address
	NotFound         // refuse the configuration
)

// Start looks for the address of a name by the methods of "init-addr", in
// order (configuration manual 5.2): last (what the state file says; invalid:
// nothing), libc, none, or an address. prefer is ipv4 or ipv6. Without
// methods it is "last,libc".
func Start(ctx context.Context, methods []string, name, prefer string, last netip.Addr, lookup func(context.Context, string) []netip.Addr) (netip.Addr, Outcome) {
	if len(methods) == 0 {
		methods = []string{"last", "libc"}
	}
	for _, m := range methods {
		switch m {
		case "last":
			if last.IsValid() {
				return last, Found
			}
		case "libc":
			if a := Choose(lookup(ctx, name), prefer, nil, netip.Addr{}); a.IsValid() {
				return a, Found
			}
		case "none":
			return netip.Addr{}, Without
		default:
			if a, err := netip.ParseAddr(m); err == nil {
				return a, Found
			}
		}
	}
	return netip.Addr{}, NotFound
}

// Choose picks one of the addresses of a name: the present one if it is still
// among them, else one of a preferred network, else one of the preferred
// family, else the first. The result is invalid where there is none.
func Choose(addrs []netip.Addr, prefer string, nets []netip.Prefix, present netip.Addr) netip.Addr {
	if present.IsValid() && slices.Contains(addrs, present) {
		return present
	}
	for _, n := range nets {
		for _, a := range addrs {
			if n.Contains(a) {
				return a
			}
		}
	}
	for _, a := range addrs {
		if a.Is4() == (prefer == "ipv4") {
			return a
		}
	}
	if len(addrs) > 0 {
		return addrs[0]
	}
	return netip.Addr{}
}
