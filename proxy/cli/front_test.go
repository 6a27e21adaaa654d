package cli

import (
	"testing"

	"tandem/proxy/config"
)

// fakeFrontends notes what was asked of the listeners.
type fakeFrontends struct {
	log []string
	bad bool
}

func (f *fakeFrontends) Pause(p *config.Proxy) bool {
	f.log = append(f.log, "pause "+p.Name)
	return !f.bad
}

func (f *fakeFrontends) Resume(p *config.Proxy) bool {
	f.log = append(f.log, "resume "+p.Name)
	return !f.bad
}

func (f *fakeFrontends) Paused(p *config.Proxy) bool {
	return len(f.log) > 0 && f.log[len(f.log)-1] == "pause "+p.Name
}

func (f *fakeFrontends) Stop(p *config.Proxy) { f.log = append(f.log, "stop "+p.Name) }

func TestFrontendCommands(t *testing.T) {
	t.Parallel()
	env := oracleEnv(t)
	ctl := &fakeFrontends{}
	for _, step := range []struct{ in, want string }{
		{"disable frontend fe2", "The sockets of frontends cannot be changed in this process.\n\n"},
		{"disable frontend fe2", "\n"},
		{"disable frontend fe2", "All sockets are already disabled.\n\n"},
		{"enable frontend #3", "\n"},
		{"enable frontend fe2", "All sockets are already enabled.\n\n"},
		{"shutdown frontend fe2", "\n"},
	} {
		if got := ask(t, env, Admin, step.in+"\n"); got != step.want {
			t.Errorf("%s: %q, want %q", step.in, got, step.want)
		}
		env.Frontend = ctl
	}
	if len(ctl.log) != 3 || ctl.log[0] != "pause fe2" || ctl.log[1] != "resume fe2" || ctl.log[2] != "stop fe2" {
		t.Errorf("calls: %q", ctl.log)
	}
	ctl.bad = true
	if got := ask(t, env, Admin, "disable frontend fe1\n"); got != "Failed to pause frontend, check logs for precise cause.\n\n" {
		t.Errorf("failing pause: %q", got)
	}
}
