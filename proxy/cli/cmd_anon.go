package cli

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync/atomic"

	"tandem/parser/keyword"
	"tandem/proxy/sample"
)

// anonCommands choose the key by which names are hidden.
var anonCommands = []*keyword.Def[Command]{
	command("debug dev hash", "   [msg]", User, "hash a text as dumps do.", func(c *Call) { c.printf("%s\n", c.sess.hidden(c.arg(0))) }),
	command("set anon global-key", " <value>", Admin, "change the key of hidden names.", setGlobalKey),
	command("set anon off", "", User, "show names in dumps.", func(c *Call) { c.sess.anon = 0 }),
	command("set anon on", " [value]", User, "hide names in dumps.", anonOn),
	command("show anon", "", User, "say whether names are hidden.", showAnon),
}

// anonKey is the key of the process, for connections that name none; 0: unset.
var anonKey atomic.Uint32

// hidden is a text as this connection may see it.
func (s *session) hidden(text string) string {
	if s.anon == 0 {
		return text
	}
	return fmt.Sprintf("%06x", sample.XXH32([]byte(text), s.anon)&0xffffff)
}

func setGlobalKey(c *Call) {
	if k, err := strconv.ParseUint(c.arg(0), 10, 32); err == nil {
		anonKey.Store(uint32(k))
	}
}

func anonOn(c *Call) {
	switch k := anonKey.Load(); {
	case c.arg(0) != "":
		n, err := strconv.ParseUint(c.arg(0), 10, 32)
		if err != nil || n == 0 {
			c.fail("Value out of range (1 to 4294967295 expected).")
			return
		}
		c.sess.anon = uint32(n)
	case k != 0:
		c.sess.anon = k
	default:
		c.sess.anon = rand.Uint32() | 1
	}
}

func showAnon(c *Call) {
	if c.sess.anon == 0 {
		c.printf("Anonymized mode disabled\n")
		return
	}
	c.printf("Anonymized mode enabled\nKey : %d\n", c.sess.anon)
}
