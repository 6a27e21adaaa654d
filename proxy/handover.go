package proxy

import (
	"errors"
	"net"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"tandem/proxy/cli"
	"tandem/proxy/listen"
)

// Inherit takes over the listening sockets of the process behind a stats
// socket (-x): Listen adopts those that the configuration binds.
func (p *Proxy) Inherit(addr string) error {
	list, err := listen.FetchSockets(addr)
	if err == nil {
		p.deps.Fronts.Inherit(list)
	}
	return err
}

// handOver sends all listening sockets to the process behind c, a connection
// of the command line interface.
func (p *Proxy) handOver(c net.Conn) error {
	u, ok := c.(*net.UnixConn)
	if !ok {
		x, ok := c.(syscall.Conn)
		if !ok {
			return errors.New("no unix socket")
		}
		raw, err := x.SyscallConn()
		if err != nil {
			return err
		}
		fd := -1
		if cerr := raw.Control(func(h uintptr) { fd, err = unix.FcntlInt(h, unix.F_DUPFD_CLOEXEC, 0) }); cerr != nil || err != nil {
			return errors.Join(cerr, err)
		}
		if u, err = listen.UnixConn(fd); err != nil {
			return err
		}
		defer u.Close()
	}
	return listen.SendSockets(u, slices.Concat(p.sockets, p.cliSocks))
}

// ServeMaster answers the master, which connects through a channel, and calls
// gone when there is no master any more.
func (p *Proxy) ServeMaster(channel *listen.Channel, gone func()) {
	s := cli.New(p.ops.env)
	s.Serve(channel, &listen.Bind{Level: "admin", ExposeFD: true})
	gone()
}

// StartupLogs keeps what was said until p served, for "show startup-logs".
func (p *Proxy) StartupLogs(text string) { p.ops.env.StartupLogs = func() string { return text } }
