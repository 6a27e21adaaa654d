package config

import (
	"tandem/parser/keyword"
	"tandem/proxy/check"
	"tandem/proxy/pattern"
)

// rawOK is what 1.0 to 2.2 sent to monitors without waiting for a request.
const rawOK = "HTTP/1.0 200 OK\r\n\r\n"

// monitorNet is "monitor-net <net>": clients that get 200 at once, or in TCP
// mode a connection that closes. Only the last line counts, and "monitor fail"
// does not (configuration manual of 1.5).
var monitorNet = keyword.Define(old("monitor-net", sideF, keyword.V(2, 3), "http-request return status 200 if { src <net> }", "Clients that are answered at once."), func(e *keyword.Env, a *nameArgs) (Setting[Proxy], error) {
	test, err := pattern.CompileTest(e, []string{"src", a.Name.Text}, a.Name.Index-1)
	if err != nil {
		return nil, prefixError(err, "'monitor-net' : ")
	}
	return func(p *Proxy) error {
		name := "monitor_net_" + itoa(int(e.LineSpan().Start))
		p.ACLs.Add(name, test)
		cond, err := conditionOn(e, name)
		if err == nil {
			p.monitorNet = cond
		}
		return err
	}, nil
})

// healthAnswer is what a proxy of mode health says to all, and one with
// monitor-net to some.
func (p *Proxy) healthAnswer() RawAnswer {
	if p.Mode != "health" {
		if p.Mode != "http" {
			return RawAnswer{Cond: p.monitorNet}
		}
		return RawAnswer{p.monitorNet, []byte(rawOK)}
	}
	if s, ok := p.CheckSetup.(*check.Setup); ok && checkKind(s) == "httpchk" {
		return RawAnswer{nil, []byte(rawOK)}
	}
	return RawAnswer{nil, []byte("OK\n")}
}
