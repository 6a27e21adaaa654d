package bfd

import (
	"encoding/binary"
	"fmt"
)

// Ports of packets (RFC 5881 section 4, RFC 5883 section 5).
const (
	Port         = 3784
	PortMultihop = 4784
)

// Len is the length in bytes of a packet without authentication.
const Len = 24

// State is that of a session (RFC 5880 section 4.1).
type State uint8

// The states.
const (
	AdminDown State = iota
	Down
	Init
	Up
)

// String is the word of dumps and of the log.
func (s State) String() string {
	return [...]string{"AdminDown", "Down", "Init", "Up"}[s&3]
}

// Diag is why a session last left Up (RFC 5880 section 4.1).
type Diag uint8

// The diagnostics that are given here.
const (
	DiagNone     Diag = 0
	DiagExpired  Diag = 1
	DiagNeighbor Diag = 3
)

var diagNames = [...]string{
	"No Diagnostic", "Control Detection Time Expired", "Echo Function Failed",
	"Neighbor Signaled Session Down", "Forwarding Plane Reset", "Path Down",
	"Concatenated Path Down", "Administratively Down", "Reverse Concatenated Path Down",
}

// String is the phrase of the log.
func (d Diag) String() string {
	if int(d) < len(diagNames) {
		return diagNames[d]
	}
	return "Unknown"
}

// Packet is a control packet (RFC 5880 section 4.1) without authentication.
type Packet struct {
	Diag        Diag
	State       State
	Poll, Final bool
	Demand      bool
	// Auth says that an authentication section was announced. None is ever sent.
	Auth     bool
	Mult     uint8
	My, Your uint32 // discriminators
	// Microseconds between packets: wanted to send, and bearable to receive.
	MinTx, MinRx uint32
}

// Bits of the second byte.
const (
	bitPoll       = 0x20
	bitFinal      = 0x10
	bitAuth       = 0x04
	bitDemand     = 0x02
	bitMultipoint = 0x01
)

// Append adds the packet's bytes to b.
func (p *Packet) Append(b []byte) []byte {
	flags := byte(p.State&3) << 6
	for _, f := range []struct {
		on  bool
		bit byte
	}{{p.Poll, bitPoll}, {p.Final, bitFinal}, {p.Demand, bitDemand}} {
		if f.on {
			flags |= f.bit
		}
	}
	b = append(b, 1<<5|byte(p.Diag&31), flags, p.Mult, Len)
	for _, v := range []uint32{p.My, p.Your, p.MinTx, p.MinRx, 0} {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return b
}

// Parse reads a packet and makes the checks of RFC 5880 section 6.8.6 that need
// no session. The error is the line for the log.
func Parse(b []byte) (p Packet, err error) {
	if len(b) < Len {
		return p, fmt.Errorf("Packet is too small: %d bytes", len(b))
	}
	if v := b[0] >> 5; v != 1 {
		return p, fmt.Errorf("Packet is of unsupported version: %d", v)
	}
	flags := b[1]
	p = Packet{
		Diag: Diag(b[0] & 31), State: State(flags >> 6), Mult: b[2],
		Poll: flags&bitPoll != 0, Final: flags&bitFinal != 0, Demand: flags&bitDemand != 0, Auth: flags&bitAuth != 0,
		My: binary.BigEndian.Uint32(b[4:]), Your: binary.BigEndian.Uint32(b[8:]),
		MinTx: binary.BigEndian.Uint32(b[12:]), MinRx: binary.BigEndian.Uint32(b[16:]),
	}
	switch {
	case int(b[3]) != len(b):
		return p, fmt.Errorf("Packet size mismatch: length field: %d bytes, buffer size: %d bytes", b[3], len(b))
	case p.Mult == 0:
		return p, fmt.Errorf("Packet 'detection multiplier' field is zero")
	case flags&bitMultipoint != 0:
		return p, fmt.Errorf("Packet has 'multipoint' flag")
	case p.My == 0:
		return p, fmt.Errorf("Packet 'my discriminator' field is zero")
	case p.Your == 0 && p.State != Down && p.State != AdminDown:
		return p, fmt.Errorf("Packet 'your discriminator' field is zero and 'state' field is not Down or AdminDown")
	case p.Poll && p.Final:
		return p, fmt.Errorf("Packet has both poll and final  flags set")
	case int(p.Diag) >= len(diagNames):
		return p, fmt.Errorf("Packet has invalid 'diag' field: %d", p.Diag)
	}
	return p, nil
}
