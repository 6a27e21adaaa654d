package vrrp_test

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tandem/vrrp/packet"
)

// targets are instances of each kind; their intervals are long, so that none
// becomes master meanwhile.
var targets = []struct {
	name, conf string
	version    int
	vip        string
}{
	{"VI_1", "version 2\n advert_int 60\n " + auth("PASS", "secret"), 2, vip},
	{"VI_2", "version 2\n advert_int 60", 2, vip},
	{"VI_3", "version 3\n advert_int 40", 3, vip},
	{"VI_4", "version 3\n advert_int 40\n v3_checksum_as_v2 true", 3, vip},
	{"VI_5", "version 2\n advert_int 60\n " + auth("AH", "secret"), 2, vip},
	{"VI_6", "version 3\n advert_int 40\n native_ipv6", 3, "fe80::5:1"},
	{"VI_7", "version 3\n advert_int 40\n check_unicast_src\n unicast_peer {\n 10.77.0.9\n }", 3, vip},
	{"VI_8", "version 3\n advert_int 40\n unicast_peer {\n 10.77.0.9 min_ttl 250 max_ttl 254\n }", 3, vip},
}

// target 0 is VRID 51, and so on.
const firstVRID = 51

func malformedConf() string {
	var b strings.Builder
	b.WriteString("global_defs {\n log_unknown_vrids\n vrrp_check_unicast_src\n}\n")
	for i, x := range targets {
		v := vip
		if strings.Contains(x.vip, ":") {
			v = x.vip
		} else if i > 0 {
			// Two instances may not have the same address.
			v = fmt.Sprintf("10.77.0.%d", 100+i)
		}
		fmt.Fprintf(&b, "vrrp_instance %s {\n interface eth0\n virtual_router_id %d\n priority 100\n %s\n virtual_ipaddress {\n %s\n }\n}\n",
			x.name, firstVRID+i, x.conf, v)
	}
	return b.String()
}

// fair is an advert that target i accepts.
func fair(i int) forged {
	x := targets[i]
	iv := 40 * time.Second
	if x.version == packet.V2 {
		iv = 60 * time.Second
	}
	addr := fmt.Sprintf("10.77.0.%d", 100+i)
	if strings.Contains(x.vip, ":") {
		addr = x.vip
	}
	f := stranger(x.version, iv, 50, addr)
	f.VRID = uint8(firstVRID + i)
	switch x.name {
	case "VI_1":
		f.Auth = packet.AuthPass
		copy(f.Pass[:], "secret")
	case "VI_4":
		f.PlainSum = true
	case "VI_6":
		f.src, f.dst = netip.MustParseAddr("fe80::9"), packet.Group6
	case "VI_7", "VI_8":
		f.dst = addrA
	}
	if x.name == "VI_8" {
		f.ttl = 252
	}
	return f
}

// mistake is one thing that can be wrong with an advert.
type mistake struct {
	name string
	make func(f *forged)
}

// poke changes one byte of the message and leaves its checksum wrong or, with
// sum, right again.
func poke(at int, v byte, sum bool) func(f *forged) {
	return func(f *forged) {
		f.bend = func(b []byte) []byte {
			msg := b
			if !f.src.Is6() {
				msg = b[packet.IPv4HdrLen:]
			}
			msg[at] = v
			if sum {
				msg[6], msg[7] = 0, 0
				c := packet.PseudoChecksum(f.src, f.dst, msg)
				if f.Version == packet.V2 || f.PlainSum {
					c = packet.Checksum(msg)
				}
				binary.BigEndian.PutUint16(msg[6:], c)
			}
			return b
		}
	}
}

