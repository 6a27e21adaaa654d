package check

import (
	"fmt"
	"slices"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/keyword"
)

// Setup is what the check lines of a proxy say, in order; Method makes the
// check of it. A proxy inherits a Clone of its defaults'.
type Setup struct {
	Kind         string // "", httpchk, tcp-check, mysql-check …: the last "option" wins
	DisableOn404 bool
	SendState    bool
	Command      string // external-check command
	Path         string // external-check path

	method, uri, version string // of option httpchk
	host                 *httpHeader
	fixed                []rule // of the kinds that speak a protocol of their own
	http, tcp            []rule // "http-check" and "tcp-check" rules
	httpInherited        bool   // the rules are the defaults': the first own one replaces them all
	tcpInherited         bool
	httpComment          string // waiting for its rule
	tcpComment           string
	disordered           bool // a rule in the wrong place was refused
}

// Portless says in the original's words why no port is known for a server that
// names none and whose checks name none either; false where rules of tcp-check
// name one each.
func (s *Setup) Portless() (why string, bad bool) {
	const unsaid = " nor tcp_check rule 'connect' with port information"
	switch {
	case s == nil, s.Kind == "", s.Kind == "external-check", s.Kind == "tcp-check" && len(s.tcp) == 0:
		return "", true
	case s.Kind != "tcp-check":
		return unsaid, true
	}
	for i := range s.tcp {
		switch r := &s.tcp[i]; {
		case i == 0 && !(r.connect && r.port):
			return unsaid, true
		case r.connect && !r.port:
			return ", and a tcp_check rule 'connect' with no port information", true
		}
	}
	return "", false
}

// Change is what a line about checks makes.
type Change func(*Setup) error

// Clone returns a copy that can be changed without changing s. A nil s gives
// an empty Setup.
func (s *Setup) Clone() *Setup {
	if s == nil {
		return &Setup{}
	}
	c := *s
	c.http, c.tcp = slices.Clone(s.http), slices.Clone(s.tcp)
	c.httpInherited, c.tcpInherited = true, true
	return &c
}

// Unused returns the original's warning about rules without their option, ""
// where there is none.
func (s *Setup) Unused(backend string) string {
	switch {
	case s == nil:
	case len(s.http) > 0 && s.Kind != "httpchk":
		return fmt.Sprintf("backend '%s' uses http-check rules without 'option httpchk', so the rules are ignored.", backend)
	case len(s.tcp) > 0 && s.Kind != "tcp-check":
		return fmt.Sprintf("backend '%s' uses tcp-check rules without 'option tcp-check', so the rules are ignored.", backend)
	}
	return ""
}

// Method returns the check that the lines describe. A nil Setup and an empty
// one connect only.
func (s *Setup) Method() Method {
	switch {
	case s == nil || s.Kind == "":
		return &steps{implicit: true}
	case s.Kind == "httpchk":
		return &steps{http: true, kind: s.Kind, rules: s.httpRules()}
	case s.Kind == "tcp-check":
		return &steps{kind: s.Kind, rules: s.tcp}
	case s.Kind == "external-check":
		return &external{command: s.Command, path: s.Path}
	}
	return &steps{kind: s.Kind, rules: s.fixed, implicit: true}
}

// base is the request of the option line.
func (s *Setup) base() httpSend {
	h := httpSend{method: s.method, uri: s.uri, version: s.version, sendState: s.SendState}
	if s.host != nil {
		h.headers = append(h.headers, *s.host)
	}
	return h
}

// httpRules completes the written rules: a first request where none is
// written, what the option line says in the first one, and a last expectation.
func (s *Setup) httpRules() []rule {
	var out []rule
	first, sent := true, false
	for _, r := range s.http {
		if r.expect != nil && !sent {
			out = append(out, s.request(httpSend{}))
			sent, first = true, false
		}
		if r.expect != nil {
			e := *r.expect
			e.disableOn404 = s.DisableOn404
			r.expect = &e
		}
		if h, ok := r.http(); ok {
			if first && !s.explicitConnect() {
				h = s.merge(h)
			}
			h.sendState = s.SendState
			r = sendRule(h, r.comment)
			sent, first = true, false
		}
		out = append(out, r)
	}
	if !sent {
		out = append(out, s.request(httpSend{}))
	}
	if n := len(out); out[n-1].expect == nil {
		out = append(out, implicitExpect(s.DisableOn404))
	}
	return out
}

func (s *Setup) explicitConnect() bool {
	return slices.ContainsFunc(s.http, func(r rule) bool { return r.connect })
}

// request is a rule that sends the request of the option line.
func (s *Setup) request(h httpSend) rule { return sendRule(s.merge(h), "") }

// merge fills what h leaves open from the option line.
func (s *Setup) merge(h httpSend) httpSend {
	b := s.base()
	if h.method == "" {
		h.method = b.method
	}
	if h.uri == "" && h.uriFmt == nil {
		h.uri = b.uri
	}
	if h.version == "" {
		h.version = b.version
	}
	h.headers = append(slices.Clone(b.headers), h.headers...)
	h.sendState = b.sendState
	return h
}

// http returns the request of a send rule.
func (r *rule) http() (httpSend, bool) {
	if r.request == nil {
		return httpSend{}, false
	}
	return *r.request, true
}

func sendRule(h httpSend, comment string) rule {
	return rule{run: h.run, send: true, comment: comment, request: &h}
}

// add appends a rule with the comment that waits for it.
func add(list *[]rule, waiting *string, r rule) {
	if r.comment == "" {
		r.comment = *waiting
	}
	*waiting = ""
	*list = append(*list, r)
}

// own forgets inherited rules, because the proxy now has rules of its own; the
// request of an inherited "option httpchk" goes with them.
func (d side) own(s *Setup) {
	list, inherited := d.list(s), &s.httpInherited
	if d.word == "tcp-check" {
		inherited = &s.tcpInherited
	}
	if *inherited {
		*list, *inherited = nil, false
		if d.word == "http-check" {
			s.method, s.uri, s.version, s.host = "", "", "", nil
		}
	}
}

// addConnect appends a connect rule, which must come first if there is one.
func addConnect(list *[]rule, waiting *string, r rule, what string) error {
	for _, x := range *list {
		if x.connect {
			break
		}
		if x.send || x.expect != nil {
			return bad(-1, "'%s connect' : first step MUST also be a 'connect', optionally preceded by a 'set-var', an 'unset-var' or a 'comment', when there is a 'connect' step in the tcp-check ruleset.", what)
		}
	}
	add(list, waiting, r)
	return nil
}

// anyConnect says whether a list opens connections of its own.
func anyConnect(list []rule) bool {
	for i := range list {
		if list[i].connect {
			return true
		}
	}
	return false
}

// TLS says whether a "connect" rule of the proxy asks for TLS, so that servers
// need what TLS needs although their lines do not say "ssl".
func (s *Setup) TLS() bool {
	for i := range s.http {
		if s.http[i].tls {
			return true
		}
	}
	for i := range s.tcp {
		if s.tcp[i].tls {
			return true
		}
	}
	return false
}

func bad(i int, format string, args ...any) error {
	return &keyword.Error{Index: i, Code: diag.BadArguments, Text: fmt.Sprintf(format, args...)}
}

// lowerName is a header's name as messages hold it.
func lowerName(s string) string { return strings.ToLower(s) }
