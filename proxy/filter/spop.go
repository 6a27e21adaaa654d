package filter

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"

	"tandem/proxy/tx"
)

// The frames of SPOP 2.0, by which SPOE agents are asked (SPOE.txt, 3).

const (
	frameHello      = 1
	frameDisconnect = 2
	frameNotify     = 3
	frameAgentHello = 101
	frameAgentBye   = 102
	frameAck        = 103

	flagFin = 1

	spopVersion = "2.0"
	spopMinSize = 256 // shortest limit of frames that peers may agree on, bytes
)

// SPOPError is an error of SPOE.txt 3.5, of either side.
type SPOPError uint32

// The errors that this side tells of.
const (
	SPOPNone SPOPError = iota
	SPOPIO
	SPOPTimeout
	SPOPTooBig
	SPOPInvalid
	SPOPNoVersion
	SPOPNoSize
	SPOPNoCapabilities
	SPOPBadVersion
	SPOPBadSize
	SPOPFragmented
	SPOPInterlaced
	SPOPNoFrame
	SPOPResource
)

var spopTexts = [...]string{"normal", "I/O error", "a timeout occurred", "frame is too big", "invalid frame received",
	"version value not found", "max-frame-size value not found", "capabilities value not found", "unsupported version",
	"max-frame-size too big or too small", "payload fragmentation is not supported", "invalid interlaced frames",
	"frame-id not found (it does not match any referenced frame)", "resource allocation error"}

// Error is the text of a DISCONNECT frame.
func (e SPOPError) Error() string {
	if int(e) < len(spopTexts) {
		return spopTexts[e]
	}
	return fmt.Sprintf("SPOP error %d", uint32(e))
}

// AppendVarint appends n in the encoding of SPOE.txt 3.1.
func AppendVarint(dst []byte, n uint64) []byte {
	if n < 240 {
		return append(dst, byte(n))
	}
	dst = append(dst, byte(n)|240)
	for n = (n - 240) >> 4; n >= 128; n = (n - 128) >> 7 {
		dst = append(dst, byte(n)|128)
	}
	return append(dst, byte(n))
}

// cutVarint cuts a number off b; false where it is incomplete or too long.
func cutVarint(b []byte) (n uint64, rest []byte, ok bool) {
	if len(b) == 0 {
		return 0, nil, false
	}
	n = uint64(b[0])
	if b = b[1:]; n < 240 {
		return n, b, true
	}
	for shift := uint(4); shift < 64 && len(b) > 0; shift += 7 {
		c := b[0]
		b = b[1:]
		if n += uint64(c) << shift; c < 128 {
			return n, b, true
		}
	}
	return 0, nil, false
}

func appendString(dst []byte, s string) []byte {
	return append(AppendVarint(dst, uint64(len(s))), s...)
}

func cutString(b []byte) (s, rest []byte, ok bool) {
	n, b, ok := cutVarint(b)
	if !ok || n > uint64(len(b)) {
		return nil, nil, false
	}
	return b[:n], b[n:], true
}

// types of typed data.
const (
	typNull = iota
	typBool
	typInt32
	typUint32
	typInt64
	typUint64
	typIPv4
	typIPv6
	typString
	typBinary
)

// AppendTyped appends a sample as typed data; nil is what could not be had.
func AppendTyped(dst []byte, v *tx.Value) []byte {
	if v == nil {
		return append(dst, typNull)
	}
	switch v.Type {
	case tx.TypeBool:
		return append(dst, typBool|byte(v.Int&1)<<4)
	case tx.TypeInt:
		return AppendVarint(append(dst, typInt64), uint64(v.Int))
	case tx.TypeAddr, tx.TypeIPv4, tx.TypeIPv6:
		if a := v.IP; a.Is4() {
			b := a.As4()
			return append(append(dst, typIPv4), b[:]...)
		} else if a.IsValid() {
			b := a.As16()
			return append(append(dst, typIPv6), b[:]...)
		}
		return append(dst, typNull)
	case tx.TypeBin:
		return append(AppendVarint(append(dst, typBinary), uint64(len(v.B))), v.B...)
	}
	return append(AppendVarint(append(dst, typString), uint64(len(v.B))), v.B...)
}

// cutTyped cuts typed data off b; null says that it stands for nothing. Bytes
// of v point into b.
func cutTyped(b []byte) (v tx.Value, null bool, rest []byte, ok bool) {
	if len(b) == 0 {
		return v, false, nil, false
	}
	t := b[0]
	b = b[1:]
	switch t & 15 {
	case typNull:
		return v, true, b, true
	case typBool:
		v.SetBool(t&16 != 0)
		return v, false, b, true
	case typInt32, typUint32, typInt64, typUint64:
		n, b, ok := cutVarint(b)
		v.SetInt(int64(n))
		return v, false, b, ok
	case typIPv4, typIPv6:
		n := 4
		if t&15 == typIPv6 {
			n = 16
		}
		if len(b) < n {
			return v, false, nil, false
		}
		a, _ := netip.AddrFromSlice(b[:n])
		v.SetIP(a)
		return v, false, b[n:], true
	case typString, typBinary:
		s, b, ok := cutString(b)
		if v.SetStr(s); t&15 == typBinary {
			v.SetBin(s)
		}
		return v, false, b, ok
	}
	return v, false, nil, false
}

