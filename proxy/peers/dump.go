package peers

import (
	"fmt"
	"strconv"
	"time"
)

// Flags of sections and peers in "show peers", as haproxy 3.5 shows them for
// the states that there are here.
const (
	flagsLearned   = 0x28300003
	flagsLearning  = 0x28000003
	flagsConnected = 0x100028
	flagsKnown     = 0x100000
)

// Append appends what "show peers" prints of the section (management manual,
// show peers); dict adds the strings that were exchanged.
func (s *Section) Append(dst []byte, dict bool, now time.Time) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	flags, timeout := flagsLearning, "<PAST>"
	if s.learn.stage == learned {
		flags = flagsLearned
	} else if at := s.learn.wake(); !at.IsZero() && at.After(now) {
		timeout = seconds(at.Sub(now))
	}
	disabled := 0
	if s.Disabled {
		disabled = 1
	}
	dst = fmt.Appendf(dst, "%p: [%s] id=%s disabled=%d flags=0x%x resync_timeout=%s task_calls=%d\n",
		s, now.Format("02/Jan/2006:15:04:05"), s.Name, disabled, flags, timeout, s.calls)
	for i := len(s.Peers) - 1; i >= 0; i-- {
		dst = s.appendPeer(dst, s.Peers[i], dict, now)
	}
	return dst
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d/time.Second)) + "s" }

// ago is how long ago something was.
func ago(at, now time.Time) string {
	if at.IsZero() {
		return "<NEVER>"
	}
	return seconds(now.Sub(at))
}

// ahead is in how long something will be.
func ahead(at, now time.Time) string {
	switch {
	case at.IsZero():
		return "<NEVER>"
	case at.Before(now):
		return "<PAST>"
	}
	return seconds(at.Sub(now))
}

func (s *Section) appendPeer(dst []byte, p *Peer, dict bool, now time.Time) []byte {
	x := p.session
	kind, active, state, learning := "remote", "inactive", "STOPPED", "NOTASSIGNED"
	if p.Local {
		kind = "local"
	}
	if x != nil {
		active, state = "active", "RUNNING"
	}
	if p == s.learn.from {
		learning = "ASSIGNED"
	}
	status := p.status
	if status == "" {
		status = "NONE"
	}
	dst = fmt.Appendf(dst, "  %p: id=%s(%s,%s) addr=%s app_state=%s learn_state=%s last_status=%s last_hdshk=%s\n",
		p, p.Name, kind, active, p.Addr, state, learning, status, ago(p.handshake, now))
	beat, confirms := "<NEVER>", 0
	if x != nil {
		beat, confirms = ago(x.beat, now), x.confirms
	}
	dst = fmt.Appendf(dst, "        reconnect=%s heartbeat=%s confirm=%d tx_hbt=%d rx_hbt=%d no_hbt=%d new_conn=%d proto_err=%d coll=%d\n",
		ahead(p.reconnect, now), beat, confirms, p.sentBeats, p.heardBeats, p.missedBeats, p.newConns, p.protoErrors, p.collisions)
	switch {
	case x != nil:
		dst = fmt.Appendf(dst, "        flags=0x%x appctx:%p st0=7 st1=0 task_calls=%d state=EST", flagsConnected, x, s.calls)
		if x.incoming {
			dst = fmt.Appendf(dst, "\n        xprt=RAW src=%s addr=%s", x.c.RemoteAddr(), x.c.LocalAddr())
		}
	case !p.handshake.IsZero():
		dst = fmt.Appendf(dst, "        flags=0x%x", flagsKnown)
	default:
		dst = append(dst, "        flags=0x0"...)
	}
	if x != nil && x.lastIn != nil {
		dst = s.appendLast(dst, p, "remote_table", x.lastIn)
	}
	if x != nil && x.lastOut != nil {
		dst = s.appendLast(dst, p, "last_local_table", x.lastOut)
	}
	dst = append(dst, "\n        shared tables:\n"...)
	for i := len(s.Tables) - 1; i >= 0; i-- {
		dst = appendTable(dst, p, s.Tables[i], dict)
	}
	return dst
}

func (s *Section) appendLast(dst []byte, p *Peer, what string, t *Shared) []byte {
	c := p.cursor(t)
	return fmt.Appendf(dst, "\n        %s:%p id=%s local_id=%d remote_id=%d", what, c, t.Table.Name, t.ID, c.remoteID())
}

func (c *cursor) remoteID() uint64 {
	if c.remote == nil {
		return 0
	}
	return c.remote.ID
}

func appendTable(dst []byte, p *Peer, t *Shared, dict bool) []byte {
	c := p.cursor(t)
	data := uint64(0)
	if c.remote != nil {
		data = c.remote.Data
	}
	pushed := uint32(0)
	if p.session != nil {
		pushed = c.pushed
	}
	dst = fmt.Appendf(dst, "          %p local_id=%d remote_id=%d flags=0x0 remote_data=0x%x\n", c, t.ID, c.remoteID(), data)
	dst = fmt.Appendf(dst, "              last_acked=%d last_pushed=%d last_get=%d teaching_origin=%d update=%d\n", c.sentAck, pushed, c.got, c.origin, c.pushed)
	dst = fmt.Appendf(dst, "              table:%p id=%s update=%d localupdate=%d refcnt=1\n", t.Table, t.Table.Name, t.update, t.localUpdate)
	if !dict {
		return append(dst, "        Dictionary cache not dumped (use \"show peers dict\")\n"...)
	}
	var sent []string
	heard := make([]string, dictSize)
	if x := p.session; x != nil {
		for i := range dictSize {
			if text := x.sent.list.at(i); text != "" {
				sent = append(sent, text)
			}
			heard[i] = x.heard.list.at(i)
		}
	}
	return appendStrings(append(appendStrings(append(dst, "        TX dictionary cache:"...), sent), "        RX dictionary cache:"...), heard)
}

// appendStrings appends strings with their numbers, four a line.
func appendStrings(dst []byte, list []string) []byte {
	for i, text := range list {
		if i%4 == 0 {
			dst = append(dst, "\n        "...)
		}
		if text == "" {
			text = "-"
		}
		dst = fmt.Appendf(dst, "%5d -> %s", i, text)
	}
	return append(dst, '\n')
}
