package check

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tandem/proxy/server"
)

// agentReport is what an agent's line says (configuration manual 5.2,
// agent-check). Only what it names changes.
type agentReport struct {
	status  string // "", L7OK or L7STS
	desc    string
	admin   string // "", ready, drain, maint
	weight  string // "50%", "20"
	maxConn int    // -1: not named
}

// parseAgent reads the first line of an agent's answer.
func parseAgent(line string) agentReport {
	r := agentReport{maxConn: -1}
	if i := strings.IndexAny(line, "\r\n"); i >= 0 {
		line = line[:i]
	}
	for line = strings.TrimLeft(line, " \t,"); line != ""; line = strings.TrimLeft(line, " \t,") {
		word, _, _ := cutAny(line, " \t,")
		rest := line[len(word):]
		name, text, described := strings.Cut(word, "#")
		switch lower := strings.ToLower(name); {
		case lower == "up":
			r.status, r.desc = "L7OK", "via agent : up"
		case lower == "down", lower == "fail", lower == "stopped":
			r.status, r.desc = "L7STS", "via agent : "+lower
			if described { // the description runs to the end of the line
				r.desc = "via agent : " + lower + " (" + strings.TrimSpace(text+rest) + ")"
				rest = ""
			}
		case lower == "ready", lower == "drain", lower == "maint":
			r.admin = lower
		case strings.HasPrefix(lower, "weight:"):
			r.weight = lower[7:]
		case strings.HasPrefix(lower, "maxconn:"):
			if n, err := strconv.Atoi(lower[8:]); err == nil && n >= 0 {
				r.maxConn = n
			}
		case strings.HasSuffix(lower, "%"):
			r.weight = lower
		}
		line = rest
	}
	return r
}

// cutAny cuts s at the first byte of chars.
func cutAny(s, chars string) (before, after string, found bool) {
	if i := strings.IndexAny(s, chars); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

// askAgent connects to the agent and applies its report.
func askAgent(ctx context.Context, p *Probe, now time.Time) {
	s := p.Server
	start := time.Now()
	a := &s.Params.Agent
	addr := a.Addr
	if addr == "" {
		if e := s.Addr(); e != nil {
			addr = e.Host
		}
	}
	fail := func(r *Result) {
		r.Duration = time.Since(start)
		s.AgentDone(r, false, now)
	}
	if r := p.connect(ctx, Connect{Explicit: true, Addr: addr, Port: a.Port}, ""); r != nil {
		fail(r)
		return
	}
	defer func() { _ = p.conn.Close() }()
	if a.Send != "" {
		if _, err := p.conn.Write([]byte(unescape(a.Send))); err != nil {
			fail(sendError(err))
			return
		}
	}
	for !strings.ContainsAny(string(p.buf), "\r\n") && p.fill() {
	}
	switch {
	case p.timedOut():
		fail(&Result{Status: "L7TOUT", Desc: " at step 2 of tcp-check (expect custom function)"})
		return
	case len(p.buf) == 0:
		fail(&Result{Status: "L7RSP", Desc: "TCPCHK got an empty response at step 2"})
		return
	}
	applyAgent(s, parseAgent(string(p.buf)), time.Since(start), now)
}

// applyAgent changes what the agent named.
func applyAgent(s *server.Server, r agentReport, took time.Duration, now time.Time) {
	switch r.admin {
	case "ready":
		s.ClearAdmin(server.ForcedDrain|server.ForcedMaint, now)
	case "drain":
		s.ClearAdmin(server.ForcedMaint, now)
		s.SetAdmin(server.ForcedDrain, now)
	case "maint":
		s.SetAdmin(server.ForcedMaint, now)
	}
	if w, err := Weight(r.weight, s.InitialWeight()); err == nil {
		s.SetWeight(w, now)
	}
	if r.maxConn >= 0 {
		s.SetMaxConn(int64(r.maxConn))
	}
	if r.status != "" {
		s.AgentDone(&Result{Status: r.status, OK: r.status == "L7OK", Desc: r.desc, HasCode: true, Duration: took}, true, now)
		return
	}
	s.AgentIdle()
}

// Weight reads a weight as agents and operators write it: absolute, or a
// percentage of the initial one. Errors are in the original's words.
func Weight(text string, initial int) (int, error) {
	if text == "" {
		return 0, fmt.Errorf("Require <weight> or <weight%%>.") //nolint:staticcheck // interface text
	}
	digits, pct := strings.CutSuffix(text, "%")
	n, err := strconv.Atoi(digits)
	switch {
	case err != nil:
		return 0, fmt.Errorf("Trailing garbage in weight string") //nolint:staticcheck // interface text
	case pct && n < 0:
		return 0, fmt.Errorf("Relative weight must be positive.") //nolint:staticcheck // interface text
	case pct:
		return min((initial*n+99)/100, 256), nil
	case n < 0 || n > 256:
		return 0, fmt.Errorf("Absolute weight can only be between 0 and 256 inclusive.") //nolint:staticcheck // interface text
	}
	return n, nil
}
