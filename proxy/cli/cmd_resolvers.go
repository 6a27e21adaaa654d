package cli

import (
	"tandem/parser/keyword"
	"tandem/proxy/resolve"
)

// resolverCommands show what name servers do.
var resolverCommands = []*keyword.Def[Command]{
	command("show resolvers", " [id]", User, "show the counters of name servers.", showResolvers),
}

func showResolvers(c *Call) {
	found := false
	for _, r := range c.Config().Resolvers {
		if name := c.arg(0); name != "" && name != r.Section.Name {
			continue
		}
		found = true
		c.printf("Resolvers section %s\n", r.Section.Name)
		for i, ns := range r.Section.NameServers {
			c.printf(" nameserver %s:\n", ns.Name)
			n := r.Counters(i)
			for k, name := range resolve.CounterNames {
				c.printf("  %-12s %d\n", name+":", n[k].Load())
			}
		}
	}
	switch {
	case found:
	case c.arg(0) != "":
		c.fail("Can't find that resolvers section")
	default:
		c.fail("No resolvers found")
	}
}

// showResolverStats answers "show stat domain resolvers" as CSV.
func showResolverStats(c *Call) {
	c.printf("# id,pid,")
	for k, name := range resolve.CounterNames {
		if resolve.Counter(k) == resolve.SendError {
			name = "send_error"
		}
		c.printf("%s,", name)
	}
	c.printf("\n")
	for _, r := range c.Config().Resolvers {
		for i, ns := range r.Section.NameServers {
			c.printf("%s,%s,", ns.Name, r.Section.Name)
			for k := range r.Counters(i) {
				c.printf("%d,", r.Counters(i)[k].Load())
			}
			c.printf("\n")
		}
	}
}
