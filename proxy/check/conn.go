package check

import (
	"net"
	"time"

	"tandem/proxy/tx"
)

// probeConn lets the expressions of checks see what the server answered.
type probeConn struct{ p *Probe }

// Client returns the connection to the server: a check has no client.
func (c probeConn) Client() net.Conn { return c.p.conn }

// Body returns what was received.
func (c probeConn) Body(response bool) ([]byte, bool) { return c.Content(response) }

// WaitBody does not wait: a check's rules decide when enough is there.
func (c probeConn) WaitBody(bool, int, time.Duration) tx.BodyState {
	if c.p.eof {
		return tx.BodyComplete
	}
	return tx.BodyPartial
}

// Content returns what the server sent since the last question.
func (c probeConn) Content(response bool) ([]byte, bool) {
	if !response {
		return nil, true
	}
	return c.p.buf, c.p.eof
}

// BufferSize is how much of an answer a check looks at.
func (c probeConn) BufferSize() int { return maxResponse }

// MaxRewrite is the part of a buffer kept free; a check rewrites nothing.
func (c probeConn) MaxRewrite() int { return 0 }

// Interim does nothing: nobody waits for a check.
func (c probeConn) Interim(int, []tx.Field) {}

// Log does nothing: checks are logged by their results.
func (c probeConn) Log(*tx.Tx, string, any) {}

// ClientMark does nothing: a check has no client.
func (c probeConn) ClientMark(int) {}

// ClientTOS does nothing, as ClientMark.
func (c probeConn) ClientTOS(int) {}
