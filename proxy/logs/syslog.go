package logs

import (
	"bytes"
	"time"
)

// Syslog is a message that came from elsewhere, as far as it could be read.
// Its slices belong to what it was read from.
type Syslog struct {
	Pri    int    // facility and severity; valid where HasPri
	HasPri bool   // false: the targets' facility, level emerg
	Modern bool   // RFC 5424
	Stamp  []byte // as it came; nil or "-": none
	Host   []byte // nil: none
	Tag    []byte // or APP-NAME
	PID    []byte
	MsgID  []byte
	SD     []byte
	Text   []byte
}

// ReadSyslog reads a message without its frame (RFC 5424 6, RFC 3164 4.1).
// What follows neither is kept whole as the text. ok is false where there is
// no text to pass on.
func ReadSyslog(b []byte) (m Syslog, ok bool) {
	b = bytes.TrimRight(b, "\n\x00")
	rest, pri, found := readPri(b)
	if found {
		m.Pri, m.HasPri = pri, true
	}
	if !m.modern(rest) && !m.classic(rest) {
		m = Syslog{Pri: m.Pri, HasPri: m.HasPri, Text: rest}
	}
	return m, len(m.Text) > 0
}

// readPri reads "<13>"; the original takes any number of digits and any value.
func readPri(b []byte) (rest []byte, pri int, ok bool) {
	if len(b) == 0 || b[0] != '<' {
		return b, 0, false
	}
	for i := 1; i < len(b); i++ {
		switch c := b[i]; {
		case c == '>':
			return b[i+1:], pri, true
		case c < '0' || c > '9' || pri > 1<<20:
			return b, 0, false
		default:
			pri = pri*10 + int(c-'0')
		}
	}
	return b, 0, false
}

// modern reads "1 <stamp> <host> <app> <pid> <msgid> <sd> <text>".
func (m *Syslog) modern(b []byte) bool {
	b, ok := bytes.CutPrefix(b, []byte("1 "))
	if !ok {
		return false
	}
	if m.Stamp, b, ok = stampOf(b); !ok {
		return false
	}
	for _, f := range [...]*[]byte{&m.Host, &m.Tag, &m.PID, &m.MsgID} {
		i := bytes.IndexByte(b, ' ')
		if i <= 0 {
			return false
		}
		if *f, b = b[:i], b[i+1:]; string(*f) == "-" {
			*f = nil
		}
	}
	if m.SD, m.Text, ok = structured(b); !ok {
		return false
	}
	m.Modern = true
	return true
}

// stampOf takes a time stamp of RFC 3339, or none ("-").
func stampOf(b []byte) (stamp, rest []byte, ok bool) {
	if rest, ok = bytes.CutPrefix(b, []byte("- ")); ok {
		return nil, rest, true
	}
	const form = "0000-00-00 00:00:00"
	if len(b) <= len(form) || !digitsAt(b, form) {
		return nil, nil, false
	}
	i := bytes.IndexByte(b[len(form):], ' ')
	if i < 0 {
		return nil, nil, false
	}
	i += len(form)
	return b[:i], b[i+1:], true
}

// digitsAt says whether b has a digit wherever form has one.
func digitsAt(b []byte, form string) bool {
	for i := range form {
		if form[i] == '0' && (b[i] < '0' || b[i] > '9') {
			return false
		}
	}
	return true
}

// structured takes the structured data; rest is the text behind it.
func structured(b []byte) (sd, rest []byte, ok bool) {
	if rest, ok = bytes.CutPrefix(b, []byte("- ")); ok {
		return nil, rest, true
	}
	i := 0
	for i < len(b) && b[i] == '[' {
		for i++; i < len(b) && b[i] != ']'; i++ {
			if b[i] == '\\' {
				i++
			}
		}
		i++
	}
	if i == 0 || i >= len(b) || b[i] != ' ' {
		return nil, nil, false
	}
	return b[:i], b[i+1:], true
}

// months as RFC 3164 writes them.
const months = "JanFebMarAprMayJunJulAugSepOctNovDec"

func monthOf(b []byte) int {
	if i := bytes.Index([]byte(months), b); i >= 0 && i%3 == 0 {
		return i/3 + 1
	}
	return 0
}

// classic reads "<Mmm dd hh:mm:ss> <host> [<tag>[<pid>]: ]<text>".
func (m *Syslog) classic(b []byte) bool {
	const form = "Mmm 00 00:00:00 "
	if len(b) < len(form) || monthOf(b[:3]) == 0 || b[3] != ' ' || b[4] != ' ' && (b[4] < '0' || b[4] > '9') ||
		!digitsAt(b[5:], form[5:]) || b[6] != ' ' || b[9] != ':' || b[12] != ':' || b[15] != ' ' {
		return false
	}
	m.Stamp, b = b[:15], b[16:]
	i := bytes.IndexByte(b, ' ')
	if i <= 0 {
		return false
	}
	m.Host, b = b[:i], b[i+1:]
	m.Text = b
	i = bytes.IndexByte(b, ' ')
	if i <= 1 || b[i-1] != ':' {
		return true // no tag
	}
	tag := b[:i-1]
	if k := bytes.IndexByte(tag, '['); k >= 0 {
		pid, closed := bytes.CutSuffix(tag[k+1:], []byte{']'})
		if !closed && bytes.IndexByte(pid, ']') >= 0 {
			return true
		}
		if closed {
			m.PID = pid
		}
		tag = tag[:k]
	}
	if len(tag) > 0 {
		m.Tag, m.Text = tag, b[i+1:]
	}
	return true
}

