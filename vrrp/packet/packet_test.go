package packet_test

import (
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tandem/vrrp/packet"
)

var (
	srcA   = netip.MustParseAddr("10.77.0.1")
	srcB   = netip.MustParseAddr("10.77.0.2")
	vip    = netip.MustParseAddr("10.77.0.100")
	vip2   = netip.MustParseAddr("10.77.0.101")
	src6   = netip.MustParseAddr("fe80::38ca:95ff:fe07:ca14")
	vip6   = netip.MustParseAddr("fe80::56")
	vip6b  = netip.MustParseAddr("fd00::56")
	secret = [8]byte{'s', 'e', 'c', 'r', 'e', 't'}
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// wire holds datagrams that a running keepalived 2.4.3 put on the wire. The
// IPv4 header checksum (bytes 10 and 11) is the kernel's and is masked.
var wire = []struct {
	name   string
	advert packet.Advert
	src    netip.Addr
	dst    netip.Addr
	id     uint16
	want   string
}{
	{
		name:   "version 2 with password",
		advert: packet.Advert{Version: 2, VRID: 51, Priority: 150, Interval: 1, Auth: packet.AuthPass, Pass: secret, Addrs: []netip.Addr{vip}},
		src:    srcA, dst: packet.Group4, id: 1,
		want: "45c00028 00010000 ff700000 0a4d0001 e0000012 21339601010100cd 0a4d0064 7365637265740000",
	},
	{
		name:   "version 3",
		advert: packet.Advert{Version: 3, VRID: 53, Priority: 140, Interval: 50, Addrs: []netip.Addr{netip.MustParseAddr("10.77.0.103")}},
		src:    srcA, dst: packet.Group4, id: 1,
		want: "45c00020 00010000 ff700000 0a4d0001 e0000012 31358c01 00324d06 0a4d0067",
	},
	{
		name:   "version 3 over IPv6",
		advert: packet.Advert{Version: 3, VRID: 56, Priority: 140, Interval: 50, Addrs: []netip.Addr{vip6, vip6b}},
		src:    src6, dst: packet.Group6,
		want: "31388c02 0032b150 fe800000000000000000000000000056 fd000000000000000000000000000056",
	},
}

func TestAppendMatchesCapture(t *testing.T) {
	t.Parallel()
	for _, tc := range wire {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			h := packet.IPv4Header{ID: tc.id, TTL: 255, Protocol: packet.Protocol, Src: tc.src, Dst: tc.dst}
			var got []byte
			if tc.src.Is4() {
				got = h.Append(nil, tc.advert.Len())
			}
			got = tc.advert.Append(got, tc.src, tc.dst)
			if diff := cmp.Diff(hex.EncodeToString(unhex(t, tc.want)), hex.EncodeToString(got)); diff != "" {
				t.Errorf("datagram differs (-captured +ours):\n%s", diff)
			}
		})
	}
}

func TestIntervalV3IsOnlyTold(t *testing.T) {
	t.Parallel()
	f := packet.Fault{Kind: packet.IntervalV3, Got: 50, Want: 100}
	if got, want := f.Text("VI_3", srcB), "(VI_3) advertisement interval mismatch ours = 100 centi-sec rcv'd=50 centi-sec"; got != want || f.Dropped() {
		t.Errorf("line = %q (dropped %v), want %q", got, f.Dropped(), want)
	}
}

// build is a datagram for adv from src to dst, as received over IPv4.
func build(adv packet.Advert, src, dst netip.Addr, ttl uint8) []byte {
	h := packet.IPv4Header{ID: 1, TTL: ttl, Protocol: packet.Protocol, Src: src, Dst: dst}
	return adv.Append(h.Append(nil, adv.Len()), src, dst)
}

func v2(prio uint8) packet.Advert {
	return packet.Advert{Version: 2, VRID: 51, Priority: prio, Interval: 1, Auth: packet.AuthPass, Pass: secret, Addrs: []netip.Addr{vip}}
}

func v3(prio uint8) packet.Advert {
	return packet.Advert{Version: 3, VRID: 51, Priority: prio, Interval: 50, Addrs: []netip.Addr{vip}}
}

func expect2() packet.Expect {
	return packet.Expect{Version: 2, VRID: 51, Auth: packet.AuthPass, Pass: secret, Interval: 1, Addrs: []netip.Addr{vip}}
}

func expect3() packet.Expect {
	return packet.Expect{Version: 3, VRID: 51, Addrs: []netip.Addr{vip}}
}

