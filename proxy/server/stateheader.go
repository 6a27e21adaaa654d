package server

import (
	"fmt"
	"strconv"
)

// StateHeader returns the value of x-haproxy-server-state, which "http-check
// send-state" sends along with health checks. node names this machine.
func (s *Server) StateHeader(node string) string {
	unlock := s.Backend.lock()
	defer unlock()
	n, of, up := s.check.Progress()
	word := "DOWN"
	switch {
	case s.op == Stopping:
		word = "NOLB"
	case s.op != Stopped:
		word = "UP"
	}
	if !up && s.op != Stopped { // up without enough checks yet
		n, of = 0, s.check.Fall
	}
	addr, port := "unix", "unix"
	if e := s.addr.Load(); e != nil && e.Network != "unix" {
		addr, port = e.Host, strconv.Itoa(e.Port)
	}
	f := s.Backend.Farm()
	return fmt.Sprintf("%s %d/%d; address=%s; port=%s; name=%s; node=%s; weight=%d/%d; scur=%d/%d; qcur=%d",
		word, n, of, addr, port, s.full(), node, scaled(s.EffectiveWeight()), scaled(f.Total), s.cur.Load(), s.Backend.cur.Load(), s.waiting.Load())
}

// scaled turns an effective weight into the scale of the configuration.
func scaled(w int) int { return (w + WeightScale - 1) / WeightScale }
