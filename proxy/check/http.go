package check

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"tandem/proxy/logformat"
)

// httpSend is one request of a check.
type httpSend struct {
	method, uri, version string
	uriFmt               *logformat.Format
	headers              []httpHeader
	body                 string
	bodyFmt              *logformat.Format
	sendState            bool
}

type httpHeader struct {
	name string // lower case
	text string
	fmt  *logformat.Format
}

// request returns the bytes of the request.
func (h *httpSend) request(p *Probe) []byte {
	var b bytes.Buffer
	method, uri, version := h.method, h.uri, h.version
	if method == "" {
		method = "OPTIONS"
	}
	if h.uriFmt != nil {
		uri = string(h.uriFmt.Append(nil, p.tx))
	}
	if uri == "" {
		uri = "/"
	}
	if version == "" {
		version = "HTTP/1.0"
	}
	b.WriteString(method + " " + uri + " " + version + "\r\n")
	hasConn := false
	for _, f := range h.headers {
		v := f.text
		if f.fmt != nil {
			v = string(f.fmt.Append(nil, p.tx))
		}
		hasConn = hasConn || f.name == "connection"
		if f.name != "content-length" && f.name != "transfer-encoding" {
			b.WriteString(f.name + ": " + v + "\r\n")
		}
	}
	body := []byte(h.body)
	if h.bodyFmt != nil {
		body = h.bodyFmt.Append(nil, p.tx)
	}
	if h.sendState {
		b.WriteString("x-haproxy-server-state: " + p.Server.StateHeader(p.Node) + "\r\n")
	}
	if len(body) > 0 {
		fmt.Fprintf(&b, "content-length: %d\r\n", len(body))
	}
	if !hasConn && version != "HTTP/1.0" {
		b.WriteString("connection: close\r\n")
	}
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes()
}

// runHTTPSend writes the request.
func (h *httpSend) run(_ context.Context, p *Probe, _ *rule) *Result {
	p.buf, p.last = p.buf[:0], nil
	p.tx.HasRes = false
	method := h.method
	if method == "" {
		method = "OPTIONS"
	}
	p.tx.Req.SetMethod([]byte(method))
	if _, err := p.conn.Write(h.request(p)); err != nil {
		return sendError(err)
	}
	return nil
}

func sendError(err error) *Result {
	res := connectErrorOf(err)
	if res.Status == "L4TOUT" {
		res.Status = "L7TOUT"
	}
	if res.Status == "L4CON" {
		res.Status = "SOCKERR"
	}
	return res
}

// runHTTPExpect reads the response, once for all rules about it, and decides.
func runHTTPExpect(_ context.Context, p *Probe, r *rule) *Result {
	e := r.expect
	if !p.tx.HasRes {
		if res := readResponse(p, e, r); res != nil {
			return res
		}
	}
	code := p.tx.Res.Status
	p.code = code
	p.desc = ""
	if e.disableOn404 && code == 404 {
		p.last = &expect{okStatus: "L7OKC"}
		return nil
	}
	if found := e.httpFound(p); found == e.negated {
		return e.httpMismatch(p, r, code)
	}
	p.last = e
	if e.statusCode != nil {
		p.code = e.codeOf(p)
	}
	return nil
}

// httpFound says whether the response is as the rule says, before negation.
func (e *expect) httpFound(p *Probe) bool {
	switch e.match {
	case "status":
		return inCodes(e.codes, p.tx.Res.Status)
	case "rstatus":
		return e.regex.Match(statusText(p.tx.Res.Status))
	case "hdr", "fhdr":
		return e.header.found(p.tx)
	case "rstring":
		return e.regex.Match(p.buf)
	}
	pattern := e.pattern
	if e.format != nil {
		pattern = e.format.Append(nil, p.tx)
	}
	return bytes.Contains(p.buf, pattern)
}

// httpMismatch is the result of a response that is not as expected.
func (e *expect) httpMismatch(p *Probe, r *rule, code int) *Result {
	res := &Result{}
	switch e.match {
	case "status", "rstatus", "hdr", "fhdr":
		res.Status, res.Code = e.failStatus("L7STS"), code
		res.Desc = string(p.tx.Res.Reason) + r.remark()
	default:
		res.Status = e.failStatus("L7RSP")
		res.Desc = "HTTP content check did not match" + r.remark()
		if e.negated {
			res.Desc = "HTTP check matched unwanted content" + r.remark()
		}
		if res.Status == "L7STS" || res.Status == "L7OKC" {
			res.Code = code
		}
	}
	if e.onError != nil {
		res.Desc = e.text(p, e.onError)
	}
	if e.statusCode != nil {
		res.Code = e.codeOf(p)
	}
	if res.Status == "L7OKC" {
		res.OK, res.Drain = true, true
	}
	return res
}

// readResponse reads a response whole, up to the size that checks look at.
func readResponse(p *Probe, e *expect, r *rule) *Result {
	br := bufio.NewReaderSize(io.LimitReader(p.conn, maxResponse), 4096)
	resp, err := http.ReadResponse(br, &http.Request{Method: string(p.tx.Req.Method)})
	for err == nil && resp.StatusCode/100 == 1 && resp.StatusCode != http.StatusSwitchingProtocols {
		resp, err = http.ReadResponse(br, &http.Request{Method: string(p.tx.Req.Method)})
	}
	if err != nil {
		p.readErr = err
		if p.timedOut() {
			return e.timeout(p, r)
		}
		return &Result{Status: "SOCKERR"}
	}
	defer func() { _ = resp.Body.Close() }()
	m := &p.tx.Res
	m.Reset()
	m.Status = resp.StatusCode
	_, reason, _ := strings.Cut(resp.Status, " ")
	m.Reason = m.Store([]byte(reason))
	for name, values := range resp.Header {
		for _, v := range values {
			m.AddString(name, v)
		}
	}
	p.tx.HasRes, p.tx.Status = true, resp.StatusCode
	p.buf = p.buf[:0]
	if e.needsBody() {
		body, err := io.ReadAll(resp.Body)
		p.buf = append(p.buf, body...)
		p.readErr = err
		if err != nil && p.timedOut() {
			return e.timeout(p, r)
		}
	}
	return nil
}

// needsBody says whether the rule looks at the body.
func (e *expect) needsBody() bool {
	switch e.match {
	case "status", "rstatus", "hdr", "fhdr":
		return e.onSuccess != nil || e.onError != nil
	}
	return true
}

// implicitExpect is the rule of checks that say none: 2xx and 3xx are valid.
func implicitExpect(disableOn404 bool) rule {
	e := newExpect("status")
	e.codes, e.disableOn404 = [][2]int{{200, 399}}, disableOn404
	return rule{run: runHTTPExpect, expect: e}
}