// modernStamp appends the time as RFC 5424 has it.
func (m *Syslog) modernStamp(dst []byte, now time.Time) []byte {
	switch {
	case len(m.Stamp) == 0:
		return now.AppendFormat(dst, isoTime)
	case m.Modern:
		return append(dst, m.Stamp...)
	}
	// RFC 3164 knows neither the year nor the zone.
	s := m.Stamp
	dst = now.AppendFormat(dst, "2006-")
	n := monthOf(s[:3])
	day := s[4]
	if day == ' ' {
		day = '0'
	}
	dst = append(dst, '0'+byte(n/10), '0'+byte(n%10), '-', day, s[5], 'T')
	return append(append(dst, s[7:15]...), "-00:00"...)
}

// classicStamp appends the time as RFC 3164 has it.
func (m *Syslog) classicStamp(dst []byte, now time.Time) []byte {
	s := m.Stamp
	if m.Modern && len(s) > 0 {
		n := int(s[5]-'0')*10 + int(s[6]-'0')
		if n < 1 || n > 12 {
			return now.AppendFormat(dst, time.Stamp)
		}
		dst = append(append(dst, months[3*n-3:3*n]...), ' ')
		day := s[8]
		if day == '0' {
			day = ' '
		}
		return append(append(dst, day, s[9], ' '), s[11:19]...)
	}
	if len(s) > 0 {
		return append(dst, s...)
	}
	return now.AppendFormat(dst, time.Stamp)
}

// appendTo appends the message in a target's format.
func (m *Syslog) appendTo(dst []byte, t *Target, pri int, now time.Time) []byte {
	format := t.Format
	if t.Auto {
		format = m.ownFormat()
	}
	switch format {
	case "raw":
		return append(dst, m.Text...)
	case "iso":
		return append(append(m.modernStamp(dst, now), ' '), m.Text...)
	case "short", "timed":
		dst = append(dst, '<', '0'+byte(pri%8), '>')
		if format == "timed" {
			dst = append(m.modernStamp(dst, now), ' ')
		}
		return append(dst, m.Text...)
	}
	dst = append(appendDecimal(append(dst, '<'), pri), '>')
	switch format {
	case "priority":
		return append(dst, m.Text...)
	case "rfc5424":
		dst = append(dst, "1 "...)
		if m.Modern && m.Stamp == nil {
			dst = append(dst, '-')
		} else {
			dst = m.modernStamp(dst, now)
		}
		for _, f := range [...][]byte{m.Host, m.Tag, m.PID, m.MsgID, m.SD} {
			if dst = append(dst, ' '); len(f) == 0 {
				f = dash
			}
			dst = append(dst, f...)
		}
		return append(append(dst, ' '), m.Text...)
	}
	dst = append(m.classicStamp(dst, now), ' ')
	if format == "rfc3164" {
		if len(m.Host) > 0 {
			dst = append(append(dst, m.Host...), ' ')
		} else {
			dst = append(dst, "localhost "...)
		}
	}
	if len(m.Tag) > 0 {
		dst = append(dst, m.Tag...)
		if len(m.PID) > 0 {
			dst = append(append(append(dst, '['), m.PID...), ']')
		}
		dst = append(dst, ": "...)
	}
	return append(dst, m.Text...)
}

// ownFormat is the format of a message where no target names one: the one that
// holds all that is known.
func (m *Syslog) ownFormat() string {
	switch {
	case len(m.Host) > 0 && m.Modern:
		return "rfc5424"
	case len(m.Host) > 0:
		return "rfc3164"
	case len(m.Stamp) > 0 || len(m.Tag) > 0:
		return "local"
	case m.HasPri:
		return "priority"
	}
	return "raw"
}

func appendDecimal(dst []byte, n int) []byte {
	if n >= 10 {
		dst = appendDecimal(dst, n/10)
	}
	return append(dst, '0'+byte(n%10))
}

// Forward sends a message that came from elsewhere to all targets that take
// it; see Send.
func (l *Logger) Forward(m *Syslog, now time.Time) {
	if l == nil {
		return
	}
	for i := range l.targets {
		t := &l.targets[i]
		pri := m.Pri
		if !m.HasPri {
			pri = t.Facility * 8
		}
		level := pri % 8
		if level > t.Max || t.Sample != nil && !t.Sample.Takes(l.counts[i].Add(1)-1) {
			continue
		}
		pri += max(level, t.Min) - level
		l.outputs[i].send(now, func(dst, text []byte) []byte {
			if text != nil {
				own := Syslog{Pri: pri, HasPri: true, Text: text}
				dst = own.appendTo(dst, t, pri, now)
			} else {
				dst = m.appendTo(dst, t, pri, now)
			}
			if len(dst) > t.Len-1 {
				dst = dst[:t.Len-1]
			}
			return dst
		})
	}
}
