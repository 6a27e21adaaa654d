package lvs

import (
	"bufio"
	"context"
	"crypto/md5"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// HTTPProbe is HTTP_GET and SSL_GET: it asks for pages.
type HTTPProbe struct {
	Connection
	// TLS is the client's side of SSL_GET; nil: HTTP_GET.
	TLS   *tls.Config
	Minor int // of HTTP/1.x
	Close bool
	Pages []Page
	// wrong holds, by page, the last Content-Length that was not true; 0: the
	// last one was. What was said once is not said again.
	wrong []int64
	// Real and Virtual are the names of the server and its service, for
	// messages.
	Real, Virtual string
}

// Page is what is asked for and what the answer must be.
type Page struct {
	Path     string
	Host     string // "": the address and port
	Own      string // Host, if the page itself names it; for messages
	Digest   string // MD5 in hexadecimal; "": any
	Statuses [][2]int
	// Match looks at the body; nil: none is looked at.
	Match func(body []byte) bool
}

// Limits of what is read of an answer.
const (
	httpHead = 64 << 10
	httpBody = 16 << 20 // kept for Match only; a digest has no limit
)

// Steps implements [Prober].
func (p *HTTPProbe) Steps() int { return len(p.Pages) }

// request is what is sent for a page.
func (p *HTTPProbe) request(g *Page) string {
	host := g.Host
	if host == "" {
		host = p.To.String()
	} else if strings.Count(host, ":") > 1 && host[0] != '[' {
		host = "[" + host + "]"
	}
	more := ""
	if p.Close {
		more = "Connection: close\r\n"
	}
	return fmt.Sprintf("GET %s HTTP/1.%d\r\nUser-Agent: KeepAliveClient\r\n%sHost: %s\r\n\r\n", g.Path, p.Minor, more, host)
}

// Probe implements [Prober].
func (p *HTTPProbe) Probe(ctx context.Context, step int) Outcome {
	g := &p.Pages[step]
	conn, err := p.dial(ctx, "tcp")
	switch {
	case err == nil:
	case late(err):
		return Outcome{Text: "Timeout connecting", Timeout: true}
	default:
		return Outcome{Text: "Connection failed"}
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	conn.SetDeadline(time.Now().Add(p.Timeout))
	if p.TLS != nil {
		t := tls.Client(conn, p.TLS)
		if err := t.Handshake(); err != nil {
			if late(err) {
				return Outcome{Text: "Timeout connecting", Timeout: true}
			}
			return Outcome{Text: "SSL handshake/communication error connecting to"}
		}
		conn = t
	}
	conn.SetDeadline(time.Now().Add(p.Timeout))
	if _, err := io.WriteString(conn, p.request(g)); err != nil {
		return Outcome{Text: "Cannot send get request to"}
	}
	a := &answer{length: -1}
	if g.Digest != "" {
		a.sum = md5.New()
	}
	a.keep = g.Match != nil
	if err := a.read(conn, p.Timeout); err != nil {
		return p.unread(err)
	}
	return p.judge(step, a)
}

// unread says that an answer could not be read to its end.
func (p *HTTPProbe) unread(err error) Outcome {
	switch {
	case late(err):
		text := "Timeout WEB read"
		if p.TLS != nil {
			text = "Timeout SSL read"
		}
		return Outcome{Text: text, Timeout: true}
	case errors.Is(err, errNothing):
		return Outcome{Text: "Read, no data received from "}
	case p.TLS != nil:
		return Outcome{Text: "SSL read error from"}
	}
	return Outcome{Text: "Read error with"}
}

// judge compares an answer with what it must be.
func (p *HTTPProbe) judge(step int, a *answer) Outcome {
	var o Outcome
	g := &p.Pages[step]
	if p.wrong == nil {
		p.wrong = make([]int64, len(p.Pages))
	}
	was := p.wrong[step]
	p.wrong[step] = 0
	if a.length >= 0 && a.length != a.got {
		p.wrong[step] = a.length
	}
	if n := p.wrong[step]; n != 0 && n != was {
		o.Notes = append(o.Notes, fmt.Sprintf("http_check for RS %s VS %s url %s%s: content_length (%d) does not match received bytes (%d)",
			p.Real, p.Virtual, g.Own, g.Path, a.length, a.got))
	}
	good := len(g.Statuses) == 0 && a.status >= 200 && a.status <= 299
	for _, r := range g.Statuses {
		good = good || a.status >= r[0] && a.status <= r[1]
	}
	if !good {
		o.Text = "HTTP status code error to"
		return o
	}
	o.Text = "HTTP status code success to %s url(" + strings.ReplaceAll(g.Path, "%", "%%") + ")"
	if g.Digest != "" {
		if !strings.EqualFold(hex.EncodeToString(a.sum.Sum(nil)), g.Digest) {
			o.Text = "MD5 digest error to"
			return o
		}
		o.Text = "MD5 digest" + strings.TrimPrefix(o.Text, "HTTP status code")
	}
	if g.Match != nil && !g.Match(a.body) {
		o.Text = "Regex match error to"
		return o
	}
	o.OK = true
	return o
}

var errNothing = errors.New("no data")

// answer is what came back.
type answer struct {
	status int
	length int64 // Content-Length; -1: none
	got    int64 // bytes of body
	sum    hash.Hash
	keep   bool
	body   []byte
}

// read reads an answer until the connection ends: HTTP/1.0 has no other end,
// and a server that keeps the connection open fails its check by the timeout.
func (a *answer) read(conn net.Conn, timeout time.Duration) error {
	r := bufio.NewReaderSize(&patient{conn, timeout}, 16<<10)
	if _, err := r.Peek(1); err == io.EOF {
		return errNothing
	} else if err != nil {
		return err
	}
	if err := a.head(r); err == io.EOF {
		return nil
	} else if err != nil {
		return err
	}
	buf := make([]byte, 16<<10)
	for {
		n, err := r.Read(buf)
		a.take(buf[:n])
		switch {
		case err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF):
			return nil // an end of TLS without a word is common
		case err != nil:
			return err
		}
	}
}

// head reads the status line and the headers.
func (a *answer) head(r *bufio.Reader) error {
	read := 0
	for first := true; read < httpHead; first = false {
		line, err := r.ReadSlice('\n')
		if read += len(line); err != nil && err != bufio.ErrBufferFull {
			if first {
				a.statusLine(string(line))
			}
			return err
		}
		text := strings.TrimRight(string(line), "\r\n")
		switch {
		case first:
			a.statusLine(text)
		case text == "" && err == nil:
			return nil
		}
		if name, value, ok := strings.Cut(text, ":"); ok && strings.EqualFold(name, "content-length") {
			if n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64); err == nil && n >= 0 {
				a.length = n
			}
		}
	}
	return io.EOF
}

// statusLine reads "HTTP/1.1 200 OK".
func (a *answer) statusLine(s string) {
	version, rest, ok := strings.Cut(s, " ")
	if ok && strings.HasPrefix(version, "HTTP/") {
		code, _, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
		a.status, _ = strconv.Atoi(strings.TrimSpace(code))
	}
}

// take takes a part of the body. The digest is over what Content-Length names.
func (a *answer) take(b []byte) {
	old := a.got
	a.got += int64(len(b))
	if a.length >= 0 {
		b = b[:max(min(int64(len(b)), a.length-old), 0)]
	}
	if a.sum != nil {
		a.sum.Write(b)
	}
	if a.keep && len(a.body)+len(b) <= httpBody {
		a.body = append(a.body, b...)
	}
}

// patient gives every read the whole timeout.
type patient struct {
	conn    net.Conn
	timeout time.Duration
}

// Read implements [io.Reader].
func (p *patient) Read(b []byte) (int, error) {
	if err := p.conn.SetReadDeadline(time.Now().Add(p.timeout)); err != nil {
		return 0, err
	}
	return p.conn.Read(b)
}
