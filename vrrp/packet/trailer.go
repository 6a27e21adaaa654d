package packet

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"net/netip"
	"time"
)

// TrailerLen is the length in bytes of the authentication that ends an
// advert (auth_hmac; draft-cassen-vrrp-auth-hmac): type, key, two reserved
// bytes, a sequence of eight, and a digest of sixteen.
const TrailerLen = 28

const (
	trailerType = 1 // HMAC-SHA256, cut to 128 bits
	digestLen   = 16
	digestAt    = TrailerLen - digestLen
)

// HMAC is how adverts of one instance are authenticated.
type HMAC struct {
	Keys   map[uint8][]byte
	Active uint8 // the key that adverts are sent with
	// Enforce drops adverts without a trailer.
	Enforce bool
	// Silent sends none.
	Silent bool
	// Window is the most by which a sender's clock may differ; zero: clocks do
	// not count, sequences must only grow.
	Window time.Duration
}

// Replay holds the last sequence of each sender.
type Replay map[netip.Addr]uint64

// Clock is the sequence of a moment: seconds of Unix time in the upper half, a
// fraction of 16 bits, and a counter.
func Clock(t time.Time) uint64 {
	return uint64(uint32(t.Unix()))<<32 | uint64(t.Nanosecond())<<16/1e9<<16
}

// secondsApart is by how many seconds the sequence a is ahead of b.
func secondsApart(a, b uint64) int { return int(int32(uint32(a>>32) - uint32(b>>32))) }

// NextSequence is the sequence of an advert that follows last at now. A last
// one from the future, after a clock was set back, does not count where the
// receivers look at clocks.
func (h *HMAC) NextSequence(last, now uint64) uint64 {
	if h.Window > 0 && secondsApart(last, now) > int(h.Window/time.Second) {
		last = 0
	}
	return max(last+1, now)
}

// AppendTrailer ends the advert that begins at msg of b.
func (h *HMAC) AppendTrailer(b []byte, msg int, src netip.Addr, seq uint64) []byte {
	end := len(b)
	b = append(b, trailerType, h.Active, 0, 0)
	b = binary.BigEndian.AppendUint64(b, seq)
	sum := digest(h.Keys[h.Active], src, b[msg:end], b[end:])
	return append(b, sum[:]...)
}

// digest is over the sender and the virtual router, the message without its
// checksum, and the trailer without its digest.
func digest(key []byte, src netip.Addr, msg, head []byte) (out [digestLen]byte) {
	var pseudo [20]byte
	pseudo[0], pseudo[1], pseudo[2] = 4, msg[0]>>4, msg[1]
	if src.Is4() {
		a := src.As4()
		copy(pseudo[4:], a[:])
	} else {
		a := src.As16()
		copy(pseudo[4:], a[:])
		pseudo[0] = 6
	}
	m := hmac.New(sha256.New, key)
	m.Write(pseudo[:])
	m.Write(msg[:6])
	m.Write([]byte{0, 0})
	m.Write(msg[8:])
	m.Write(head)
	m.Write(make([]byte, digestLen))
	copy(out[:], m.Sum(nil))
	return out
}

// trailer is what follows the message, if it has the length of a trailer.
func (d *Datagram) trailer() []byte {
	n := d.wantLen() - d.HeaderLen - len(d.ah)
	if d.Length-d.wantLen() != TrailerLen || len(d.msg) != n+TrailerLen {
		return nil
	}
	return d.msg[n:]
}

// checkTrailer verifies the authentication of an advert and remembers its
// sequence.
func (x *Expect) checkTrailer(d *Datagram) Fault {
	t := d.trailer()
	switch {
	case t == nil && x.HMAC.Enforce:
		return Fault{Kind: TrailerMissing}
	case t == nil:
		return Fault{}
	case t[0] != trailerType || t[2] != 0 || t[3] != 0:
		return Fault{Kind: TrailerMalformed}
	}
	key, known := x.HMAC.Keys[t[1]]
	if !known {
		return Fault{Kind: TrailerKey, Got: int(t[1])}
	}
	seq, window := binary.BigEndian.Uint64(t[4:]), int(x.HMAC.Window/time.Second)
	if skew := secondsApart(seq, d.Clock); window > 0 && (skew > window || skew < -window) {
		return Fault{Kind: TrailerStale, Got: skew, Want: window}
	}
	sum := digest(key, d.Src, d.msg[:len(d.msg)-TrailerLen], t[:digestAt])
	if subtle.ConstantTimeCompare(sum[:], t[digestAt:]) != 1 {
		return Fault{Kind: TrailerDigest}
	}
	last, heard := x.Replay[d.Src]
	if heard && window > 0 && secondsApart(last, d.Clock) > window {
		heard = false // of a clock that was set back since
	}
	if heard && seq <= last {
		return Fault{Kind: TrailerReplay}
	}
	x.Replay[d.Src] = seq
	return Fault{}
}
