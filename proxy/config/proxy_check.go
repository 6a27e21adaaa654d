package config

import (
	"tandem/parser/keyword"
	"tandem/proxy/check"
)

// proxyChecks are the lines about health checks; the check room reads them,
// and what they make changes the proxy's Setup.
var proxyChecks = checkLines()

func checkLines() []*keyword.Def[Setting[Proxy]] {
	var out []*keyword.Def[Setting[Proxy]]
	for _, d := range check.Lines.All() {
		out = append(out, keyword.Map(d, func(_ *keyword.Env, change check.Change) (Setting[Proxy], error) {
			return func(p *Proxy) error {
				if change == nil {
					return nil
				}
				return change(p.checks())
			}, nil
		}))
	}
	return out
}

// checks returns the proxy's own check setup.
func (p *Proxy) checks() *check.Setup {
	s, _ := p.CheckSetup.(*check.Setup)
	if s == nil {
		s = &check.Setup{}
		p.CheckSetup = s
	}
	return s
}
