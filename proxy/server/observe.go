package server

import (
	"fmt"
	"strings"
	"time"
)

// CheckDone takes the result of a health check and changes the server's state
// where the count is full.
func (s *Server) CheckDone(r *CheckResult, now time.Time) {
	if r.Status == "L4TOUT" {
		if f := s.lost.Load(); f != nil { // its address may be another one now
			(*f)()
		}
	}
	unlock := s.Backend.lock()
	defer unlock()
	s.Check.record(r)
	if s.admin&AnyMaint != 0 {
		return
	}
	before := s.check.Value
	switch {
	case r.OK:
		s.errs.Store(0)
		s.check.Pass()
	default:
		if s.check.Good() { // chkfail counts failures of a server that is up (management manual 9.1)
			s.Stats.CheckFails.Add(1)
			s.Backend.Stats.CheckFails.Add(1)
		}
		s.check.Fail()
	}
	logged := s.logCheck("Health check", r, &s.check, before != s.check.Value || s.Check.changed)
	s.apply(r, logged, now)
}

// AgentDone takes what an agent said of the server's health.
func (s *Server) AgentDone(r *CheckResult, counts bool, now time.Time) {
	unlock := s.Backend.lock()
	defer unlock()
	changed := s.Agent.Status != r.Status
	s.Agent.record(r)
	if s.admin&AnyMaint != 0 || !counts {
		if changed {
			s.logCheck("Agent check", r, &s.agent, true)
		}
		return
	}
	before := s.agent.Value
	if r.OK {
		s.agent.Pass()
	} else {
		s.agent.Fail()
	}
	logged := s.logCheck("Agent check", r, &s.agent, before != s.agent.Value || changed)
	s.apply(r, logged, now)
}

// apply moves the server to the state that its checks ask for; the state lock
// is held.
func (s *Server) apply(r *CheckResult, logged bool, now time.Time) {
	reason := ""
	if !logged {
		reason = ", " + r.Reason()
	}
	good := (!s.Check.Enabled || s.check.Good()) && s.agent.Good()
	switch {
	case !r.OK && !good:
		s.goDown(reason, now)
	case r.OK && good && r.Drain:
		s.goStopping(reason, now)
	case r.OK && good:
		s.goUp(reason, now)
	}
}

// record keeps the result for the stats page.
func (c *CheckState) record(r *CheckResult) {
	c.changed, c.Running = c.Status != r.Status, false
	c.Status, c.Code, c.Duration, c.Desc = r.Status, r.Code, r.Duration, r.Desc
	c.Result = 2
	if r.OK {
		c.Result = 3
		if r.Drain {
			c.Result = 4
		}
	}
}

// logCheck writes the line of "option log-health-checks" where the result
// differs from the last one; it says whether that option is set.
func (s *Server) logCheck(what string, r *CheckResult, h *Health, changed bool) bool {
	if !s.Backend.Settings().LogHealthChecks {
		return false
	}
	if !changed {
		return true
	}
	verb := "succeeded"
	switch {
	case r.OK && r.Drain:
		verb = "conditionally succeeded"
	case !r.OK:
		verb = "failed"
	}
	kind := " for server "
	if s.Params.Backup {
		kind = " for backup server "
	}
	n, of, up := h.Progress()
	state := "DOWN"
	if up {
		state = "UP"
	}
	s.Backend.emit(Event{Server: s, Level: levelNotice, Mail: levelInfo,
		Text: fmt.Sprintf("%s%s%s %s, %s, status: %d/%d %s.", what, kind, s.full(), verb, r.Reason(), n, of, state)})
	return true
}

// Reason returns the result as messages print it: "reason: Layer4 connection
// problem, info: "…", check duration: 0ms".
func (r *CheckResult) Reason() string {
	var b strings.Builder
	b.WriteString("reason: " + StatusText(r.Status))
	if r.Code != 0 || r.HasCode {
		fmt.Fprintf(&b, ", code: %d", r.Code)
	}
	if r.Desc != "" {
		fmt.Fprintf(&b, ", info: \"%s\"", r.Desc)
	}
	if r.Duration >= 0 {
		fmt.Fprintf(&b, ", check duration: %dms", r.Duration.Milliseconds())
	}
	return b.String()
}

// Texts of observed errors, as messages print them.
const (
	ErrConnection  = "L4 unsuccessful connection"
	ErrStatus      = "Wrong http response"
	ErrHeaders     = "Invalid http response (headers)"
	ErrReadTimeout = "Read timeout (http)"
)

// Observed tells the server how a request of live traffic went (configuration
// manual 5.2, observe). It returns true where the next check should be made
// at the fast interval. Successes cost one atomic load.
func (s *Server) Observed(ok, layer7 bool, now time.Time) (hurry bool) {
	switch {
	case !ok && layer7:
		return s.ObservedError(ErrStatus, true, now)
	case !ok:
		return s.ObservedError(ErrConnection, false, now)
	}
	if s.errs.Load() != 0 && s.observes(layer7) {
		s.errs.Store(0)
	}
	return false
}

// observes says whether traffic at that layer counts.
func (s *Server) observes(layer7 bool) bool {
	p := s.Params
	return p.Observe != "" && (p.Observe == "layer7") == layer7 && p.Check.Enabled
}

// ObservedError is Observed for a failure, with its text in messages: one of
// ErrConnection, ErrStatus, ErrHeaders, ErrReadTimeout.
func (s *Server) ObservedError(what string, layer7 bool, now time.Time) (hurry bool) {
	p := s.Params
	if !s.observes(layer7) || int(s.errs.Add(1)) < p.ErrorLimit {
		return false
	}
	s.errs.Store(0)
	unlock := s.Backend.lock()
	defer unlock()
	r := &CheckResult{Status: "HANA", Duration: -1, Desc: fmt.Sprintf("Detected %d consecutive errors, last one was: %s", p.ErrorLimit, what)}
	switch p.OnError {
	case "fastinter":
		return true
	case "sudden-death":
		if s.check.Value > s.check.Rise {
			s.check.Value = s.check.Rise + 1
		}
	case "mark-down":
		s.check.Value = s.check.Rise
	}
	s.Check.record(r)
	s.Stats.CheckFails.Add(1)
	s.check.Fail()
	s.apply(r, false, now)
	return true
}

// AgentIdle notes that an agent answered without a word on the server's
// health.
func (s *Server) AgentIdle() {
	unlock := s.Backend.lock()
	defer unlock()
	s.Agent.Running = false
}
