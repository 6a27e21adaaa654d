package config

import (
	"slices"

	"tandem/parser/diag"
	"tandem/parser/source"
)

// firstPass are the words of global sections that the original reads in a
// first pass over all files, together with quotes and conditions: what is
// wrong with them is told before all else.
var firstPass = map[string]bool{
	"daemon": true, "expose-deprecated-directives": true, "localpeer": true, "master-worker": true, "mworker-max-reloads": true,
	"noepoll": true, "noevports": true, "nokqueue": true, "noktls": true, "nopoll": true, "pidfile": true, "quiet": true, "zero-warning": true,
	"setenv": true, "presetenv": true, "unsetenv": true, "resetenv": true,
}

// noteEarly marks the alerts from message i on as found in the first pass.
func (c *compiler) noteEarly(i int) {
	for ; i < len(c.diags.All); i++ {
		if c.diags.All[i].Severity == diag.Alert {
			c.early = append(c.early, i)
		}
	}
}

// tellEarly puts what the first pass finds before all other messages, in the
// order of the text, and says whether there is any.
func (c *compiler) tellEarly(files []*source.File) bool {
	all := c.diags.All
	if !slices.ContainsFunc(c.early, func(i int) bool { return all[i].Severity == diag.Alert }) {
		return false
	}
	order := map[*source.File]int{}
	for i, f := range files {
		order[f] = i
	}
	slices.SortStableFunc(c.early, func(i, j int) int {
		a, b := all[i].Span, all[j].Span
		if a.File != b.File {
			return order[a.File] - order[b.File]
		}
		return int(a.Start - b.Start)
	})
	moved := make([]bool, len(all))
	told := make([]diag.Diagnostic, 0, len(all))
	for _, i := range c.early {
		moved[i] = true
		told = append(told, all[i])
	}
	for i := range all {
		if !moved[i] {
			told = append(told, all[i])
		}
	}
	copy(all, told)
	return true
}

// onlyEarly leaves what the first pass found: the original reads no further
// then. By default all is told in one run.
func (c *compiler) onlyEarly(files []*source.File) {
	early := slices.Clone(c.diags.All[:len(c.early)])
	c.diags.Keep(nil)
	for _, f := range files {
		found := false
		for i := range early {
			if early[i].Span.File == f && early[i].Severity == diag.Alert {
				c.diags.Add(early[i])
				found = true
			}
		}
		if found {
			c.bare("Error(s) found in configuration file : " + f.Name)
		}
	}
	if !c.broken {
		c.bare("Fatal errors found in configuration.")
	}
}
