package config

import (
	"time"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
)

func (g *SyncGroup) label() string { return g.Name }

// openSyncGroup begins a vrrp_sync_group.
func openSyncGroup(c *compiler, t *Config, w []expr.Word) (*SyncGroup, func()) {
	if len(w) != 1 {
		c.say("vrrp_sync_group must have a name - skipping").Code = diag.BadArguments
		return nil, nil
	}
	for _, g := range t.SyncGroups {
		if g.Name == w[0].Text {
			c.sayAt(1, "vrrp sync group %s already defined", g.Name).Code = diag.Duplicate
			return nil, nil
		}
	}
	g := &SyncGroup{Name: w[0].Text, At: c.env.LineSpan()}
	return g, func() {
		if c.here(); len(g.memberNames) == 0 {
			c.say("Sync group %s has no members - removing", g.Name)
			return
		}
		t.SyncGroups = append(t.SyncGroups, g)
	}
}

var syncGroupTable = keyword.NewTable("vrrp_sync_group keyword", []def[SyncGroup]{
	action(kw("group", 0, "The instances of the group."), func(c *compiler, g *SyncGroup) {
		if g.memberNames != nil {
			// The original leaves the brace that closes it to close the group.
			c.say("Group list already specified for sync group %s", g.Name)
			c.skipBody()
			return
		}
		readList(c, g, func(c *compiler, g *SyncGroup, w []expr.Word) {
			for _, x := range w {
				g.memberNames = append(g.memberNames, nameAt{x.Text, c.env.Span(x.Index)})
			}
		})
		if g.memberNames == nil {
			c.here()
			c.say("Warning - sync group %s has empty group block", g.Name)
		}
	}),
	boolean(kw("smtp_alert", 0, "Mail state changes."), "Invalid vrrp_group smtp_alert parameter {value}", func(g *SyncGroup, on bool) {
		g.SMTPAlert, g.smtpAlertGiven = on, true
	}),
	boolean(kw("notify_priority_changes", keyword.V(2, 0), "Send priority changes to scripts and FIFOs."), "({name}) Invalid value '{value}' for sync group notify_priority_changes specified",
		func(g *SyncGroup, on bool) { g.Notify.PriorityChanges, g.priorityNotifySet = on, true }),
	action(kw("global_tracking", 0, "Old way of tracking in a group.").old(), func(c *compiler, g *SyncGroup) {
		c.say("(%s) global_tracking is deprecated. Use track_interface/script/file on the sync group", g.Name).Code = diag.Deprecated
	}),
	flag(kw("sync_group_tracking_weight", keyword.V(2, 0), "Let members have weighted trackers."), func(g *SyncGroup) { g.TrackingWeight = true }),
}, trackFields(func(g *SyncGroup) *Tracks { return &g.Tracks }), notifyFields(func(g *SyncGroup) *Notify { return &g.Notify }, false))

func (g *StaticGroup) label() string { return g.Name }

// openTrackGroup begins a track_group.
func openTrackGroup(c *compiler, t *Config, w []expr.Word) (*StaticGroup, func()) {
	if len(w) != 1 {
		c.say("track_group must have a name - skipping").Code = diag.BadArguments
		return nil, nil
	}
	for _, g := range t.StaticGroups {
		if g.Name == w[0].Text {
			c.sayAt(1, "track_group %s already defined", g.Name).Code = diag.Duplicate
			return nil, nil
		}
	}
	g := &StaticGroup{Name: w[0].Text, At: c.env.LineSpan()}
	return g, func() {
		if c.here(); len(g.memberNames) == 0 {
			c.say("Static track group %s has no members - removing", g.Name)
			return
		}
		t.StaticGroups = append(t.StaticGroups, g)
	}
}

// hasTrackGroup says whether a track_group was read before.
func (c *compiler) hasTrackGroup(name string) bool {
	for _, g := range c.cfg.StaticGroups {
		if g.Name == name {
			return true
		}
	}
	return false
}

var trackGroupTable = keyword.NewTable("track_group keyword", []def[StaticGroup]{
	action(kw("group", keyword.V(2, 0), "The instances of the group."), func(c *compiler, g *StaticGroup) {
		readList(c, g, func(c *compiler, g *StaticGroup, w []expr.Word) {
			for _, x := range w {
				g.memberNames = append(g.memberNames, nameAt{x.Text, c.env.Span(x.Index)})
			}
		})
		if g.memberNames == nil {
			c.here()
			c.say("Warning - track group %s has empty group block", g.Name)
		}
	}),
})

// openGarpGroup begins a garp_group.
func openGarpGroup(c *compiler, t *Config, _ []expr.Word) (*GarpGroup, func()) {
	g := &GarpGroup{At: c.env.LineSpan()}
	return g, func() {
		if c.here(); !g.delaySet {
			c.say("garp group %d does not have any delay set - removing", len(t.GarpGroups))
			return
		}
		t.GarpGroups = append(t.GarpGroups, g)
	}
}

var garpGroupTable = keyword.NewTable("garp_group keyword", []def[GarpGroup]{
	garpGap("garp_interval", "Seconds between two gratuitous ARPs.", func(g *GarpGroup) *time.Duration { return &g.GarpInterval }),
	garpGap("gna_interval", "Seconds between two neighbour advertisements.", func(g *GarpGroup) *time.Duration { return &g.GnaInterval }),
	text(kw("interface", keyword.V(1, 2), "An interface of the group."), func(c *compiler, g *GarpGroup, s string) { c.garpInterface(g, s, 1) }),
	list(kw("interfaces", keyword.V(1, 2), "The interfaces of the group."), func(c *compiler, g *GarpGroup, w []expr.Word) {
		for _, x := range w {
			g.pending = append(g.pending, x.Text)
		}
	}, func(c *compiler, g *GarpGroup) {
		if len(g.pending) == 0 {
			c.say("Warning - empty garp_group interfaces block")
		}
		for _, name := range g.pending {
			c.garpInterface(g, name, -1)
		}
		g.pending = nil
	}),
})

func (c *compiler) garpInterface(g *GarpGroup, name string, word int) {
	if !c.opt.HasInterface(name) {
		c.noInterface(word, "interface %s specified for garp_group doesn't exist", name)
		return
	}
	for _, o := range append(c.cfg.GarpGroups[:len(c.cfg.GarpGroups):len(c.cfg.GarpGroups)], g) {
		for _, have := range o.Interfaces {
			if have == name {
				c.sayAt(word, "garp_group already specified for %s - ignoring", name)
				return
			}
		}
	}
	g.Interfaces = append(g.Interfaces, name)
}

// garpGap defines a time between messages; a bad one counts as given.
func garpGap(name, doc string, to func(*GarpGroup) *time.Duration) def[GarpGroup] {
	return keyword.Define(kw(name, keyword.V(1, 2), doc).spec(), func(e *keyword.Env, a *one) (Field[GarpGroup], error) {
		c := of(e)
		return func(g *GarpGroup) {
			g.delaySet = true
			if d, ok := c.timer(a.Value, anyTimer); ok {
				*to(g) = d
			} else {
				c.sayAt(1, "garp_group %s '%s' invalid", name, a.Value.Text)
			}
		}, nil
	})
}
