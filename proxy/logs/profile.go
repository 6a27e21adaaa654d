package logs

import (
	"tandem/proxy/logformat"
	"tandem/proxy/tx"
)

// Step is the moment of a transaction at which a line is written
// (configuration manual, log-steps, do-log and 8.3.5).
type Step uint8

// The steps. SessError and SessKilled are both "error" to a profile: a
// connection whose bytes could not be understood, and one that ended in its
// handshakes.
const (
	Close Step = iota
	Accept
	Request
	Connect
	Response
	SessError
	SessKilled
	QUICInit
	TCPReqConn
	TCPReqSess
	TCPReqCont
	TCPResCont
	HTTPReq
	HTTPRes
	HTTPAfterRes
	stepCount
)

// steps are the names of a step: in log-steps and log-profile sections, and as
// %OG prints it.
var steps = [stepCount]struct{ name, origin string }{
	Close: {"close", "txn_close"}, Accept: {"accept", "txn_accept"}, Request: {"request", "txn_request"},
	Connect: {"connect", "txn_connect"}, Response: {"response", "txn_response"},
	SessError: {"error", "sess_error"}, SessKilled: {"error", "sess_killed"},
	QUICInit: {"quic-init", "quic-init"}, TCPReqConn: {"tcp-req-conn", "tcp-req-conn"}, TCPReqSess: {"tcp-req-sess", "tcp-req-sess"},
	TCPReqCont: {"tcp-req-cont", "tcp-req-cont"}, TCPResCont: {"tcp-res-cont", "tcp-res-cont"},
	HTTPReq: {"http-req", "http-req"}, HTTPRes: {"http-res", "http-res"}, HTTPAfterRes: {"http-after-res", "http-after-res"},
}

// Origin is what %OG says of a line of this step.
func (s Step) Origin() string { return steps[s].origin }

// StepNamed returns the step that do-log or log-steps calls so.
func StepNamed(name string) (Step, bool) {
	for s := range steps {
		if steps[s].name == name {
			return Step(s), true
		}
	}
	return 0, false
}

// Profile is a log-profile section: what its targets get instead of the
// proxy's own lines.
type Profile struct {
	Name, Tag string
	rules     [stepCount]*Override
	any       *Override
}

// Override is an "on" line. A nil format leaves the proxy's.
type Override struct {
	Drop       bool
	Format, SD *logformat.Format
}

// On sets what happens at a step; "any" stands for those without a line of
// their own, "error" for both errors.
func (p *Profile) On(name string, o *Override) {
	if name == "any" {
		p.any = o
	}
	for s := range steps {
		if steps[s].name == name {
			p.rules[s] = o
		}
	}
}

// at returns what the profile says of a step, nil for nothing.
func (p *Profile) at(s Step) *Override {
	if o := p.rules[s]; o != nil {
		return o
	}
	return p.any
}

// Message is one line to be written.
type Message struct {
	Line, SD []byte // as the proxy has it; SD is RFC 5424 structured data
	Step     Step
	Early    bool     // values are not final ("option logasap")
	Tx       *tx.Tx   // nil: the line is no transaction's, profiles do not change it
	Profile  *Profile // of a do-log action: goes before the targets' own
}

// override returns the line, structured data and identity for a target with
// profile p; own is room for another identity.
func (m *Message) override(p *Profile, id, own *Identity) (line, sd []byte, who *Identity, drop bool) {
	line, sd, who = m.Line, m.SD, id
	if m.Profile != nil {
		p = m.Profile
	}
	if m.Tx == nil {
		return line, sd, who, false
	}
	if p.Tag != "" {
		*own = *id
		own.Tag = p.Tag
		who = own
	}
	o := p.at(m.Step)
	if o == nil {
		return line, sd, who, false
	}
	if o.Format != nil {
		line = o.Format.AppendFrom(nil, m.Tx, m.Step.Origin(), m.Early)
	}
	if o.SD != nil {
		sd = o.SD.AppendFrom(nil, m.Tx, m.Step.Origin(), m.Early)
	}
	return line, sd, who, o.Drop
}
