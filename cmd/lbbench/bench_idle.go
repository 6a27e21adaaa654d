package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// idleRow measures what open connections occupy, with a fresh process in each
// round.
func (b *bench) idleRow(ctx context.Context, r row, cs []*contender, proxyCPUs, loadCPUs []int) error {
	for round := range b.rounds {
		if round == 0 {
			b.startAll(ctx, r, cs, proxyCPUs)
		}
		for _, c := range cs {
			if err := ctx.Err(); err != nil {
				return err
			}
			if c.prox == nil {
				continue
			}
			b.show("round %d/%d, %s", round+1, b.rounds, c.peer.Name)
			if err := b.idleRound(ctx, r, c, loadCPUs); err != nil && ctx.Err() == nil {
				c.out("%v", err)
				continue
			}
			if round+1 == b.rounds {
				continue
			}
			c.prox.stop()
			var err error
			if c.prox, err = b.startProxy(ctx, c.peer, r.Setup, proxyCPUs); err != nil {
				c.out("%v", err)
			}
		}
	}
	return ctx.Err()
}

// idleRound opens the connections, reads the memory, and lets a while pass.
func (b *bench) idleRound(ctx context.Context, r row, c *contender, cpus []int) error {
	pid := c.prox.cmd.Process.Pid
	empty, err1 := treeMemory(pid)
	cpu0, err2 := treeCPU(pid)
	spec := r.Load
	spec.Addr = c.prox.addr
	began := time.Now()
	l, release, err := b.hold(spec, cpus)
	if err := errors.Join(err, err1, err2); err != nil {
		return err
	}
	defer release()
	cpu1, err1 := treeCPU(pid)
	wall := time.Since(began)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(b.settle):
	}
	full, err2 := treeMemory(pid)
	cpu2, err3 := treeCPU(pid)
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	if l.Requests == 0 {
		return fmt.Errorf("no connection succeeded: %s", l.FirstErr)
	}
	each := float64(full.RSS-empty.RSS) / float64(l.Requests)
	c.res.Samples = append(c.res.Samples, sample{
		CPU: us(cpu1-cpu0) / float64(l.Requests), Rate: float64(l.Requests) / l.Wall.Seconds(),
		P50: us(l.P50), P99: us(l.P99), P999: us(l.P999), Busy: (cpu1 - cpu0).Seconds() / wall.Seconds(), Basis: each,
	})
	c.res.RSS, c.res.Each = max(c.res.RSS, full.RSS), each
	if len(c.res.Samples) == 1 {
		c.res.Notes = append(c.res.Notes, fmt.Sprintf("%.1f kB for each connection; %.0f µs of CPU a second while idle",
			each/1000, us(cpu2-cpu1)/b.settle.Seconds()))
	}
	if l.Broken > 0 {
		c.res.Notes = append(c.res.Notes, fmt.Sprintf("%d of %d connections failed: %s", l.Broken, spec.Conns, l.FirstErr))
	}
	return nil
}
