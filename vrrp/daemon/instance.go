package daemon

import (
	"fmt"
	"net/netip"
	"time"

	"tandem/vrrp/config"
	"tandem/vrrp/fsm"
	"tandem/vrrp/netif"
	"tandem/vrrp/packet"
	"tandem/vrrp/wire"
)

// instance is what the loop keeps of one virtual router: how its adverts are
// made and what it holds.
type instance struct {
	cfg    *config.Instance
	link   string // interface of the adverts: the base one or its VMAC
	base   string // interface of the configuration; may be empty in unicast
	vmac   *netif.VMAC
	spec   wire.Spec
	src    netip.Addr
	advert packet.Advert
	id     uint16 // of the last IPv4 datagram
	seq    uint32 // of the last Authentication Header
	hmac   *packet.HMAC
	mark   uint64 // the sequence of the last trailer
	wall   func() time.Time
	buf    []byte

	vips, excluded []netif.Addr
	routes         []netif.Route
	rules          []netif.Rule
	// What of these is held at the moment.
	hasVIPs, hasExcluded, hasRoutes, hasRules bool
	added                                     bool // the last additions added something
	sendFailed                                bool // told already
}

// sameAs says that o is the same virtual router in another configuration.
func (o *instance) sameAs(in *instance) bool {
	return o.link == in.link && o.cfg.VRID == in.cfg.VRID && o.cfg.IPv6 == in.cfg.IPv6
}

// adopt takes over what the old one holds.
func (in *instance) adopt(o *instance) {
	in.id, in.seq, in.mark = o.id, o.seq, o.mark
	in.hasVIPs, in.hasExcluded = o.hasVIPs, o.hasExcluded
	in.hasRoutes, in.hasRules = o.hasRoutes, o.hasRules
}

// state is what the instance holds as the manager wants to know it.
func (in *instance) state() netif.State {
	var s netif.State
	if in.hasVIPs {
		s.Addrs = append(s.Addrs, in.vips...)
	}
	if in.hasExcluded {
		s.Addrs = append(s.Addrs, in.excluded...)
	}
	if in.hasRoutes {
		s.Routes = in.routes
	}
	if in.hasRules {
		s.Rules = in.rules
	}
	return s
}

// datagram is the bytes of an advert to dst with the priority.
func (in *instance) datagram(prio uint8, dst netip.Addr) []byte {
	a := in.advert
	a.Priority = prio
	if in.cfg.IPv6 {
		in.buf = in.trail(a.Append(in.buf[:0], in.src, dst), 0)
		return in.buf
	}
	if in.id++; in.id == 0 {
		in.id = 1
	}
	ttl := uint8(255)
	if in.spec.Unicast() && in.cfg.UnicastTTL >= 0 {
		ttl = uint8(in.cfg.UnicastTTL)
	}
	h := packet.IPv4Header{ID: in.id, TTL: ttl, Protocol: packet.Protocol, Src: in.src, Dst: dst}
	if in.spec.AH {
		in.seq++
		msg := a.Append(nil, in.src, dst)
		in.buf = packet.AppendAH(in.buf[:0], h, in.seq, msg, &in.cfg.AuthPass)
		return in.buf
	}
	in.buf = in.trail(a.Append(h.Append(in.buf[:0], a.Len()+in.trailerLen()), in.src, dst), packet.IPv4HdrLen)
	return in.buf
}

// trailerLen is the length of the authentication that adverts end with.
func (in *instance) trailerLen() int {
	if in.hmac == nil || in.hmac.Silent {
		return 0
	}
	return packet.TrailerLen
}

// trail ends the advert that begins at msg of b with its authentication.
func (in *instance) trail(b []byte, msg int) []byte {
	if in.trailerLen() == 0 {
		return b
	}
	return in.hmac.AppendTrailer(b, msg, in.src, in.mark)
}

// sign takes the sequence of the next advert, which is the same to all peers.
func (in *instance) sign() {
	if in.hmac != nil {
		in.mark = in.hmac.NextSequence(in.mark, packet.Clock(in.wall()))
	}
}

// build makes the instances of a configuration, with their VMACs.
func (d *Daemon) build(cfg *config.Config) ([]*instance, error) {
	var out []*instance
	for _, c := range cfg.Instances {
		in, err := d.buildOne(cfg, c)
		if err != nil {
			return nil, err
		}
		out = append(out, in)
	}
	return out, nil
}

