package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// bench is one run of the whole.
type bench struct {
	self    string // this program, to start its sub-roles
	dir     string // of files; removed at the end
	wrk     string // path; empty when it is not to be used
	spawn   *spawner
	cores   cores
	origin  originAddrs
	maxConn int
	rounds  int
	time    time.Duration // of one round
	warm    time.Duration // how long each proxy is loaded before it is measured
	settle  time.Duration // how long memory may settle before it is read
	peers   []peer
	base    string
	show    func(format string, a ...any) // progress
}

// contender is a peer within a row.
type contender struct {
	peer *peer
	res  *peerResult
	prox *proxy // nil when it is out of the row
}

// out removes a contender from the rest of the row.
func (c *contender) out(format string, a ...any) {
	c.res.Notes = append(c.res.Notes, fmt.Sprintf(format, a...))
	if c.prox != nil {
		c.prox.stop()
		c.prox = nil
	}
}

// run measures the rows one after the other. An error ends the run; what goes
// wrong with one peer is a note.
func (b *bench) run(ctx context.Context, rows []row) ([]rowResult, error) {
	var out []rowResult
	for i, r := range rows {
		b.show("[%d/%d %s] ", i+1, len(rows), r.Name)
		res, err := b.runRow(ctx, r)
		if err != nil {
			return out, fmt.Errorf("row %s: %w", r.Name, err)
		}
		res.compare(b.base)
		out = append(out, res)
	}
	return out, nil
}

// runRow measures one row with an origin of its own.
func (b *bench) runRow(ctx context.Context, r row) (rowResult, error) {
	res := rowResult{Row: r.Name, Title: r.Title, Basis: "CPU", Driver: "own driver", Peers: make([]peerResult, len(b.peers))}
	useWrk := r.Kind == rowLoad && b.wrk != "" && r.OwnOnly == ""
	switch {
	case useWrk:
		res.Driver = "wrk"
	case r.Kind == rowCheck:
		res.Driver = "no load"
	case b.wrk != "" && r.OwnOnly != "":
		res.Driver += ": " + r.OwnOnly
	}
	proxyCPUs, loadCPUs := b.cores.Proxy, b.cores.Load
	if r.Unpinned {
		proxyCPUs, loadCPUs = b.cores.Both, b.cores.Both
	}
	var cs []*contender
	for i := range b.peers {
		res.Peers[i] = peerResult{Peer: b.peers[i].Name, Absent: b.peers[i].Absent}
		if b.peers[i].Absent == "" {
			cs = append(cs, &contender{peer: &b.peers[i], res: &res.Peers[i]})
		}
	}
	if r.Kind == rowCheck {
		return res, b.checkRow(ctx, cs, proxyCPUs)
	}
	addrs, stop, err := b.startOrigin(loadCPUs)
	if err != nil {
		return res, err
	}
	defer stop()
	b.origin = addrs
	if r.Behind == behindNginx {
		server, err := b.startNginxServer(ctx, loadCPUs)
		if err != nil {
			for _, c := range cs {
				c.res.Absent = "no nginx to put behind: " + err.Error()
			}
			return res, nil
		}
		defer server.stop()
		b.origin.HTTP = server.addr
	}
	for _, p := range r.Probes {
		if p.Status == 0 && p.Header == nil && p.Echo == nil {
			if _, err := p.ask(b.origin.HTTP, false); err != nil {
				return res, fmt.Errorf("the server behind answers wrong by itself: %w", err)
			}
		}
	}
	defer func() {
		for _, c := range cs {
			if c.prox != nil {
				c.prox.stop()
			}
		}
	}()
	if r.Kind == rowIdle {
		res.Basis = "RSS"
		return res, b.idleRow(ctx, r, cs, proxyCPUs, loadCPUs)
	}
	return res, b.loadRow(ctx, r, cs, useWrk, proxyCPUs, loadCPUs)
}

// startAll starts each contender and checks its answers.
func (b *bench) startAll(ctx context.Context, r row, cs []*contender, cpus []int) {
	for _, c := range cs {
		var err error
		if c.prox, err = b.startProxy(ctx, c.peer, r.Setup, cpus); err != nil {
			if errors.Is(err, errNotForPeer) {
				c.res.Absent = err.Error()
			} else {
				c.out("%v", err)
			}
			continue
		}
		c.check(r, "before")
	}
}

