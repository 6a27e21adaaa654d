package logs

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"time"

	"tandem/stats"
)

// Forward takes log messages in and passes them on: what a log-forward section
// does (configuration manual 12.6).
type Forward struct {
	Logs     *Logger
	Host     string // replace, fill, keep or append: what becomes of the host name
	Whole    bool   // dont-parse-log: a message is only text
	ByLine   bool   // assume-rfc6587-ntf: never counted octets
	Timeout  time.Duration
	MaxFrame int // longest message, bytes

	Received *stats.Counter // messages
	Bad      stats.Counter  // connections that ended because their framing was wrong
}

// Take passes on one message without its frame. from is the sender's address,
// where it has one.
func (f *Forward) Take(b []byte, from netip.Addr, now time.Time) {
	if f.Received != nil {
		f.Received.Add(1)
	}
	if f.Whole {
		if b = bytes.TrimRight(b, "\n\x00"); len(b) > 0 {
			f.Logs.Forward(&Syslog{Text: b}, now)
		}
		return
	}
	m, ok := ReadSyslog(b)
	if !ok {
		return
	}
	if from.IsValid() {
		var room [128]byte
		m.Host = f.host(room[:0], m.Host, from.Unmap())
	}
	f.Logs.Forward(&m, now)
}

// host returns the host name to pass on; room is for one that has to be made.
func (f *Forward) host(room, host []byte, from netip.Addr) []byte {
	switch {
	case f.Host == "keep":
		return host
	case len(host) == 0 || f.Host == "replace":
		return from.AppendTo(room)
	case f.Host == "append":
		return from.AppendTo(append(append(room, host...), ','))
	}
	return host
}

// Datagrams takes messages from c until it is closed.
func (f *Forward) Datagrams(c net.PacketConn) error {
	b := make([]byte, f.MaxFrame)
	for {
		n, from, err := c.ReadFrom(b)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return nil
			}
			var ne net.Error
			if errors.As(err, &ne) { // a former answer that could not be delivered
				continue
			}
			return err
		}
		var at netip.Addr
		if a, ok := from.(*net.UDPAddr); ok {
			at = a.AddrPort().Addr()
		}
		f.Take(b[:n], at, time.Now())
	}
}

// errFraming says that what comes is neither of the framings of RFC 6587.
var errFraming = errors.New("neither counted octets nor a line")

// Stream takes messages from c until it ends, is silent for too long or its
// framing is wrong. It does not close c.
func (f *Forward) Stream(c net.Conn, from netip.Addr) {
	r := bufio.NewReaderSize(&patientReader{c, f.Timeout}, f.MaxFrame)
	for {
		b, err := f.next(r)
		if errors.Is(err, errFraming) {
			f.Bad.Add(1)
		}
		if err != nil {
			return
		}
		f.Take(b, from, time.Now())
	}
}

// next returns the next message; it is good until the next call.
func (f *Forward) next(r *bufio.Reader) ([]byte, error) {
	first, err := r.Peek(1)
	if err != nil {
		return nil, err
	}
	switch c := first[0]; {
	case c == '<' || f.ByLine:
		b, err := r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return nil, errFraming
		}
		if err != nil {
			return nil, err // a line without its end is none
		}
		return bytes.TrimRight(b, "\r\n\x00"), nil
	case c < '1' || c > '9':
		return nil, errFraming
	}
	n := 0
	for {
		c, err := r.ReadByte()
		if err != nil {
			return nil, err
		}
		if c == ' ' {
			break
		}
		if n = n*10 + int(c-'0'); c < '0' || c > '9' || n > f.MaxFrame {
			return nil, errFraming
		}
	}
	b, err := r.Peek(n)
	if err == nil {
		_, err = r.Discard(n)
	}
	return b, err
}

// patientReader reads with a time limit for each read.
type patientReader struct {
	c     net.Conn
	limit time.Duration
}

// Read implements io.Reader; it fails with a timeout where nothing comes within
// the limit.
func (p *patientReader) Read(b []byte) (int, error) {
	if p.limit > 0 {
		_ = p.c.SetReadDeadline(time.Now().Add(p.limit))
	}
	return p.c.Read(b)
}

var _ io.Reader = (*patientReader)(nil)
