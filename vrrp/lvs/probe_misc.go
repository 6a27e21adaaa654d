package lvs

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"tandem/vrrp/notify"
)

// MiscProbe is MISC_CHECK: it runs a program.
type MiscProbe struct {
	one
	Start   notify.Start
	Command *notify.Command
	Timeout time.Duration // how long a run may take; 0: for ever
	Dynamic bool          // statuses from 2 are weights
	Base    int64         // the server's configured weight
}

// Statuses of programs.
const (
	exitGood   = 0
	exitWeight = 2 // weight 0, and so on
)

// Probe implements [Prober].
func (p *MiscProbe) Probe(ctx context.Context, _ int) Outcome {
	proc, err := p.Start(p.Command)
	if err != nil {
		return Outcome{Text: fmt.Sprintf("not started: %v", err)}
	}
	done := make(chan notify.Status, 1)
	go func() { done <- proc.Wait() }()
	var alarm <-chan time.Time
	if p.Timeout > 0 {
		t := time.NewTimer(p.Timeout)
		defer t.Stop()
		alarm = t.C
	}
	select {
	case st := <-done:
		return p.judge(st)
	case <-alarm:
	case <-ctx.Done():
	}
	proc.Signal(syscall.SIGTERM)
	t := time.NewTimer(2 * time.Second)
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
		proc.Signal(syscall.SIGKILL)
	}
	return Outcome{Timeout: true}
}

// judge says what the end of a program means.
func (p *MiscProbe) judge(st notify.Status) Outcome {
	switch {
	case st.Unstarted != nil:
		return Outcome{Text: fmt.Sprintf("not started: %v", st.Unstarted)}
	case st.Signal != 0:
		return Outcome{Text: fmt.Sprintf("due to signal %d", st.Signal)}
	case st.Code == exitGood:
		return Outcome{OK: true}
	case p.Dynamic && st.Code >= exitWeight:
		return Outcome{OK: true, Weighs: true, Weight: int64(st.Code-exitWeight) - p.Base}
	}
	return Outcome{Text: fmt.Sprintf("exited with status %d", st.Code)}
}
