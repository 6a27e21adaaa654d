package engine

import (
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// What rules and samples may ask of a connection beyond tx.Conn. Each is the
// interface that the asking room declares.

// Pause waits for d or until the client goes away; false for the latter.
func (c *conn) Pause(d time.Duration) bool {
	gone := make(chan struct{})
	c.watchFor(func() { close(gone) })
	defer c.unwatch()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-gone:
		return false
	}
}

// TCPInfo returns one of the kernel's numbers about a connection, times in
// microseconds. name is the fetch's without its prefix: "rtt", "rttvar" …
func (c *conn) TCPInfo(server bool, name string) (int64, bool) {
	s := &c.cli
	if server {
		if c.up == nil {
			return 0, false
		}
		s = &c.up.sock
	}
	tc, ok := netConn(s.Conn).(syscall.Conn)
	if !ok {
		return 0, false
	}
	raw, err := tc.SyscallConn()
	if err != nil {
		return 0, false
	}
	var info *unix.TCPInfo
	raw.Control(func(fd uintptr) { info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO) })
	if err != nil || info == nil {
		return 0, false
	}
	switch name {
	case "rtt":
		return int64(info.Rtt), true
	case "rttvar":
		return int64(info.Rttvar), true
	case "unacked":
		return int64(info.Unacked), true
	case "sacked":
		return int64(info.Sacked), true
	case "retrans":
		return int64(info.Retrans), true
	case "fackets":
		return int64(info.Fackets), true
	case "lost":
		return int64(info.Lost), true
	case "reordering":
		return int64(info.Reordering), true
	}
	return 0, false
}

// netConn looks through TLS and what is below it.
func netConn(c net.Conn) net.Conn {
	for {
		t, ok := c.(interface{ NetConn() net.Conn })
		if !ok {
			return c
		}
		c = t.NetConn()
	}
}

// Limit returns a timeout (milliseconds) or the retries in force, by the name
// of the fetch: be_connect_timeout, cur_max_retries …
func (c *conn) Limit(name string) (int64, bool) {
	ms := func(d time.Duration) (int64, bool) { return d.Milliseconds(), d > 0 }
	switch name {
	case "fe_client_timeout":
		return ms(c.fe.p.Timeouts.Client)
	case "cur_client_timeout":
		return ms(c.clientTimeout())
	}
	if c.be == nil {
		return 0, false
	}
	t, set := &c.be.p.Timeouts, &c.t.Settings
	cur := func(d *time.Duration, def time.Duration) (int64, bool) {
		if d != nil {
			return ms(*d)
		}
		return ms(def)
	}
	switch name {
	case "be_connect_timeout":
		return ms(t.Connect)
	case "be_queue_timeout":
		return ms(t.Queue)
	case "be_server_timeout":
		return ms(t.Server)
	case "be_tunnel_timeout":
		return ms(t.Tunnel)
	case "be_tarpit_timeout":
		return ms(c.be.tarpitT)
	case "be_max_retries":
		return int64(c.be.p.Retries), true
	case "cur_connect_timeout":
		return cur(set.TimeoutConnect, t.Connect)
	case "cur_queue_timeout":
		return cur(set.TimeoutQueue, t.Queue)
	case "cur_server_timeout":
		return cur(set.TimeoutServer, t.Server)
	case "cur_tunnel_timeout":
		return cur(set.TimeoutTunnel, t.Tunnel)
	case "cur_tarpit_timeout":
		return cur(set.TimeoutTarpit, c.be.tarpitT)
	case "cur_max_retries":
		if r := set.Retries; r != nil {
			return int64(*r), true
		}
		return int64(c.be.p.Retries), true
	}
	return 0, false
}
