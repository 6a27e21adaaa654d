package daemon

import (
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// fdTimer is a timerfd. The timers of the runtime sleep in whole milliseconds
// when the process is idle; with adverts every 10 ms that would be seen.
type fdTimer struct {
	f   *os.File
	raw syscall.RawConn
	c   chan struct{}
}

// NewTimer makes a timer that is not set.
func NewTimer() (Timer, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("timer: %w", err)
	}
	t := &fdTimer{f: os.NewFile(uintptr(fd), "timer"), c: make(chan struct{}, 1)}
	if t.raw, err = t.f.SyscallConn(); err != nil {
		t.f.Close()
		return nil, fmt.Errorf("timer: %w", err)
	}
	go t.run()
	return t, nil
}

func (t *fdTimer) run() {
	var buf [8]byte
	for {
		err := t.raw.Read(func(fd uintptr) bool {
			_, err := unix.Read(int(fd), buf[:])
			return err != unix.EAGAIN
		})
		if err != nil {
			return
		}
		select {
		case t.c <- struct{}{}:
		default:
		}
	}
}

func (t *fdTimer) set(d time.Duration) {
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(d))}
	_ = t.raw.Control(func(fd uintptr) { _ = unix.TimerfdSettime(int(fd), 0, &spec, nil) })
}

// Set implements [Timer].
func (t *fdTimer) Set(d time.Duration) { t.set(max(d, 1)) }

// Stop implements [Timer].
func (t *fdTimer) Stop() { t.set(0) }

// C implements [Timer].
func (t *fdTimer) C() <-chan struct{} { return t.c }

// Close implements [Timer].
func (t *fdTimer) Close() error { return t.f.Close() }