func TestFields(t *testing.T) {
	t.Parallel()
	d, f := packet.FromIPv4(build(v3(140), srcB, packet.Group4, 255))
	if f.Err() {
		t.Fatal(f)
	}
	type fields struct {
		Version, Type, VRID, Priority uint8
		Count                         int
		Interval                      uint16
		Src, Dst, Addr                string
		TTL, Length, TotalLen         int
		Unicast                       bool
	}
	got := fields{d.Version(), d.Type(), d.VRID(), d.Priority(), d.Count(), d.Interval(),
		d.Src.String(), d.Dst.String(), d.Addr(0).String(), d.TTL, d.Length, d.TotalLen, d.Unicast}
	want := fields{3, 1, 51, 140, 1, 50, "10.77.0.2", "224.0.0.18", "10.77.0.100", 255, 32, 32, false}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fields differ (-want +got):\n%s", diff)
	}
	if !d.Has(vip) || d.Has(vip2) {
		t.Error("Has does not read the address list")
	}
}

// TestCheck changes one thing of a good packet (or of what is expected) and
// names the fault and the log line.
func TestCheck(t *testing.T) {
	t.Parallel()
	edit := func(off int, val byte) func([]byte) []byte {
		return func(b []byte) []byte { b[off] = val; return b }
	}
	resum := func(b []byte) []byte {
		b[26], b[27] = 0, 0
		c := packet.Checksum(b[20:])
		b[26], b[27] = byte(c>>8), byte(c)
		return b
	}
	tests := []struct {
		name   string
		adv    packet.Advert
		dst    netip.Addr
		ttl    uint8
		change func([]byte) []byte
		expect func() packet.Expect
		kind   packet.Kind
		text   string
	}{
		{name: "good v2", adv: v2(150), expect: expect2},
		{name: "good v3", adv: v3(150), expect: expect3},
		{name: "cut short", adv: v2(150), expect: expect2, change: func(b []byte) []byte { return b[:26] },
			kind: packet.ShortIP, text: "IPv4 VRRP packet too short - 26 bytes"},
		{name: "checksum", adv: v2(150), expect: expect2, change: edit(26, 0xaa),
			kind: packet.BadChecksum, text: "(VI_1) Invalid VRRPv2 checksum from 10.77.0.2"},
		{name: "checksum v3", adv: v3(150), expect: expect3, change: edit(26, 0xaa),
			kind: packet.BadChecksum, text: "(VI_1) Invalid VRRPv3 checksum from 10.77.0.2"},
		{name: "TTL", adv: v2(150), expect: expect2, ttl: 254,
			kind: packet.BadTTL, text: "(VI_1) invalid TTL/HL from 10.77.0.2. Received 254 and expect 255"},
		{name: "password", adv: v2(150), expect: expect2,
			change: func(b []byte) []byte { b[35] ^= 1; return resum(b) },
			kind:   packet.BadPassword, text: "(VI_1) received an invalid passwd from 10.77.0.2!"},
		{name: "no authentication", adv: packet.Advert{Version: 2, VRID: 51, Priority: 1, Interval: 1, Addrs: []netip.Addr{vip}}, expect: expect2,
			kind: packet.AuthMismatch, text: "(VI_1) received a 0 auth from 10.77.0.2, expecting 1!"},
		{name: "authentication 7", adv: v2(150), expect: expect2, change: func(b []byte) []byte { b[24] = 7; return resum(b) },
			kind: packet.BadAuthType, text: "(VI_1) Invalid auth type from 10.77.0.2: 7"},
		{name: "v3 header for a v2 instance", adv: v2(150), expect: expect2, change: edit(20, 0x31),
			kind: packet.TooLong, text: "(VI_1) vrrp packet from 10.77.0.2 too long, length 40 and expect 32"},
		{name: "v3 for a v2 instance", adv: v3(150), expect: expect2, kind: packet.BadVersion,
			text: "(VI_1) wrong VRRP version from 10.77.0.2. Received 3 and expect 2"},
		{name: "type", adv: v2(150), expect: expect2, change: func(b []byte) []byte { b[20] = 0x22; return resum(b) },
			kind: packet.BadType, text: "(VI_1) Invalid packet type from 10.77.0.2. 2 and expect 1"},
		{name: "interval", adv: packet.Advert{Version: 2, VRID: 51, Priority: 150, Interval: 2, Auth: packet.AuthPass, Pass: secret, Addrs: []netip.Addr{vip}}, expect: expect2,
			kind: packet.IntervalV2, text: "(VI_1) advertisement interval mismatch with 10.77.0.2 mine=1 sec rcv'd=2 sec"},
		{name: "interval is learnt in v3", adv: packet.Advert{Version: 3, VRID: 51, Priority: 1, Interval: 7, Addrs: []netip.Addr{vip}}, expect: expect3},
		{name: "one byte missing", adv: v2(150), expect: expect2, change: func(b []byte) []byte { return b[:len(b)-1] },
			kind: packet.TooShort, text: "(VI_1) vrrp packet from 10.77.0.2 too short, length 39 and expect 40"},
		{name: "padded to the shortest frame", adv: v2(150), expect: expect2,
			change: func(b []byte) []byte { return append(b, make([]byte, 6)...) }},
		{name: "padded oddly", adv: v2(150), expect: expect2,
			change: func(b []byte) []byte { return append(b, make([]byte, 3)...) }, kind: packet.TooLong},
		{name: "claims more addresses", adv: v2(150), expect: expect2, change: edit(23, 200), kind: packet.TooShort},
		{name: "IP length lies", adv: v2(150), expect: expect2, change: edit(3, 30), kind: packet.BadTotalLen},
		{name: "unicast to a multicast instance", adv: v2(150), expect: expect2, dst: srcA, kind: packet.NotMulticast},
		{name: "multicast to a unicast instance", adv: v2(150), kind: packet.NotUnicast,
			expect: func() packet.Expect { x := expect2(); x.Unicast = true; return x }},
		{name: "v3 sum without pseudo-header", adv: packet.Advert{Version: 3, VRID: 51, Interval: 1, Addrs: []netip.Addr{vip}, PlainSum: true},
			expect: expect3, kind: packet.BadChecksum},
		{name: "v3 sum without pseudo-header, wanted so", adv: packet.Advert{Version: 3, VRID: 51, Interval: 1, Addrs: []netip.Addr{vip}, PlainSum: true},
			expect: func() packet.Expect { x := expect3(); x.PlainSum = true; return x }},
		{name: "v3 sum without pseudo-header from an old release", adv: packet.Advert{Version: 3, VRID: 51, Interval: 1, Addrs: []netip.Addr{vip}, PlainSum: true},
			expect: func() packet.Expect { x := expect3(); x.AnySum = true; return x }, kind: packet.BadChecksum},
		{name: "v3 sum with pseudo-header, wanted without", adv: packet.Advert{Version: 3, VRID: 51, Interval: 1, Addrs: []netip.Addr{vip}},
			expect: func() packet.Expect { x := expect3(); x.PlainSum = true; return x }},
		{name: "AH wanted", adv: v2(150), kind: packet.AHMissing,
			expect: func() packet.Expect { x := expect2(); x.Auth = packet.AuthAH; return x }},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dst, ttl := packet.Group4, uint8(255)
			if tc.dst.IsValid() {
				dst = tc.dst
			}
			if tc.ttl != 0 {
				ttl = tc.ttl
			}
			b := build(tc.adv, srcB, dst, ttl)
			if tc.change != nil {
				b = tc.change(b)
			}
			x := tc.expect()
			d, f := packet.FromIPv4(b)
			if !f.Err() {
				f = x.Check(&d)
			}
			if f.Kind != tc.kind {
				t.Fatalf("fault kind = %d (%v), want %d", f.Kind, f, tc.kind)
			}
			if got := f.Text("VI_1", srcB); tc.text != "" && got != tc.text {
				t.Errorf("line = %q, want %q", got, tc.text)
			}
			if f.Err() != f.Dropped() {
				t.Errorf("Dropped() = %v for %v", f.Dropped(), f)
			}
		})
	}
}

