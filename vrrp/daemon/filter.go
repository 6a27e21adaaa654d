package daemon

import (
	"cmp"
	"slices"

	"tandem/vrrp/config"
	"tandem/vrrp/netif"
)

// filtering is what the daemon knows of the packets that are dropped.
type filtering struct {
	filter netif.Filter
	opt    netif.FilterOptions
	drops  map[netif.Dropped]bool
}

// quiet says that packets for the instance's addresses are dropped, since it
// only stands in for their owner (RFC 9568 section 6.4.3; no_accept, strict mode).
func (in *instance) quiet() bool { return quiet(in.cfg) }

func quiet(c *config.Instance) bool { return !c.Accept && c.Priority != 255 }

// setFilter has exactly those addresses dropped that quiet instances hold now.
func (d *Daemon) setFilter() {
	f := &d.filtering
	want := make(map[netif.Dropped]bool)
	for _, in := range d.order {
		if !in.quiet() {
			continue
		}
		for _, a := range in.state().Addrs {
			x := netif.Dropped{Addr: a.Prefix.Addr()}
			if x.Addr.IsLinkLocalUnicast() && x.Addr.Is6() {
				x.Link = a.Link
			}
			want[x] = true
		}
	}
	if opt := filterOptions(d.cfg); f.filter != nil && opt != f.opt {
		d.closeFilter()
	}
	add, remove := missing(want, f.drops), missing(f.drops, want)
	if len(add)+len(remove) == 0 {
		return
	}
	if f.filter == nil {
		var err error
		f.opt = filterOptions(d.cfg)
		if f.filter, err = d.opt.Kernel.Filter(f.opt); err != nil {
			d.logf("%v", err)
			return
		}
	}
	if err := f.filter.Change(add, remove); err != nil {
		d.logf("%v", err)
		return
	}
	f.drops = want
}

// missing lists what a has and b has not.
func missing(a, b map[netif.Dropped]bool) []netif.Dropped {
	var out []netif.Dropped
	for x := range a {
		if !b[x] {
			out = append(out, x)
		}
	}
	slices.SortFunc(out, func(x, y netif.Dropped) int {
		return cmp.Or(x.Addr.Compare(y.Addr), cmp.Compare(x.Link, y.Link))
	})
	return out
}

// closeFilter takes all rules away.
func (d *Daemon) closeFilter() {
	f := &d.filtering
	if f.filter == nil {
		return
	}
	if err := f.filter.Close(); err != nil {
		d.logf("%v", err)
	}
	*f = filtering{}
}

func filterOptions(cfg *config.Config) netif.FilterOptions {
	g := &cfg.Global
	return netif.FilterOptions{Table: or(g.NFTables, "keepalived"), Priority: g.NFTablesPriority,
		Counters: g.NFTablesCounters, Indexes: g.NFTablesIfindex}
}

// warnFilter says that a table is made although none was asked for.
func (d *Daemon) warnFilter() {
	if d.cfg.Global.NFTables == "" && slices.ContainsFunc(d.order, (*instance).quiet) {
		d.logf("use_vmac or no_accept/strict specified, but no firewall configured - using nftables")
	}
}
