package config

import (
	"tandem/parser/diag"
	"tandem/parser/keyword"
	"tandem/proxy/check"
)

// allowExternal refuses external checks that the global section does not
// allow, or that name no program; like the original it ends with the first
// (configuration manual 3.1, external-check).
func (c *compiler) allowExternal() bool {
	g := &c.cfg.Global
	for _, p := range c.cfg.Proxies {
		setup, _ := p.CheckSetup.(*check.Setup)
		if p.Caps&keyword.Backend == 0 || setup == nil || setup.Kind != "external-check" {
			continue
		}
		lacks := ""
		switch {
		case !g.ExternalCheck:
			lacks = "global.external-check"
		case setup.Command == "":
			lacks = "external-check command"
		}
		if lacks != "" {
			c.afterf(diag.Alert, diag.BadArguments, p, "Proxy '%s' : 'option external-check' unable to find required '%s'.", p.Name, lacks)
		}
		if !g.InsecureFork {
			c.afterf(diag.Warning, diag.Unsafe, p, "Proxy '%s' : 'insecure-fork-wanted' not enabled in the global section, 'option external-check' will likely fail.", p.Name)
		}
		if lacks != "" {
			return false
		}
	}
	return true
}