func TestCheckAddrs(t *testing.T) {
	t.Parallel()
	d, _ := packet.FromIPv4(build(v2(1), srcB, packet.Group4, 255))
	x := expect2()
	if f := x.CheckAddrs(&d); f.Err() {
		t.Errorf("equal lists: %v", f)
	}
	x.Addrs = []netip.Addr{vip2}
	f := x.CheckAddrs(&d)
	if got, want := f.Text("VI_1", srcB), "(VI_1) ip address associated with VRID 51 not present in advert from 10.77.0.2: 10.77.0.101"; got != want || f.Dropped() {
		t.Errorf("line = %q (dropped %v), want %q", got, f.Dropped(), want)
	}
	x.Addrs = nil
	f = x.CheckAddrs(&d)
	if got, want := f.Text("VI_1", srcB), "(VI_1) expected 0 VIPs but received 1"; got != want || f.Counter() != packet.CountAddrList {
		t.Errorf("line = %q, want %q", got, want)
	}
	x.SkipAddrs = true
	if f := x.CheckAddrs(&d); f.Err() {
		t.Errorf("skipped list: %v", f)
	}
}

func TestCheckPeer(t *testing.T) {
	t.Parallel()
	d, _ := packet.FromIPv4(build(v2(1), srcB, srcA, 60))
	tests := []struct {
		name string
		x    packet.Expect
		kind packet.Kind
	}{
		{"multicast", packet.Expect{CheckPeers: true}, packet.OK},
		{"unchecked", packet.Expect{Unicast: true}, packet.OK},
		{"stranger", packet.Expect{Unicast: true, CheckPeers: true}, packet.UnknownPeer},
		{"peer", packet.Expect{Unicast: true, Peers: []packet.Peer{{Addr: srcB, MaxTTL: 255}}}, packet.OK},
		{"too far", packet.Expect{Unicast: true, Peers: []packet.Peer{{Addr: srcB, MinTTL: 100, MaxTTL: 255}}}, packet.BadTTLRange},
		{"too near", packet.Expect{Unicast: true, Peers: []packet.Peer{{Addr: srcB, MaxTTL: 10}}}, packet.BadTTLRange},
	}
	for _, tc := range tests {
		if f := tc.x.CheckPeer(&d); f.Kind != tc.kind {
			t.Errorf("%s: %v, want kind %d", tc.name, f, tc.kind)
		}
	}
}

