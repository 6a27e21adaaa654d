package stats

import (
	"fmt"
	"html"
	"net/url"
	"strconv"
	"strings"
)

// Page is one view of the statistics page.
type Page struct {
	URI     string // path of the page, without the ";" options
	Product string // name in the title, e.g. "HAProxy"
	Version string // shown unless empty ("stats hide-version")
	Node    string // shown unless empty ("stats show-node")
	Desc    string // shown unless empty ("stats show-desc")
	Legends bool   // "stats show-legends": addresses, ids, algorithms
	Modules bool   // "stats show-modules"
	Admin   bool   // check boxes and actions ("stats admin" holds)
	Refresh int    // seconds ("stats refresh"), 0: none

	Query PageQuery
	Info  *Info
	Rows  []Row // all rows; Query decides which are shown
}

// PageQuery is what the request's URI asks for behind the path, such as
// ";up;norefresh?scope=www".
type PageQuery struct {
	Format    string // "html", "csv", "typed", "json", "json-schema"
	HideDown  bool   // ;up
	HideMaint bool   // ;no-maint
	NoRefresh bool   // ;norefresh
	Result    string // ;st=<code> left by an action
	Scope     string // ?scope=, at most 20 characters
}

// MaxScope is the longest scope filter accepted.
const MaxScope = 20

// ParsePageQuery reads what follows the statistics path in a request target.
// Words that are not known are ignored: the page is read by people.
func ParsePageQuery(rest string) PageQuery {
	q := PageQuery{Format: "html"}
	// The page's own address may hold a '?' already: options and parameters
	// may stand on either side of one.
	for _, o := range strings.FieldsFunc(rest, func(r rune) bool { return r == ';' || r == '?' || r == '&' }) {
		switch {
		case o == "csv", o == "json", o == "typed", o == "json-schema":
			q.Format = o
		case o == "up":
			q.HideDown = true
		case o == "no-maint":
			q.HideMaint = true
		case o == "norefresh":
			q.NoRefresh = true
		case strings.HasPrefix(o, "st="):
			q.Result = o[len("st="):]
		case strings.HasPrefix(o, "scope="):
			if v, err := url.QueryUnescape(o[len("scope="):]); err == nil {
				q.Scope = v[:min(len(v), MaxScope)]
			}
		}
	}
	return q
}

// Filter returns the row filter that the query stands for.
func (q *PageQuery) Filter() Filter {
	return Filter{HideDown: q.HideDown, HideMaint: q.HideMaint, Scope: q.Scope}
}

// Link returns the address of the page with the given options in place of its
// own, e.g. Link("csv", "norefresh"). The scope stays.
func (p *Page) Link(options ...string) string {
	s := p.URI
	for _, o := range options {
		if o != "" {
			s += ";" + o
		}
	}
	if p.Query.Scope != "" {
		s += "?scope=" + url.QueryEscape(p.Query.Scope)
	}
	return s
}

// writer collects HTML. Everything from outside goes through text.
type writer struct{ strings.Builder }

func (w *writer) raw(parts ...string) {
	for _, s := range parts {
		w.WriteString(s)
	}
}

func (w *writer) text(s string)                { w.WriteString(html.EscapeString(s)) }
func (w *writer) f(format string, args ...any) { fmt.Fprintf(w, format, args...) }

// HTML renders the page.
func (p *Page) HTML() []byte {
	w := &writer{}
	p.head(w)
	p.general(w)
	p.result(w)
	filter := p.Query.Filter()
	rows := filter.Apply(p.Rows)
	for len(rows) > 0 {
		n := 1
		for n < len(rows) && rows[n].ProxyID == rows[0].ProxyID {
			n++
		}
		p.table(w, rows[:n])
		rows = rows[n:]
	}
	w.raw("</body></html>\n")
	return []byte(w.String())
}

func (p *Page) head(w *writer) {
	w.raw("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Statistics Report for ")
	w.text(p.Product)
	if p.Node != "" {
		w.raw(" on ")
		w.text(p.Node)
	}
	w.raw("</title>\n<link rel=\"icon\" href=\"data:,\">\n")
	if p.Refresh > 0 && !p.Query.NoRefresh {
		w.f("<meta http-equiv=\"refresh\" content=\"%d\">\n", p.Refresh)
	}
	w.raw("<style>", pageStyle, "</style></head>\n<body><h1>")
	w.text(p.Product)
	if p.Version != "" {
		w.raw(" version ")
		w.text(p.Version)
	}
	w.raw("</h1>\n<h2>Statistics Report")
	if p.Info != nil {
		w.f(" for pid %d", p.Info.N[InfoPid])
	}
	if p.Node != "" {
		w.raw(" on ")
		w.text(p.Node)
	}
	if p.Desc != "" {
		w.raw(": ")
		w.text(p.Desc)
	}
	w.raw("</h2>\n")
}

