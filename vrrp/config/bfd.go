package config

import (
	"net/netip"
	"time"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
)

func (b *BFD) label() string { return b.Name }

// openBFD begins a bfd_instance.
func openBFD(c *compiler, t *Config, w []expr.Word) (*BFD, func()) {
	if len(w) == 0 {
		c.missing(c.env.Words, 2) // the original dies here
		return nil, nil
	}
	if c.bfdSeen[w[0].Text] {
		c.sayAt(1, "BFD %s already specified", w[0].Text).Code = diag.Duplicate
	}
	for _, b := range t.BFDs {
		if b.Name == w[0].Text {
			c.holding = true
			c.sayAt(1, "Configuration error: BFD instance %s already configured - ignoring", b.Name)
			c.holding = false
			return nil, nil
		}
	}
	if c.bfdSeen == nil {
		c.bfdSeen = map[string]bool{}
	}
	c.bfdSeen[w[0].Text] = true
	if len(w[0].Text) > 31 {
		c.sayAt(1, "Configuration error: BFD instance %s name too long (maximum length is 31 characters) - ignoring", w[0].Text)
		return nil, nil
	}
	b := &BFD{Name: w[0].Text, MinRx: 10 * time.Millisecond, MinTx: 10 * time.Millisecond, IdleTx: time.Second, Multiplier: 5, At: c.env.LineSpan()}
	c.holding = true
	return b, func() {
		c.endBFD(t, b)
		c.holding = false
	}
}

func (c *compiler) endBFD(t *Config, b *BFD) {
	c.here()
	switch {
	case !b.Neighbour.IsValid() && b.badNeighbour:
		return
	case !b.Neighbour.IsValid():
		c.say("Configuration error: BFD instance %s has no neighbor address set, disabling instance", b.Name)
		return
	case b.Source.IsValid() && b.Source.Is6() != b.Neighbour.Is6():
		c.say("Configuration error: BFD instance %s source address %s and neighbor address %s are not of the same family, disabling instance", b.Name, b.Source, b.Source)
		return
	}
	if b.TTL == 0 {
		b.TTL = 255
		if b.Multihop {
			b.TTL = 64
		}
	}
	if b.MaxHops > b.TTL {
		c.say("BFD instance %s: max_hops exceeds ttl/hoplimit - setting to ttl/hoplimit", b.Name)
		b.MaxHops = b.TTL
	}
	if !b.VRRP && !b.Checker {
		b.VRRP, b.Checker = true, true
	}
	t.BFDs = append(t.BFDs, b)
}

// bfdNumber defines an integer of a bfd_instance.
func bfdNumber(name, words, lo string, min, max int64, doc string, set func(*BFD, int)) def[BFD] {
	return number(kw(name, keyword.V(2, 0), doc), min, max,
		"Configuration error: BFD instance {name} "+words+" value {value} not valid (must be in range ["+lo+"-255]), ignoring",
		func(_ *compiler, b *BFD, n int64) { set(b, int(n)) })
}

// bfdTimer defines a time of a bfd_instance, in milliseconds.
func bfdTimer(name string, lo uint64, doc string, set func(*BFD, time.Duration)) def[BFD] {
	return timer(kw(name, keyword.V(2, 0), doc), timeRange{lo: lo * 1000, hi: 4294967000, decimals: 3},
		"Configuration error: BFD instance {name} "+name+" value {value} is not valid (must be in range ["+itoa(int64(lo))+"-4294967]), ignoring",
		func(_ *compiler, b *BFD, d time.Duration) { set(b, d/1000) })
}

var bfdTable = keyword.NewTable("bfd_instance keyword", []def[BFD]{
	bfdAddress("neighbor_ip"), bfdAddress("neighbour_ip"),
	text(kw("source_ip", keyword.V(2, 0), "Own address."), func(c *compiler, b *BFD, s string) {
		a, err := netip.ParseAddr(s)
		if err != nil {
			c.sayAt(1, "Configuration error: BFD instance %s has malformed source address %s, ignoring", b.Name, s)
			return
		}
		b.Source = a
	}),
	bfdTimer("min_rx", 1, "Milliseconds between packets that are accepted.", func(b *BFD, d time.Duration) { b.MinRx = d }),
	bfdTimer("min_tx", 1, "Milliseconds between packets that are sent.", func(b *BFD, d time.Duration) { b.MinTx = d }),
	bfdTimer("idle_tx", 1000, "Milliseconds between packets while the session is down.", func(b *BFD, d time.Duration) { b.IdleTx = d }),
	bfdNumber("multiplier", "multiplier", "1", 1, 255, "Packets lost before the session is down.", func(b *BFD, n int) { b.Multiplier = n }),
	flag(kw("passive", keyword.V(2, 0), "Wait for the neighbour to begin."), func(b *BFD) { b.Passive = true }),
	bfdNumber("ttl", "ttl/hoplimit", "1", 1, 255, "TTL of packets sent.", func(b *BFD, n int) { b.TTL = n }),
	bfdNumber("hoplimit", "ttl/hoplimit", "1", 1, 255, "Hop limit of packets sent.", func(b *BFD, n int) { b.TTL = n }),
	bfdNumber("max_hops", "max_hops", "-1", -1, 255, "Most hops of packets received.", func(b *BFD, n int) { b.MaxHops = n }),
	boolean(kw("multihop", keyword.V(2, 2), "The neighbour is not on the link."), "Configuration error: BFD instance {name} multihop setting not valid - {value}",
		func(b *BFD, on bool) { b.Multihop = on }),
	keyword.Define(kw("weight", keyword.V(2, 0), "What the session adds to priorities; 0 means fault.").spec(), func(e *keyword.Env, a *oneAndMore) (Field[BFD], error) {
		c := of(e)
		return func(b *BFD) {
			n, ok := c.integer(a.Value, -253, 253)
			if !ok {
				c.sayAt(1, "Configuration error: BFD instance %s weight value %s not valid (must be in range [-253-253]), ignoring", b.Name, a.Value.Text)
			}
			if len(a.More) > 0 {
				if a.More[0].Text != "reverse" {
					c.sayAt(2, "Configuration error: BFD instance %s unknown weight option %s", b.Name, a.More[0].Text)
					return
				}
				b.Reverse = true
			}
			if ok {
				b.Weight = int(n)
			}
		}, nil
	}),
	flag(kw("vrrp", keyword.V(2, 0), "Only for VRRP."), func(b *BFD) { b.VRRP = true }),
	flag(kw("checker", keyword.V(2, 0), "Only for checkers."), func(b *BFD) { b.Checker = true }),
})

func bfdAddress(name string) def[BFD] {
	return text(kw(name, keyword.V(2, 0), "Address of the neighbour."), func(c *compiler, b *BFD, s string) {
		a, err := netip.ParseAddr(s)
		if err != nil {
			c.sayAt(1, "Configuration error: BFD instance %s has malformed neighbor address %s, ignoring instance", b.Name, s)
			b.badNeighbour = true
			return
		}
		b.Neighbour = a
	})
}
