package daemon

// setPromotions has the interfaces of instances with promote_secondaries keep
// their other addresses when one goes, and gives back those that need not any
// more.
func (d *Daemon) setPromotions() {
	want := make(map[string]bool)
	for _, in := range d.order {
		if in.cfg.PromoteSecondaries && in.vmac == nil && in.base != "" {
			want[in.base] = true
		}
	}
	for link := range d.promoted {
		if !want[link] {
			d.demote(link)
		}
	}
	for _, in := range d.order {
		if !want[in.base] || d.promoted[in.base] {
			continue
		}
		was, err := d.opt.Kernel.Promote(in.base, true)
		switch {
		case err != nil:
			d.logf("(%s) %v", in.cfg.Name, err)
		case !was:
			d.promoted[in.base] = true
		}
	}
}

// demote puts back the setting of an interface that was changed.
func (d *Daemon) demote(link string) {
	if _, err := d.opt.Kernel.Promote(link, false); err != nil {
		d.detailf("%v", err) // the interface may have gone
	}
	delete(d.promoted, link)
}
