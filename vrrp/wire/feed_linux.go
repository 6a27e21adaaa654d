package wire

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Feed is one end of a connection between two processes of this program. It
// keeps messages apart, and waits in it outlive the process at either end.
type Feed struct {
	f  *os.File
	rc syscall.RawConn
}

// FeedPair makes the two ends of a connection, for processes to inherit.
func FeedPair() (a, b *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	return os.NewFile(uintptr(fds[0]), "feed"), os.NewFile(uintptr(fds[1]), "feed"), nil
}

// OpenFeed takes over an end that was inherited as a file descriptor.
func OpenFeed(fd uintptr) (*Feed, error) {
	unix.CloseOnExec(int(fd))
	if err := unix.SetNonblock(int(fd), true); err != nil {
		return nil, os.NewSyscallError("setnonblock", err)
	}
	f := os.NewFile(fd, "feed")
	rc, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	return &Feed{f, rc}, nil
}

// Send sends one message. It never waits: a full feed is an error.
func (f *Feed) Send(b []byte) error {
	var err error
	if e := f.rc.Control(func(fd uintptr) {
		err = unix.Sendto(int(fd), b, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, nil)
	}); e != nil {
		return e
	}
	return err
}

// Recv waits for a message.
func (f *Feed) Recv(b []byte) (int, error) { return f.f.Read(b) }

// Close closes this process's end.
func (f *Feed) Close() error { return f.f.Close() }
