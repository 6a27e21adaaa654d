package daemon

import (
	"bufio"
	"fmt"
	"slices"
)

// writeLinks writes the interfaces, in the order of their indexes.
func (d *Daemon) writeLinks(b *bufio.Writer) {
	names := make([]string, 0, len(d.links))
	for n := range d.links {
		names = append(names, n)
	}
	slices.SortFunc(names, func(x, y string) int { return d.links[x].Index - d.links[y].Index })
	for _, n := range names {
		l := d.links[n]
		fmt.Fprintf(b, " Name = %s\n   index = %d\n", l.Name, l.Index)
		for _, v6 := range []bool{false, true} {
			a := "(none)"
			if s := d.sourceOn(n, v6); s.IsValid() {
				a = s.String()
			}
			fmt.Fprintf(b, "   %s address = %s\n", enabled(v6, "IPv6", "IPv4"), a)
		}
		if len(l.MAC) == 6 && !l.Loopback {
			fmt.Fprintf(b, "   MAC = %s\n   MAC broadcast = ff:ff:ff:ff:ff:ff\n", l.MAC)
		}
		fmt.Fprintf(b, "   State = %s%s%s\n", enabled(l.Up, "UP, RUNNING", "DOWN"),
			enabled(l.Loopback, ", no broadcast, loopback", ""), enabled(!l.Multicast, ", no multicast", ""))
		if parent := d.vmacParent(n); parent != "" {
			up := d.links[parent] != nil && d.links[parent].Up
			fmt.Fprintf(b, "   VMAC type private, underlying interface = %s, state = %s\n   I/f created by keepalived\n", parent, enabled(up, "UP, RUNNING", "DOWN"))
		}
		fmt.Fprintf(b, "   MTU = %d\n   HW Type = %s\n", l.MTU, enabled(l.Loopback, "LOOPBACK", "ETHERNET"))
		if g, ok := d.gaps[n]; ok && g.ARP > 0 {
			fmt.Fprintf(b, "   Gratuitous ARP interval %dms\n", g.ARP.Milliseconds())
		} else if d.cfg.Global.GarpInterval > 0 && slices.ContainsFunc(d.order, func(in *instance) bool { return in.base == n }) {
			fmt.Fprintf(b, "   Gratuitous ARP interval %dms\n", d.cfg.Global.GarpInterval.Milliseconds())
		}
		title := "   Tracking VRRP instances :\n"
		user := func(in *instance, weight int) {
			fmt.Fprintf(b, "%s     %s, weight %d\n", title, in.cfg.Name, weight)
			title = ""
		}
		for _, in := range d.order {
			if in.base == n || in.link == n {
				user(in, 0)
			}
			for _, t := range in.cfg.Tracks.Interfaces {
				if t.Name == n && t.Name != in.base {
					user(in, t.Weight)
				}
			}
		}
	}
}
