package announce_test

import (
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tandem/vrrp/announce"
)

var hw = net.HardwareAddr{0x3a, 0xca, 0x95, 0x07, 0xca, 0x14}

// capturedNA is the announcement of fe80::56 as 2.4.3 sent it.
const capturedNA = "333300000001 3aca9507ca14 86dd 60000000 0020 3a ff" +
	"fe800000000000000000000000000056 ff020000000000000000000000000001" +
	"8800bf0b 20000000 fe800000000000000000000000000056 0201 3aca9507ca14"

// TestFrames holds frames against captures of keepalived 2.4.3.
func TestFrames(t *testing.T) {
	t.Parallel()
	garp, err := announce.ARP(nil, hw, netip.MustParseAddr("10.77.0.100"))
	if err != nil {
		t.Fatal(err)
	}
	want := "ffffffffffff 3aca9507ca14 0806 0001 0800 06 04 0001 3aca9507ca14 0a4d0064 ffffffffffff 0a4d0064"
	if diff := cmp.Diff(strings.ReplaceAll(want, " ", ""), hex.EncodeToString(garp)); diff != "" {
		t.Errorf("gratuitous ARP differs (-captured +ours):\n%s", diff)
	}
	if len(garp) != 42 {
		t.Errorf("gratuitous ARP has %d bytes, want 42", len(garp))
	}
	na, err := announce.NA(nil, hw, netip.MustParseAddr("fe80::56"), false)
	if err != nil {
		t.Fatal(err)
	}
	want = strings.ReplaceAll(capturedNA, " ", "")
	if diff := cmp.Diff(want, hex.EncodeToString(na)); diff != "" {
		t.Errorf("neighbour advertisement differs (-captured +ours):\n%s", diff)
	}
}

func TestNARouterFlag(t *testing.T) {
	t.Parallel()
	plain, _ := announce.NA(nil, hw, netip.MustParseAddr("fd00::1"), false)
	router, _ := announce.NA(nil, hw, netip.MustParseAddr("fd00::1"), true)
	if plain[58] != 0x20 || router[58] != 0xa0 {
		t.Errorf("flags = %#x and %#x, want 0x20 and 0xa0", plain[58], router[58])
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	v4, v6 := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("fd00::1")
	if _, err := announce.ARP(nil, hw[:4], v4); err == nil {
		t.Error("ARP with a short hardware address")
	}
	if _, err := announce.ARP(nil, hw, v6); err == nil {
		t.Error("ARP for an IPv6 address")
	}
	if _, err := announce.NA(nil, hw, v4, false); err == nil {
		t.Error("neighbour advertisement for an IPv4 address")
	}
	if _, err := announce.NA(nil, nil, v6, false); err == nil {
		t.Error("neighbour advertisement without a hardware address")
	}
}

func TestQueue(t *testing.T) {
	t.Parallel()
	item := func(inst, link, ip string) announce.Item {
		return announce.Item{Inst: inst, Link: link, Addr: netip.MustParseAddr(ip)}
	}
	gaps := func(link string) announce.Gap {
		switch link {
		case "slow", "slow2":
			return announce.Gap{Group: "g", ARP: 100 * time.Millisecond}
		case "dummy":
			return announce.Gap{Disabled: true}
		}
		return announce.Gap{}
	}
	var q announce.Queue
	for _, it := range []announce.Item{
		item("A", "slow", "10.0.0.1"), item("A", "slow2", "10.0.0.2"), item("A", "fast", "10.0.0.3"),
		item("B", "fast", "10.0.0.4"), item("A", "slow", "fd00::1"), item("B", "slow", "10.0.0.5"), item("A", "dummy", "10.0.0.6"),
	} {
		q.Add(it)
	}
	var got []string
	now := time.Duration(0)
	for range 10 {
		at, more := q.Take(now, gaps, func(it announce.Item) { got = append(got, fmt.Sprintf("%v %s", now, it.Addr)) })
		if !more {
			break
		}
		now = at
		if now == 200*time.Millisecond {
			q.Drop("B")
		}
	}
	want := []string{"0s 10.0.0.1", "0s 10.0.0.3", "0s 10.0.0.4", "0s fd00::1", "100ms 10.0.0.2"}
	if !slices.Equal(got, want) {
		t.Errorf("sent %v, want %v", got, want)
	}
}
