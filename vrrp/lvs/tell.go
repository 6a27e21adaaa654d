package lvs

import (
	"fmt"

	"tandem/vrrp/notify"
)

// words are how FIFOs and mails call a state.
var words = map[bool]string{true: "UP", false: "DOWN"}

// tellServer tells that a server is up or down; without a body it is not
// mailed.
func (d *Director) tellServer(r *server, up bool, body string) {
	script := r.spec.Up
	if !up {
		script = r.spec.Down
	}
	n := &Note{Script: script, Line: fmt.Sprintf("RS %s %s %s", r.spec.Name, r.svc.spec.Name, words[up])}
	n.mail(r, up, body)
	d.out = append(d.out, Effect{Note: n})
}

// mail makes the note one that is mailed, if the server asks for it.
func (n *Note) mail(r *server, up bool, body string) {
	if r.spec.Mail && body != "" {
		n.Subject = fmt.Sprintf("Realserver %s of virtual server %s - %s", r.spec.Name, r.svc.spec.Name, words[up])
		n.Body = body
	}
}

// mailCheck mails the change of a check that leaves its server as it is: the
// subject says how the server is, the body what the check found.
func (d *Director) mailCheck(r *server, body string) {
	if d.cfg.NoMail || !r.spec.Mail {
		return
	}
	n := &Note{}
	n.mail(r, r.alive, body)
	d.out = append(d.out, Effect{Note: n})
}

// tellQuorum tells that a service has its quorum or not.
func (d *Director) tellQuorum(s *service, what string, need, sum int64) {
	d.tellService(s, s.quorumUp, fmt.Sprintf("%s %d+%d=%d <= %d", what, s.spec.Quorum, s.spec.Hysteresis, need, sum))
}

// tellService tells that a service is up or down.
func (d *Director) tellService(s *service, up bool, what string) {
	var script *notify.Command
	if script = s.spec.QuorumUp; !up {
		script = s.spec.QuorumDown
	}
	n := &Note{Script: script, Line: fmt.Sprintf("VS %s %s", s.spec.Name, words[up])}
	if s.spec.Mail {
		n.Subject = fmt.Sprintf("Virtualserver %s - %s", s.spec.Name, words[up])
		n.Body = "=> " + what + " <="
	}
	d.out = append(d.out, Effect{Note: n})
}
