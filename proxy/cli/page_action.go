package cli

import (
	"time"

	"tandem/proxy/config"
	"tandem/proxy/server"
	"tandem/proxy/tx"
	"tandem/stats"
)

// act does what the posted form asks for and returns the code that the page
// explains: DONE, NONE, PART, ERRP, EXCD or DENY.
func (v *view) act() string {
	if !v.admin {
		return "DENY"
	}
	body, code := v.body()
	if code != "" {
		return code
	}
	form, err := stats.ParseAdminForm(string(body))
	if err != nil {
		return "ERRP"
	}
	return v.pages.Env.apply(form)
}

// body returns the posted form, or the code that says why there is none.
func (v *view) body() (body []byte, code string) {
	if v.t.Conn == nil || v.t.Req.Framing == tx.NoBody {
		return nil, "ERRP"
	}
	switch v.t.Conn.WaitBody(false, 0, formTimeout) {
	case tx.BodyComplete:
		body, _ = v.t.Conn.Body(false)
		return body, ""
	case tx.BodyFull, tx.BodyPartial:
		return nil, "EXCD"
	}
	return nil, "ERRP"
}

// apply performs the action of a form on its servers.
func (e *Env) apply(form stats.AdminForm) string {
	p := e.backendOf(form.Backend)
	if p == nil {
		return "ERRP"
	}
	changed, unknown := 0, 0
	for _, name := range form.Servers {
		s := serverOf(p, name)
		if s == nil {
			unknown++
			continue
		}
		if operate(p, s, form.Action, e.now()) {
			changed++
		}
	}
	switch {
	case unknown > 0 && unknown == len(form.Servers):
		return "ERRP"
	case unknown > 0:
		return "PART"
	case changed == 0:
		return "NONE"
	}
	return "DONE"
}

// operate performs one action of the form on a server and says whether it
// changed anything.
func operate(p *config.Proxy, s *server.Server, action string, now time.Time) bool {
	before := s.View(now)
	switch action {
	case "ready":
		toReady(s, now)
	case "drain":
		toDrain(s, now)
	case "maint":
		s.SetAdmin(server.ForcedMaint, now)
	case "dhlth", "ehlth":
		return pauseHealth(s, action == "dhlth") && before.Check.Paused != (action == "dhlth")
	case "dagent", "eagent":
		return pauseAgent(s, action == "dagent") && before.Agent.Paused != (action == "dagent")
	case "hrunn":
		s.ForceHealth(server.Running, now)
	case "hnolb":
		s.ForceHealth(server.Stopping, now)
	case "hdown":
		s.ForceHealth(server.Stopped, now)
	case "arunn", "adown":
		if !s.Params.Agent.Enabled {
			return false
		}
		s.ForceAgent(action == "arunn", now)
	case "shutdown":
		return s.ShutdownSessions('K') > 0
	}
	after := s.View(now)
	return before.Op != after.Op || before.Admin != after.Admin ||
		before.CheckCount != after.CheckCount || before.AgentCount != after.AgentCount
}