// mistakes is every way to be wrong that both versions and families know, in
// the order in which they are sent to every target.
var mistakes = []mistake{
	{"short by 1", func(f *forged) { f.bend = func(b []byte) []byte { return b[:len(b)-1] } }},
	{"header only", func(f *forged) { f.bend = func(b []byte) []byte { return b[:len(b)-f.Len()+8] } }},
	{"4 bytes", func(f *forged) { f.bend = func(b []byte) []byte { return b[:len(b)-f.Len()+4] } }},
	{"empty", func(f *forged) { f.bend = func(b []byte) []byte { return b[:len(b)-f.Len()] } }},
	{"long by 1", func(f *forged) { f.bend = func(b []byte) []byte { return append(b, 0) } }},
	{"long by 2", func(f *forged) { f.bend = func(b []byte) []byte { return append(b, 0, 0) } }},
	{"long by 40", func(f *forged) { f.bend = func(b []byte) []byte { return append(b, make([]byte, 40)...) } }},
	{"ttl 254", func(f *forged) { f.ttl = 254 }},
	{"ttl 1", func(f *forged) { f.ttl = 1 }},
	{"version 0", poke(0, 0x01, true)},
	{"version 4", poke(0, 0x41, true)},
	{"version 5 - ours", func(f *forged) { poke(0, byte(5-int(f.Version))<<4|1, true)(f) }},
	{"type 2", func(f *forged) { poke(0, f.Version<<4|2, true)(f) }},
	{"type 0", func(f *forged) { poke(0, f.Version<<4, true)(f) }},
	{"bad sum", poke(6, 0x55, false)},
	{"zero sum", func(f *forged) {
		f.bend = func(b []byte) []byte {
			n := len(b) - f.Len()
			b[n+6], b[n+7] = 0, 0
			return b
		}
	}},
	{"the other sum", func(f *forged) { f.PlainSum = !f.PlainSum }},
	{"auth type 7", func(f *forged) {
		if f.Version == packet.V2 {
			poke(4, 7, true)(f)
		}
	}},
	{"auth type none", func(f *forged) { f.Auth = packet.AuthNone }},
	{"auth type AH", func(f *forged) {
		if f.Version == packet.V2 {
			f.Auth = packet.AuthAH
		}
	}},
	{"password", func(f *forged) {
		if f.Version == packet.V2 {
			f.Auth = packet.AuthPass
			copy(f.Pass[:], "sekret")
		}
	}},
	{"interval", func(f *forged) {
		if f.Version == packet.V2 {
			f.Interval = 7
		}
	}},
	{"two addresses", func(f *forged) { f.Addrs = append(f.Addrs, f.Addrs[0].Next()) }},
	{"another address", func(f *forged) { f.Addrs = []netip.Addr{f.Addrs[0].Next()} }},
	{"no address", func(f *forged) { f.Addrs = nil }},
	{"count 9", poke(3, 9, true)},
	{"count 255", poke(3, 255, true)},
	{"count 0", poke(3, 0, true)},
	{"to one node", func(f *forged) {
		if f.src.Is4() {
			f.dst = addrA
		}
	}},
	{"to the group", func(f *forged) {
		if f.src.Is4() {
			f.dst = packet.Group4
		}
	}},
	{"another sender", func(f *forged) {
		if f.src.Is4() {
			f.src = netip.MustParseAddr("10.77.0.77")
		}
	}},
	{"our own sender", func(f *forged) {
		if f.src.Is4() {
			f.src = addrA
		}
	}},
	{"options", func(f *forged) {
		if f.src.Is4() {
			f.bend = func(b []byte) []byte {
				b = append(b[:packet.IPv4HdrLen:packet.IPv4HdrLen], append([]byte{1, 1, 1, 0}, b[packet.IPv4HdrLen:]...)...)
				b[0] = 4<<4 | 6
				return b
			}
		}
	}},
	{"first fragment", func(f *forged) {
		if f.src.Is4() {
			f.cut = func(b []byte) []byte { b[6] |= 0x20; return b }
		}
	}},
	{"later fragment", func(f *forged) {
		if f.src.Is4() {
			f.cut = func(b []byte) []byte { b[7] = 9; return b }
		}
	}},
	{"total length beyond the end", func(f *forged) {
		if f.src.Is4() {
			f.cut = func(b []byte) []byte { binary.BigEndian.PutUint16(b[2:], uint16(len(b)+8)); return b }
		}
	}},
	{"total length too small", func(f *forged) {
		if f.src.Is4() {
			f.cut = func(b []byte) []byte { binary.BigEndian.PutUint16(b[2:], uint16(len(b)-4)); return b }
		}
	}},
	{"as AH", func(f *forged) {
		if f.src.Is4() {
			f.bend = func(b []byte) []byte {
				h := packet.IPv4Header{ID: 1, TTL: f.ttl, Protocol: packet.Protocol, Src: f.src, Dst: f.dst}
				pass := [packet.AuthLen]byte{'s'}
				return packet.AppendAH(nil, h, 1, b[packet.IPv4HdrLen:], &pass)
			}
		}
	}},
	{"noise", func(f *forged) {
		f.bend = func(b []byte) []byte {
			for i := len(b) - f.Len() + 2; i < len(b); i++ {
				b[i] = byte(i * 37)
			}
			return b
		}
	}},
}

