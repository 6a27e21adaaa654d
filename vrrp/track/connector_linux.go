package track

import (
	"encoding/binary"
	"errors"
	"os"
	"syscall"
)

// The process events of the kernel's connector (linux/cn_proc.h).
const (
	netlinkConnector = 11
	cnIdxProc        = 1
	cnValProc        = 1
	procListen       = 1
	procEventFork    = 0x00000001
	procEventExec    = 0x00000002
	procEventComm    = 0x00000200
	procEventExit    = 0x80000000

	cnHeader = 20 // idx, val, seq, ack, len, flags
	evHeader = 16 // what, cpu, timestamp
)

// openConnector has the kernel report processes. Only root may listen, and
// only in the first network namespace: elsewhere an error says so.
func openConnector(quit <-chan struct{}) (<-chan procEvent, error) {
	fd, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, netlinkConnector)
	if err != nil {
		return nil, err
	}
	if err := listenProcs(fd); err != nil {
		syscall.Close(fd)
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "connector")
	c := make(chan procEvent, 64)
	go func() {
		<-quit
		f.Close()
	}()
	go readProcs(f, c, quit)
	return c, nil
}

// listenProcs joins the group and asks for the reports.
func listenProcs(fd int) error {
	if err := syscall.Bind(fd, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK, Groups: cnIdxProc}); err != nil {
		return err
	}
	_ = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_RCVBUF, 1<<20)
	msg := make([]byte, syscall.NLMSG_HDRLEN+cnHeader+4)
	le := binary.NativeEndian
	le.PutUint32(msg[0:], uint32(len(msg)))
	le.PutUint16(msg[4:], syscall.NLMSG_DONE)
	cn := msg[syscall.NLMSG_HDRLEN:]
	le.PutUint32(cn[0:], cnIdxProc)
	le.PutUint32(cn[4:], cnValProc)
	le.PutUint16(cn[16:], 4)
	le.PutUint32(cn[cnHeader:], procListen)
	return syscall.Sendto(fd, msg, 0, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK})
}

// readProcs turns the kernel's reports into events until f is closed.
func readProcs(f *os.File, c chan<- procEvent, quit <-chan struct{}) {
	defer close(c)
	buf := make([]byte, 8192)
	for {
		n, err := f.Read(buf)
		var list []procEvent
		switch {
		case errors.Is(err, syscall.ENOBUFS):
			list = []procEvent{{}}
		case err != nil:
			return
		default:
			list = parseProcs(buf[:n])
		}
		for _, ev := range list {
			select {
			case c <- ev:
			case <-quit:
				return
			}
		}
	}
}

// parseProcs reads the events in one datagram. Threads are none.
func parseProcs(b []byte) []procEvent {
	le := binary.NativeEndian
	var out []procEvent
	for len(b) >= syscall.NLMSG_HDRLEN {
		size := int(le.Uint32(b))
		if size < syscall.NLMSG_HDRLEN || size > len(b) {
			return out
		}
		if m := b[syscall.NLMSG_HDRLEN:size]; len(m) >= cnHeader+evHeader+16 && le.Uint32(m) == cnIdxProc {
			d := m[cnHeader+evHeader:]
			pid, tgid := int(le.Uint32(d)), int(le.Uint32(d[4:]))
			switch le.Uint32(m[cnHeader:]) {
			case procEventFork:
				// The child's numbers come after the parent's.
				if child, group := int(le.Uint32(d[8:])), int(le.Uint32(d[12:])); child == group && child > 0 {
					out = append(out, procEvent{pid: child, why: forked})
				}
			case procEventExec, procEventComm:
				if tgid > 0 {
					out = append(out, procEvent{pid: tgid})
				}
			case procEventExit:
				if pid == tgid && pid > 0 {
					out = append(out, procEvent{pid: pid, why: exited})
				}
			}
		}
		b = b[min((size+3)&^3, len(b)):]
	}
	return out
}
