package engine

import (
	"io"
	"time"

	"golang.org/x/sys/unix"

	"tandem/proxy/action"
	"tandem/proxy/tx"
	"tandem/stats"
)

// answerRaw sends what a monitor waits for. What the client may have sent
// before it closes, within a second, is thrown away: unread it would turn the
// close into a reset, which can overtake the answer.
func (c *conn) answerRaw(b []byte) {
	c.cli.SetDeadline(time.Now().Add(time.Second))
	if len(b) > 0 {
		c.cli.Conn.Write(b)
		c.cli.closeWrite()
		io.Copy(io.Discard, io.LimitReader(c.cli.Conn, 1<<16))
	}
	c.close()
}

// refuse ends a session that a layer 4 rule does not want.
func (c *conn) refuse(v action.Verdict, n *stats.Counter) {
	n.Add(1)
	if r := c.t.Reply; v == action.Answer && r != nil {
		if r.Silent {
			c.silentDrop(r)
			return
		}
		if r.Rst {
			c.cli.reset()
		}
	}
}

// silentDrop closes the connection without a word to the client
// (configuration manual 4.3, silent-drop): a socket in repair mode sends
// nothing when it is closed. Where that needs rights that we lack, and with
// "rst-ttl", a reset leaves that lives for so many hops only.
func (c *conn) silentDrop(r *tx.Reply) {
	if c.parent != nil {
		c.parent.silentDrop(r)
		return
	}
	ttl := r.RstTTL
	c.control(func(fd int) {
		if ttl == 0 {
			if unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_REPAIR, 1) == nil {
				return
			}
			ttl = 1
		}
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_TTL, ttl)
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS, ttl)
	})
	c.cli.reset()
}
