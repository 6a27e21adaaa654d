package packet

import (
	"encoding/hex"
	"net/netip"
	"testing"
	"time"
)

// The images of the appendix of draft-cassen-vrrp-auth-hmac, without IP header.
const (
	trailer4 = "3133c80100644402c0000264" + "010100006800000080000000" + "1b84bc4e8e43892dc6d98448f8ee2265"
	trailer6 = "3133c8010064a2e9fe800000000000000000000000000100" + "010100006800000080000000" + "c8c56146ebfd66ee10ec4d8186461b78"
)

// draftKey is the key of the images: 0 to 31.
func draftKey() []byte {
	k := make([]byte, 32)
	for i := range k {
		k[i] = byte(i)
	}
	return k
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// draft6 is the IPv6 image as it was received, and what its receiver expects.
func draft6(t *testing.T, b []byte) (*Expect, *Datagram) {
	t.Helper()
	d, f := FromIPv6(b, netip.MustParseAddr("fe80::10"), netip.MustParseAddr("fe80::20"), 255)
	if f.Err() {
		t.Fatal(f)
	}
	x := &Expect{Version: V3, VRID: 51, Unicast: true, Addrs: []netip.Addr{netip.MustParseAddr("fe80::100")},
		HMAC: &HMAC{Keys: map[uint8][]byte{1: draftKey()}, Active: 1, Enforce: true}, Replay: Replay{}}
	return x, &d
}

func TestTrailerImages(t *testing.T) {
	t.Parallel()
	x, d := draft6(t, unhex(t, trailer6))
	if f := x.Check(d); f.Err() {
		t.Errorf("IPv6: %v", f)
	}
	if f := x.Check(d); f.Kind != TrailerReplay {
		t.Errorf("IPv6 again: %v", f)
	}
	h := IPv4Header{TTL: 255, Protocol: Protocol, Src: netip.MustParseAddr("198.51.100.10"), Dst: Group4}
	msg := unhex(t, trailer4)
	d4, f := FromIPv4(append(h.Append(nil, len(msg)), msg...))
	if f.Err() {
		t.Fatal(f)
	}
	x.Unicast, x.PlainSum, x.Addrs = false, true, []netip.Addr{netip.MustParseAddr("192.0.2.100")}
	if f := x.Check(&d4); f.Err() {
		t.Errorf("IPv4: %v", f)
	}
	if f := x.CheckAddrs(&d4); f.Err() {
		t.Errorf("IPv4 addresses: %v", f)
	}
	// What we send is the same.
	a := Advert{Version: V3, VRID: 51, Priority: 200, Interval: 100, PlainSum: true, Addrs: x.Addrs}
	out := a.Append(nil, h.Src, Group4)
	if got := hex.EncodeToString(x.HMAC.AppendTrailer(out, 0, h.Src, 0x6800000080000000)); got != trailer4 {
		t.Errorf("sent %s\nwant %s", got, trailer4)
	}
}

func TestTrailerFaults(t *testing.T) {
	t.Parallel()
	const at = 24 // of the trailer
	for _, c := range []struct {
		what string
		at   int
		want Kind
	}{
		{"priority", 2, TrailerDigest}, {"interval", 5, TrailerDigest}, {"address", 23, TrailerDigest},
		{"checksum", 6, BadChecksum}, {"type", at, TrailerMalformed}, {"key", at + 1, TrailerKey}, {"reserved", at + 2, TrailerMalformed},
		{"seconds", at + 7, TrailerDigest}, {"counter", at + 11, TrailerDigest}, {"digest", at + 12, TrailerDigest},
	} {
		b := unhex(t, trailer6)
		b[c.at] ^= 1
		x, d := draft6(t, b)
		if f := x.Check(d); f.Kind != c.want {
			t.Errorf("tampered %s: %v, want kind %d", c.what, f, c.want)
		}
	}
	x, d := draft6(t, unhex(t, trailer6)[:24])
	if f := x.Check(d); f.Kind != TrailerMissing {
		t.Errorf("no trailer: %v", f)
	}
	x.HMAC.Enforce = false
	if f := x.checkTrailer(d); f.Err() {
		t.Errorf("no trailer, tolerated: %v", f)
	}
	x, d = draft6(t, unhex(t, trailer6))
	x.HMAC = nil
	if f := x.Check(d); f.Kind != TooLong {
		t.Errorf("a trailer that nobody expects: %v", f)
	}
	x, d = draft6(t, append(unhex(t, trailer6), 0))
	if f := x.Check(d); f.Kind != TooLong {
		t.Errorf("more than a trailer: %v", f)
	}
	x, d = draft6(t, unhex(t, trailer6))
	d.Src = netip.MustParseAddr("fe80::20")
	if f := x.checkTrailer(d); f.Kind != TrailerDigest {
		t.Errorf("another sender: %v", f)
	}
}

func TestTrailerClock(t *testing.T) {
	t.Parallel()
	const sent = uint64(0x6800000080000000)
	for _, c := range []struct {
		ahead int64 // of the receiver's clock
		want  Kind
	}{{0, OK}, {5, OK}, {-5, OK}, {6, TrailerStale}, {-100, TrailerStale}} {
		x, d := draft6(t, unhex(t, trailer6))
		x.HMAC.Window = 5 * time.Second
		d.Clock = uint64(int64(sent>>32)+c.ahead) << 32
		f := x.Check(d)
		if f.Kind != c.want || f.Err() && f.Got != int(-c.ahead) {
			t.Errorf("a clock %d s ahead: %+v", c.ahead, f)
		}
	}
	// A mark from the future, of a clock that was set back, is forgotten.
	x, d := draft6(t, unhex(t, trailer6))
	x.HMAC.Window, d.Clock = 5*time.Second, sent
	x.Replay[d.Src] = sent + 3600<<32
	if f := x.Check(d); f.Err() {
		t.Errorf("after a clock was set back: %v", f)
	}
	x.HMAC.Window = 0
	x.Replay[d.Src] = sent + 3600<<32
	if f := x.Check(d); f.Kind != TrailerReplay {
		t.Errorf("a sequence that does not grow: %v", f)
	}
	timed, growing := HMAC{Window: 5 * time.Second}, HMAC{}
	for _, c := range []struct {
		h               *HMAC
		last, now, want uint64
	}{
		{&timed, 0, sent, sent}, {&timed, sent, sent, sent + 1}, {&timed, sent + 3<<32, sent, sent + 3<<32 + 1},
		{&timed, sent + 3600<<32, sent, sent}, {&growing, sent + 3600<<32, sent, sent + 3600<<32 + 1},
	} {
		if got := c.h.NextSequence(c.last, c.now); got != c.want {
			t.Errorf("after %x at %x: %x, want %x", c.last, c.now, got, c.want)
		}
	}
	if got := Clock(time.Unix(0x68000000, 500e6)); got != sent {
		t.Errorf("Clock = %x, want %x", got, sent)
	}
}
