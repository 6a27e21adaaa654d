package config

// linkLVS links and checks the virtual servers.
func (c *compiler) linkLVS() {
	cfg := c.cfg
	for _, v := range cfg.VirtualServers {
		if v.GroupName == "" {
			continue
		}
		for _, g := range cfg.VirtualGroups {
			if g.Name == v.GroupName {
				v.Group, g.Used = g, true
			}
		}
	}
	for _, v := range cfg.VirtualServers {
		c.linkService(v)
	}
	c.inspectLVS()
	c.security("check scripts")
}

// inspectLVS looks at the scripts of services.
func (c *compiler) inspectLVS() {
	one := func(p **Command) {
		if *p != nil && c.own(*p) {
			c.inspectOne(p)
		}
	}
	for _, v := range c.cfg.VirtualServers {
		one(&v.QuorumUp)
		one(&v.QuorumDown)
		for _, r := range v.Real {
			one(&r.NotifyUp)
			one(&r.NotifyDown)
			for _, k := range r.Checkers {
				one(&k.Script)
			}
		}
	}
}

// linkService fills in defaults and checks one virtual_server.
func (c *compiler) linkService(v *VirtualServer) {
	marked := v.mark
	zeroPort := !v.mark && v.GroupName == "" && v.Addr.Port() == 0
	if v.Group != nil {
		for _, e := range v.Group.Entries {
			if e.mark {
				marked = true
			} else if e.Port == 0 {
				zeroPort = true
			}
		}
	}
	if !v.protocolGiven && !marked {
		c.lateAt(v.At, "Virtual server %s: no protocol set - defaulting to UDP", v)
		v.Protocol = "UDP"
	}
	if v.protocolGiven && marked && (v.Group == nil || onlyMarks(v.Group)) {
		if v.Group == nil || !c.familySet(v.Group) {
			c.lateAt(v.At, "Warning: Virtual server %s: protocol specified for fwmark - protocol will be ignored", v)
		}
	}
	if zeroPort && !v.Persistent {
		c.lateAt(v.At, "Virtual server %s: zero port only valid for persistent services - setting", v)
		v.Persistent = true
	}
	if v.OnePacket && v.Protocol != "UDP" && !marked {
		c.lateAt(v.At, "Virtual server %s: one packet scheduling requires UDP - resetting", v)
		v.OnePacket = false
	}
	if v.Scheduler == "" {
		c.lateAt(v.At, "Virtual server %s: no scheduler set, setting default 'wlc'", v)
		v.Scheduler = "wlc"
	}
	if !v.methodGiven {
		c.lateAt(v.At, "Virtual server %s: no forwarding method set, setting default NAT", v)
		v.Method = Forwarding{Kind: "NAT"}
	}
	c.realServers(v)
	total := 0
	for _, r := range v.Real {
		total += r.Weight
	}
	if v.Quorum > total {
		c.lateAt(v.At, "Warning - quorum %d for %s exceeds total weight of real servers %d, reducing quorum to %d", v.Quorum, v, total, max(total, 1))
		v.Quorum = max(total, 1)
	}
	if v.Hysteresis >= v.Quorum {
		c.lateAt(v.At, "Virtual server %s: hysteresis %d >= quorum %d; setting hysteresis to 0", v, v.Hysteresis, v.Quorum)
		v.Hysteresis = 0
	}
	c.servicePorts(v, marked)
	if v.Persistent && v.PersistTimeout == 0 {
		v.PersistTimeout = 360e9
	}
}

// onlyMarks says whether a group has nothing but marks.
func onlyMarks(g *VirtualServerGroup) bool {
	for _, e := range g.Entries {
		if !e.mark {
			return false
		}
	}
	return true
}

// familySet says whether a mark of the group names its family.
func (c *compiler) familySet(g *VirtualServerGroup) bool {
	for _, e := range g.Entries {
		if e.familySet {
			return true
		}
	}
	return false
}

// realServers drops duplicates and fills in weights.
func (c *compiler) realServers(v *VirtualServer) {
	kept := v.Real[:0]
	seen := map[string]bool{}
	for _, r := range v.Real {
		if seen[r.Addr.String()] {
			c.lateAt(r.At, "VS %s: real server %s is duplicated - removing second rs", v, endpoint(r.Addr, v.Protocol))
			continue
		}
		seen[r.Addr.String()] = true
		if r.Weight == notGiven {
			r.Weight = v.Weight
		}
		if r.Method == nil {
			r.Method = &v.Method
		}
		kept = append(kept, r)
	}
	v.Real = kept
	for _, r := range v.Real {
		inhibit := v.Inhibit
		if r.Inhibit != nil {
			inhibit = *r.Inhibit
		}
		if v.Sorry != nil && v.Sorry.Addr == r.Addr && inhibit != v.SorryInhibit {
			c.lateAt(r.At, "Virtual server %s: real server %s matches sorry server, but inhibit setting differs, setting on sorry server", v, endpoint(r.Addr, v.Protocol))
			v.SorryInhibit = inhibit
		}
	}
}

// linkFiles resolves the track_file of FILE_CHECKs, which another process's
// pass has read.
func (c *compiler) linkFiles() {
	for _, v := range c.cfg.VirtualServers {
		for _, r := range v.Real {
			for _, k := range r.Checkers {
				for _, f := range c.cfg.TrackFiles {
					if k.refName.name != "" && k.refName.name == f.Name {
						k.File, f.Used = f, true
					}
				}
			}
		}
	}
}
