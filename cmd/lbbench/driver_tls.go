package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// driveTLS loads a TLS address with one goroutine for each connection: the
// standard library's TLS wants a blocking connection.
func driveTLS(spec loadSpec) (loadResult, error) {
	wires, depth := spec.wires(), max(spec.Depth, 1)
	began := time.Now()
	end := began.Add(spec.Time)
	tallies := make([]tally, spec.Conns)
	var wg sync.WaitGroup
	for i := range tallies {
		wg.Go(func() {
			w := tlsWorker{tally: &tallies[i], spec: spec, wires: wires, depth: depth, next: i % len(wires), end: end}
			w.run()
		})
	}
	wg.Wait()
	wall := time.Since(began)
	var sum tally
	for i := range tallies {
		sum.add(&tallies[i])
	}
	return sum.result(wall), nil
}

// add merges what another worker counted.
func (t *tally) add(other *tally) {
	t.res.Requests += other.res.Requests
	t.res.Wrong += other.res.Wrong
	t.res.Broken += other.res.Broken
	t.res.Resumed += other.res.Resumed
	if t.res.FirstErr == "" {
		t.res.FirstErr = other.res.FirstErr
	}
	if t.res.Handshake == "" {
		t.res.Handshake = other.res.Handshake
	}
	t.lats.merge(&other.lats)
}

// tlsWorker is one connection after the other.
type tlsWorker struct {
	*tally
	spec  loadSpec
	wires [][]byte
	depth int
	next  int
	end   time.Time
	buf   []byte
}

// clientTLS is what the driver offers: no session is ever resumed, and one
// key exchange only, so that all peers do the same work.
func clientTLS() *tls.Config {
	return &tls.Config{
		InsecureSkipVerify: true, // the certificate was made for this run; its key is checked by the handshake
		ServerName:         "bench.example",
		MinVersion:         tls.VersionTLS13,
		CurvePreferences:   []tls.CurveID{tls.X25519},
	}
}

// run works until the time is over or a new connection fails.
func (w *tlsWorker) run() {
	w.buf = make([]byte, 64<<10)
	for time.Now().Before(w.end) {
		if !w.oneConn() {
			return
		}
	}
}

// oneConn makes a connection and uses it: once with spec.Close, else until
// the time is over. False means that another one would fail too.
func (w *tlsWorker) oneConn() bool {
	start := time.Now()
	raw, err := net.DialTimeout("tcp", w.spec.Addr, loadGrace)
	if err != nil {
		w.fail(&w.res.Broken, err)
		return false
	}
	c := tls.Client(raw, clientTLS())
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(loadGrace))
	if err := c.Handshake(); err != nil {
		w.fail(&w.res.Broken, fmt.Errorf("TLS handshake: %w", err))
		return false
	}
	state := c.ConnectionState()
	if state.DidResume {
		w.res.Resumed++
	}
	if w.res.Handshake == "" {
		w.res.Handshake = describeTLS(state)
	}
	resp := respReader{want: w.spec.Want}
	for first := true; ; first = false {
		wire := w.wires[w.next]
		w.next = (w.next + 1) % len(w.wires)
		if err := exchange(c, wire, &resp, w.depth, w.buf); err != nil {
			var wrong wrongAnswer
			if errors.As(err, &wrong) {
				w.fail(&w.res.Wrong, err)
			} else {
				w.fail(&w.res.Broken, err)
			}
			return !first
		}
		now := time.Now()
		w.res.Requests += int64(w.depth)
		for range w.depth {
			w.lats.add(now.Sub(start))
		}
		start = now
		if w.spec.Close || resp.closes || now.After(w.end) {
			return true
		}
	}
}

// describeTLS names version, cipher suite and key exchange.
func describeTLS(s tls.ConnectionState) string {
	return fmt.Sprintf("%s %s %s", tls.VersionName(s.Version), tls.CipherSuiteName(s.CipherSuite), s.CurveID)
}
