package lvs

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// Connection is where and how a check connects.
type Connection struct {
	To      netip.AddrPort
	From    netip.AddrPort // the address or port may be unset
	Device  string         // the interface to go out by
	Mark    uint32         // of the packets
	Timeout time.Duration  // for connecting, and for each answer
}

// dial connects within the timeout; network is "tcp" or "udp".
func (c *Connection) dial(ctx context.Context, network string) (net.Conn, error) {
	d := &net.Dialer{KeepAlive: -1, Control: c.control}
	if network == "tcp" { // the other takes no time
		d.Timeout = c.Timeout
	}
	if c.From.Addr().IsValid() || c.From.Port() != 0 {
		a := c.From.Addr()
		if !a.IsValid() {
			a = netip.IPv4Unspecified()
			if c.To.Addr().Is6() {
				a = netip.IPv6Unspecified()
			}
		}
		from := netip.AddrPortFrom(a, c.From.Port())
		if network == "tcp" {
			d.LocalAddr = net.TCPAddrFromAddrPort(from)
		} else {
			d.LocalAddr = net.UDPAddrFromAddrPort(from)
		}
	}
	return d.DialContext(ctx, network, c.To.String())
}

// ConnectTimeout is the timeout in seconds.
func (c *Connection) ConnectTimeout() float64 { return c.Timeout.Seconds() }

// late says that an error is a timeout of ours.
func late(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded)
}

// errno is the system's number of an error; 0: it has none.
func errno(err error) syscall.Errno {
	var no syscall.Errno
	errors.As(err, &no)
	return no
}
