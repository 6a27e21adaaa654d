package notify

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// FIFO is a named pipe that gets a line for every change, and perhaps a program
// that reads it.
type FIFO struct {
	Kind     string // in log lines: "" or "vrrp "
	Path     string
	UID, GID uint32 // who owns it if it is made here
	Script   *Command
}

// pipe is a FIFO that is open.
type pipe struct {
	cfg     FIFO
	fd      int
	made    bool // by us, so it is removed at the end
	dropped int  // lines since the last one that went in
	script  Process
}

// openPipe makes and opens a FIFO. Nothing but a FIFO that belongs to us or to
// its own user is taken: a file or a link that somebody laid in its place would
// get what was meant for programs, or block.
func openPipe(f FIFO) (*pipe, error) {
	p := &pipe{cfg: f, fd: -1}
	if _, err := os.Lstat(f.Path); errors.Is(err, fs.ErrNotExist) {
		if err := syscall.Mkfifo(f.Path, 0o644); err != nil {
			return nil, fmt.Errorf("Unable to create %snotify fifo %s: %w", f.Kind, f.Path, err)
		}
		p.made = true
		if os.Geteuid() == 0 {
			if err := os.Lchown(f.Path, int(f.UID), int(f.GID)); err != nil {
				os.Remove(f.Path)
				return nil, fmt.Errorf("Failed to set uid:gid for fifo %s: %w", f.Path, err)
			}
		}
	}
	// Open for reading too: then there always is a reader, and writing neither
	// fails nor kills when the real one is away.
	fd, err := syscall.Open(f.Path, syscall.O_RDWR|syscall.O_NONBLOCK|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
	if errors.Is(err, syscall.ELOOP) {
		return nil, p.foreign()
	}
	if err != nil {
		p.remove()
		return nil, fmt.Errorf("Unable to open %snotify fifo %s: %w", f.Kind, f.Path, err)
	}
	p.fd = fd
	var st syscall.Stat_t
	if err := syscall.Fstat(fd, &st); err != nil || st.Mode&syscall.S_IFMT != syscall.S_IFIFO ||
		int(st.Uid) != os.Geteuid() && st.Uid != f.UID {
		p.close()
		return nil, p.foreign()
	}
	return p, nil
}

func (p *pipe) foreign() error {
	return fmt.Errorf("%snotify fifo %s is not a fifo we own - not using", p.cfg.Kind, p.cfg.Path)
}

// write puts a line in, or drops it when there is no room: whoever does not
// read must not hold us up. The message is to be logged, once for a series.
func (p *pipe) write(line string) (message string) {
	_, err := syscall.Write(p.fd, []byte(line))
	for errors.Is(err, syscall.EINTR) {
		_, err = syscall.Write(p.fd, []byte(line))
	}
	if err != nil {
		if p.dropped++; p.dropped > 1 {
			return ""
		}
		return fmt.Sprintf("%snotify fifo write error: %v", p.cfg.Kind, err)
	}
	if n := p.dropped; n > 0 {
		p.dropped = 0
		return fmt.Sprintf("%snotify fifo %s takes lines again: %d were dropped", p.cfg.Kind, p.cfg.Path, n)
	}
	return ""
}

func (p *pipe) close() {
	if p.fd >= 0 {
		syscall.Close(p.fd)
		p.fd = -1
	}
}

// remove takes away what was made here.
func (p *pipe) remove() {
	if p.made {
		os.Remove(p.cfg.Path)
		p.made = false
	}
}
