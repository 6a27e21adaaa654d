package track

import (
	"os"
	"syscall"
)

// inotify reports changes of the files in directories: what is written and
// closed, moved in or out, removed.
type inotify struct {
	f *os.File
	c chan struct{}
}

func newDirNotifier() (dirNotifier, error) {
	fd, err := syscall.InotifyInit1(syscall.IN_NONBLOCK | syscall.IN_CLOEXEC)
	if err != nil {
		return nil, err
	}
	n := &inotify{f: os.NewFile(uintptr(fd), "inotify"), c: make(chan struct{}, 1)}
	go n.read()
	return n, nil
}

// read reports that something happened, not what: files are few and small, and
// so nothing is lost when reports are.
func (n *inotify) read() {
	defer close(n.c)
	buf := make([]byte, 4096)
	for {
		if _, err := n.f.Read(buf); err != nil {
			return
		}
		select {
		case n.c <- struct{}{}:
		default:
		}
	}
}

func (n *inotify) add(dir string) error {
	raw, err := n.f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		_, failed = syscall.InotifyAddWatch(int(fd), dir,
			syscall.IN_CLOSE_WRITE|syscall.IN_MOVED_TO|syscall.IN_MOVED_FROM|syscall.IN_DELETE|syscall.IN_ONLYDIR)
	})
	if err != nil {
		return err
	}
	return failed
}

func (n *inotify) changes() <-chan struct{} { return n.c }

func (n *inotify) close() { n.f.Close() }