func limit(n uint64, unit string) string {
	if n == 0 {
		return "unlimited"
	}
	return strconv.FormatUint(n, 10) + unit
}

func (p *Page) general(w *writer) {
	w.raw("<h3>General process information</h3>\n<table class=\"box\"><tr><td>")
	if p.Info != nil {
		n := &p.Info.N
		w.f("<b>pid</b> = %d (process #%d, nbproc = %d, nbthread = %d)<br>\n",
			n[InfoPid], n[InfoProcessNum], n[InfoNbproc], n[InfoNbthread])
		w.f("<b>uptime</b> = %s; warnings = %d<br>\n", Uptime(n[InfoUptimeSec]), n[InfoTotalWarnings])
		w.f("<b>system limits</b>: memmax = %s; ulimit-n = %d<br>\n", limit(n[InfoMemmaxMB], " MB"), n[InfoUlimitN])
		w.f("<b>maxsock</b> = %d; <b>maxconn</b> = %d; <b>reached</b> = %d; <b>maxpipes</b> = %d<br>\n",
			n[InfoMaxsock], n[InfoMaxconn], n[InfoMaxconnReached], n[InfoMaxpipes])
		w.f("current conns = %d; current pipes = %d/%d; conn rate = %d/sec; bit rate = %s<br>\n",
			n[InfoCurrConns], n[InfoPipesUsed], n[InfoPipesUsed]+n[InfoPipesFree], n[InfoConnRate],
			bitRate(8*n[InfoBytesOutRate]))
		w.f("running tasks: %d/%d (%d niced); idle = %d %%\n",
			n[InfoRunQueue], n[InfoTasks], n[InfoNicedTasks], n[InfoIdlePct])
	}
	w.raw("</td><td>", pageLegend, "</td><td>")
	p.options(w)
	w.raw("</td></tr></table>\n")
}

// bitRate renders bits per second with a decimal prefix.
func bitRate(bits uint64) string {
	v := float64(bits)
	for _, unit := range []string{"bps", "kbps", "Mbps"} {
		if v < 1000 {
			return fmt.Sprintf("%.3f %s", v, unit)
		}
		v /= 1000
	}
	return fmt.Sprintf("%.3f Gbps", v)
}

// options renders the links that switch the view.
func (p *Page) options(w *writer) {
	up, norefresh := "", ""
	if p.Query.HideDown {
		up = "up"
	}
	if p.Query.NoRefresh {
		norefresh = "norefresh"
	}
	link := func(label string, options ...string) {
		w.raw(`<li><a href="`)
		w.text(p.Link(options...))
		w.raw(`">`)
		w.text(label)
		w.raw("</a></li>\n")
	}
	w.raw("<b>Display option:</b><ul>\n<li><form method=\"get\">Scope: <input name=\"scope\" size=\"8\" maxlength=\"20\" tabindex=\"1\" value=\"")
	w.text(p.Query.Scope)
	w.raw("\"></form></li>\n")
	if up == "" {
		link("Hide 'DOWN' servers", "up", norefresh)
	} else {
		link("Show all servers", norefresh)
	}
	export := norefresh
	if p.Refresh > 0 {
		export = "norefresh"
		if norefresh == "" {
			link("Disable refresh", up, "norefresh")
		} else {
			link("Enable refresh", up)
		}
	}
	link("Refresh now", up, norefresh)
	link("CSV export", "csv", export)
	link("JSON export", "json", export)
	link("JSON schema", "json-schema")
	w.raw("</ul>")
}

// results maps the code that an action leaves in ";st=" to a colour class and
// the text shown.
var results = map[string][2]string{
	"DONE": {"active_up", "Action processed successfully."},
	"NONE": {"active_going_down", "Nothing has changed."},
	"PART": {"active_going_down", "Action partially processed: some server names are unknown or ambiguous."},
	"ERRP": {"active_down", "Action not processed because of invalid parameters: " +
		"the action or the backend is unknown or ambiguous, or a parameter is empty or too long."},
	"EXCD": {"active_down", "Action not processed: too much data. Try again with fewer servers at a time."},
	"DENY": {"active_down", "Action denied."},
}

func (p *Page) result(w *writer) {
	if p.Query.Result == "" {
		return
	}
	m, ok := results[p.Query.Result]
	if !ok {
		m = [2]string{"active_no_check", "Unexpected result."}
	}
	w.raw(`<div class="msg `, m[0], `"><a href="`)
	w.text(p.Link())
	w.raw(`" title="Remove this message">[X]</a> `)
	w.text(m[1])
	w.raw("</div>\n")
}
