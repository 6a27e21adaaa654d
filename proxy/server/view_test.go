package server

import (
	"testing"
	"time"
)

func viewed(t *testing.T) (*Backend, *Server, time.Time) {
	t.Helper()
	r := &Registry{}
	b := r.Backend("be")
	now := time.Now()
	p := DefaultParams()
	p.Check.Enabled, p.Agent.Enabled = true, true
	s := b.Prepare("s1", p)
	b.Commit([]Declared{{Server: s, Params: p, Addr: &Endpoint{Network: "tcp4", Host: "127.0.0.1", Port: 80}}}, Settings{}, now)
	return b, s, now
}

func TestViewCountsDowntime(t *testing.T) {
	t.Parallel()
	b, s, now := viewed(t)
	if v := s.View(now.Add(5 * time.Second)); v.Op != Running || v.Downtime != 0 || v.LastChange != 5*time.Second {
		t.Errorf("running server: %+v", v)
	}
	s.ForceHealth(Stopped, now.Add(10*time.Second))
	v := s.View(now.Add(13 * time.Second))
	if v.Op != Stopped || v.Downtime != 3*time.Second || v.LastChange != 3*time.Second {
		t.Errorf("stopped server: op %v, down %v, changed %v", v.Op, v.Downtime, v.LastChange)
	}
	if since, down := b.Times(now.Add(14 * time.Second)); since != 4*time.Second || down < 4*time.Second {
		t.Errorf("backend: %v since the change, %v down", since, down)
	}
}

func TestForceAgent(t *testing.T) {
	t.Parallel()
	_, s, now := viewed(t)
	s.ForceHealth(Running, now)
	s.ForceAgent(false, now)
	if v := s.View(now); v.Op != Stopped || v.AgentCount.Good() {
		t.Errorf("after agent down: %+v", v)
	}
	s.ForceAgent(true, now)
	if v := s.View(now); v.Op == Stopped || !v.AgentCount.Good() {
		t.Errorf("after agent up: %+v", v)
	}
}

func TestPauseAndOverride(t *testing.T) {
	t.Parallel()
	_, s, now := viewed(t)
	before := s.Params
	s.PauseCheck(true)
	s.PauseAgent(true)
	s.Override(func(p *Params) { p.Check.Port = 8080 })
	v := s.View(now)
	if !v.Check.Paused || !v.Agent.Paused {
		t.Errorf("checks are not paused: %+v", v)
	}
	if before.Check.Port != 0 || s.Params.Check.Port != 8080 {
		t.Errorf("port before %d, after %d", before.Check.Port, s.Params.Check.Port)
	}
	if StatusNumber("L4OK") != 6 {
		t.Errorf("L4OK has number %d", StatusNumber("L4OK"))
	}
}

// TestTrackingForward follows a server of a backend that is declared later.
func TestTrackingForward(t *testing.T) {
	t.Parallel()
	r := &Registry{}
	a, b := r.Backend("a"), r.Backend("b")
	now := time.Now()
	p, off := DefaultParams(), DefaultParams()
	off.Disabled = true
	at := &Endpoint{Network: "tcp4", Host: "127.0.0.1", Port: 80}
	up, down := b.Prepare("up", p), b.Prepare("down", off)
	x, y := a.Prepare("x", p), a.Prepare("y", p)
	a.Commit([]Declared{{Server: x, Params: p, Addr: at, Track: up}, {Server: y, Params: p, Addr: at, Track: down}}, Settings{}, now)
	b.Commit([]Declared{{Server: up, Params: p, Addr: at}, {Server: down, Params: off, Addr: at}}, Settings{}, now)
	if v := x.View(now); v.Op != Running || v.Admin != 0 {
		t.Errorf("x follows a running server: %v, %v", v.Op, v.Admin)
	}
	if v := y.View(now); v.Op != Stopped || v.Admin != InheritedMaint {
		t.Errorf("y follows a disabled server: %v, %v", v.Op, v.Admin)
	}
}
