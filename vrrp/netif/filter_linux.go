package netif

import (
	"fmt"
	"net/netip"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// filterChains are the hooks at which packets are dropped, with the offset of
// the address that counts there in the headers of IPv4 and IPv6.
var filterChains = []struct {
	name     string
	hook     *nftables.ChainHook
	v4, v6   uint32
	ifIndex  expr.MetaKey
	ifName   expr.MetaKey
	linkName string // of the chain for link-local addresses
}{
	{"out", nftables.ChainHookOutput, 12, 8, expr.MetaKeyOIF, expr.MetaKeyOIFNAME, "out_link_local"},
	{"in", nftables.ChainHookInput, 16, 24, expr.MetaKeyIIF, expr.MetaKeyIIFNAME, "in_link_local"},
}

// filterTable is the table of one family.
type filterTable struct {
	table     *nftables.Table
	vips      *nftables.Set
	linkLocal *nftables.Set // IPv6: address and interface
}

// nftFilter drops by nftables. The table of a family is made with its first
// address.
type nftFilter struct {
	k      *Netlink
	opt    FilterOptions
	tables map[nftables.TableFamily]*filterTable
}

// Filter implements [Kernel].
func (k *Netlink) Filter(opt FilterOptions) (Filter, error) {
	return &nftFilter{k: k, opt: opt, tables: make(map[nftables.TableFamily]*filterTable)}, nil
}

func familyOf(a netip.Addr) nftables.TableFamily {
	if a.Is4() {
		return nftables.TableFamilyIPv4
	}
	return nftables.TableFamilyIPv6
}

// Change implements [Filter].
func (f *nftFilter) Change(add, remove []Dropped) error {
	c, err := nftables.New()
	if err != nil {
		return fmt.Errorf("nftables: %w", err)
	}
	made := make(map[nftables.TableFamily]*filterTable)
	for i, list := range [][]Dropped{remove, add} {
		elements := make(map[*nftables.Set][]nftables.SetElement)
		for _, d := range list {
			family := familyOf(d.Addr)
			t := f.tables[family]
			if t == nil {
				t = made[family]
			}
			if t == nil {
				if t, err = f.make(c, family); err != nil {
					return fmt.Errorf("nftables: %w", err)
				}
				made[family] = t
			}
			set, key := t.vips, d.Addr.AsSlice()
			if d.Link != "" {
				id, err := f.link(d.Link)
				if err != nil {
					continue // with the interface its addresses went
				}
				set, key = t.linkLocal, append(key, id...)
			}
			elements[set] = append(elements[set], nftables.SetElement{Key: key})
		}
		for set, e := range elements {
			if i == 0 {
				err = c.SetDeleteElements(set, e)
			} else {
				err = c.SetAddElements(set, e)
			}
			if err != nil {
				return fmt.Errorf("nftables: %w", err)
			}
		}
	}
	if err := c.Flush(); err != nil {
		return fmt.Errorf("nftables: %w", err)
	}
	for family, t := range made {
		f.tables[family] = t
	}
	return nil
}

// link is an interface as the sets know it.
func (f *nftFilter) link(name string) ([]byte, error) {
	if !f.opt.Indexes {
		b := make([]byte, unix.IFNAMSIZ)
		copy(b, name)
		return b, nil
	}
	i, err := f.k.linkIndex(name)
	return binaryutil.NativeEndian.PutUint32(uint32(i)), err
}

// make queues the making of a family's table; one of the same name, which a
// process that died may have left, goes.
func (f *nftFilter) make(c *nftables.Conn, family nftables.TableFamily) (*filterTable, error) {
	t := &filterTable{table: &nftables.Table{Family: family, Name: f.opt.Table}}
	c.AddTable(t.table)
	c.DelTable(t.table)
	c.AddTable(t.table)
	t.vips = &nftables.Set{Table: t.table, Name: "vips", KeyType: nftables.TypeIPAddr}
	if family == nftables.TableFamilyIPv6 {
		t.vips.KeyType = nftables.TypeIP6Addr
		link := nftables.TypeIFName
		if f.opt.Indexes {
			link = nftables.TypeIFIndex
		}
		key, err := nftables.ConcatSetType(nftables.TypeIP6Addr, link)
		if err != nil {
			return nil, err
		}
		t.linkLocal = &nftables.Set{Table: t.table, Name: "vips_link_local", KeyType: key, Concatenation: true}
		if err := c.AddSet(t.linkLocal, nil); err != nil {
			return nil, err
		}
	}
	if err := c.AddSet(t.vips, nil); err != nil {
		return nil, err
	}
	priority := nftables.ChainPriority(f.opt.Priority)
	accept := nftables.ChainPolicyAccept
	for _, h := range filterChains {
		chain := c.AddChain(&nftables.Chain{Name: h.name, Table: t.table, Type: nftables.ChainTypeFilter,
			Hooknum: h.hook, Priority: &priority, Policy: &accept})
		rule := func(chain *nftables.Chain, match []expr.Any, verdict *expr.Verdict) {
			if f.opt.Counters {
				match = append(match, &expr.Counter{})
			}
			c.AddRule(&nftables.Rule{Table: t.table, Chain: chain, Exprs: append(match, verdict)})
		}
		drop := &expr.Verdict{Kind: expr.VerdictDrop}
		if family == nftables.TableFamilyIPv4 {
			rule(chain, append(address(h.v4, 4), lookup(t.vips)), drop)
			continue
		}
		for _, kind := range []byte{135, 136} { // neighbour solicitation and advertisement, RFC 4861
			rule(chain, icmpv6(kind), &expr.Verdict{Kind: expr.VerdictAccept})
		}
		local := c.AddChain(&nftables.Chain{Name: h.linkName, Table: t.table})
		rule(chain, linkLocal(h.v6), &expr.Verdict{Kind: expr.VerdictGoto, Chain: local.Name})
		rule(chain, append(address(h.v6, 16), lookup(t.vips)), drop)
		// The interface comes behind the sixteen bytes of the address.
		at := &expr.Meta{Key: h.ifName, Register: unix.NFT_REG_2}
		if f.opt.Indexes {
			at.Key = h.ifIndex
		}
		rule(local, append(address(h.v6, 16), at, lookup(t.linkLocal)), drop)
	}
	return t, nil
}

// address loads an address of the IP header.
func address(offset, size uint32) []expr.Any {
	return []expr.Any{&expr.Payload{DestRegister: unix.NFT_REG_1, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: size}}
}

func lookup(s *nftables.Set) expr.Any {
	return &expr.Lookup{SourceRegister: unix.NFT_REG_1, SetName: s.Name, SetID: s.ID}
}

// linkLocal matches addresses of fe80::/10.
func linkLocal(offset uint32) []expr.Any {
	return []expr.Any{
		&expr.Payload{DestRegister: unix.NFT_REG_1, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: 2},
		&expr.Bitwise{SourceRegister: unix.NFT_REG_1, DestRegister: unix.NFT_REG_1, Len: 2, Mask: []byte{0xff, 0xc0}, Xor: []byte{0, 0}},
		&expr.Cmp{Op: expr.CmpOpEq, Register: unix.NFT_REG_1, Data: []byte{0xfe, 0x80}},
	}
}

// icmpv6 matches ICMPv6 messages of a type.
func icmpv6(kind byte) []expr.Any {
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: unix.NFT_REG_1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: unix.NFT_REG_1, Data: []byte{unix.IPPROTO_ICMPV6}},
		&expr.Payload{DestRegister: unix.NFT_REG_1, Base: expr.PayloadBaseTransportHeader, Offset: 0, Len: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: unix.NFT_REG_1, Data: []byte{kind}},
	}
}

// Close implements [Filter].
func (f *nftFilter) Close() error {
	if len(f.tables) == 0 {
		return nil
	}
	c, err := nftables.New()
	if err != nil {
		return fmt.Errorf("nftables: %w", err)
	}
	for family, t := range f.tables {
		c.DelTable(t.table)
		delete(f.tables, family)
	}
	if err := c.Flush(); err != nil {
		return fmt.Errorf("nftables: %w", err)
	}
	return nil
}
