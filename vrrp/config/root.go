package config

import (
	"time"

	"tandem/parser/expr"
	"tandem/parser/keyword"
)

// rootTable holds the keywords that stand outside every block.
var rootTable = keyword.NewTable("root keyword", rootFields(), rootBlocks())

// in limits a root keyword to the passes of the processes that serve it; the
// others skip its block.
func in(p pass, d def[Config]) def[Config] {
	return keyword.Define(d.Spec, func(e *keyword.Env, a *many) (Field[Config], error) {
		c := of(e)
		if c.pass&p == 0 {
			return func(*Config) { c.skipBlock() }, nil
		}
		words := e.Words
		return func(cfg *Config) {
			field, _, err := d.Read(e, words, 1)
			if err != nil {
				c.missing(words, len(words)+1)
				return
			}
			e.Words = words
			field(cfg)
		}, nil
	})
}

func rootFields() []def[Config] {
	v := keyword.V
	return []def[Config]{
		in(parentPass, optional(kw("net_namespace", v(1, 2), "Run in this network namespace."), "net_namespace name missing - ignoring",
			func(c *compiler, t *Config, s string) {
				c.once("Duplicate net_namespace definition {value} - ignoring", &t.Process.NetNamespace, s)
			})),
		in(parentPass, optional(kw("net_namespace_ipvs", v(2, 1), "Configure IPVS in this network namespace."), "",
			func(c *compiler, t *Config, s string) {
				c.once("Duplicate net_namespace_ipvs definition {value} - ignoring", &t.Process.NetNamespaceIPVS, s)
				t.Process.NamespaceIPVSSet = true
			}, func(t *Config) { t.Process.NamespaceIPVSSet = true })),
		in(parentPass, flag(kw("namespace_with_ipsets", v(1, 2), "Use ipsets in a namespace on kernels before 3.13.").idle(),
			func(t *Config) { t.Process.NamespaceWithIPsets = true })),
		in(parentPass, optional(kw("instance", v(1, 2), "Name this keepalived among several in one namespace."), "instance name missing - ignoring", setInstance)),
		in(parentPass, flag(kw("use_pid_dir", v(1, 2), "Write pid files below /run/keepalived."),
			func(t *Config) { t.Process.UsePIDDir = true })),
		in(parentPass, number(kw("child_wait_time", v(2, 0), "Seconds that a stop waits for the children."), 0, 1<<32-1, "Invalid child_wait_time {value}",
			func(_ *compiler, t *Config, n int64) { t.Process.ChildWaitTime = time.Duration(n) * time.Second })),
		in(parentPass, flag(kw("linkbeat_use_polling", 0, "Poll the link state instead of listening to netlink.").idle(),
			func(t *Config) { t.Process.LinkbeatUsePolling = true })),
	}
}

func setInstance(c *compiler, t *Config, s string) {
	if t.Process.Instance != "" {
		c.sayAt(1, "Duplicate instance definition %s - ignoring", s)
		return
	}
	t.Process.Instance = s
}