// check puts the row's probes to the proxy; a wrong answer is a note, and
// puts it out of the row when nothing was measured yet.
func (c *contender) check(r row, when string) {
	for _, p := range r.Probes {
		shake, err := p.ask(c.prox.addr, r.Load.TLS)
		if err != nil {
			if when == "before" {
				c.out("wrong answer, not measured: %v", err)
			} else {
				c.res.Notes = append(c.res.Notes, fmt.Sprintf("wrong answer %s measuring: %v", when, err))
			}
			return
		}
		if shake != "" && shake != wantHandshake {
			c.res.Notes = append(c.res.Notes, "agreed on "+shake+" instead of "+wantHandshake)
			return
		}
	}
}

// wantHandshake is what all peers are made to agree on in TLS rows.
const wantHandshake = "TLS 1.3 TLS_AES_128_GCM_SHA256 X25519"

// loadRow measures requests: A B C A B C ...
func (b *bench) loadRow(ctx context.Context, r row, cs []*contender, useWrk bool, proxyCPUs, loadCPUs []int) error {
	b.startAll(ctx, r, cs, proxyCPUs)
	for _, c := range cs {
		if c.prox != nil {
			spec := r.Load
			spec.Addr, spec.Time = c.prox.addr, b.warm
			if _, err := b.load(ctx, spec, false, loadCPUs); err != nil && ctx.Err() == nil {
				c.out("fails while warming up: %v", err)
			}
		}
	}
	for round := range b.rounds {
		for _, c := range cs {
			if err := ctx.Err(); err != nil {
				return err
			}
			if c.prox == nil {
				continue
			}
			b.show("round %d/%d, %s", round+1, b.rounds, c.peer.Name)
			spec := r.Load
			spec.Addr, spec.Time = c.prox.addr, b.time
			b.loadRound(ctx, c, spec, useWrk, loadCPUs, r.Setup.Rules)
		}
	}
	for _, c := range cs {
		if c.prox != nil {
			c.finish(r)
		}
	}
	return ctx.Err()
}

// loadRound is one round of one contender.
func (b *bench) loadRound(ctx context.Context, c *contender, spec loadSpec, useWrk bool, cpus []int, logs bool) {
	pid := c.prox.cmd.Process.Pid
	before, err1 := treeCPU(pid)
	var seen originStats
	var err2 error
	if logs {
		seen, err2 = b.originStats()
	}
	began := time.Now()
	l, err := b.load(ctx, spec, useWrk, cpus)
	wall := time.Since(began)
	after, err3 := treeCPU(pid)
	if err := errors.Join(err, err1, err2, err3); err != nil || l.Requests <= 0 {
		if ctx.Err() != nil {
			return
		}
		if !c.prox.alive() {
			c.out("it ended: %s", c.prox.complaint())
			return
		}
		if err == nil {
			err = fmt.Errorf("no request succeeded: %s", l.FirstErr)
		}
		c.out("%v", err)
		return
	}
	used := after - before
	c.res.Samples = append(c.res.Samples, sample{
		CPU: us(used) / float64(l.Requests), Basis: us(used) / float64(l.Requests),
		Rate: float64(l.Requests) / l.Wall.Seconds(),
		P50:  us(l.P50), P99: us(l.P99), P999: us(l.P999), Busy: used.Seconds() / wall.Seconds(),
	})
	if l.Wrong > 0 || l.Broken > 0 {
		c.res.Notes = append(c.res.Notes, fmt.Sprintf("of %d requests %d were answered wrong and %d broke off: %s", l.Requests, l.Wrong, l.Broken, l.FirstErr))
	}
	if l.Resumed > 0 {
		c.res.Notes = append(c.res.Notes, fmt.Sprintf("%d TLS sessions were resumed", l.Resumed))
	}
	if logs {
		now, err := b.originStats()
		if lines := now.Logs - seen.Logs; err == nil && lines*100 < l.Requests*99 {
			c.res.Notes = append(c.res.Notes, fmt.Sprintf("%d log lines for %d requests", lines, l.Requests))
		}
	}
}

// us gives a duration in microseconds.
func us(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// finish checks the answers again and reads the memory.
func (c *contender) finish(r row) {
	pid := c.prox.cmd.Process.Pid
	if m, err := treeMemory(pid); err == nil {
		c.res.RSS = m.Peak
	}
	if text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil {
		c.res.Sys = parseStatSys(text)
	}
	c.check(r, "after")
}