// frame is a frame without its length.
type frame struct {
	typ      byte
	flags    uint32
	sid, fid uint64
	payload  []byte
}

func parseFrame(b []byte) (f frame, ok bool) {
	if len(b) < 7 {
		return f, false
	}
	f.typ, f.flags = b[0], binary.BigEndian.Uint32(b[1:])
	if f.sid, b, ok = cutVarint(b[5:]); !ok {
		return f, false
	}
	f.fid, f.payload, ok = cutVarint(b)
	return f, ok
}

// appendFrame appends a frame with its length; body appends the payload.
func appendFrame(dst []byte, typ byte, sid, fid uint64, payload []byte) []byte {
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0, typ, 0, 0, 0, flagFin)
	dst = append(AppendVarint(AppendVarint(dst, sid), fid), payload...)
	binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-start-4))
	return dst
}

func appendPair(dst []byte, name string, typ byte, n uint64, s string) []byte {
	dst = append(appendString(dst, name), typ)
	if typ == typString {
		return appendString(dst, s)
	}
	return AppendVarint(dst, n)
}

// appendHello appends HAPROXY-HELLO.
func appendHello(dst []byte, size int, pipelining bool, engine string) []byte {
	caps := ""
	if pipelining {
		caps = "pipelining"
	}
	p := appendPair(nil, "supported-versions", typString, 0, spopVersion)
	p = appendPair(p, "max-frame-size", typUint32, uint64(size), "")
	p = appendPair(p, "capabilities", typString, 0, caps)
	p = appendPair(p, "engine-id", typString, 0, engine)
	return appendFrame(dst, frameHello, 0, 0, p)
}

// appendBye appends HAPROXY-DISCONNECT.
func appendBye(dst []byte, code SPOPError) []byte {
	p := appendPair(nil, "status-code", typUint32, uint64(code), "")
	return appendFrame(dst, frameDisconnect, 0, 0, appendPair(p, "message", typString, 0, code.Error()))
}

// eachPair calls f for the pairs of a list; false where it is malformed.
func eachPair(b []byte, f func(name string, v *tx.Value)) bool {
	for len(b) > 0 {
		name, rest, ok := cutString(b)
		if !ok {
			return false
		}
		v, null, rest, ok := cutTyped(rest)
		if !ok {
			return false
		}
		if !null {
			f(string(name), &v)
		}
		b = rest
	}
	return true
}

// agentHello reads AGENT-HELLO and says what both sides can do. The size that
// an agent leaves out is ours.
func agentHello(b []byte, ours int) (size int, pipelining bool, err error) {
	version, had := "", false
	size = ours
	if !eachPair(b, func(name string, v *tx.Value) {
		switch name {
		case "version":
			version, had = strings.TrimSpace(string(v.B)), true
		case "max-frame-size":
			size = int(min(uint64(v.Int), 1<<31))
		case "capabilities":
			for c := range strings.SplitSeq(string(v.B), ",") {
				pipelining = pipelining || strings.TrimSpace(c) == "pipelining"
			}
		}
	}) {
		return 0, false, SPOPInvalid
	}
	major, _, _ := strings.Cut(version, ".")
	switch {
	case !had:
		return 0, false, SPOPNoVersion
	case major != "2":
		return 0, false, SPOPBadVersion
	case size < spopMinSize || size > ours:
		return 0, false, SPOPBadSize
	}
	return size, pipelining, nil
}

// goodbye reads the code of AGENT-DISCONNECT.
func goodbye(b []byte) SPOPError {
	code := SPOPError(99) // "an unknown error occurred"
	eachPair(b, func(name string, v *tx.Value) {
		if name == "status-code" {
			code = SPOPError(v.Int)
		}
	})
	return code
}

// VarAction is "set-var" or "unset-var" of an agent (SPOE.txt 3.4).
type VarAction struct {
	Scope tx.VarScope
	Name  string
	Unset bool
	Value tx.Value // valid during the call only
}

// Actions calls do for the actions of an ACK frame, up to the first one that
// is malformed or unknown: what follows that cannot be read. It says whether
// all were good.
func Actions(b []byte, do func(a *VarAction)) bool {
	scopes := [...]tx.VarScope{tx.VarProc, tx.VarSess, tx.VarTxn, tx.VarReq, tx.VarRes}
	for len(b) > 0 {
		if len(b) < 3 || int(b[2]) >= len(scopes) {
			return false
		}
		typ, nargs := b[0], b[1]
		a := VarAction{Scope: scopes[b[2]], Unset: typ == 2}
		if !(typ == 1 && nargs == 3 || typ == 2 && nargs == 2) {
			return false
		}
		name, rest, ok := cutString(b[3:])
		if !ok {
			return false
		}
		a.Name, b = string(name), rest
		if typ == 1 {
			null := false
			if a.Value, null, b, ok = cutTyped(b); !ok {
				return false
			}
			a.Unset = null // a value that is none
		}
		do(&a)
	}
	return true
}

// AppendMessage appends the head of a message: its name and how many
// arguments follow as AppendArg makes them.
func AppendMessage(dst []byte, name string, args int) []byte {
	return append(appendString(dst, name), byte(args))
}

// AppendArg appends an argument of a message.
func AppendArg(dst []byte, name string, v *tx.Value) []byte {
	return AppendTyped(appendString(dst, name), v)
}