func rootBlocks() []def[Config] {
	v := keyword.V
	return []def[Config]{
		in(parentPass, block(kw("global_defs", 0, "Settings of the whole program and defaults of instances."), globalTable,
			func(_ *compiler, t *Config) *Global { return &t.Global })),
		in(vrrpPass, list(kw("linkbeat_interfaces", v(2, 0), "Interfaces whose link is polled.").idle(), linkbeatLine)),
		in(vrrpPass, list(kw("interface_up_down_delays", v(2, 2), "Seconds that an interface must stay down or up to count."), upDownLine)),
		in(vrrpPass, named1("track_group", v(2, 0), "Instances that static addresses, routes and rules follow.", openTrackGroup, trackGroupTable)),
		in(vrrpPass, list(kw("static_ipaddress", 0, "Addresses that are there as long as the program runs."), staticAddressLine)),
		in(vrrpPass, list(kw("static_routes", 0, "Routes that are there as long as the program runs."), staticRouteLine)),
		in(vrrpPass, list(kw("static_rules", v(1, 2), "Rules that are there as long as the program runs."), staticRuleLine)),
		in(vrrpPass, named1("track_file", v(2, 0), "A file whose number changes priorities.", openTrackFile, trackFileTable)),
		in(vrrpPass, old1("vrrp_track_file", v(2, 0), "Old name of track_file.", openTrackFile, trackFileTable)),
		in(vrrpPass, named1("vrrp_script", v(1, 1), "A script whose exit status changes priorities.", openScript, scriptTable)),
		in(vrrpPass, named1("vrrp_track_process", v(2, 0), "A process whose presence changes priorities.", openTrackProcess, trackProcessTable)),
		in(checkerPass, named1("bfd_instance", v(2, 0), "A BFD session.", openBFD, bfdTable)),
		in(vrrpPass, named1("vrrp_sync_group", 0, "Instances that change state together.", openSyncGroup, syncGroupTable)),
		in(vrrpPass, named1("garp_group", v(1, 2), "Interfaces that share intervals between gratuitous ARPs.", openGarpGroup, garpGroupTable)),
		in(vrrpPass, named1("vrrp_instance", 0, "A virtual router.", openInstance, instanceTable)),
		in(checkerPass, block(kw("SSL", 0, "Client certificate of SSL_GET."), sslTable,
			func(c *compiler, t *Config) *SSL {
				if t.SSL != nil {
					c.say("SSL context already specified - replacing")
				}
				t.SSL = &SSL{At: c.env.LineSpan()}
				return t.SSL
			})),
		in(checkerPass, named1("virtual_server_group", 0, "Addresses and marks that one virtual_server serves.", openVSGroup, nil)),
		in(checkerPass, named1("virtual_server", 0, "An IPVS service.", openVirtualServer, virtualServerTable)),
	}
}

// named1 defines a root block with arguments: open looks at the words, says
// what is wrong with them, and returns nil if the block must be skipped.
func named1[S any](name string, since keyword.Version, doc string, open func(c *compiler, t *Config, w []expr.Word) (*S, func()), tab *keyword.Table[Field[S]]) def[Config] {
	return rootBlock(kw(name, since, doc), open, tab)
}

func old1[S any](name string, since keyword.Version, doc string, open func(c *compiler, t *Config, w []expr.Word) (*S, func()), tab *keyword.Table[Field[S]]) def[Config] {
	return rootBlock(kw(name, since, doc).old(), open, tab)
}

func rootBlock[S any](i info, open func(c *compiler, t *Config, w []expr.Word) (*S, func()), tab *keyword.Table[Field[S]]) def[Config] {
	return words(i, func(c *compiler, t *Config, w []expr.Word) {
		s, done := open(c, t, w)
		if c.fatal {
			return
		}
		if s == nil {
			c.skipBlock()
			return
		}
		if tab != nil {
			runBlock(c, tab, s, false)
		}
		if done != nil && !c.fatal {
			done()
		}
	})
}

// linkbeatLine reads a line of linkbeat_interfaces.
func linkbeatLine(c *compiler, t *Config, w []expr.Word) {
	name := w[0].Text
	if !c.opt.HasInterface(name) {
		c.sayAt(0, "unknown interface %s specified for linkbeat interface", name).Code = MissingThing
		return
	}
	b := LinkbeatInterface{Name: name, At: c.env.Span(0)}
	if len(w) > 1 {
		switch w[1].Text {
		case "MII", "ETHTOOL":
			b.Kind = w[1].Text
		case "IOCTL":
			b.Kind = "IOCTL"
			if len(w) > 2 {
				c.sayAt(1, "extra characters %s in linkbeat interface", w[1].Text)
			}
		default:
			c.sayAt(1, "extra characters %s in linkbeat interface", w[1].Text)
		}
	}
	t.LinkbeatInterfaces = append(t.LinkbeatInterfaces, b)
}

// upDownLine reads a line of interface_up_down_delays.
func upDownLine(c *compiler, t *Config, w []expr.Word) {
	name := w[0].Text
	if !c.opt.HasInterface(name) {
		c.sayAt(0, "unknown interface %s specified for up/down delay", name).Code = MissingThing
		return
	}
	d := InterfaceDelay{Name: name, At: c.env.Span(0)}
	for i, to := range []*time.Duration{&d.Down, &d.Up} {
		if len(w) <= i+1 {
			break
		}
		v, ok := c.timer(w[i+1], seconds(0, 255))
		if !ok {
			return
		}
		*to = v
	}
	t.InterfaceDelays = append(t.InterfaceDelays, d)
}
