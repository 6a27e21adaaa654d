package proxy

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"tandem/proxy/check"
	"tandem/proxy/config"
	"tandem/proxy/fcgi"
	"tandem/proxy/server"
	"tandem/proxy/tx"
)

// fcgiDialer lets the HTTP checks of servers that speak FastCGI reach their
// applications.
type fcgiDialer struct {
	check.Dialer
	apps map[*server.Backend]*config.FCGIApp
}

// Dial implements check.Dialer.
func (d *fcgiDialer) Dial(ctx context.Context, s *server.Server, to check.Connect) (net.Conn, error) {
	c, err := d.Dialer.Dial(ctx, s, to)
	app := d.apps[s.Backend]
	if err != nil || app == nil || !to.HTTP {
		return c, err
	}
	proto := s.Params.Check.Proto
	if proto == "" && to.Port == 0 && to.Addr == "" {
		proto = s.Params.Proto
	}
	if proto != "fcgi" {
		return c, nil
	}
	return &fcgiCheck{Conn: c, app: app}, nil
}

// fcgiCheck is a connection of a check: what is written as HTTP/1 goes to an
// application, and its answer can be read as HTTP/1.
type fcgiCheck struct {
	net.Conn
	app *config.FCGIApp
	st  *fcgi.Stream
	out io.Reader // of the answer; nil: none yet
}

// Recv implements socket.Wire; the deadline is the check's.
func (c *fcgiCheck) Recv(b []byte, _ time.Time) (int, error) { return c.Conn.Read(b) }

// Send implements socket.Wire.
func (c *fcgiCheck) Send(b []byte, _ time.Time) error {
	_, err := c.Conn.Write(b)
	return err
}

// Write takes a request, which checks write in one piece.
func (c *fcgiCheck) Write(b []byte) (int, error) {
	req, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(b)))
	if err != nil {
		return 0, err
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return 0, err
	}
	head, _, _ := bytes.Cut(b, []byte("\r\n\r\n"))
	m := &tx.Message{Method: []byte(req.Method), URI: []byte(req.RequestURI), Version: 10*req.ProtoMajor + req.ProtoMinor}
	lines := strings.Split(string(head), "\r\n")
	for _, l := range lines[1:] {
		name, value, _ := strings.Cut(l, ":")
		m.AddString(strings.ToLower(name), strings.TrimSpace(value))
	}
	if req.ProtoMinor == 0 && !m.Has([]byte("connection")) {
		m.AddString("connection", "close")
	}
	r := fcgi.Request{Length: len(body)}
	if a, ok := c.Conn.RemoteAddr().(*net.TCPAddr); ok {
		r.Dst, r.DstPort = []byte(a.IP.String()), a.Port
	}
	params, err := fcgi.AppendParams(nil, m, &fcgi.App{Docroot: c.app.Docroot, Index: c.app.Index, Software: "HAProxy " + Version}, &r)
	if err != nil {
		return 0, err
	}
	fc := fcgi.New(c, fcgi.Config{KeepConn: !c.app.CloseConn})
	c.st = fc.Open(1)
	c.st.SetParams(params)
	if err := c.st.Begin(m, body, true); err != nil {
		return 0, err
	}
	go func() { _ = fc.Serve() }() // ends with the connection
	return len(b), nil
}

// Read implements net.Conn.
func (c *fcgiCheck) Read(b []byte) (int, error) {
	if c.st == nil {
		return c.Conn.Read(b)
	}
	if c.out == nil {
		var m tx.Message
		if err := c.st.ReadHead(&m, time.Time{}); err != nil {
			return 0, err
		}
		head := fmt.Appendf(nil, "HTTP/1.1 %d %s\r\n", m.Status, m.Reason)
		for i := range m.Fields {
			head = fmt.Appendf(head, "%s: %s\r\n", m.Fields[i].Name, m.Fields[i].Value)
		}
		if m.Framing == tx.ByLength && !m.Has([]byte("content-length")) {
			head = append(strconv.AppendUint(append(head, "content-length: "...), m.Length, 10), "\r\n"...)
		}
		c.out = io.MultiReader(bytes.NewReader(append(head, "\r\n"...)), c.st)
	}
	n, err := c.out.Read(b)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return n, err
}
