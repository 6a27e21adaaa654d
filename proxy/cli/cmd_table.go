package cli

import (
	"strconv"
	"strings"

	"tandem/parser/keyword"
	"tandem/proxy/stick"
)

// tableCommands show and change stick tables.
var tableCommands = []*keyword.Def[Command]{
	command("show table", " [<table> [<filter>]*]", User, "list the stick tables, or dump one (filter: data/key).", showTable),
	command("set table", " <table> key <k> [data.* <v>]*", User, "create an entry or change its data.", setTable),
	command("clear table", " <table> [<filter>]*", User, "remove entries (filter: data/key).", clearTable),
}

// tables returns the stick tables in the order of the configuration.
func (e *Env) tables() []*stick.Table { return e.Config().Tables() }

// tableMS is the clock of stick tables.
func (e *Env) tableMS() int64 { return e.now().UnixMilli() }

// table finds the table that the first argument names. If there is none, that
// is the answer.
func (c *Call) table() *stick.Table {
	for _, t := range c.tables() {
		if t.Name == c.arg(0) {
			return t
		}
	}
	c.fail("No such table")
	return nil
}

// entries are the ones that a command is about.
type entries struct {
	key     *string
	ptr     *uintptr
	filters []stick.Filter
}

// usage is what wrong words are answered with.
var tableUsage = map[string]string{
	"show":  `Optional argument only supports "data.<store_data_type>" <operator> <value> or key <key> or ptr <ptr>`,
	"set":   "Required arguments: <table> key <key> [data.<store_data_type> <value>]* or <table> ptr <ptr> [data.<store_data_type> <value>]*",
	"clear": `Required arguments: <table> "data.<store_data_type>" <operator> <value> or <table> key <key> or <table> ptr <ptr>`,
}

// selection reads which entries are meant; false: it answered what is wrong.
func (c *Call) selection(t *stick.Table, verb string) (x entries, ok bool) {
	switch {
	case c.arg(1) == "":
		return x, true
	case c.arg(1) == "key":
		key := c.arg(2)
		if key == "" {
			c.fail("Key value expected")
			return x, false
		}
		x.key = &key
		return x, true
	case c.arg(1) == "ptr":
		n, err := strconv.ParseUint(c.arg(2), 0, 64)
		if err != nil {
			c.fail("Pointer expected (0xffff notation)")
			return x, false
		}
		p := uintptr(n)
		x.ptr = &p
		return x, true
	case strings.HasPrefix(c.arg(1), "data.") && verb != "set":
		return x, c.filters(t, &x)
	}
	c.fail("%s", tableUsage[verb])
	return x, false
}

// filters reads "data.<type> <operator> <value>" as often as it is there.
func (c *Call) filters(t *stick.Table, x *entries) bool {
	for i := 1; i < len(c.Args); i += 3 {
		n := (i + 2) / 3
		d, index, ok := stick.ParseData(c.arg(i))
		switch {
		case !ok:
			c.fail("Filter entry #%d: Unknown data type", n)
			return false
		case !t.Stores(d):
			c.fail("Filter entry #%d: Data type not stored in this table", n)
			return false
		}
		op := c.arg(i + 1)
		switch op {
		case "eq", "ne", "le", "ge", "lt", "gt":
		default:
			c.fail(`Filter entry #%d: Require and operator among "eq", "ne", "le", "ge", "lt", "gt"`, n)
			return false
		}
		v, err := strconv.ParseUint(c.arg(i+2), 10, 64)
		if err != nil {
			c.fail("Filter entry #%d: Require a valid integer value to compare against", n)
			return false
		}
		x.filters = append(x.filters, stick.Filter{Data: d, Index: index, Op: op, Value: v})
	}
	return true
}

// pick returns the chosen entries; it answers where the key is none.
func (c *Call) pick(t *stick.Table, x *entries, now int64) ([]*stick.Entry, bool) {
	switch {
	case x.key != nil:
		key, err := t.ParseKey(*x.key)
		if err != nil {
			c.fail("%s", err)
			return nil, false
		}
		if e := t.Lookup(key, now); e != nil {
			return []*stick.Entry{e}, true
		}
		return nil, true
	case x.ptr != nil:
		if e := t.Find(*x.ptr, now); e != nil {
			return []*stick.Entry{e}, true
		}
		c.fail("No such entry.")
		return nil, false
	}
	var out []*stick.Entry
	for _, e := range t.Entries(now) {
		pass := true
		for i := range x.filters {
			pass = pass && x.filters[i].Pass(e, now)
		}
		if pass {
			out = append(out, e)
		}
	}
	return out, true
}

func showTable(c *Call) {
	now := c.tableMS()
	if c.arg(0) == "" {
		for _, t := range c.tables() {
			c.write(t.AppendHead(nil, now))
		}
		return
	}
	t := c.table()
	if t == nil {
		return
	}
	if c.sess.level < Operator {
		c.write(t.AppendHead(nil, now))
		c.printf("# contents not dumped due to insufficient privileges\n")
		return
	}
	x, ok := c.selection(t, "show")
	if !ok {
		return
	}
	list, ok := c.pick(t, &x, now)
	if !ok || x.key != nil && len(list) == 0 {
		return
	}
	c.write(t.AppendHead(nil, now))
	var line []byte
	for _, e := range list {
		line = t.AppendRow(line[:0], e, now)
		c.write(line)
	}
}

func setTable(c *Call) {
	if c.arg(0) == "" {
		c.fail("%s", tableUsage["set"])
		return
	}
	t := c.table()
	if t == nil || c.arg(1) == "" {
		return
	}
	if !c.allowed(Operator) {
		return
	}
	x, ok := c.selection(t, "set")
	if !ok {
		return
	}
	now := c.tableMS()
	var e *stick.Entry
	if x.key != nil {
		key, err := t.ParseKey(*x.key)
		if err != nil {
			c.fail("%s", err)
			return
		}
		if e = t.Entry(key, now); e == nil {
			c.fail("Unable to allocate a new entry")
			return
		}
	} else if list, ok := c.pick(t, &x, now); ok {
		e = list[0]
	}
	if e != nil {
		c.setData(t, e, now)
	}
}

// setData reads "data.<type> <value>" pairs into an entry.
func (c *Call) setData(t *stick.Table, e *stick.Entry, now int64) {
	for i := 3; i < len(c.Args); i += 2 {
		d, index, ok := stick.ParseData(c.arg(i))
		switch {
		case !strings.HasPrefix(c.arg(i), "data."):
			c.fail(`"data.<type>" followed by a value expected`)
			return
		case !ok:
			c.fail("Unknown data type")
			return
		case !t.Stores(d):
			c.fail("Data type not stored in this table")
			return
		}
		v, err := strconv.ParseUint(c.arg(i+1), 10, 64)
		if err != nil {
			c.fail("Require a valid integer value to store")
			return
		}
		if !e.Set(d, index, v, now) {
			c.fail("Data type not stored in this table")
			return
		}
	}
	t.Refresh(e, now)
}

func clearTable(c *Call) {
	if c.arg(0) == "" {
		c.fail("%s", tableUsage["clear"])
		return
	}
	t := c.table()
	if t == nil || !c.allowed(Operator) {
		return
	}
	x, ok := c.selection(t, "clear")
	if !ok {
		return
	}
	list, ok := c.pick(t, &x, c.tableMS())
	if !ok {
		return
	}
	for _, e := range list {
		if !t.Delete(e) && x.key != nil {
			c.fail("Entry currently in use, cannot remove")
		}
	}
}
