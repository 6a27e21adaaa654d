package server

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Saved is one line of a server state file: what "show servers state" of an
// earlier process printed (management manual 9.3). ReadSaved makes it.
type Saved struct {
	Backend, Server string
	Addr, FQDN      string // "-" and "" mean none
	Record          string // of the SRV record that FQDN is a target of
	Port            int    // 0: as configured

	op                   OpState
	admin                Admin
	weight, configured   int
	since                time.Duration
	status, result       int
	health               int
	checkFlags, agentBit int
}

// Corrupt is the error of a state file that cannot be used.
type Corrupt struct {
	Line int // 0: the first line is no version that is known
}

// Error says where the file is wrong.
func (c *Corrupt) Error() string { return fmt.Sprintf("corrupted at line %d", c.Line) }

// savedFields are the columns of version 1; lines of other lengths are refused.
// The last two or all five of the checks' addresses may be missing: releases
// before 2.5 did not write them.
var savedFields = map[int]bool{20: true, 21: true, 25: true}

// ReadSaved reads a state file. What single lines say wrong is told to refuse;
// such servers are left out. The error is a *Corrupt, io.EOF for an
// empty file, or of r.
func ReadSaved(r io.Reader, refuse func(backend, server, why string)) ([]*Saved, error) {
	sc := bufio.NewScanner(r)
	if !sc.Scan() {
		return nil, io.EOF
	}
	if strings.TrimSpace(sc.Text()) != "1" {
		return nil, &Corrupt{}
	}
	var list []*Saved
	for n := 2; sc.Scan(); n++ {
		f := strings.Fields(sc.Text())
		switch {
		case len(f) == 0 || f[0][0] == '#':
			continue
		case !savedFields[len(f)]:
			return nil, &Corrupt{Line: n}
		}
		s, why := readSaved(f)
		if why != "" {
			refuse(f[1], f[3], why)
			continue
		}
		list = append(list, s)
	}
	return list, sc.Err()
}

// readSaved reads the columns of one line; why says what is wrong.
func readSaved(f []string) (s *Saved, why string) {
	s = &Saved{Backend: f[1], Server: f[3], Addr: f[4], FQDN: f[17]}
	if s.FQDN == "-" {
		s.FQDN = ""
	}
	if len(f) > 19 && f[19] != "-" {
		s.Record = f[19]
	}
	number := func(i int, name string, low, high int) int {
		n, err := strconv.Atoi(f[i])
		if err != nil || n < low || n > high {
			why += fmt.Sprintf(", invalid %s value '%s'", name, f[i])
		}
		return n
	}
	const all = ForcedMaint | InheritedMaint | ConfigMaint | ForcedDrain | InheritedDrain | ResolveMaint | Renamed
	s.op = OpState(number(5, "srv_op_state", int(Stopped), int(Stopping)))
	s.admin = Admin(number(6, "srv_admin_state", 0, int(all)))
	s.weight = number(7, "srv_uweight", 0, 256)
	s.configured = number(8, "srv_iweight", 0, 256)
	since, err := strconv.ParseInt(f[9], 10, 64)
	if err != nil {
		why += fmt.Sprintf(", invalid srv_last_time_change value '%s'", f[9])
	}
	s.since = time.Duration(max(since, 0)) * time.Second
	s.status = number(10, "srv_check_status", 0, 30)
	s.result = number(11, "srv_check_result", 0, 4)
	s.health = number(12, "srv_check_health", 0, 1<<30)
	s.checkFlags = number(13, "srv_check_state", 0, 0x1f)
	s.agentBit = number(14, "srv_agent_state", 0, 0x1f)
	number(15, "bk_f_forced_id", 0, 1)
	number(16, "srv_f_forced_id", 0, 1)
	s.Port = number(18, "srv_port", 0, 65535)
	return s, why
}

// statusNames are the check statuses by their number.
var statusNames = func() map[int]string {
	m := map[int]string{}
	for name, i := range statuses {
		if name != "" {
			m[i.number] = name
		}
	}
	return m
}()

// restored ends the messages of changes that a state file makes.
const restored = ", changed from server-state after a reload"

// Restore puts the server into the state that a former process wrote down: up
// or down, maintenance, draining, health, and the weight unless the
// configuration changed it (configuration manual, load-server-state-from-file).
// It is called once, when the configuration begins to serve. Servers that
// follow another take over weight and time alone.
func (s *Server) Restore(v *Saved, now time.Time) {
	unlock := s.Backend.lock()
	defer unlock()
	s.Backend.restoring = true
	defer func() { s.Backend.restoring = false }()
	if s.Params.Weight == v.configured {
		s.uw.Store(int32(v.weight))
		s.ew.Store(int32(v.weight * WeightScale))
	}
	if s.tracked == nil && s.admin&ResolveMaint == 0 {
		s.restoreHealth(v, now)
	}
	if v.admin&ForcedMaint != 0 && v.admin&ConfigMaint == 0 && s.tracked == nil {
		s.restoreMaint(ForcedMaint)
	}
	if v.admin&ForcedDrain != 0 {
		s.admin |= ForcedDrain
	}
	s.Check.Paused = s.Check.Enabled && v.checkFlags&checkEnabled == 0 && v.checkFlags&checkConfigured != 0
	s.Agent.Paused = s.Agent.Enabled && v.agentBit&checkEnabled == 0 && v.agentBit&checkConfigured != 0
	s.lastChange = now.Add(-v.since)
	s.Backend.refarm()
}

// Flags of the columns srv_check_state and srv_agent_state.
const (
	checkConfigured = 0x02
	checkEnabled    = 0x04
)

// restoreHealth is what checks found; the state lock is held.
func (s *Server) restoreHealth(v *Saved, now time.Time) {
	if s.Check.Enabled {
		s.Check.Status, s.Check.Result = statusNames[v.status], v.result
	}
	switch v.op {
	case Stopped:
		s.check.Value = 0
		s.goDown(restored, now)
	case Stopping:
		s.check.Full()
		s.goStopping(restored, now)
	default:
		s.check.Full()
		s.goUp(restored, now)
	}
}

// restoreMaint puts the server and those that follow it into maintenance
// without a word; the state lock is held.
func (s *Server) restoreMaint(why Admin) {
	s.admin |= why
	s.op = Stopped
	for _, t := range s.trackers {
		t.restoreMaint(InheritedMaint)
		t.Backend.refarm()
	}
}
