package notify

// Event is something to be told that is no change of a virtual router.
type Event struct {
	Script *Command // nil: none
	Line   string   // for FIFOs, with its end; "": none
	// Subject of a mail, without what names this machine; "": none.
	Subject string
	Body    string
}

// Post tells an event: the script, the FIFOs, mail.
func (n *Notifier) Post(e Event) {
	if n.ended {
		return
	}
	if e.Script != nil {
		n.run(job{cmd: e.Script})
	}
	if e.Line != "" {
		n.line(e.Line)
	}
	m := &n.cfg.Mail
	if e.Subject == "" || !m.Server.IsValid() || address(m.From) == "" || len(m.recipients()) == 0 {
		return
	}
	n.post(message{subject: "[" + m.RouterID + "] " + e.Subject, body: e.Body, date: n.opt.Now()})
}

// post queues a mail.
func (n *Notifier) post(msg message) {
	select {
	case n.mails <- letter{n.cfg.Mail, msg}:
		n.found(1, "mails")
	default:
		n.missed(1, "mails")
	}
}
