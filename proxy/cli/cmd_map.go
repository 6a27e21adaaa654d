package cli

import (
	"strconv"
	"strings"

	"tandem/parser/keyword"
	"tandem/proxy/pattern"
)

// mapCommands change and show maps and the pattern lists of ACLs.
var mapCommands = []*keyword.Def[Command]{
	command("show map", " [@<ver>] [map]", Admin, "list the maps, or dump one.", func(c *Call) { showPatterns(c, true) }),
	command("show acl", " [@<ver>] <acl>", Admin, "list the ACL lists, or dump one.", func(c *Call) { showPatterns(c, false) }),
	command("get map", " <map> <value>", Admin, "say which keys a value matches.", func(c *Call) { getPattern(c, true) }),
	command("get acl", " <acl> <value>", Admin, "say which patterns a value matches.", func(c *Call) { getPattern(c, false) }),
	command("add map", " [@<ver>] <map> <key> <val>", Admin, "add an entry (or those of a payload).", addMap),
	command("add acl", " [@<ver>] <acl> <pattern>", Admin, "add a pattern.", addACL),
	command("set map", " <map> [<key>|#<ref>] <value>", Admin, "change the value of an entry.", setMap),
	command("del map", " <map> [<key>|#<ref>]", Admin, "delete the entries of a key.", func(c *Call) { delPattern(c, true) }),
	command("del acl", " <acl> [<key>|#<ref>]", Admin, "delete a pattern.", func(c *Call) { delPattern(c, false) }),
	command("clear map", " [@<ver>] <map>", Admin, "delete all entries.", func(c *Call) { clearPatterns(c, true) }),
	command("clear acl", " [@<ver>] <acl>", Admin, "delete all patterns.", func(c *Call) { clearPatterns(c, false) }),
	command("prepare map", " <map>", Admin, "begin a new version.", func(c *Call) { preparePatterns(c, true) }),
	command("prepare acl", " <acl>", Admin, "begin a new version.", func(c *Call) { preparePatterns(c, false) }),
	command("commit map", " @<ver> <map>", Admin, "make a version the one in force.", func(c *Call) { commitPatterns(c, true) }),
	command("commit acl", " @<ver> <acl>", Admin, "make a version the one in force.", func(c *Call) { commitPatterns(c, false) }),
}

// kindOf is how feedback calls a list.
func kindOf(isMap bool) string {
	if isMap {
		return "map"
	}
	return "acl"
}

func titleOf(isMap bool) string {
	if isMap {
		return "map"
	}
	return "ACL"
}

// listNamed finds a list. If there is none, that is the answer.
func (c *Call) listNamed(name string, isMap bool) *pattern.List {
	l := c.patterns().Lookup(name)
	if name == "" || l == nil || isMap && !l.IsMap || !isMap && !l.IsACL {
		c.fail("Unknown %s identifier. Please use #<id> or <file>.", titleOf(isMap))
		return nil
	}
	return l
}

// version takes "@<ver>" from the front of the arguments; 0 without one.
func (c *Call) version() (ver uint32, given bool) {
	text, ok := strings.CutPrefix(c.arg(0), "@")
	if !ok {
		return 0, false
	}
	c.Args = c.Args[1:]
	n, _ := strconv.ParseUint(text, 10, 32)
	return uint32(n), true
}

// refOf reads "#0x12", the identity that dumps print.
func refOf(key string) (id uint64, ok bool) {
	rest, ok := strings.CutPrefix(key, "#0x")
	if !ok {
		return 0, false
	}
	id, err := strconv.ParseUint(rest, 16, 64)
	return id, err == nil
}

func showPatterns(c *Call, isMap bool) {
	ver, given := c.version()
	if c.arg(0) == "" {
		c.printf("# id (file) description\n")
		for _, l := range c.patterns().Lists() {
			if isMap && !l.IsMap || !isMap && !l.IsACL {
				continue
			}
			curr, next := l.Versions()
			c.printf("%d (%s) %s. curr_ver=%d next_ver=%d entry_cnt=%d\n", l.ID, l.Name, l.Where, curr, next, len(l.Entries(0)))
		}
		return
	}
	l := c.listNamed(c.arg(0), isMap)
	if l == nil {
		return
	}
	curr, _ := l.Versions()
	if given && ver == curr {
		ver = 0
	}
	for _, e := range l.Entries(ver) {
		if l.IsMap {
			c.printf("%#x %s %s\n", e.ID, e.Key, e.Value())
		} else {
			c.printf("%#x %s\n", e.ID, e.Key)
		}
	}
}

