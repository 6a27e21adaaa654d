package config

import (
	"slices"
	"strings"

	"tandem/proxy/stick"
)

// Tables returns all stick tables: those of proxies in order, then those of
// peers sections by name.
func (c *Config) Tables() []*stick.Table {
	var out []*stick.Table
	for _, p := range c.Proxies {
		if t, ok := any(p.StickTable).(*stick.Table); ok && t != nil {
			out = append(out, t)
		}
	}
	n := len(out)
	for _, t := range c.Others.Tables {
		out = append(out, t)
	}
	slices.SortFunc(out[n:], func(a, b *stick.Table) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// adoptTables gives the tables the entries that those of the configuration
// before had, and forgets tables that are gone.
func (c *Config) adoptTables() {
	if c.sticks == nil {
		return
	}
	names := map[string]bool{}
	for _, t := range c.Tables() {
		c.sticks.Adopt(t)
		names[t.Name] = true
	}
	c.sticks.Keep(names)
}
