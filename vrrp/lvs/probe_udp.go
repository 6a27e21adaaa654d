package lvs

import (
	"context"
	"time"
)

// UDPProbe is UDP_CHECK: it sends a datagram, and fails if that is refused, or
// if an answer is required and does not come.
type UDPProbe struct {
	one
	Connection
	Payload  []byte
	Require  bool
	Pattern  []byte // the beginning of the answer
	Mask     []byte // bits of Pattern that count
	Min, Max int    // length of the answer
}

// DefaultPayload is what is sent without a payload.
const DefaultPayload = "keepalived check - keepalived ch"

// Probe implements [Prober].
func (p *UDPProbe) Probe(ctx context.Context, _ int) Outcome {
	conn, err := p.dial(ctx, "udp")
	if err != nil {
		return Outcome{}
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	payload := p.Payload
	if payload == nil {
		payload = []byte(DefaultPayload)
	}
	if _, err := conn.Write(payload); err != nil {
		return Outcome{}
	}
	if err := conn.SetReadDeadline(time.Now().Add(p.Timeout)); err != nil {
		return Outcome{}
	}
	buf := make([]byte, max(p.Max, 0)+1)
	n, err := conn.Read(buf)
	switch {
	case err != nil && late(err) && ctx.Err() == nil:
		return Outcome{OK: !p.Require}
	case err != nil:
		return Outcome{}
	case p.Require && (n < p.Min || n > p.Max || !p.matches(buf[:n])):
		return Outcome{Text: "UDP check to %s reply data mismatch."}
	}
	return Outcome{OK: true}
}

// matches compares as much of the answer as there is pattern for.
func (p *UDPProbe) matches(b []byte) bool {
	for i := range min(len(b), len(p.Pattern)) {
		if (b[i]^p.Pattern[i])&p.Mask[i] != 0 {
			return false
		}
	}
	return true
}