func getPattern(c *Call, isMap bool) {
	if c.arg(0) == "" || c.arg(1) == "" {
		c.fail("Missing %s identifier and/or key.", titleOf(isMap))
		return
	}
	l := c.listNamed(c.arg(0), isMap)
	if l == nil {
		return
	}
	found := "match"
	if isMap {
		found = "found"
	}
	for _, m := range l.Lookups(c.arg(1)) {
		fold := "sensitive"
		if m.Fold {
			fold = "insensitive"
		}
		c.printf("type=%s, case=%s, %s=", m.Method, fold, found)
		if m.Entry == nil {
			c.printf("no\n")
			continue
		}
		idx := "list"
		if m.Tree {
			idx = "tree"
		}
		c.printf("yes, idx=%s, ", idx)
		if isMap {
			c.printf("key=\"%s\", value=\"%s\", type=\"str\"\n", m.Entry.Key, m.Entry.Value())
		} else {
			c.printf("pattern=\"%s\"\n", m.Entry.Key)
		}
	}
}

// inRange says whether a version may be filled; if not, that is the answer.
func (c *Call) inRange(l *pattern.List, ver uint32, isMap bool) bool {
	if _, next := l.Versions(); ver > next {
		c.fail("Version number in the future, please use 'prepare %s' before.", kindOf(isMap))
		return false
	}
	return true
}

func addMap(c *Call) {
	ver, _ := c.version()
	if c.arg(0) == "" || !c.HasLoad && c.arg(2) == "" {
		c.fail("'add map' expects three parameters (map identifier, key and value) or one parameter (map identifier) and a payload")
		return
	}
	l := c.listNamed(c.arg(0), true)
	if l == nil || !c.inRange(l, ver, true) {
		return
	}
	if !c.HasLoad {
		c.added(l.Add(ver, c.arg(1), c.rest(2)))
		return
	}
	for line := range strings.SplitSeq(c.Payload, "\n") {
		line = strings.Trim(line, " \t\r")
		if line == "" {
			continue
		}
		i := strings.IndexAny(line, " \t")
		if i < 0 {
			c.fail("Missing value for key '%s'.", line)
			return
		}
		if err := l.Add(ver, line[:i], strings.TrimLeft(line[i:], " \t")); err != nil {
			c.added(err)
			return
		}
	}
}

// added answers what came of adding an entry.
func (c *Call) added(err error) {
	if err != nil {
		c.fail("%s.", strings.TrimSuffix(err.Error(), "."))
		return
	}
	c.process().PatternsAdded.Add(1)
}

func addACL(c *Call) {
	ver, _ := c.version()
	if c.arg(0) == "" || c.arg(1) == "" {
		c.fail("'add acl' expects two parameters: ACL identifier and pattern.")
		return
	}
	l := c.patterns().Lookup(c.arg(0))
	switch {
	case l != nil && l.IsMap:
		c.fail("This ACL is shared with a map containing samples. You must use the command 'add map' to add values.")
	case c.listNamed(c.arg(0), false) == nil || !c.inRange(l, ver, false):
	default:
		c.added(l.Add(ver, c.arg(1), ""))
	}
}

func setMap(c *Call) {
	if c.arg(2) == "" {
		c.fail("'set map' expects three parameters: map identifier, key and value.")
		return
	}
	l := c.listNamed(c.arg(0), true)
	if l == nil {
		return
	}
	if id, ok := refOf(c.arg(1)); ok {
		if l.SetValueID(id, c.arg(2)) != nil {
			c.fail("key or pattern not found.")
		}
		return
	}
	if l.SetValue(c.arg(1), c.arg(2)) != nil {
		c.fail("entry not found.")
	}
}

func delPattern(c *Call, isMap bool) {
	if c.arg(1) == "" {
		c.fail("This command expects two parameters: %s identifier and key.", titleOf(isMap))
		return
	}
	l := c.listNamed(c.arg(0), isMap)
	if l == nil {
		return
	}
	var err error
	if id, ok := refOf(c.arg(1)); ok {
		err = l.DeleteID(id)
	} else {
		err = l.Delete(c.arg(1))
	}
	if err != nil {
		c.fail("Key not found.")
		return
	}
	c.process().PatternsFreed.Add(1)
}

func clearPatterns(c *Call, isMap bool) {
	ver, _ := c.version()
	if c.arg(0) == "" {
		c.fail("Missing %s identifier.", titleOf(isMap))
		return
	}
	if l := c.listNamed(c.arg(0), isMap); l != nil {
		n := len(l.Entries(ver))
		if l.Clear(ver) == nil { // a version that is not there has nothing to clear
			c.process().PatternsFreed.Add(uint64(n))
		}
	}
}

func preparePatterns(c *Call, isMap bool) {
	if l := c.listNamed(c.arg(0), isMap); l != nil {
		c.printf("New version created: %d\n", l.Prepare())
	}
}

func commitPatterns(c *Call, isMap bool) {
	ver, given := c.version()
	if !given {
		c.fail("Missing version number.")
		return
	}
	if l := c.listNamed(c.arg(0), isMap); l != nil && l.Commit(ver) != nil {
		c.fail("Version number out of range.")
	}
}
