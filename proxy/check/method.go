// Package check finds out whether servers work: one keyword.Def per kind of
// check and per step of a check, and the prober that runs them on time.
package check

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"tandem/proxy/logformat"
	"tandem/proxy/server"
	"tandem/proxy/tx"
)

// Result is what one check found.
type Result = server.CheckResult

// Method is a compiled kind of check: the steps that make it up.
type Method interface {
	// Run makes one check. ctx bounds it.
	Run(ctx context.Context, p *Probe) Result
}

// Dialer opens connections for checks. s is the server that is checked; to
// says what a step asks for.
type Dialer interface {
	Dial(ctx context.Context, s *server.Server, to Connect) (net.Conn, error)
}

// Connect is where and how a check connects; zero values mean what the
// server's line says.
type Connect struct {
	Explicit  bool // a "connect" step, not the implicit connection
	Default   bool // "default": take the server line's options too
	Port      int
	Addr      string
	SendProxy bool
	Socks4    bool
	SSL       bool
	SNI, ALPN string
	Linger    bool
	HTTP      bool   // requests of HTTP follow
	Host      string // of the request that will follow, for the automatic SNI
}

// Probe is one check under way.
type Probe struct {
	Server   *server.Server
	Dialer   Dialer
	Connect  time.Duration // timeout of the connection; 0: that of the check
	Exchange time.Duration // timeout of all that follows a connection; 0: that of the check
	Node     string        // name of this machine, for send-state
	UniqueID *logformat.Format

	conn    net.Conn
	http    bool // the check has requests of HTTP
	tls     bool
	buf     []byte
	eof     bool
	readErr error
	rule    int // number of the rule as messages count them
	tx      *tx.Tx
	last    *expect // last expect rule that passed
	code    int
	desc    string
}

// maxResponse is how much of a response a check looks at (tune.bufsize).
const maxResponse = 16384

// steps is a Method made of rules.
type steps struct {
	rules    []rule
	http     bool
	implicit bool // no rule was written: messages name no step
	kind     string
}

// rule is one step. run returns nil to go on, or the result of the check.
type rule struct {
	run     func(ctx context.Context, p *Probe, r *rule) *Result
	name    string // for timeouts: "expect string 'foo'"
	comment string
	send    bool
	connect bool
	port    bool // a connect rule that says its port
	tls     bool // a connect rule that asks for TLS
	expect  *expect
	blank   *Result   // of a connection that ended without data, where the rule has its own
	request *httpSend // of send rules that the option line completes
}

// Run connects, unless the first rule does, and makes all steps.
func (s *steps) Run(ctx context.Context, p *Probe) Result {
	start := time.Now()
	p.tx = &tx.Tx{Sess: &tx.Session{Proc: &tx.ProcVars{}}, Back: p.Server.Backend, Server: p.Server, InCheck: true, Now: start, Conn: probeConn{p}}
	if p.UniqueID != nil {
		p.tx.UniqueID = p.UniqueID.Append(nil, p.tx)
	}
	defer func() {
		if p.conn != nil {
			_ = p.conn.Close()
		}
	}()
	res := s.run(ctx, p)
	res.Duration = time.Since(start)
	return res
}

func (s *steps) run(ctx context.Context, p *Probe) Result {
	for i := range s.rules {
		p.http = p.http || s.rules[i].request != nil
	}
	if !s.connectsItself() {
		host := ""
		for i := range s.rules {
			if h := s.rules[i]; h.send && h.comment == "" {
				break
			}
		}
		if r := p.connect(ctx, Connect{Host: host}, ""); r != nil {
			return *r
		}
	}
	for i := range s.rules {
		r := &s.rules[i]
		p.rule = i + 1
		if res := r.run(ctx, p, r); res != nil {
			return *res
		}
	}
	return s.passed(p)
}

// connectsItself says whether the rules begin with a connection of their own.
func (s *steps) connectsItself() bool {
	for i := range s.rules {
		r := &s.rules[i]
		if r.connect {
			return true
		}
		if r.send || r.expect != nil {
			return false
		}
	}
	return false
}

// passed is the result where no rule failed: that of the last one.
func (s *steps) passed(p *Probe) Result {
	if e := p.last; e != nil {
		res := Result{Status: e.okStatus, OK: true, Code: p.code, Desc: p.desc, HasCode: strings.HasPrefix(e.okStatus, "L7")}
		if e.okStatus == "L7OKC" {
			res.Drain = true
		}
		if e.onSuccess != nil {
			res.Desc = e.text(p, e.onSuccess)
		} else if res.Desc == "" && s.kind == "tcp-check" {
			res.Desc = "(tcp-check)"
		}
		return res
	}
	if p.tls {
		return Result{Status: "L6OK", OK: true}
	}
	return Result{Status: "L4OK", OK: true}
}

