package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

// loadSpec tells the driver what to do: JSON on its standard input.
type loadSpec struct {
	Addr     string        `json:"addr"`
	TLS      bool          `json:"tls,omitempty"`
	Conns    int           `json:"conns"`           // connections at once
	Requests []request     `json:"requests"`        // sent in turn by each connection
	Depth    int           `json:"depth,omitempty"` // requests sent in one go; 0 is 1
	Close    bool          `json:"close,omitempty"` // a new connection for each request
	Want     int64         `json:"want"`            // length of each answer's body; negative: any
	Time     time.Duration `json:"time"`            // how long requests are begun
	Hold     bool          `json:"hold,omitempty"`  // one request on each connection, then keep all open
}

// loadResult is the driver's answer: JSON on its standard output.
type loadResult struct {
	Requests  int64         `json:"requests"` // complete and right
	Wall      time.Duration `json:"wall"`
	P50       time.Duration `json:"p50"`
	P99       time.Duration `json:"p99"`
	P999      time.Duration `json:"p999"`
	Wrong     int64         `json:"wrong,omitempty"`     // answers that were not what was asked for
	Broken    int64         `json:"broken,omitempty"`    // connections that ended within an answer or could not be made
	FirstErr  string        `json:"first_err,omitempty"` // of either kind
	Resumed   int64         `json:"resumed,omitempty"`   // TLS handshakes that were not full
	Handshake string        `json:"handshake,omitempty"` // what TLS agreed on
}

// runDriver is the sub-role: one load, described on in, told on out.
func runDriver(in io.Reader, out io.Writer) error {
	var spec loadSpec
	dec := json.NewDecoder(in)
	if err := dec.Decode(&spec); err != nil {
		return fmt.Errorf("cannot read the load from standard input: %w", err)
	}
	if spec.Hold {
		return holdConns(spec, in, out)
	}
	res, err := drive(spec)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(res)
}

// drive runs a load in this process.
func drive(spec loadSpec) (loadResult, error) {
	if len(spec.Requests) == 0 || spec.Conns < 1 {
		return loadResult{}, fmt.Errorf("a load needs requests and connections")
	}
	if spec.TLS {
		return driveTLS(spec)
	}
	d, err := newRawDriver(spec)
	if err != nil {
		return loadResult{}, err
	}
	return d.run()
}

// wires prepares what a connection sends in one go: Depth requests that begin
// with each one of the list.
func (s loadSpec) wires() [][]byte {
	depth := max(s.Depth, 1)
	out := make([][]byte, len(s.Requests))
	for i := range s.Requests {
		for k := range depth {
			out[i] = append(out[i], s.Requests[(i*depth+k)%len(s.Requests)].wire(s.Close)...)
		}
	}
	return out
}

// tally collects what both kinds of driver count.
type tally struct {
	res  loadResult
	lats hist
}

// fail counts one failure in n and keeps the first one's text.
func (t *tally) fail(n *int64, err error) {
	*n++
	if t.res.FirstErr == "" {
		t.res.FirstErr = err.Error()
	}
}

// result closes the count.
func (t *tally) result(wall time.Duration) loadResult {
	r := t.res
	r.Wall = wall
	r.P50, r.P99, r.P999 = t.lats.quantile(.5), t.lats.quantile(.99), t.lats.quantile(.999)
	return r
}

// holdConns opens all connections, has one request answered on each, reports,
// and keeps them until in ends.
func holdConns(spec loadSpec, in io.Reader, out io.Writer) error {
	wire := spec.wires()[0]
	buf := make([]byte, 64<<10)
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	var t tally
	began := time.Now()
	for range spec.Conns {
		start := time.Now()
		c, err := net.DialTimeout("tcp", spec.Addr, 5*time.Second)
		if err != nil {
			t.fail(&t.res.Broken, err)
			break
		}
		conns = append(conns, c)
		if err := exchange(c, wire, &respReader{want: spec.Want}, 1, buf); err != nil {
			t.fail(&t.res.Broken, err)
			continue
		}
		t.res.Requests++
		t.lats.add(time.Since(start))
	}
	if err := json.NewEncoder(out).Encode(t.result(time.Since(began))); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, in)
	return err
}

// exchange writes wire and reads until n responses are complete.
func exchange(c net.Conn, wire []byte, r *respReader, n int, buf []byte) error {
	if err := c.SetDeadline(time.Now().Add(loadGrace)); err != nil {
		return err
	}
	if _, err := c.Write(wire); err != nil {
		return err
	}
	for n > 0 {
		got, err := c.Read(buf)
		if got > 0 {
			done, ferr := r.feed(buf[:got])
			if ferr != nil {
				return wrongAnswer{ferr}
			}
			n -= done
		}
		if err != nil && n > 0 {
			return err
		}
	}
	return nil
}

// wrongAnswer tells an answer that came but was not right from one that did
// not come.
type wrongAnswer struct{ error }

// loadGrace is how long requests under way may take after the load's time.
const loadGrace = 5 * time.Second

// driverMain runs the sub-role on the standard streams.
func driverMain() error { return runDriver(os.Stdin, os.Stdout) }
