package logs

import (
	"errors"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tandem/parser/expr"
	"tandem/stats"
)

// Levels of syslog (RFC 5424, 6.2.1).
const (
	Emerg = iota
	Alert
	Crit
	Err
	Warning
	Notice
	Info
	Debug
)

// patience is how long a full unix socket may hold up one message.
const patience = 100 * time.Millisecond

// Sink sends messages to one address. Sending never blocks for long and never
// fails loudly: a lost log line must not stop traffic; it is counted.
type Sink struct {
	mu      sync.Mutex
	network string
	address string
	conn    net.Conn
	file    *os.File
	retry   time.Time // no dial before
	dropped atomic.Uint64
	lost    *stats.Counter // of the process; nil: not counted there
	buf     []byte
}

// Dropped returns how many messages could not be sent.
func (s *Sink) Dropped() uint64 { return s.dropped.Load() }

// drop counts a message that could not be sent.
func (s *Sink) drop() {
	s.dropped.Add(1)
	if s.lost != nil {
		s.lost.Add(1)
	}
}

// newSink prepares the address of a log line; it does not connect yet.
func newSink(address string) (*Sink, error) {
	switch address {
	case "stdout":
		return &Sink{file: os.Stdout}, nil
	case "stderr":
		return &Sink{file: os.Stderr}, nil
	}
	a, err := expr.ParseAddr(address, expr.AllowFD|expr.AllowNames)
	if err != nil {
		return nil, err
	}
	switch a.Kind {
	case expr.FD:
		return &Sink{file: os.NewFile(uintptr(a.FDNum), address)}, nil
	case expr.Unix, expr.Abstract, expr.AbstractZ:
		network, path := "unixgram", a.Host
		if isStream(address) {
			network = "unix"
		}
		if a.Kind != expr.Unix {
			path = a.AbstractName()
		}
		return &Sink{network: network, address: path}, nil
	}
	port := "514"
	if a.HasPort && a.Port != 0 {
		port = itoa(a.Port)
	}
	host := a.Host
	if host == "" || host == "*" {
		host = "127.0.0.1"
	}
	network := "udp"
	if isStream(address) {
		network = "tcp"
	}
	return &Sink{network: network, address: net.JoinHostPort(host, port)}, nil
}

// isStream says whether an address is one of a stream by its prefix.
func isStream(address string) bool {
	return strings.HasPrefix(address, "tcp") || strings.HasPrefix(address, "stream+") || strings.HasPrefix(address, "uxst@")
}

func itoa(n int) string {
	if n >= 10 {
		return itoa(n/10) + string(rune('0'+n%10))
	}
	return string(rune('0' + n))
}

// send writes one message; build appends it to an empty buffer.
func (s *Sink) send(now time.Time, build func(dst, text []byte) []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.buf = append(build(s.buf[:0], nil), '\n')
	if s.file != nil {
		if _, err := s.file.Write(s.buf); err != nil {
			s.drop()
		}
		return
	}
	if s.conn == nil && !s.dial(now) {
		s.drop()
		return
	}
	if s.network == "unixgram" {
		// A receiver that has stopped reading must not hold up traffic.
		s.conn.SetWriteDeadline(time.Now().Add(patience))
	}
	if _, err := s.conn.Write(s.buf); err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			s.drop()
			return
		}
		// A receiver that was restarted answers the first datagram with an
		// error (ECONNREFUSED) although the second one would arrive.
		if _, err = s.conn.Write(s.buf); err != nil {
			s.drop()
			s.conn.Close()
			s.conn = nil
		}
	}
}

// dial connects; after a failure it waits a second before the next try.
func (s *Sink) dial(now time.Time) bool {
	if now.Before(s.retry) {
		return false
	}
	c, err := net.DialTimeout(s.network, s.address, time.Second)
	if err != nil {
		s.retry = now.Add(time.Second)
		return false
	}
	s.conn = c
	return true
}

// Logger sends to the targets of one proxy or of the process.
type Logger struct {
	targets []Target
	outputs []*Output
	counts  []*atomic.Uint64
}

// Logger makes the logger of a list of targets, in which none is "global" any
// more.
func (s *Sinks) Logger(targets []Target) (*Logger, error) {
	l := &Logger{}
	for _, t := range targets {
		o, err := s.output(&t)
		if err != nil {
			return l, err
		}
		l.targets, l.outputs, l.counts = append(l.targets, t), append(l.outputs, o), append(l.counts, new(atomic.Uint64))
	}
	return l, nil
}

// Empty says whether nothing would be sent.
func (l *Logger) Empty() bool { return l == nil || len(l.targets) == 0 }

// Send sends a message at a level to all targets that take it, as their
// profiles change it. Messages are cut at each target's len.
func (l *Logger) Send(id *Identity, level int, now time.Time, m Message) {
	if l == nil {
		return
	}
	for i := range l.targets {
		t := &l.targets[i]
		if level > t.Max {
			continue
		}
		if t.Sample != nil && !t.Sample.Takes(l.counts[i].Add(1)-1) {
			continue
		}
		msg, sd, who := m.Line, m.SD, id
		if t.Use != nil || m.Profile != nil {
			var own Identity
			var drop bool
			if msg, sd, who, drop = m.override(t.Use, id, &own); drop {
				continue
			}
		}
		l.outputs[i].send(now, func(dst, text []byte) []byte {
			dst = t.appendHeader(dst, who, max(level, t.Min), now, sd)
			if text == nil {
				text = msg
			}
			dst = append(dst, text...)
			if len(dst) > t.Len-1 {
				dst = dst[:t.Len-1]
			}
			return dst
		})
	}
}
