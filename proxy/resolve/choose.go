package resolve

import "net/netip"

// Choice says which of a name's addresses a server wants (configuration
// manual 5.2, resolve-prefer, resolve-net, resolve-opts).
type Choice struct {
	IPv4 bool // preferred family
	Nets []netip.Prefix
	// Taken says that another server of the farm has the address; nil: it
	// does not matter.
	Taken func(netip.Addr) bool
}

// Pick chooses one of the addresses: one of a preferred network before one of
// the preferred family, the present one before others, none that is taken.
// The result is invalid where none is left.
func (c *Choice) Pick(addrs []netip.Addr, present netip.Addr) netip.Addr {
	best, found := -1, netip.Addr{}
	for _, a := range addrs {
		if c.Taken != nil && c.Taken(a) {
			continue
		}
		score := 0
		for _, n := range c.Nets {
			if n.Contains(a) {
				score |= 4
			}
		}
		if a.Is4() == c.IPv4 {
			score |= 2
		}
		if a == present {
			score |= 1
		}
		if score > best {
			best, found = score, a
		}
	}
	return found
}

// Slot is a place for an SRV target: one server of a template.
type Slot struct {
	Host string // "" : free
	Port int
}

// Plan says what becomes of the slots when targets are those of a name: for
// each slot the index of its target, or -1. Slots keep their target; the
// others go to the free slots in order.
func Plan(slots []Slot, targets []Target) []int {
	plan := make([]int, len(slots))
	used := make([]bool, len(targets))
	for i, s := range slots {
		plan[i] = -1
		for j, t := range targets {
			if s.Host != "" && !used[j] && t.Port == s.Port && sameName(t.Host, s.Host) {
				plan[i], used[j] = j, true
				break
			}
		}
	}
	next := 0
	for i := range slots {
		for next < len(targets) && used[next] {
			next++
		}
		if plan[i] < 0 && next < len(targets) {
			plan[i], used[next] = next, true
		}
	}
	return plan
}

// Weight turns the weight of an SRV record into that of a server: 0 stays 0,
// everything else becomes 1 to 256.
func Weight(srv int) int { return (srv + 255) / 256 }
