package cli

import (
	"sort"
	"strings"

	"tandem/parser/keyword"
)

// helpColumn is where descriptions begin.
const helpColumn = 40

// maxSuggestions is how many commands an unknown one is answered with.
const maxSuggestions = 5

// helpLine prints one command as help lists it.
func helpLine(usage, doc string) string {
	if pad := helpColumn - len(usage); pad > 0 {
		usage += strings.Repeat(" ", pad)
	}
	return "  " + strings.TrimSuffix(usage, " ") + " : " + strings.TrimSuffix(doc, ".") + "\n"
}

// lastInHelp are the commands that every list ends with.
var lastInHelp = [...]string{"help", "prompt", "quit"}

func isLast(name string) bool {
	for _, n := range lastInHelp {
		if n == name {
			return true
		}
	}
	return false
}

// list prints the given commands and those that every list ends with.
func (c *Call) list(defs []*keyword.Def[Command]) {
	for _, d := range defs {
		if !isLast(d.Name) {
			c.printf("%s", helpLine(commandOf(d).Usage, d.Doc))
		}
	}
	for _, n := range lastInHelp {
		if d := c.sess.table.Lookup(n); d != nil {
			c.printf("%s", helpLine(commandOf(d).Usage, d.Doc))
		}
	}
}

// listed returns the commands that help shows on this connection.
func (s *session) listed() []*keyword.Def[Command] {
	var out []*keyword.Def[Command]
	for _, d := range s.table.All() {
		cmd := commandOf(d)
		if cmd.Secret || cmd.Expert && !s.expert || d.Flags.Has(keyword.Experimental) && !s.trial {
			continue
		}
		out = append(out, d)
	}
	return out
}

// unknown answers words that no command begins with by those that are alike.
func (c *Call) unknown(list []string) {
	near := alike(c.sess.listed(), list)
	c.say(Info, "Unknown command: '%s', but maybe one of the following ones is a better match:", list[0])
	c.list(near)
}

// help answers "help [<command>]".
func help(c *Call) {
	defs := c.sess.listed()
	if len(c.Args) > 0 {
		defs = alike(defs, c.Args)
	}
	c.printf("The following commands are valid at this level:\n")
	c.list(defs)
}

// alike returns the commands that agree with as many of the words as any
// does; where the next word is a wrong one, those that have one like it.
func alike(defs []*keyword.Def[Command], list []string) []*keyword.Def[Command] {
	most := 0
	agree := make([]int, len(defs))
	for i, d := range defs {
		agree[i] = agreement(strings.Fields(d.Name), list)
		most = max(most, agree[i])
	}
	var same []*keyword.Def[Command]
	for i, d := range defs {
		if most > 0 && agree[i] == most {
			same = append(same, d)
		}
	}
	if most == len(list) {
		return same
	}
	if most == 0 {
		same = defs
	}
	// Where nothing is alike, the list of those that agree is still the answer.
	if near := nearest(same, list[most], most); len(near) > 0 || most == 0 {
		return near
	}
	return same
}

// agreement counts the words that a name and a command line begin with alike.
func agreement(name, list []string) int {
	n := 0
	for n < len(name) && n < len(list) && name[n] == list[n] {
		n++
	}
	return n
}

// nearest returns the commands that have a word like the given one behind
// their first skip words, at most maxSuggestions of them, in table order.
func nearest(defs []*keyword.Def[Command], word string, skip int) []*keyword.Def[Command] {
	type scored struct{ i, d int }
	var list []scored
	for i, d := range defs {
		best := 1 << 30
		for _, w := range strings.Fields(d.Name)[skip:] {
			if k := edits(word, w); k <= max(len(word), len(w))/2 {
				best = min(best, k)
			}
		}
		if best < 1<<30 {
			list = append(list, scored{i, best})
		}
	}
	sort.SliceStable(list, func(a, b int) bool { return list[a].d < list[b].d })
	list = list[:min(len(list), maxSuggestions)]
	sort.Slice(list, func(a, b int) bool { return list[a].i < list[b].i })
	var out []*keyword.Def[Command]
	for _, x := range list {
		out = append(out, defs[x.i])
	}
	return out
}

// edits is the number of letters to insert, delete or replace to get from a to b.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diag := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diag
			if a[i] != b[j] {
				cost++
			}
			diag = row[j+1]
			row[j+1] = min(cost, diag+1, row[j]+1)
		}
	}
	return row[len(b)]
}
