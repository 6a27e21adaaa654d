package config

import (
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"

	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/parser/source"
	"tandem/proxy/listen"
	"tandem/proxy/peers"
	"tandem/proxy/server"
	"tandem/proxy/stick"
)

// PeerSection is a peers section that this process takes part in.
type PeerSection struct {
	*peers.Section
	Binds  []*listen.Bind
	Params map[*peers.Peer]*server.Params // words of the peers' lines
	Dials  map[*peers.Peer][2]string      // network and address of the peers
}

// linkPeers makes the sections that are used, in their order in the text.
func (c *compiler) linkPeers() {
	for _, b := range c.cfg.Others.InOrder(c.cfg.Others.Peers) {
		if s := c.newPeers(b); s != nil {
			c.cfg.Peers = append(c.cfg.Peers, s)
		}
	}
}

// newPeers makes a section out of its lines, nil where this process is none of
// its peers or the section is disabled.
func (c *compiler) newPeers(b *Block) *PeerSection {
	s := &PeerSection{Section: &peers.Section{Name: b.Name, Local: c.localPeer(), PID: os.Getpid()}, Binds: b.Binds,
		Params: map[*peers.Peer]*server.Params{}, Dials: map[*peers.Peer][2]string{}}
	shards, local := 0, false
	for i, l := range b.Lines {
		switch {
		case l[0] == "disabled":
			s.Disabled = true
		case l[0] == "enabled":
			s.Disabled = false
		case l[0] == "shards" && len(l) > 1:
			shards, _ = strconv.Atoi(l[1])
		case (l[0] == "peer" || l[0] == "server") && len(l) > 1:
			p := &peers.Peer{Name: l[1], Local: l[1] == s.Local}
			c.placePeer(s, p, b.Servers[i])
			if p.Local {
				local = true
				c.placeLocal(s, p, b.Servers[i], b)
			}
			s.Section.Peers = append(s.Section.Peers, p)
		}
	}
	if !local || s.Disabled {
		return nil
	}
	c.shareTables(s, shards)
	return s
}

// placePeer says where a peer is.
func (c *compiler) placePeer(s *PeerSection, p *peers.Peer, l *server.Line) {
	if l == nil {
		return
	}
	s.Params[p], p.Shard = l.Params, l.Params.Shard
	network, addr := dialAddr(&l.Addr, c.env.LookUp)
	p.Addr = addr
	s.Dials[p] = [2]string{network, addr}
}

// placeLocal says where this process is reached: at the address of its line,
// or of the bind line.
func (c *compiler) placeLocal(s *PeerSection, p *peers.Peer, l *server.Line, b *Block) {
	if l == nil {
		if len(s.Binds) > 0 && len(s.Binds[0].Endpoints) > 0 {
			network, addr := dialAddr(&s.Binds[0].Endpoints[0], nil)
			p.Addr = addr
			s.Dials[p] = [2]string{network, addr}
		}
		return
	}
	bind := listen.NewBind([]string{l.Addr.Text})
	bind.Span = b.Span.String()
	if err := bind.ParseAddrs(c.env.LookUp); err != nil {
		return
	}
	if i := slices.IndexFunc(b.Lines, func(l []string) bool { return l[0] == "default-bind" }); i >= 0 {
		e := *c.env
		e.Words = nil
		for _, l := range b.Lines {
			if l[0] == "default-bind" {
				for _, w := range l[1:] {
					e.Words = append(e.Words, source.Word{Text: w})
				}
			}
		}
		in := keyword.Args{Env: &e, Words: e.Words}
		_ = listen.Words.ReadWords(&in, func(_ *keyword.Def[listen.Option], set listen.Option) error { return set(bind) })
	}
	s.Binds = append(s.Binds, bind)
}

// dialAddr turns an address into what net.Dial takes. Of "any" address it is
// the loopback's.
func dialAddr(a *expr.Addr, look func(string) []netip.Addr) (network, addr string) {
	switch a.Kind {
	case expr.Unix:
		return "unix", a.Host
	case expr.Abstract, expr.AbstractZ:
		return "unix", "@" + a.Host
	}
	host := a.Host
	switch {
	case a.IP.IsValid() && a.IP.IsUnspecified() && a.IP.Is4():
		host = "127.0.0.1"
	case a.IP.IsValid() && a.IP.IsUnspecified():
		host = "::1"
	case a.IP.IsValid():
		host = a.IP.String()
	case look != nil:
		if list := look(host); len(list) > 0 {
			host = list[0].String()
		}
	}
	return "tcp", net.JoinHostPort(host, strconv.Itoa(a.Port))
}

// shareTables collects the tables of the section: its own, then those of
// proxies that name it.
func (c *compiler) shareTables(s *PeerSection, shards int) {
	add := func(t *stick.Table, name string) {
		t.Spread = shards
		s.Tables = append(s.Tables, &peers.Shared{Table: t, Name: name, Also: keyword.Target[*stick.Table](t.WriteTo)})
	}
	for _, t := range c.cfg.Tables() {
		if own, ok := strings.CutPrefix(t.Name, s.Name+"/"); ok && c.cfg.Others.Tables[t.Name] == t {
			add(t, "/"+own)
		}
	}
	for _, p := range c.cfg.Proxies {
		if t, ok := p.StickTable.(*stick.Table); ok && t != nil && t.Peers != nil && t.Peers.Name == s.Name && !p.Disabled {
			add(t, t.Name)
		}
	}
}
