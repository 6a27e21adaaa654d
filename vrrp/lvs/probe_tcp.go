package lvs

import "context"

// one is a probe of a single step.
type one struct{}

// Steps implements [Prober].
func (one) Steps() int { return 1 }

// TCPProbe is TCP_CHECK: it connects and leaves.
type TCPProbe struct {
	one
	Connection
}

// Probe implements [Prober].
func (p *TCPProbe) Probe(ctx context.Context, _ int) Outcome {
	conn, err := p.dial(ctx, "tcp")
	if err != nil {
		return Outcome{Timeout: late(err)}
	}
	conn.Close()
	return Outcome{OK: true}
}
