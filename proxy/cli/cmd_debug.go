package cli

import (
	"os"
	"strconv"
	"strings"
	"time"

	"tandem/parser/keyword"
)

// debugCommands are for those who look for faults of the program itself. Of
// the original's those are here that have a meaning for this one.
var debugCommands = []*keyword.Def[Command]{
	debugCommand("delay", "  [ms]", "wait so long.", debugDelay),
	debugCommand("exit", "   [code]", "end the process at once.", func(c *Call) { os.Exit(c.number(0)) }),
	debugCommand("log", "    [msg] ...", "send the words to the global logs.", debugLog),
	debugCommand("panic", "", "end the process with a dump of its goroutines.", func(*Call) { panic("debug dev panic") }),
	debugCommand("write", "  [size]", "answer with so many bytes.", debugWrite),
}

func debugCommand(name, usage, doc string, run func(*Call)) *keyword.Def[Command] {
	name = "debug dev " + name
	return define(keyword.Spec{Name: name, Doc: doc}, Command{Usage: name + usage, Level: Admin, Expert: true, Run: run})
}

// number reads argument i, 0 where there is none.
func (c *Call) number(i int) int {
	n, _ := strconv.Atoi(c.arg(i))
	return n
}

func debugDelay(c *Call) {
	ms := 100
	if c.arg(0) != "" {
		ms = c.number(0)
	}
	c.sleep(time.Duration(ms) * time.Millisecond)
}

func debugLog(c *Call) {
	if c.Log != nil {
		c.Log(c.rest(0))
	}
}

// debugWriteLine is how many bytes of the answer stand on a line.
const debugWriteLine = 64

func debugWrite(c *Call) {
	for n := max(0, c.number(0)); n > 0; n -= debugWriteLine {
		c.printf("%s\n", strings.Repeat(".", min(n, debugWriteLine)))
	}
}
