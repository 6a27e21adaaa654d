package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// probe is one question with the answer that each peer must give.
type probe struct {
	Req     request
	Status  int      // 200 when zero
	Body    int      // the body is pattern(Body); negative: anything
	Header  []string // "Name: value" lines that the answer must have
	Echo    []string // parts that an echoed head must have, in lower case
	NotEcho []string // parts that it must not have
}

// ask puts a probe to addr and returns what is wrong with the answer, with
// what TLS agreed on.
func (p probe) ask(addr string, useTLS bool) (handshake string, err error) {
	c, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return "", err
	}
	if useTLS {
		tc := tls.Client(c, clientTLS())
		if err := tc.Handshake(); err != nil {
			return "", fmt.Errorf("TLS handshake: %w", err)
		}
		handshake = describeTLS(tc.ConnectionState())
		c = tc
	}
	sent := make(chan error, 1)
	go func() {
		_, err := c.Write(p.Req.wire(false))
		sent <- err
	}()
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return handshake, fmt.Errorf("no answer: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return handshake, fmt.Errorf("body broke off after %d bytes: %w", len(body), err)
	}
	if err := p.judge(resp, body); err != nil {
		return handshake, err
	}
	return handshake, <-sent
}

// judge compares an answer with the expected one.
func (p probe) judge(resp *http.Response, body []byte) error {
	what := p.Req.Path
	status := p.Status
	if status == 0 {
		status = 200
	}
	if resp.StatusCode != status {
		return fmt.Errorf("%s: status %d instead of %d", what, resp.StatusCode, status)
	}
	if p.Body >= 0 {
		if len(body) != p.Body {
			return fmt.Errorf("%s: body of %d bytes instead of %d", what, len(body), p.Body)
		}
		if !bytes.Equal(body, pattern(p.Body)) {
			return fmt.Errorf("%s: body differs", what)
		}
	}
	for _, h := range p.Header {
		name, value, _ := strings.Cut(h, ": ")
		if got := resp.Header.Get(name); got != value {
			return fmt.Errorf("%s: header %s is %q instead of %q", what, name, got, value)
		}
	}
	echoed := strings.ToLower(string(body))
	for _, part := range p.Echo {
		if !strings.Contains(echoed, part) {
			return fmt.Errorf("%s: the server did not receive %q", what, part)
		}
	}
	for _, part := range p.NotEcho {
		if strings.Contains(echoed, part) {
			return fmt.Errorf("%s: the server received %q", what, part)
		}
	}
	return nil
}

// askStats reads the origin's counters.
func askStats(addr string) (s originStats, err error) {
	c, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return s, err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return s, err
	}
	if _, err := c.Write(request{Path: "/stats"}.wire(true)); err != nil {
		return s, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return s, err
	}
	defer resp.Body.Close()
	err = json.NewDecoder(resp.Body).Decode(&s)
	return s, err
}