func TestIPv6(t *testing.T) {
	t.Parallel()
	adv := packet.Advert{Version: 3, VRID: 56, Priority: 140, Interval: 50, Addrs: []netip.Addr{vip6, vip6b}}
	b := adv.Append(nil, src6, packet.Group6)
	if len(b) != adv.Len() || len(b) != 40 {
		t.Fatalf("length = %d, Len() = %d, want 40", len(b), adv.Len())
	}
	d, f := packet.FromIPv6(b, src6, packet.Group6, 255)
	if f.Err() {
		t.Fatal(f)
	}
	x := packet.Expect{Version: 3, VRID: 56, Addrs: []netip.Addr{vip6b, vip6}}
	if f := x.Check(&d); f.Err() {
		t.Errorf("good packet refused: %v", f)
	}
	if f := x.CheckAddrs(&d); f.Err() {
		t.Errorf("order of addresses matters: %v", f)
	}
	d.TTL = 64
	if f := x.Check(&d); f.Kind != packet.BadTTL {
		t.Errorf("hop limit 64: %v", f)
	}
	if _, f := packet.FromIPv6(b[:7], src6, packet.Group6, 255); f.Kind != packet.ShortIP {
		t.Errorf("7 bytes: %v", f)
	}
}

func TestAH(t *testing.T) {
	t.Parallel()
	adv := packet.Advert{Version: 2, VRID: 51, Priority: 150, Interval: 1, Auth: packet.AuthAH, Addrs: []netip.Addr{vip}}
	h := packet.IPv4Header{ID: 1, TTL: 255, Src: srcB, Dst: packet.Group4}
	b := packet.AppendAH(nil, h, 7, adv.Append(nil, srcB, packet.Group4), &secret)
	x := expect2()
	x.Auth = packet.AuthAH
	check := func() packet.Fault {
		d, f := packet.FromIPv4(b)
		if f.Err() {
			return f
		}
		if d.AHSequence() != 7 {
			t.Errorf("sequence = %d, want 7", d.AHSequence())
		}
		return x.Check(&d)
	}
	if f := check(); f.Err() {
		t.Errorf("good packet: %v", f)
	}
	b[len(b)-12] ^= 1 // an address
	if f := check(); f.Kind != packet.BadDigest {
		t.Errorf("changed packet: %v", f)
	}
	plain := expect2()
	d, _ := packet.FromIPv4(b)
	if f := plain.Check(&d); f.Kind != packet.AHUnexpected {
		t.Errorf("AH without being asked for: %v", f)
	}
}

// TestReceiveAllocatesNothing: a flood of foreign adverts must not feed the
// garbage collector.
func TestReceiveAllocatesNothing(t *testing.T) {
	b := build(v2(150), srcB, packet.Group4, 255)
	x := expect2()
	n := testing.AllocsPerRun(100, func() {
		d, _ := packet.FromIPv4(b)
		if f := x.Check(&d); f.Err() {
			t.Fatal(f)
		}
		if f := x.CheckAddrs(&d); f.Err() {
			t.Fatal(f)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations for one advert, want 0", n)
	}
}

// FuzzReceive: no bytes make the checks panic, and what passes all of them
// has a readable address list.
func FuzzReceive(f *testing.F) {
	f.Add(build(v2(150), srcB, packet.Group4, 255))
	f.Add(build(v3(0), srcB, srcA, 1))
	f.Add([]byte{0x4f, 0, 0, 0})
	f.Add(append([]byte{0x46}, make([]byte, 60)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, x := range []packet.Expect{expect2(), expect3(), {Version: 2, Auth: packet.AuthAH}} {
			if d, fault := packet.FromIPv4(b); !fault.Err() {
				if !x.Check(&d).Err() {
					for i := range d.Count() {
						if !d.Addr(i).Is4() {
							t.Fatalf("address %d of an IPv4 packet is %v", i, d.Addr(i))
						}
					}
				}
			}
			if d, fault := packet.FromIPv6(b, src6, packet.Group6, 255); !fault.Err() && !x.Check(&d).Err() {
				x.CheckAddrs(&d)
			}
		}
	})
}
