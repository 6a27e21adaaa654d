// Package h2 is a multiplexer of HTTP/2 (RFC 9113): it turns the frames of one
// connection into streams, each of which is a message head (a [tx.Message])
// and a body that is read and written like a connection.
//
// One goroutine reads all frames of a connection ([Conn.Serve]) and answers
// those that concern the connection; it never waits for a stream. What streams
// send is collected under the connection's lock and written by one flush at a
// time, so that answers that come together leave together. Back pressure goes
// both ways: a writer waits while its windows or the connection's output are
// full; a stream's window grows only with what its reader took. All that can
// be held for a peer is bounded: by the windows granted, by one head's limit,
// and by output, beyond which nothing more is read.
//
// Frames are read by code of our own, since x/net's Framer allocates each
// frame and decides errors that we must decide as the original does; header
// compression is x/net's decoder. What we send uses no dynamic table, as the
// original does not.
package h2

import (
	"errors"
	"fmt"
	"time"

	"tandem/proxy/socket"
	"tandem/proxy/tx"
	"tandem/stats"
)

// Preface is what a client sends first (RFC 9113 3.4).
const Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// Code is an error code (RFC 9113 7).
type Code uint32

// Error codes.
const (
	NoError Code = iota
	ProtocolError
	InternalError
	FlowControlError
	SettingsTimeout
	StreamClosed
	FrameSizeError
	RefusedStream
	Cancel
	CompressionError
	ConnectError
	EnhanceYourCalm
	InadequateSecurity
	HTTP11Required
)

// Error is the end of a stream or a connection.
type Error struct {
	Code   Code
	Remote bool // the peer said so
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("HTTP/2 error %d", e.Code) }

// ErrClosed is the end of a stream whose connection is gone.
var ErrClosed = errors.New("HTTP/2 connection closed")

// Wire is the connection below.
type Wire interface {
	socket.Wire
	// Kick makes a waiting Recv fail once with os.ErrDeadlineExceeded.
	Kick()
}

// Config is what a connection may do. Sizes are bytes; zero values mean the
// protocol's defaults or no limit.
type Config struct {
	Client       bool   // we sent the preface
	MaxStreams   uint32 // that the peer may open
	Window       uint32 // initial window of a stream, and its minimum
	RxBuf        int    // held of all streams beyond that
	FrameSize    uint32 // longest frame that we accept
	TableSize    uint32 // of the decoder's dynamic table
	MaxHead      int    // of one head, decoded
	MaxHeaders   int    // fields of one head, the start line counts as one
	MaxTotal     uint32 // streams after which the peer is asked to go
	Glitches     int    // oddities after which the connection is closed
	NoExtConnect bool   // do not offer RFC 8441

	Stats    *stats.H2 // nil: nothing is counted
	Go       func(f func())
	WriteEnd func() time.Time // deadline for writes that begin now

	// Accept takes a stream that the peer opened. It is called by the reader
	// and must not wait.
	Accept func(s *Stream)
	// Refused is told of a request that was not understood; conn says that the
	// connection ends with it.
	Refused func(conn bool)
	// Glitch is told of oddities of the peer; it may be nil.
	Glitch func()
	// Idle returns how long the connection may live without a stream; first
	// says that there was none yet.
	Idle func(first bool) time.Duration
	// Close ends the connection below, once all output was written; it is
	// called when the connection came to its end, and once.
	Close func(err error)
}

// Limits of the protocol.
const (
	defaultWindow  = 65535
	minFrameSize   = 16384
	maxWindow      = 1<<31 - 1
	frameHeadLen   = 9
	outLimit       = 64 << 10 // collected output beyond which writers wait
	outFlood       = 128 << 10
	chunkSize      = 16 << 10
	maxNameLen     = 255
	maxContinuated = 1 << 16
)

// frame types (RFC 9113 6).
const (
	frData = iota
	frHeaders
	frPriority
	frRstStream
	frSettings
	frPushPromise
	frPing
	frGoAway
	frWindowUpdate
	frContinuation
)

// flags of frames.
const (
	flagEndStream  = 0x1
	flagAck        = 0x1
	flagEndHeaders = 0x4
	flagPadded     = 0x8
	flagPriority   = 0x20
)

// settings (RFC 9113 6.5.2, RFC 8441 3).
const (
	setTableSize = 1 + iota
	setEnablePush
	setMaxStreams
	setWindow
	setFrameSize
	setMaxHeaderList
	_
	setExtConnect
)

func appendFrameHead(b []byte, n int, typ, flags byte, id uint32) []byte {
	return append(b, byte(n>>16), byte(n>>8), byte(n), typ, flags, byte(id>>24), byte(id>>16), byte(id>>8), byte(id))
}

func append32(b []byte, v uint32) []byte {
	return append(b, byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
}

func u32(b []byte) uint32 {
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

// Flags are facts about a head that rules do not see.
type Flags uint8

// Flags of a head.
const (
	ExtConnect Flags = 1 << iota // extended CONNECT: :protocol is in Stream.Protocol
	BadStart                     // a start line that no rule may see: to be answered with 400
	Expect100
)

// forbidden says whether a field has no place in HTTP/2 (RFC 9113 8.2.2).
func forbidden(f *tx.Field) bool {
	switch f.ID {
	case tx.HdrConnection, tx.HdrKeepAlive, tx.HdrProxyConnection, tx.HdrTransferEncoding, tx.HdrUpgrade:
		return true
	}
	return false
}
