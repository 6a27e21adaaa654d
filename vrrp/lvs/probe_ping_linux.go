package lvs

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Types of messages (RFC 792, RFC 4443).
const (
	echoRequest4 = 8
	echoReply4   = 0
	echoRequest6 = 128
	echoReply6   = 129
)

// PingProbe is PING_CHECK: it sends an echo request.
type PingProbe struct {
	one
	Connection
	seq atomic.Uint32
}

// Probe implements [Prober].
func (p *PingProbe) Probe(ctx context.Context, _ int) Outcome {
	conn, err := p.open()
	if err != nil {
		return Outcome{Notes: []string{fmt.Sprintf("ICMP%s connect fail to create socket. Rescheduling.", v6(p.To.Addr().Is6()))}}
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	conn.SetDeadline(time.Now().Add(p.Timeout))
	seq := uint16(p.seq.Add(1))
	// The kernel fills in the identifier and the checksum.
	msg := make([]byte, 64)
	request, reply := byte(echoRequest4), byte(echoReply4)
	if p.To.Addr().Is6() {
		request, reply = echoRequest6, echoReply6
	}
	msg[0] = request
	binary.BigEndian.PutUint16(msg[6:], seq)
	if _, err := conn.Write(msg); err != nil {
		return Outcome{}
	}
	buf := make([]byte, 1500)
	for {
		n, err := conn.Read(buf)
		switch {
		case err != nil:
			return Outcome{Timeout: late(err)}
		case n >= 8 && buf[0] == reply && binary.BigEndian.Uint16(buf[6:]) == seq:
			return Outcome{OK: true}
		}
	}
}

func v6(is bool) string {
	if is {
		return "v6"
	}
	return ""
}

// open makes a socket for echoes. The kernel gives it only to groups in
// ping_group_range, which is widened if ours is not.
func (p *PingProbe) open() (net.Conn, error) {
	af, proto := unix.AF_INET, unix.IPPROTO_ICMP
	if p.To.Addr().Is6() {
		af, proto = unix.AF_INET6, unix.IPPROTO_ICMPV6
	}
	kind := unix.SOCK_DGRAM | unix.SOCK_NONBLOCK | unix.SOCK_CLOEXEC
	fd, err := unix.Socket(af, kind, proto)
	if errors.Is(err, unix.EACCES) && allowPing() == nil {
		fd, err = unix.Socket(af, kind, proto)
	}
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "ping")
	defer f.Close()
	if err := p.options(fd); err != nil {
		return nil, err
	}
	if a := p.From.Addr(); a.IsValid() {
		if err := unix.Bind(fd, sockaddr(a)); err != nil {
			return nil, err
		}
	}
	if err := unix.Connect(fd, sockaddr(p.To.Addr())); err != nil {
		return nil, err
	}
	return net.FileConn(f)
}

// allowPing lets this process's group send echoes.
func allowPing() error {
	const file = "/proc/sys/net/ipv4/ping_group_range"
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var lo, hi uint64
	if _, err := fmt.Sscan(string(b), &lo, &hi); err != nil {
		return err
	}
	gid := uint64(os.Getegid())
	if lo > hi {
		lo, hi = gid, gid // empty
	}
	return os.WriteFile(file, fmt.Appendf(nil, "%d\t%d", min(lo, gid), max(hi, gid)), 0)
}
