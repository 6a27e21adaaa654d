package logs

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

// maxLetters is how many mails wait for one server at most; what comes then is
// lost, so that a flapping farm and a dead mail server cannot fill the memory.
const maxLetters = 1000

// maxMailAnswer is how many bytes of a mail server's answers are read.
const maxMailAnswer = 64 << 10

// errMailAnswer is an answer that is not the one that lets the dialogue go on.
var errMailAnswer = errors.New("unexpected answer of the mail server")

// Mail sends mails about changes of servers' states, as "email-alert" of 1.6
// to 3.2 did without Lua (configuration manual of 2.6, 3.6 and "email-alert").
// Each server gets its mails one after the other; one that refuses or does not
// answer in time loses that mail, without a retry.
type Mail struct {
	From, To, Host string        // addresses as written; name for HELO
	Level          int           // syslog level: messages above it are not mailed
	Timeout        time.Duration // longest time for one mail
	Servers        []string      // host:port

	mu     sync.Mutex
	queues map[string][]letter // by server; present while a goroutine empties it
}

// letter is one mail to send.
type letter struct {
	text string
	at   time.Time
}

// Send queues a message for all servers and returns at once.
func (m *Mail) Send(level int, text string, now time.Time) {
	if m == nil || level > m.Level {
		return
	}
	l := letter{text: oneLine(text), at: now}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.queues == nil {
		m.queues = map[string][]letter{}
	}
	for _, s := range m.Servers {
		q, running := m.queues[s]
		if len(q) < maxLetters {
			m.queues[s] = append(q, l)
		}
		if !running {
			go m.empty(s)
		}
	}
}

// empty sends what waits for a server, and ends when nothing does.
func (m *Mail) empty(server string) {
	for {
		m.mu.Lock()
		q := m.queues[server]
		if len(q) == 0 {
			delete(m.queues, server)
			m.mu.Unlock()
			return
		}
		m.queues[server] = q[1:]
		m.mu.Unlock()
		_ = m.deliver(server, q[0]) // lost where it fails, as it was then
	}
}

// deliver sends one mail (RFC 5321).
func (m *Mail) deliver(server string, l letter) error {
	ctx, cancel := context.WithTimeout(context.Background(), m.Timeout)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", server)
	if err != nil {
		return err
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return err
	}
	r := bufio.NewReader(io.LimitReader(conn, maxMailAnswer))
	for _, step := range []struct{ say, want string }{
		{"", "220"}, {"HELO " + m.Host, "250"}, {"MAIL FROM:<" + m.From + ">", "250"}, {"RCPT TO:<" + m.To + ">", "250"},
		{"DATA", "354"}, {m.body(l), "250"}, {"QUIT", "221"},
	} {
		if step.say != "" {
			if _, err := io.WriteString(conn, step.say+"\r\n"); err != nil {
				return err
			}
		}
		if err := mailAnswer(r, step.want); err != nil {
			return err
		}
	}
	return nil
}

// body is the mail behind DATA, its final dot included.
func (m *Mail) body(l letter) string {
	return strings.Join([]string{
		"From: " + m.From, "To: " + m.To,
		"Date: " + l.at.Format("Mon, 02 Jan 2006 15:04:05 -0700 (MST)"),
		"Subject: [HAProxy Alert] " + l.text, "", l.text, "", ".",
	}, "\r\n")
}

// mailAnswer reads one answer, of one line or several, and compares its code.
func mailAnswer(r *bufio.Reader, want string) error {
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return err
		}
		if len(line) < 4 || line[:3] != want {
			return errMailAnswer
		}
		if line[3] != '-' {
			return nil
		}
	}
}

// oneLine is a log line as a subject: without its full stop, and without bytes
// that would end the header.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.TrimSuffix(text, "."))
}
