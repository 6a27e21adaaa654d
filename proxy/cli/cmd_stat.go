package cli

import (
	"strconv"

	"tandem/parser/keyword"
	"tandem/stats"
)

// statCommands show and reset counters (management manual 9.1 to 9.3).
var statCommands = []*keyword.Def[Command]{
	command("show info", " [desc|json|typed|float]*", User, "report about the running process.", showInfo),
	command("show stat", " [desc|json|no-maint|typed|up]*", User, "report the counters of proxies and servers.", showStat),
	command("show schema json", "", User, "describe the JSON of other commands.", func(c *Call) { c.printf("%s", stats.JSONSchema) }),
	command("clear counters", " [all|server <bk>/<srv> [force]]", Operator, "reset maximums, or all counters.", clearCounters),
	command("dump stats-file", "", User, "dump the counters for a later start.", dumpStats),
}

// outputOf reads the words that choose a format.
type outputOf struct{ typed, json, desc, up, noMaint bool }

func (o *outputOf) take(words []string) {
	for _, w := range words {
		switch w {
		case "typed":
			o.typed = true
		case "json":
			o.json = true
		case "desc":
			o.desc = true
		case "up":
			o.up = true
		case "no-maint":
			o.noMaint = true
		}
	}
}

func showInfo(c *Call) {
	var o outputOf
	o.take(c.Args)
	in := c.Information()
	switch {
	case o.json:
		c.write(in.AppendJSON(nil))
	case o.typed:
		c.write(in.AppendTyped(nil, o.desc))
	default:
		c.write(in.AppendText(nil, o.desc))
	}
}

// showStat answers "show stat [{<iid>|<proxy>} <type> <sid>] [words]*".
func showStat(c *Call) {
	f := stats.Filter{ProxyID: -1, Kinds: stats.All, ID: -1}
	words := c.Args
	if c.arg(0) == "domain" {
		switch c.arg(1) {
		case "resolvers":
			showResolverStats(c)
			return
		case "proxy":
			c.Args = c.Args[2:]
			words = c.Args
		default:
			c.fail("Invalid statistics domain.")
			return
		}
	}
	if len(c.Args) >= 3 && isInt(c.arg(1)) && isInt(c.arg(2)) {
		if id, err := strconv.Atoi(c.arg(0)); err == nil {
			f.ProxyID = int64(id)
		} else if p := c.proxyOf(c.arg(0), keyword.Listen); p != nil {
			f.ProxyID = int64(p.ID)
		} else {
			c.fail("No such proxy.")
			return
		}
		kinds, _ := strconv.Atoi(c.arg(1))
		id, _ := strconv.Atoi(c.arg(2))
		f.Kinds, f.ID = stats.KindsOf(kinds), int64(id)
		words = c.Args[3:]
	}
	var o outputOf
	o.take(words)
	f.HideDown, f.HideMaint = o.up, o.noMaint
	rows := f.Apply(c.Snapshot(c.sess.level >= Operator))
	switch {
	case o.json:
		c.write(stats.JSON(rows))
	case o.typed:
		c.write(stats.Typed(rows, o.desc))
	default:
		c.write(stats.CSV(rows))
	}
}

func isInt(s string) bool { _, err := strconv.Atoi(s); return err == nil }

// clearCounters answers "clear counters [all|server <bk>/<srv> [force]]".
func clearCounters(c *Call) {
	all := false
	switch c.arg(0) {
	case "server":
		c.Args = c.Args[1:]
		if !c.allowed(Admin) {
			return
		}
		if _, s := c.target(); s != nil {
			s.Stats.Clear(true)
			c.say(Info, "Server counters cleared.")
		}
		return
	case "all":
		if !c.allowed(Admin) {
			return
		}
		all = true
	}
	for _, p := range c.Config().Proxies {
		if p.Front != nil {
			p.Front.Stats.Clear(all)
			if c.Listeners != nil {
				for _, l := range c.Listeners(p.Front) {
					l.Stats.Clear(all)
				}
			}
		}
		if p.Back != nil {
			p.Back.Stats.Clear(all)
			for _, s := range p.Back.Servers() {
				s.Stats.Clear(all)
			}
		}
	}
	c.process().Clear(all)
}

// dumpStats answers "dump stats-file" (management manual 9.5). Objects
// without a GUID cannot be found again by a later process and are left out.
func dumpStats(c *Call) {
	rows := c.Snapshot(false)
	for _, side := range [...]struct {
		name  string
		kinds stats.KindSet
		cols  []stats.Col
	}{
		{"fe", stats.Frontends | stats.Listeners, fileFrontCols},
		{"be", stats.Backends | stats.Servers, fileBackCols},
	} {
		c.printf("#%s guid", side.name)
		for _, col := range side.cols {
			c.printf(",%s", stats.Columns()[col].Name)
		}
		c.printf("\n")
		for i := range rows {
			guid := c.guidOf(&rows[i])
			if !side.kinds.Has(rows[i].Kind) || guid == "" {
				continue
			}
			c.printf("%s", guid)
			for _, col := range side.cols {
				v, _ := rows[i].Value(col)
				c.printf(",%d", v.N)
			}
			c.printf("\n")
		}
		c.printf("\n")
	}
}

var (
	fileFrontCols = []stats.Col{stats.ColStot, stats.ColBin, stats.ColBout, stats.ColDreq, stats.ColDresp, stats.ColEreq,
		stats.ColReqTot, stats.ColIntercepted, stats.ColDcon, stats.ColDses, stats.ColWrew, stats.ColEint}
	fileBackCols = []stats.Col{stats.ColStot, stats.ColBin, stats.ColBout, stats.ColDreq, stats.ColDresp, stats.ColEcon,
		stats.ColEresp, stats.ColWretr, stats.ColWredis, stats.ColChkfail, stats.ColChkdown, stats.ColLbtot, stats.ColCliAbrt, stats.ColSrvAbrt}
)

// guidOf returns the GUID of the object that a row is about, "" if it has none.
func (c *Call) guidOf(r *stats.Row) string {
	for _, p := range c.Config().Proxies {
		if uint32(p.ID) != r.ProxyID {
			continue
		}
		switch r.Kind {
		case stats.KindServer:
			if s := serverOf(p, r.Name); s != nil {
				return s.Params.GUID
			}
		case stats.KindFrontend, stats.KindBackend:
			return p.GUID
		}
	}
	return ""
}