// playMalformed sends a node every mistake for every target and returns what
// it said and counted.
func playMalformed(t *testing.T, ref bool) string {
	l := newLab(t)
	p := l.start("a", ref, malformedConf())
	l.until("start", 15*time.Second, func() bool {
		return p.count("Entering BACKUP STATE") == len(targets) && p.count("VRRP sockpool") >= 4
	})
	for i, x := range targets {
		for _, m := range mistakes {
			if x.name == "VI_4" && (m.name == "bad sum" || m.name == "zero sum" || m.name == "noise") {
				// The original takes any checksum with v3_checksum_as_v2.
				continue
			}
			f := fair(i)
			m.make(&f)
			l.forge(f)
		}
		if x.name == "VI_5" {
			continue // nobody here speaks AH in fairness
		}
		last := fair(i)
		last.Priority = 51
		l.forge(last)
	}
	l.until("the last ones", 10*time.Second, func() bool { return p.count("received lower priority (51)") == len(targets)-1 })
	p.signal(syscall.SIGUSR2)
	var stats []byte
	l.until("statistics", 5*time.Second, func() bool {
		stats, _ = os.ReadFile(filepath.Join(p.dir, "keepalived.stats"))
		return strings.Count(string(stats), "Priority Zero") == len(targets)
	})
	if p.said("MASTER STATE") {
		t.Error("a bad advert made a master")
	}
	return strings.Join(words(p), "\n") + "\n" + string(stats)
}

// TestMalformed sends both programs the same bad adverts and compares what
// they say and count with what release 2.4.3 of the original did. Releases
// before 2.4 have other words, and no limit on their number.
func TestMalformed(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile("testdata/malformed.golden")
	if err != nil {
		t.Fatal(err)
	}
	for _, ref := range []bool{false, true} {
		if ref && !recent() {
			continue
		}
		t.Run(fmt.Sprintf("original=%t", ref), func(t *testing.T) {
			t.Parallel()
			got := playMalformed(t, ref)
			if *rewrite && ref {
				if err := os.WriteFile("testdata/malformed.golden", []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Errorf("words and counters (-2.4.3 +got):\n%s", d)
			}
		})
	}
}

// TestMalformedMaster sends a master, by name of priority 255, what must be
// dropped: it stays.
func TestMalformedMaster(t *testing.T) {
	taken := []string{"long by 2", "the other sum", "auth type 7", "auth type none", "auth type AH", "password",
		"interval", "two addresses", "another address", "no address", "to the group", "another sender", "options"}
	eachPairing(t, func(t *testing.T, l *lab, p pairing) {
		a, _ := l.pair(p, conf(3, "0.5", 150, "", vip), conf(3, "0.5", 100, "", vip))
		mark := time.Now()
		for _, m := range mistakes {
			f := stranger(3, 500*time.Millisecond, 255, vip)
			m.make(&f)
			if f.Priority = 255; !slices.Contains(taken, m.name) && m.name != "our own sender" {
				l.forge(f)
			}
		}
		l.until("adverts afterwards", 5*time.Second, func() bool { return len(l.from(mark, addrA)) >= 3 })
		if n := len(l.from(mark, addrB)); n > 0 || a.said("Entering BACKUP STATE\n") || !l.has("a", vip) {
			t.Errorf("a bad advert moved the address: %d adverts of b", n)
		}
	})
}

// words are what a node said of bad adverts, by instance. Lines that the
// original writes for every such packet, and ours once a class, count once.
func words(p *proc) []string {
	said := make(map[string][]string)
	for _, s := range p.lines() {
		for _, x := range targets {
			// Of a master the original speaks before it has looked at the packet.
			if strings.HasPrefix(s, "("+x.name+")") && !strings.HasPrefix(s, "("+x.name+") master ") && !strings.Contains(s, "FAULT") &&
				!strings.Contains(s, "removing VIPs") && !strings.Contains(s, "BACKUP STATE") {
				said[x.name] = append(said[x.name], s)
			}
		}
		if s, _, _ := strings.Cut(s, " - "); strings.HasPrefix(s, "Unknown VRID") || s == "IPv4 VRRP packet too short" {
			if !slices.Contains(said[""], s) {
				said[""] = append(said[""], s)
			}
		}
	}
	slices.Sort(said[""])
	out := said[""]
	for _, x := range targets {
		out = append(out, said[x.name]...)
	}
	return out
}
