package lvs

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"
)

// SMTPProbe is SMTP_CHECK: it greets a mail server (RFC 5321).
type SMTPProbe struct {
	one
	Connection
	Helo string
	Real string // the server's name, for messages
}

// smtpAnswer is the most that is read of one answer.
const smtpAnswer = 8 << 10

// Probe implements [Prober].
func (p *SMTPProbe) Probe(ctx context.Context, _ int) Outcome {
	server := fmt.Sprintf("[%s]:%d", p.To.Addr(), p.To.Port())
	bad := func(format string, more ...any) Outcome {
		return Outcome{Text: fmt.Sprintf(format, append([]any{server}, more...)...)}
	}
	conn, err := p.dial(ctx, "tcp")
	switch {
	case err == nil:
	case late(err):
		return bad("Connection timeout to server %s")
	case errno(err) == syscall.ENETUNREACH:
		return bad("Network unreachable for server %s - real server %s", p.Real)
	default:
		return bad("Could not connect to server %s")
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	r := bufio.NewReader(conn)
	for i, want := range []string{"220", "250"} {
		conn.SetDeadline(time.Now().Add(p.Timeout))
		if i == 1 {
			if _, err := io.WriteString(conn, "HELO "+p.Helo+"\r\n"); err != nil {
				return bad(timed(err, "Write timeout to server %s", "Write failure to server %s"))
			}
		}
		code, err := smtpCode(r)
		switch {
		case err != nil:
			return bad(timed(err, "Read timeout from server %s", "Read failure from server %s"))
		case code != want && i == 0:
			return bad("Bad greeting banner from server %s")
		case code != want:
			return bad("Bad HELO response from server %s")
		}
	}
	farewell(conn, r)
	return Outcome{OK: true}
}

func timed(err error, timeout, other string) string {
	if late(err) {
		return timeout
	}
	return other
}

// farewell ends the conversation; what it answers means nothing any more.
func farewell(conn net.Conn, r *bufio.Reader) {
	conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := io.WriteString(conn, "QUIT\r\n"); err == nil {
		_, _ = smtpCode(r)
	}
}

// smtpCode reads an answer, which may have several lines, and returns its code.
func smtpCode(r *bufio.Reader) (string, error) {
	for read := 0; read < smtpAnswer; {
		line, err := r.ReadSlice('\n')
		if err != nil && err != bufio.ErrBufferFull {
			return "", err
		}
		if read += len(line); len(line) < 4 {
			return "", nil
		}
		if line[3] != '-' {
			return string(line[:3]), nil
		}
	}
	return "", nil
}
