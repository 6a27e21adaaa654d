package engine

import "time"

// tunnelHTTP relays after a 101 or a 2xx to CONNECT.
func (c *conn) tunnelHTTP(head []byte) {
	t, b := &c.t, &c.resBody
	c.keep = false
	if err := c.cli.write(head, c.writeDeadline()); err != nil {
		t.Term = [2]byte{'C', 'D'}
		c.dropServer()
		return
	}
	toClient := append([]byte(nil), b.ready()...)
	var toServer []byte
	if c.in != nil {
		toServer = append(toServer, c.in.b[c.in.r:c.in.w]...)
		c.in.r = c.in.w
	}
	c.tunnel(toServer, toClient)
	c.dropServer()
}

// tunnel relays until both directions are over, what was read already first,
// and counts what passed.
func (c *conn) tunnel(toServer, toClient []byte) {
	cliTO, srvTO := c.clientTimeout(), c.serverTimeout()
	if d := c.tunnelTimeout(); d > 0 {
		cliTO, srvTO = d, d
	}
	up, down := c.relay(toServer, toClient, cliTO, srvTO)
	n := &c.t.Bytes
	n.ReqIn += up.n
	n.ReqOut += up.n
	n.ResIn += down.n
	n.ResOut += down.n
	c.relayEnd(up, down)
}

func (c *conn) tunnelTimeout() time.Duration {
	if d := c.t.Settings.TimeoutTunnel; d != nil {
		return *d
	}
	return c.be.p.Timeouts.Tunnel
}

// relayEnd sets the termination state of a relay: it tells whose error or
// silence came first.
func (c *conn) relayEnd(up, down *direction) {
	t := &c.t
	if d := c.rel.culprit.Load(); d != nil && t.Term[0] == 0 {
		cause := byte('C')
		if (d == down) != d.writeErr {
			cause = 'S'
		}
		if isTimeout(d.err) {
			cause |= 0x20
		}
		t.Term = [2]byte{cause, 'D'}
	}
	st := &c.be.st.H1
	st.SplicedIn.Add(up.spliced)
	st.SplicedOut.Add(down.spliced)
}
