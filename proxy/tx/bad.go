package tx

import (
	"net/netip"
	"time"
)

// BadMessage is a message that broke the protocol, as "show errors" prints it
// (management manual 9.3): the last one of each proxy and side is kept.
type BadMessage struct {
	When     time.Time
	Response bool
	// Proxy is where it is kept: the frontend of a request, the backend of a
	// response. Other is the opposite side, "" where none was chosen.
	Proxy, Other     string
	ProxyID, OtherID int
	Server           string // "": none
	ServerID         int
	Event            uint64 // number of the capture in the process, from 0
	Src              netip.AddrPort
	Data             []byte // what was read of the message, from its beginning
	Pos              int    // offset of the byte that was refused
	BufSize          int    // tune.bufsize
	State            string // where the parser was, in the original's words
	StateID          int
	StreamFlags      uint32
	Flags            uint32
	ChunkLen         uint64
	BodyLen          uint64
}
