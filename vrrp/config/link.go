package config

// finish makes the checks that need the whole text, for one of the
// original's processes, in the order in which it makes them.
func (c *compiler) finish(p pass) {
	switch p {
	case parentPass:
		g := &c.cfg.Global
		for _, p := range []*string{&g.VMACPrefix, &g.VMACAddrPrefix} {
			if *p == "" {
				*p = "vrrp"
			}
		}
		for _, s := range []**Command{&g.StartupScript, &g.ShutdownScript} {
			if *s != nil && c.own(*s) {
				c.inspectOne(s)
			}
		}
		c.security("start/shutdown scripts")
	case checkerPass:
		c.linkLVS()
	case vrrpPass:
		c.vrrpFatal = !c.linkVRRP()
	case bfdPass:
		for _, d := range c.held {
			c.add(d)
		}
	}
}

// linkVRRP links and checks instances and groups. It stops at what the
// original's VRRP process could not start with, and then returns false.
func (c *compiler) linkVRRP() bool {
	cfg := c.cfg
	if c.badInterface && !cfg.Global.DynamicInterfaces {
		c.late("Non-existent interface specified in configuration").Code = MissingThing
		return false
	}
	if len(cfg.Instances) == 0 {
		c.linkGroups()
		c.linkStatic()
		return true
	}
	c.inspectScripts()
	for _, f := range []*FIFO{cfg.Global.FIFO, cfg.Global.VRRPFIFO} {
		if f != nil && f.Script != nil && c.own(f.Script) {
			c.inspectOne(&f.Script)
		}
	}
	c.security("scripts")
	for _, i := range cfg.Instances {
		if i.VRID == 0 {
			c.lateAt(i.NameSpan, "(%s) the virtual router id must be set", i.Name)
			return false
		}
		switch {
		case i.Interface != "" || i.VRF != "":
		case i.given.has(gaveUnicast) && !i.SourceAddress.IsValid():
			if len(i.Peers) == 0 && !i.UnicastFaultNoPeer {
				c.noPeers(i)
			}
			c.lateAt(i.NameSpan, "(%s): Unicast instances must have unicast_src_ip or interface", i.Name)
			return false
		case i.given.has(gaveUnicast) && i.SourceAddress.IsLinkLocalUnicast() && i.SourceAddress.Is6():
			c.lateAt(i.NameSpan, "(%s) Non link-local address required if interface omitted", i.Name)
			return false
		case !i.given.has(gaveUnicast):
			c.lateAt(i.NameSpan, "(%s) Unknown interface!", i.Name)
			return false
		}
	}
	c.linkGroups()
	for _, i := range cfg.Instances {
		if !c.linkInstance(i) {
			return false
		}
	}
	c.uniqueRouters()
	c.groupTracks()
	c.linkStatic()
	if s := cfg.Global.LVSSync; s != nil && s.instance.name != "" {
		if s.Instance = cfg.instance(s.instance.name); s.Instance == nil {
			c.lateAt(s.instance.at, "Unable to find vrrp instance %s for lvs_sync_daemon - clearing lvs_sync_daemon config", s.instance.name)
			cfg.Global.LVSSync = nil
		}
	}
	return true
}

// instance finds an instance by name.
func (cfg *Config) instance(name string) *Instance {
	for _, i := range cfg.Instances {
		if i.Name == name {
			return i
		}
	}
	return nil
}

// linkGroups resolves the members of sync groups.
func (c *compiler) linkGroups() {
	kept := c.cfg.SyncGroups[:0]
	for _, g := range c.cfg.SyncGroups {
		for _, m := range g.memberNames {
			i := c.cfg.instance(m.name)
			switch {
			case i == nil:
				c.lateAt(m.at, "Virtual router %s specified in sync group %s doesn't exist - ignoring", m.name, g.Name)
			case i.Group != nil:
				c.lateAt(m.at, "Virtual router %s cannot exist in more than one sync group; ignoring %s", m.name, g.Name)
			default:
				i.Group = g
				g.Members = append(g.Members, i)
			}
		}
		switch len(g.Members) {
		case 0:
			c.lateAt(g.At, "Sync group %s, no matching virtual router found in group declaration - removing", g.Name)
			continue
		case 1:
			c.lateAt(g.At, "Sync group %s has only 1 virtual router(s) - this probably isn't what you want", g.Name)
		}
		if !g.smtpAlertGiven {
			g.SMTPAlert = c.alertDefault()
		}
		kept = append(kept, g)
	}
	c.cfg.SyncGroups = kept
}

// alertDefault is smtp_alert of instances and groups that do not say theirs.
func (c *compiler) alertDefault() bool {
	m := &c.cfg.Global.Mail
	if m.AlertVRRP != nil {
		return *m.AlertVRRP
	}
	return m.Alert != nil && *m.Alert
}

// linkStatic resolves track_group references.
func (c *compiler) linkStatic() {
	for _, g := range c.cfg.StaticGroups {
		for _, m := range g.memberNames {
			if i := c.cfg.instance(m.name); i != nil {
				g.Members = append(g.Members, i)
			}
		}
	}
	find := func(n nameAt) *StaticGroup {
		for _, g := range c.cfg.StaticGroups {
			if n.name != "" && g.Name == n.name {
				return g
			}
		}
		return nil
	}
	for _, a := range c.cfg.StaticAddresses {
		a.Group = find(a.groupName)
	}
	for _, r := range c.cfg.StaticRoutes {
		r.Group = find(r.groupName)
	}
	for _, r := range c.cfg.StaticRules {
		r.Group = find(r.groupName)
	}
}

// uniqueRouters reports two instances that would answer to one VRID.
func (c *compiler) uniqueRouters() {
	list := c.cfg.Instances
	for k, a := range list {
		for _, b := range list[k+1:] {
			if a.VRID != b.VRID || a.IPv6 != b.IPv6 || a.Interface != b.Interface || len(a.Peers) > 0 || len(b.Peers) > 0 {
				continue
			}
			family := map[bool]string{false: "IPv4", true: "IPv6"}[a.IPv6]
			c.lateAt(b.NameSpan, "%s and %s both use VRID %d with %s on interface %s", a.Name, b.Name, a.VRID, family, a.Interface)
		}
	}
}

// groupTracks reports what is tracked by an instance and by its group.
func (c *compiler) groupTracks() {
	for _, g := range c.cfg.SyncGroups {
		for _, t := range g.Tracks.Interfaces {
			for _, i := range g.Members {
				if i.Interface == t.Name && !i.DontTrackPrimary {
					c.lateAt(t.At, "(%s) track_interface %s is configured on VRRP instance and sync group. Remove vrrp instance or sync group config", i.Name, t.Name)
					continue
				}
				for _, o := range i.Tracks.Interfaces {
					if o.Name == t.Name {
						c.lateAt(t.At, "(%s) track_interface %s is configured on VRRP instance and sync group. Remove vrrp instance or sync group config", i.Name, t.Name)
					}
				}
			}
		}
	}
}
