package notify

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Mail is how alerts are mailed.
type Mail struct {
	Server   netip.AddrPort // zero: no mail
	Helo     string
	From     string // "user@host" or "Name <user@host>"
	To       []string
	RouterID string
	Timeout  time.Duration // for connecting, and for each answer; zero: 30 s
	NoFaults bool          // no_email_faults
}

// Limits of what a mail is made of: names come from a file that may be long.
const (
	maxSubject    = 256
	maxAddress    = 254 // RFC 5321 section 4.5.3.1.3, without the brackets
	maxRecipients = 100 // RFC 5321 section 4.5.3.1.8
)

// message is one mail.
type message struct {
	subject string
	body    string
	date    time.Time
}

// alert is the mail that tells a change; false for changes that are not mailed.
func (m *Mail) alert(c Change, now time.Time) (message, bool) {
	switch c.State {
	case Master, Backup:
	case Fault:
		if m.NoFaults {
			return message{}, false
		}
	default:
		return message{}, false
	}
	out := message{date: now}
	what := "Instance"
	switch {
	case c.Group:
		what = "Group"
		out.body = "=> All VRRP group instances are now in " + c.State + " state <="
	case c.State == Master:
		out.body = "=> VRRP Instance is now owning VRRP VIPs <="
	default:
		out.body = "=> VRRP Instance is no longer owning VRRP VIPs <="
	}
	out.subject = fmt.Sprintf("[%s] VRRP %s %s - Entering %s state", m.RouterID, what, c.Name, c.State)
	return out, true
}

// text is the mail as it follows DATA, with the dot that ends it. Nothing in it
// can begin a header or end the mail.
func (m *Mail) text(msg message) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Date: %s\r\n", msg.date.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	fmt.Fprintf(&b, "From: %s\r\n", clean(m.From, maxSubject))
	fmt.Fprintf(&b, "Subject: %s\r\n", clean(msg.subject, maxSubject))
	b.WriteString("X-Mailer: Keepalived\r\n")
	for i, to := range m.recipients() {
		if i == 0 {
			b.WriteString("To: ")
		} else {
			b.WriteString(",\r\n ")
		}
		b.WriteString(clean(to, maxSubject))
	}
	b.WriteString("\r\n\r\n")
	for line := range strings.SplitSeq(msg.body, "\n") {
		line = clean(line, 900)
		if strings.HasPrefix(line, ".") {
			b.WriteByte('.')
		}
		b.WriteString(line + "\r\n")
	}
	b.WriteString("\r\n.\r\n")
	return b.String()
}

// recipients are those that can be written to.
func (m *Mail) recipients() []string {
	var out []string
	for _, to := range m.To {
		if address(to) != "" && len(out) < maxRecipients {
			out = append(out, to)
		}
	}
	return out
}

// address is the bare address of "Name <user@host>", or "" if it cannot be one.
func address(s string) string {
	if s != clean(s, len(s)) {
		return ""
	}
	if i := strings.LastIndexByte(s, '<'); i >= 0 {
		s = s[i+1:]
		j := strings.IndexByte(s, '>')
		if j < 0 {
			return ""
		}
		s = s[:j]
	}
	if s == "" || len(s) > maxAddress || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '<' || r == '>' }) {
		return ""
	}
	return s
}

// clean makes s fit for a line: control characters become blanks, and it is
// cut to n bytes.
func clean(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	if len(s) > n {
		s = strings.ToValidUTF8(s[:n], "")
	}
	return s
}
