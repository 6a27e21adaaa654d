package listen

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Channel accepts connections of which the descriptors are sent over a pair
// of connected sockets ("sockpair@"): master and worker speak so, without a
// name in the file system. It is a net.Listener; Accept returns net.ErrClosed
// once the other side is gone.
type Channel struct {
	c *net.UnixConn
}

// channelByte is what each descriptor is sent with: two bytes of no meaning.
var channelByte = []byte{0, 0}

// OpenChannel takes over one end of a pair of sockets.
func OpenChannel(fd int) (*Channel, error) {
	c, err := UnixConn(fd)
	if err != nil {
		return nil, err
	}
	return &Channel{c}, nil
}

// UnixConn makes a connection of a descriptor, which is then its own.
func UnixConn(fd int) (*net.UnixConn, error) {
	unix.CloseOnExec(fd)
	f := os.NewFile(uintptr(fd), "sockpair")
	if f == nil {
		return nil, fmt.Errorf("no descriptor %d", fd)
	}
	defer f.Close()
	c, err := net.FileConn(f)
	if err != nil {
		return nil, err
	}
	u, ok := c.(*net.UnixConn)
	if !ok {
		c.Close()
		return nil, fmt.Errorf("descriptor %d is no unix socket", fd)
	}
	return u, nil
}

// Accept implements net.Listener.
func (l *Channel) Accept() (net.Conn, error) {
	var b [2]byte
	oob := make([]byte, unix.CmsgSpace(4))
	for {
		n, oobn, _, _, err := l.c.ReadMsgUnix(b[:], oob)
		if err != nil || n == 0 {
			return nil, &net.OpError{Op: "accept", Net: "sockpair", Addr: l.Addr(), Err: net.ErrClosed}
		}
		fds, err := rights(oob[:oobn])
		if err != nil || len(fds) != 1 {
			closeAll(fds)
			continue
		}
		c, err := UnixConn(fds[0])
		if err != nil {
			continue
		}
		return c, nil
	}
}

// Close implements net.Listener.
func (l *Channel) Close() error { return l.c.Close() }

// Addr implements net.Listener.
func (l *Channel) Addr() net.Addr { return &net.UnixAddr{Net: "unix"} }

// SendConn makes the other end of the channel accept a connection of which fd
// is a descriptor; that stays the caller's.
func SendConn(channel, fd int) error {
	return unix.Sendmsg(channel, channelByte, unix.UnixRights(fd), nil, unix.MSG_NOSIGNAL)
}

// DialChannel connects to whoever accepts from the other end of a channel.
func DialChannel(channel int) (*net.UnixConn, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socketpair", err)
	}
	err = SendConn(channel, pair[0])
	unix.Close(pair[0])
	if err != nil {
		unix.Close(pair[1])
		return nil, os.NewSyscallError("sendmsg", err)
	}
	return UnixConn(pair[1])
}

// TakeConn accepts a connection from a channel without waiting for one.
func TakeConn(channel int) (net.Conn, error) {
	var b [2]byte
	oob := make([]byte, unix.CmsgSpace(4))
	n, oobn, _, _, err := unix.Recvmsg(channel, b[:], oob, unix.MSG_DONTWAIT|unix.MSG_CMSG_CLOEXEC)
	if err != nil || n == 0 {
		return nil, errors.Join(err, net.ErrClosed)
	}
	fds, err := rights(oob[:oobn])
	if err != nil || len(fds) != 1 {
		closeAll(fds)
		return nil, errors.Join(err, net.ErrClosed)
	}
	unix.SetNonblock(fds[0], true)
	f := os.NewFile(uintptr(fds[0]), "connection")
	defer f.Close()
	return net.FileConn(f)
}

// rights returns the descriptors of an ancillary message.
func rights(oob []byte) ([]int, error) {
	list, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil, err
	}
	var fds []int
	for i := range list {
		got, err := unix.ParseUnixRights(&list[i])
		if err != nil {
			if errors.Is(err, syscall.EINVAL) {
				continue
			}
			return fds, err
		}
		fds = append(fds, got...)
	}
	for _, fd := range fds {
		unix.CloseOnExec(fd)
	}
	return fds, nil
}

func closeAll(fds []int) {
	for _, fd := range fds {
		unix.Close(fd)
	}
}