func (d *Daemon) buildOne(cfg *config.Config, c *config.Instance) (*instance, error) {
	in := &instance{cfg: c, base: c.Interface, link: c.Interface}
	if in.base == "" && len(c.Peers) == 0 {
		in.base, in.link = cfg.Global.DefaultInterface, cfg.Global.DefaultInterface
	}
	if in.base != "" && d.links[in.base] == nil && !cfg.Global.DynamicInterfaces {
		return nil, fmt.Errorf("(%s) interface %s does not exist", c.Name, in.base)
	}
	if c.VMAC != nil && !c.VMAC.IPVLAN {
		in.vmac = vmacOf(cfg, c, in.base)
		in.link = in.vmac.Name
		if err := d.opt.Kernel.AddVMAC(*in.vmac); err != nil {
			d.logf("(%s) %v", c.Name, err)
		}
		d.vmacs[in.vmac.Name] = true
		if err := d.readLinks(); err != nil {
			return nil, err
		}
	}
	in.src = c.SourceAddress
	if !in.src.IsValid() {
		in.src = d.sourceOn(in.base, c.IPv6)
	}
	d.lendSource(in)
	in.spec = in.specOf(cfg)
	in.advert = packet.Advert{
		Version: uint8(c.Version), VRID: c.VRID, Auth: packet.Auth(c.AuthType), Pass: c.AuthPass,
		Interval: wireInterval(c), PlainSum: c.V3ChecksumAsV2,
	}
	for _, v := range c.VIPs {
		in.advert.Addrs = append(in.advert.Addrs, v.Prefix.Addr())
	}
	in.hmac, in.wall = hmacOf(c), d.opt.Wall
	in.vips = addrsOf(c.VIPs, in)
	in.excluded = addrsOf(c.ExcludedVIPs, in)
	in.routes = routesOf(c.VirtualRoutes, in.link)
	in.rules = rulesOf(c.VirtualRules)
	return in, nil
}

// lendSource puts the link-local address that IPv6 adverts come from on the
// VMAC that they leave by: the kernel sends from no address of another
// interface. It is deprecated, so that nothing else uses it.
func (d *Daemon) lendSource(in *instance) {
	if in.vmac == nil || !in.cfg.IPv6 || in.cfg.VMAC.XmitBase || !in.src.IsLinkLocalUnicast() {
		return
	}
	a := netif.Addr{
		Prefix: netip.PrefixFrom(in.src, 64), Link: in.vmac.Name, Scope: scopeLink,
		Flags: config.FlagNoDAD, Lifetimes: true, NoTrack: true,
	}
	if err := d.opt.Kernel.AddAddr(a); err != nil {
		d.logf("(%s) %v", in.cfg.Name, err)
	}
}

// scopeLink is RT_SCOPE_LINK.
const scopeLink = 253

// specOf says which sockets the instance needs.
func (in *instance) specOf(cfg *config.Config) wire.Spec {
	c := in.cfg
	s := wire.Spec{Link: in.link, IPv6: c.IPv6, AH: c.AuthType == config.AuthAH, Buffer: c.ReceiveBuffer}
	if in.vmac != nil && c.VMAC.XmitBase {
		s.Link = in.base
	}
	if len(c.Peers) > 0 || c.UnicastFaultNoPeer {
		s.Local = in.src
		if c.IPv6 && c.UnicastTTL >= 0 {
			s.UnicastTTL = c.UnicastTTL
		}
		return s
	}
	s.Group = c.MulticastGroup
	if !s.Group.IsValid() {
		s.Group = cfg.Global.MulticastGroup4
		if c.IPv6 {
			s.Group = cfg.Global.MulticastGroup6
		}
	}
	if !s.Group.IsValid() {
		s.Group = packet.Group4
		if c.IPv6 {
			s.Group = packet.Group6
		}
	}
	return s
}

// install makes the instances the running ones.
func (d *Daemon) install(insts []*instance) {
	d.order = insts
	d.insts = make(map[string]*instance, len(insts))
	for _, in := range insts {
		d.insts[in.cfg.Name] = in
	}
	d.gaps = gapsOf(d.cfg)
	d.virtual = make(map[netip.Addr]bool)
	for _, in := range insts {
		for _, list := range [][]netif.Addr{in.vips, in.excluded} {
			for _, a := range list {
				d.virtual[a.Prefix.Addr()] = true
			}
		}
	}
}

// of finds the instance that an effect is about.
func (d *Daemon) of(e *fsm.Effect) *instance {
	if e.Old {
		if in := d.old[e.Inst]; in != nil {
			return in
		}
	}
	return d.insts[e.Inst]
}
