package listen

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Sockets go from one process to the next over a connection to the stats
// socket (-x): the new one says "_getsocks", the old one answers with the
// number of sockets and then with messages that carry up to handBatch
// descriptors each; the new one confirms every message by four bytes. With
// each descriptor come its network namespace and its interface, both with
// their length in front, and four bytes of options that nobody fills.

// handBatch is the most descriptors that one message carries.
const handBatch = 252

// handTime bounds the wait for the other process.
const handTime = time.Second

// SendSockets hands listening sockets to the process behind c.
func SendSockets(c *net.UnixConn, list []*Socket) error {
	c.SetDeadline(time.Now().Add(handTime))
	list = slices.DeleteFunc(slices.Clone(list), func(s *Socket) bool { _, ok := s.Listener.(syscall.Conn); return !ok })
	var word [4]byte
	binary.NativeEndian.PutUint32(word[:], uint32(len(list)))
	if _, err := c.Write(word[:]); err != nil {
		return err
	}
	for len(list) > 0 {
		n := min(len(list), handBatch)
		if err := sendBatch(c, list[:n]); err != nil {
			return err
		}
		if _, err := io.ReadFull(c, word[:]); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

func sendBatch(c *net.UnixConn, list []*Socket) error {
	var text []byte
	var fds []int
	defer func() { closeAll(fds) }()
	for _, s := range list {
		fd, err := s.dup()
		if err != nil {
			return err
		}
		fds = append(fds, fd)
		for _, name := range [...]string{s.Endpoint.Bind.Namespace, s.Endpoint.Bind.Interface} {
			text = append(append(text, byte(len(name))), name...)
		}
		text = append(text, 0, 0, 0, 0)
	}
	_, _, err := c.WriteMsgUnix(text, unix.UnixRights(fds...), nil)
	return err
}

// dup returns a copy of the socket's descriptor.
func (s *Socket) dup() (fd int, err error) {
	x, ok := s.Listener.(syscall.Conn)
	if !ok {
		return -1, errors.New("socket without descriptor")
	}
	raw, err := x.SyscallConn()
	if err != nil {
		return -1, err
	}
	if cerr := raw.Control(func(h uintptr) { fd, err = unix.FcntlInt(h, unix.F_DUPFD_CLOEXEC, 0) }); cerr != nil {
		return -1, cerr
	}
	return fd, err
}

// Inherited is a listening socket that another process handed over.
type Inherited struct {
	fd          int
	addr        unix.Sockaddr
	iface, ns   string
	transparent bool
	v6only      bool
	padded      bool // an abstract name of full length
}

// FetchSockets asks the process behind a stats socket for its listening
// sockets. addr is a path, or "sockpair@" and the number of a channel to it.
// Errors are in the original's words.
func FetchSockets(addr string) ([]Inherited, error) {
	var c *net.UnixConn
	var err error
	if n, ok := strings.CutPrefix(addr, "sockpair@"); ok {
		fd, bad := strconv.Atoi(n)
		if bad != nil {
			return nil, fmt.Errorf("'%s' names no descriptor", addr)
		}
		c, err = DialChannel(fd)
	} else {
		c, err = net.DialUnix("unix", nil, &net.UnixAddr{Name: addr, Net: "unix"})
	}
	if err != nil {
		return nil, fmt.Errorf("Failed to connect to the old process socket '%s'", addr)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(handTime))
	if _, err := io.WriteString(c, "_getsocks\n"); err != nil {
		return nil, err
	}
	var word [4]byte
	if _, err := io.ReadFull(c, word[:]); err != nil {
		return nil, errors.New("Failed to get the number of sockets to be transferred !") // no "expose-fd listeners" there
	}
	total := int(binary.NativeEndian.Uint32(word[:]))
	var list []Inherited
	for len(list) < total {
		more, err := receiveBatch(c)
		list = append(list, more...)
		if err != nil {
			closeInherited(list)
			return nil, err
		}
		_, _ = c.Write([]byte{0, 0, 0, 0}) // HAProxy 2.6 does not stay for the last one
	}
	return list, nil
}

func receiveBatch(c *net.UnixConn) ([]Inherited, error) {
	text := make([]byte, handBatch*(2*256+4))
	oob := make([]byte, unix.CmsgSpace(4*(handBatch+1)))
	n, oobn, _, _, err := c.ReadMsgUnix(text, oob)
	if err != nil {
		return nil, err
	}
	text = text[:n]
	fds, err := rights(oob[:oobn])
	var list []Inherited
	for _, fd := range fds {
		list = append(list, Inherited{fd: fd})
	}
	if err == nil && len(fds) == 0 {
		err = io.ErrUnexpectedEOF
	}
	for i := range list {
		name := func() (s string) {
			if len(text) == 0 || len(text) <= int(text[0]) {
				err = io.ErrUnexpectedEOF
				return ""
			}
			end := 1 + int(text[0])
			s, text = string(text[1:end]), text[end:]
			return s
		}
		list[i].ns, list[i].iface = name(), name()
		text = text[min(4, len(text)):]
		list[i].ask()
	}
	return list, err
}

// ask reads what the kernel knows of the socket.
func (h *Inherited) ask() {
	h.addr, _ = unix.Getsockname(h.fd)
	flag := func(level, name int) bool {
		n, err := unix.GetsockoptInt(h.fd, level, name)
		return err == nil && n != 0
	}
	switch h.addr.(type) {
	case *unix.SockaddrInet4:
		h.transparent = flag(unix.SOL_IP, unix.IP_TRANSPARENT)
	case *unix.SockaddrInet6:
		h.transparent = flag(unix.SOL_IPV6, unix.IPV6_TRANSPARENT)
		h.v6only = flag(unix.SOL_IPV6, unix.IPV6_V6ONLY)
	case *unix.SockaddrUnix:
		var raw unix.RawSockaddrUnix
		size := uint32(unsafe.Sizeof(raw))
		_, _, e := syscall.RawSyscall(unix.SYS_GETSOCKNAME, uintptr(h.fd), uintptr(unsafe.Pointer(&raw)), uintptr(unsafe.Pointer(&size)))
		h.padded = e == 0 && uintptr(size) == unsafe.Sizeof(raw)
	}
}

func closeInherited(list []Inherited) {
	for _, h := range list {
		unix.Close(h.fd)
	}
}
