package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

// checkRow measures `haproxy -c` of the large configuration.
func (b *bench) checkRow(ctx context.Context, cs []*contender, cpus []int) error {
	file := filepath.Join(b.dir, "big.cfg")
	broken := filepath.Join(b.dir, "broken.cfg")
	if err := errors.Join(writeFile(file, writeBigConfig), writeFile(broken, writeBrokenConfig)); err != nil {
		return err
	}
	for _, c := range cs {
		if c.peer.Nginx {
			c.res.Absent = "does not read this language"
			continue
		}
		// Who refuses nothing has not read it.
		_, _, err := b.checkRound(ctx, c.peer, broken, cpus)
		switch {
		case err == nil:
			c.out("wrong answer, not measured: accepts a configuration whose last line is wrong")
		case !errors.Is(err, errRefused):
			c.out("%v", err)
		}
	}
	for round := range b.rounds {
		for _, c := range cs {
			if c.res.Absent != "" || len(c.res.Notes) > 0 {
				continue
			}
			b.show("round %d/%d, %s", round+1, b.rounds, c.peer.Name)
			s, peak, err := b.checkRound(ctx, c.peer, file, cpus)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				c.out("%v", err)
				continue
			}
			c.res.Samples = append(c.res.Samples, s)
			c.res.RSS = max(c.res.RSS, peak)
		}
	}
	return nil
}

// errRefused is the verdict of a peer that read a configuration to no avail.
var errRefused = errors.New("refuses the configuration")

// checkTime bounds one check.
const checkTime = 2 * time.Minute

// checkRound is one check of one peer: its wall time stands as p50.
func (b *bench) checkRound(ctx context.Context, p *peer, file string, cpus []int) (sample, int64, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	out, err := b.output(ctx, cpus, nil, b.self, roleRun, p.Path, "-c", "-f", file)
	if err != nil {
		return sample{}, 0, err
	}
	r, err := parseRan(out)
	if err != nil {
		return sample{}, 0, err
	}
	if r.Exit != 0 {
		return sample{}, 0, fmt.Errorf("%w (exit %d): %s", errRefused, r.Exit, tellingLine(r.Output))
	}
	return sample{CPU: us(r.CPU), Basis: us(r.CPU), P50: us(r.Wall), Busy: r.CPU.Seconds() / r.Wall.Seconds()}, r.Peak, nil
}
