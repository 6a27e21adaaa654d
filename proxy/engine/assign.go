package engine

import (
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"

	"tandem/proxy/pattern"
	"tandem/proxy/sample"
	"tandem/proxy/server"
)

// slot is a place among a server's sessions.
type slot struct{ s *server.Server }

// roundRobin chooses for backends without a policy (tests, half-built
// configurations).
type roundRobin struct{ n atomic.Uint32 }

func (r *roundRobin) pick(list []*srv, avoid *server.Server) *server.Server {
	for range list {
		s := list[int(r.n.Add(1)-1)%len(list)].s
		if s != avoid || len(list) == 1 {
			return s
		}
	}
	return nil
}

// forced returns the server that rules or persistence want, nil for none.
func (c *conn) forced() *server.Server {
	t := &c.t
	if t.Settings.ServerAllowed != nil {
		return t.Settings.ServerAllowed
	}
	for i := range c.be.uses {
		u := &c.be.uses[i]
		if u.cond.Eval(t) != pattern.Pass {
			continue
		}
		s := u.to
		if u.format != nil {
			c.lineBuf = u.format.Append(c.lineBuf[:0], t)
			s = c.be.b.Server(string(c.lineBuf))
		}
		if s != nil && (c.usable(s) || c.be.persist) {
			return s
		}
		break
	}
	if s := c.cookieServer; s != nil {
		return s
	}
	if s := c.rdpServer(); s != nil {
		return s
	}
	if s := c.stuck(); s != nil {
		return s
	}
	for _, m := range c.mine {
		if (m.private || c.be.preferLast && c.be.stays(m.srv.s)) && c.be.srvOf(m.srv.s) != nil && c.usable(m.srv.s) {
			return m.srv.s
		}
	}
	return nil
}

// stays says whether a client is kept on the server of its last request
// although it would have to wait there (max-keep-alive-queue).
func (b *back) stays(s *server.Server) bool {
	most := b.p.MaxKeepAliveQueue
	return most < 0 || s.MaxConn() == 0 || s.Cur() < s.MaxConn() || s.Waiting() < int64(most)
}

// rdpServer returns the server that the cookie of an RDP connection names by
// its address, nil for none ("persist rdp-cookie").
func (c *conn) rdpServer() *server.Server {
	if c.be.p.PersistRDP == "" || c.sess.HTTP {
		return nil
	}
	data, _ := c.Content(false)
	v, ok := sample.RDPCookie(data, c.be.p.PersistRDP)
	if !ok {
		return nil
	}
	to, ok := rdpAddr(v)
	if !ok {
		return nil
	}
	for _, x := range c.be.b.Servers() {
		a := x.Addr()
		if a == nil || a.Port != int(to.Port()) || a.Host != to.Addr().String() {
			continue
		}
		if c.usable(x) || c.be.persist {
			return x
		}
	}
	return nil
}

// rdpAddr reads "<address>.<port>.0000": both numbers are decimal, with the
// bytes in the order of a little-endian machine.
func rdpAddr(v []byte) (to netip.AddrPort, ok bool) {
	f := strings.Split(string(v), ".")
	if len(f) != 3 {
		return to, false
	}
	ip, err1 := strconv.ParseUint(f[0], 10, 32)
	port, err2 := strconv.ParseUint(f[1], 10, 16)
	if err1 != nil || err2 != nil {
		return to, false
	}
	a := netip.AddrFrom4([4]byte{byte(ip), byte(ip >> 8), byte(ip >> 16), byte(ip >> 24)})
	return netip.AddrPortFrom(a, uint16(port>>8|port<<8)), true
}

// assign chooses a server and waits for a place on it.
func (c *conn) assign(avoid *server.Server) failure {
	t := &c.t
	var s *server.Server
	if avoid == nil {
		s = c.forced()
	}
	balanced := false
	if s == nil {
		balanced = true
		s = c.pick(avoid)
	}
	s, f := c.enterServer(s, !balanced, avoid)
	if f != okay {
		return f
	}
	c.slot.s = s
	x := c.be.srvOf(s)
	if x == nil {
		x = c.be.viewOf(c.e, s)
	}
	c.srv = x
	c.use.enter(s)
	t.Server = s
	now := c.at
	t.Time.Queue = now
	if balanced {
		s.Stats.LBTot.Add(1)
		c.be.st.LBTot.Add(1)
	}
	if !c.srvSeen {
		c.srvSeen = true
		s.Stats.SessTot.Add(1)
	}
	s.Stats.Sess.Add(1)
	ms := c.e.nowMS(now)
	s.Stats.SessRate.Add(ms, 1)
	s.Stats.Last.Touch(ms)
	return okay
}
