package lua

import (
	"fmt"
	"os"
	"strings"
	"time"

	"tandem/proxy/tx"
)

// Sink takes the log lines of scripts.
type Sink interface {
	// LogGlobal writes to the loggers of the global section and says whether
	// there are any. level is syslog's.
	LogGlobal(level int, line string) bool
}

// LineLogger is implemented by a tx.Conn that can write a line to the loggers
// of the transaction's proxy; false: it has none.
type LineLogger interface {
	LogLine(level int, line string) bool
}

var levelNames = [...]string{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"}

// log writes what a script says.
func (m *Machine) log(t *tx.Tx, level int, text string) {
	text = printable(text)
	had := m.Opt.Loggers && m.toLoggers(t, level, text)
	if m.Opt.Stderr == "on" || m.Opt.Stderr == "auto" && !had {
		if level == 7 && m.Opt.Stderr == "auto" {
			return // said only where debugging was asked for
		}
		now := time.Now()
		fmt.Fprintf(os.Stderr, "[%s] %03d/%s (%d) : %s\n", levelNames[level&7], now.YearDay()-1, now.Format("150405"), os.Getpid(), text)
	}
}

func (m *Machine) toLoggers(t *tx.Tx, level int, text string) bool {
	if t != nil {
		if c, ok := t.Conn.(LineLogger); ok {
			return c.LogLine(level, text)
		}
	}
	m.mu.Lock()
	s := m.sink
	m.mu.Unlock()
	return s != nil && s.LogGlobal(level, text)
}

// report logs that a run failed, and counts it.
func (m *Machine) report(t *tx.Tx, e *entry, st *state, err error) {
	se, ok := err.(*scriptError)
	if !ok || se.cause == errStopped || se.cause == errDone {
		return
	}
	m.errors.add()
	var text string
	switch {
	case se.cause != nil:
		text = e.what() + ": " + se.cause.Error() + "."
	case se.text == "":
		text = fmt.Sprintf("%s: [state-id %d] unknown runtime error from %s.", e.what(), st.id, se.trace)
	default:
		text = fmt.Sprintf("%s: [state-id %d] runtime error: %s from %s.", e.what(), st.id, se.text, se.trace)
	}
	text = printable(text)
	if m.Opt.Loggers {
		m.toLoggers(t, 3, text)
	}
	fmt.Fprintf(os.Stderr, "[ALERT]    (%d) : %s\n", os.Getpid(), text)
}

// printable makes one line of a text.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '.'
		}
		return r
	}, s)
}