// connect opens the connection of a step; where names it in messages.
func (p *Probe) connect(ctx context.Context, to Connect, where string) *Result {
	if p.conn != nil {
		_ = p.conn.Close()
		p.conn = nil
	}
	p.buf, p.eof, p.readErr, p.last = p.buf[:0], false, nil, nil
	cctx := ctx
	if p.Connect > 0 {
		var cancel context.CancelFunc
		cctx, cancel = context.WithTimeout(ctx, p.Connect)
		defer cancel()
	}
	to.HTTP = p.http
	c, err := p.Dialer.Dial(cctx, p.Server, to)
	if err != nil {
		res := connectError(cctx, err)
		switch {
		case res.Desc != "" || where != "" && strings.HasSuffix(res.Status, "TOUT"):
			res.Desc += where
		}
		return res
	}
	p.conn = c
	_, isTLS := c.(interface{ NetConn() net.Conn })
	p.tls = isTLS
	d, ok := ctx.Deadline()
	if p.Exchange > 0 {
		if own := time.Now().Add(p.Exchange); !ok || own.Before(d) {
			d, ok = own, true
		}
	}
	if ok {
		_ = c.SetDeadline(d)
	}
	return nil
}

// TLSError marks a failure of the TLS handshake.
type TLSError struct{ Err error }

// Error returns the text.
func (e *TLSError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *TLSError) Unwrap() error { return e.Err }

// connectError is the result of a connection that failed.
func connectError(ctx context.Context, err error) *Result {
	var tlsErr *TLSError
	isTLS := errors.As(err, &tlsErr)
	var ne net.Error
	if ctx.Err() != nil || errors.As(err, &ne) && ne.Timeout() || errors.Is(err, os.ErrDeadlineExceeded) {
		if isTLS {
			return &Result{Status: "L6TOUT"}
		}
		return &Result{Status: "L4TOUT"}
	}
	if isTLS {
		return &Result{Status: "L6RSP", Desc: "SSL handshake failure"}
	}
	var no syscall.Errno
	if errors.As(err, &no) {
		name, status := errnoName(no), "SOCKERR"
		if no == syscall.ECONNREFUSED || no == syscall.EHOSTUNREACH || no == syscall.ENETUNREACH || no == syscall.ECONNRESET || no == syscall.ETIMEDOUT {
			status = "L4CON"
		}
		if name == "" {
			return &Result{Status: status, Desc: "General socket error (" + errnoText(no) + ")"}
		}
		return &Result{Status: status, Desc: name + " returned by OS (" + errnoText(no) + ")"}
	}
	return &Result{Status: "SOCKERR", Desc: "General socket error (" + err.Error() + ")"}
}

// errnoName names the errors that the original names.
func errnoName(no syscall.Errno) string {
	switch no {
	case syscall.ECONNREFUSED:
		return "ECONNREFUSED"
	case syscall.ECONNRESET:
		return "ECONNRESET"
	case syscall.EHOSTUNREACH:
		return "EHOSTUNREACH"
	case syscall.ETIMEDOUT:
		return "ETIMEDOUT"
	}
	return ""
}

// errnoText is strerror's text: Go's, with a capital letter.
func errnoText(no syscall.Errno) string {
	s := no.Error()
	return strings.ToUpper(s[:1]) + s[1:]
}

// fill reads more of the response; false at its end. A timeout and a reset are
// kept in readErr.
func (p *Probe) fill() bool {
	if p.eof || len(p.buf) >= maxResponse {
		return false
	}
	if cap(p.buf) == 0 {
		p.buf = make([]byte, 0, 4096)
	}
	if len(p.buf) == cap(p.buf) {
		p.buf = append(p.buf, 0)[:len(p.buf)]
	}
	n, err := p.conn.Read(p.buf[len(p.buf):min(cap(p.buf), maxResponse)])
	p.buf = p.buf[:len(p.buf)+n]
	if err != nil {
		p.eof = true
		if err != io.EOF {
			p.readErr = err
		}
	}
	return n > 0
}

// timedOut says whether reading ended because the time was over.
func (p *Probe) timedOut() bool {
	return p.readErr != nil && errors.Is(p.readErr, os.ErrDeadlineExceeded)
}
