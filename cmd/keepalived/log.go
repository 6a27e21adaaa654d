package main

import (
	"fmt"
	"io"
	"log/syslog"
	"os"
	"strings"
	"sync"
	"time"
)

// logger writes lines as one of the original's processes.
type logger struct {
	mu      sync.Mutex
	console io.Writer
	sys     *syslog.Writer
	file    io.Writer
	now     func() time.Time
}

// newLogger opens what the options ask for: syslog unless -G, the console
// with -l, a file with -g. Where there is no syslog, its lines are lost, as
// with the original.
func newLogger(o *options, ident string) *logger {
	l := &logger{now: time.Now}
	if o.console {
		l.console = os.Stderr
	}
	if !o.noSyslog {
		l.sys, _ = syslog.New(syslog.Priority(o.facility)|syslog.LOG_INFO, ident)
	}
	if o.logFile != "" {
		name := o.logFile
		if _, suffix, child := strings.Cut(ident, "_"); child {
			base, ext := name, ""
			if i := strings.LastIndexByte(name, '.'); i > strings.LastIndexByte(name, '/') {
				base, ext = name[:i], name[i:]
			}
			name = base + "_" + suffix + ext
		}
		if f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644); err == nil {
			l.file = f
		}
	}
	return l
}

// line logs one line.
func (l *logger) line(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sys != nil {
		_ = l.sys.Info(text)
	}
	stamp := l.now().Format(time.ANSIC)
	if l.console != nil {
		fmt.Fprintf(l.console, "%s: %s\n", stamp, text)
	}
	if l.file != nil {
		fmt.Fprintf(l.file, "%s: %s\n", stamp, text)
	}
}

// linef is line with a format.
func (l *logger) linef(format string, args ...any) { l.line(fmt.Sprintf(format, args...)) }
