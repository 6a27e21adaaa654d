package notify

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"time"
)

// Dial connects to a mail server; [net.Dialer.DialContext] does so in earnest.
type Dial func(ctx context.Context, network, addr string) (net.Conn, error)

// maxAnswer is how much of a server's answer is read: one that talks without
// end is given up.
const maxAnswer = 64 << 10

// errTalk is an answer that is none.
var errTalk = errors.New("not an SMTP answer")

// deliver sends one mail (RFC 5321): HELO, MAIL, RCPT for each recipient, DATA,
// QUIT. A refusal ends it. What goes wrong is logged as the original does, and
// to detail what goes well.
func (m *Mail) deliver(dial Dial, msg message, log, detail func(string)) {
	server := fmt.Sprintf("[%s]:%d", m.Server.Addr(), m.Server.Port())
	timeout := m.Timeout
	if timeout <= 0 {
		timeout = 30 * time.Second
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	conn, err := dial(ctx, "tcp", m.Server.String())
	switch {
	case err != nil && (ctx.Err() != nil || errors.Is(err, os.ErrDeadlineExceeded)):
		log(fmt.Sprintf("Timeout connecting SMTP server %s.", server))
		return
	case err != nil:
		log(fmt.Sprintf("SMTP connection ERROR to %s.", server))
		return
	}
	defer conn.Close()
	detail(fmt.Sprintf("Remote SMTP server %s connected.", server))
	d := &dialogue{conn: conn, r: bufio.NewReader(conn), timeout: timeout}
	steps := []step{{"", "", 220}, {"HELO", "HELO " + clean(m.Helo, 255) + "\r\n", 250},
		{"MAIL", "MAIL FROM:<" + address(m.From) + ">\r\n", 250}}
	for _, to := range m.recipients() {
		steps = append(steps, step{"RCPT", "RCPT TO:<" + address(to) + ">\r\n", 250})
	}
	steps = append(steps, step{"DATA", "DATA\r\n", 354}, step{"BODY", m.text(msg), 250})
	for _, s := range steps {
		code, err := d.do(s)
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				log(fmt.Sprintf("Timeout reading data to remote SMTP server %s.", server))
			} else {
				log(fmt.Sprintf("Cannot send data to remote SMTP server %s.", server))
			}
			return
		}
		if code != s.want && !(s.name == "RCPT" && code == 251) {
			log(fmt.Sprintf("Error processing %s cmd on SMTP server %s. SMTP status code = %d", s.name, server, code))
			_, _ = d.do(step{"QUIT", "QUIT\r\n", 221})
			return
		}
	}
	_, _ = d.do(step{"QUIT", "QUIT\r\n", 221})
	detail("SMTP alert successfully sent.")
}

// step is one thing to say and the answer to it.
type step struct {
	name string
	say  string
	want int
}

// dialogue is a conversation with a server.
type dialogue struct {
	conn    net.Conn
	r       *bufio.Reader
	timeout time.Duration
	read    int
}

// do says one thing and returns the code of the answer.
func (d *dialogue) do(s step) (int, error) {
	if err := d.conn.SetDeadline(time.Now().Add(d.timeout)); err != nil {
		return 0, err
	}
	if s.say != "" {
		if _, err := io.WriteString(d.conn, s.say); err != nil {
			return 0, err
		}
	}
	d.read = 0
	for {
		line, err := d.line()
		if err != nil {
			return 0, err
		}
		if len(line) < 3 {
			return 0, errTalk
		}
		code, err := strconv.Atoi(line[:3])
		if err != nil || code < 100 || code > 599 {
			return 0, errTalk
		}
		if len(line) == 3 || line[3] != '-' {
			return code, nil
		}
	}
}

// line reads one line of an answer.
func (d *dialogue) line() (string, error) {
	var out []byte
	for {
		part, more, err := d.r.ReadLine()
		if err != nil {
			return "", err
		}
		if d.read += len(part) + 1; d.read > maxAnswer {
			return "", errTalk
		}
		out = append(out, part...)
		if !more {
			return string(out), nil
		}
	}
}
