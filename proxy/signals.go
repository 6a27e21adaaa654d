package proxy

import (
	"fmt"
	"os"

	"tandem/parser/keyword"
	"tandem/proxy/config"
	"tandem/proxy/logs"
	"tandem/proxy/server"
)

// say logs a line to the targets of px and says it on stderr.
func (l *logSide) say(px *config.Proxy, level int, text string) {
	fmt.Fprintf(os.Stderr, "[WARNING]  (%d) : %s\n", os.Getpid(), text)
	l.proxy(px, level, logs.Message{Line: []byte(text)})
}

// DumpStates logs how all servers and proxies are (SIGHUP).
func (p *Proxy) DumpStates() {
	fmt.Fprintf(os.Stderr, "[WARNING]  (%d) : SIGHUP received, dumping servers states.\n", os.Getpid())
	for _, px := range p.cfg.Proxies {
		p.logs.proxy(px, logs.Notice, logs.Message{Line: fmt.Appendf(nil, "SIGHUP received, dumping servers states for proxy %s.", px.Name)})
		if px.Back != nil {
			for _, s := range px.Back.Servers() {
				p.logs.say(px, logs.Notice, serverState(s))
			}
		}
		p.logs.say(px, logs.Notice, proxyState(px))
	}
}

func serverState(s *server.Server) string {
	word := "UP"
	if op, _ := s.State(); op == server.Stopped {
		word = "DOWN"
	}
	return fmt.Sprintf("SIGHUP: Server %s/%s is %s. Conn: %d act, %d pend, %d tot.", s.Backend.Name, s.Name, word, s.Cur(), s.Waiting(), s.Stats.SessTot.Load())
}

func proxyState(px *config.Proxy) string {
	var front, back, waiting, unassigned int64
	var frontTot, backTot uint64
	what := "has no servers."
	if px.Front != nil {
		front, frontTot = px.Front.Cur(), px.Front.Stats.ConnTot.Load()
	}
	if px.Back != nil {
		back, backTot = px.Back.Cur(), px.Back.Stats.SessTot.Load()
		waiting = px.Back.Waiting()
		unassigned = waiting
		for _, s := range px.Back.Servers() {
			unassigned -= s.Waiting()
		}
		if len(px.Back.Servers()) > 0 {
			switch f := px.Back.Farm(); {
			case f.Active+f.Backups == 0:
				what = "has no server available !"
			default:
				what = fmt.Sprintf("has %d active servers and %d backup servers available.", f.Active, f.Backups)
			}
		}
	}
	return fmt.Sprintf("SIGHUP: Proxy %s %s Conn: act(FE+BE): %d+%d, %d pend (%d unass), tot(FE+BE): %d+%d.", px.Name, what, front, back, waiting, unassigned, frontTot, backTot)
}

// Pause stops all TCP listeners for a while (SIGTTOU): another process can
// have their ports. Resume has them listen again (SIGTTIN).
func (p *Proxy) Pause() { p.eachFront("Paused", p.ops.Pause) }

// Resume undoes Pause.
func (p *Proxy) Resume() { p.eachFront("Resumed", p.ops.Resume) }

func (p *Proxy) eachFront(what string, f func(*config.Proxy) bool) {
	for _, px := range p.cfg.Proxies {
		if px.Caps&keyword.Frontend == 0 || px.Disabled || len(px.Binds) == 0 || !f(px) {
			continue
		}
		kind := "frontend"
		if px.Caps&keyword.Backend != 0 {
			kind = "proxy"
		}
		p.logs.say(px, logs.Warning, fmt.Sprintf("%s %s %s.", what, kind, px.Name))
	}
}
