package logs

import (
	"strconv"
	"time"
)

// Identity is what syslog headers say of the sender.
type Identity struct {
	Tag  string
	PID  int
	Host string // for rfc3164, where "" prints "localhost", and rfc5424, where it prints "-"
	// SendHost makes the "local" format carry the host name, as
	// log-send-hostname asks.
	SendHost bool
}

// appendHeader writes what stands before the message in t's format
// (configuration manual, log; RFC 3164 section 4, RFC 5424 section 6).
func (t *Target) appendHeader(dst []byte, id *Identity, level int, now time.Time, sd []byte) []byte {
	pri := t.Facility*8 + level
	switch t.Format {
	case "raw":
		return dst
	case "short":
		return append(strconv.AppendInt(append(dst, '<'), int64(level), 10), '>')
	case "iso":
		return append(now.AppendFormat(dst, isoTime), ' ')
	case "timed":
		dst = append(strconv.AppendInt(append(dst, '<'), int64(level), 10), '>')
		return append(now.AppendFormat(dst, isoTime), ' ')
	}
	dst = append(strconv.AppendInt(append(dst, '<'), int64(pri), 10), '>')
	switch t.Format {
	case "priority":
		return dst
	case "rfc5424":
		dst = append(dst, "1 "...)
		dst = now.AppendFormat(dst, isoTime)
		dst = append(append(dst, ' '), orDash(id.Host)...)
		dst = append(append(dst, ' '), id.Tag...)
		dst = strconv.AppendInt(append(dst, ' '), int64(id.PID), 10)
		dst = append(dst, " - "...)
		if len(sd) == 0 {
			sd = dash
		}
		return append(append(dst, sd...), ' ')
	}
	dst = append(now.AppendFormat(dst, time.Stamp), ' ')
	if t.Format == "rfc3164" || id.SendHost {
		host := id.Host
		if host == "" {
			host = "localhost"
		}
		dst = append(append(dst, host...), ' ')
	}
	dst = append(append(dst, id.Tag...), '[')
	return append(strconv.AppendInt(dst, int64(id.PID), 10), "]: "...)
}

const isoTime = "2006-01-02T15:04:05.000000-07:00"

var dash = []byte{'-'}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
