package stats

import (
	"fmt"
	"strconv"
)

// adminActions are the values and labels of the form's "action". The values
// are an interface: scripts post them.
var adminActions = [...][2]string{
	{"", ""},
	{"ready", "Set state to READY"},
	{"drain", "Set state to DRAIN"},
	{"maint", "Set state to MAINT"},
	{"dhlth", "Health: disable checks"},
	{"ehlth", "Health: enable checks"},
	{"hrunn", "Health: force UP"},
	{"hnolb", "Health: force NOLB"},
	{"hdown", "Health: force DOWN"},
	{"dagent", "Agent: disable checks"},
	{"eagent", "Agent: enable checks"},
	{"arunn", "Agent: force UP"},
	{"adown", "Agent: force DOWN"},
	{"shutdown", "Kill sessions"},
}

// AdminActions returns the action words that the page's form may post.
func AdminActions() []string {
	var words []string
	for _, a := range adminActions[1:] {
		words = append(words, a[0])
	}
	return words
}

// table renders the rows of one proxy.
func (p *Page) table(w *writer, rows []Row) {
	form := false
	if p.Admin {
		for i := range rows {
			form = form || rows[i].Kind == KindServer
		}
	}
	if form {
		w.raw("<form method=\"post\">")
	}
	p.caption(w, rows)
	w.raw(`<tr class="titre">`)
	if p.Admin {
		w.raw(`<th rowspan="2">`)
		if form {
			w.raw(`<input type="checkbox" onclick="this.closest('table').querySelectorAll('input[name=s]').forEach(e=>e.checked=this.checked)">`)
		}
		w.raw(`</th>`)
	}
	w.raw(pageHead)
	if p.Modules {
		w.raw(`<th colspan="3">Extra modules</th>`)
	}
	w.raw("</tr>\n<tr class=\"titre\">", pageSubHead)
	if p.Modules {
		for _, m := range modules {
			w.raw("<th>", m, "</th>")
		}
	}
	w.raw("</tr>\n")
	for i := range rows {
		p.row(w, &rows[i])
	}
	w.raw("</table>\n")
	if form {
		w.raw("Choose the action to perform on the checked servers: <select name=\"action\">")
		for _, a := range adminActions {
			w.raw(`<option value="`, a[0], `">`, a[1], `</option>`)
		}
		w.f("</select><input type=\"hidden\" name=\"b\" value=\"#%d\"> <input type=\"submit\" value=\"Apply\"></form>\n", rows[0].ProxyID)
	}
}

// modules is the order of the extra columns.
var modules = [...]string{"h2", "ssl", "h1"}

func (p *Page) caption(w *writer, rows []Row) {
	first := &rows[0]
	w.raw(`<table class="tbl"><caption><u><a class="px" id="`)
	w.text(first.Proxy)
	w.raw(`" href="#`)
	w.text(first.Proxy)
	w.raw(`">`)
	w.text(first.Proxy)
	w.raw("</a>")
	if p.Legends {
		front, back := false, false
		for i := range rows {
			front = front || rows[i].Kind == KindFrontend
			back = back || rows[i].Kind == KindBackend
		}
		caps := "backend"
		if front && back {
			caps = "proxy"
		} else if front {
			caps = "frontend"
		}
		w.raw(`<span class="tips">cap: `, caps, ", mode: ")
		w.text(first.Mode)
		w.f(", id: %d</span>", first.ProxyID)
	}
	w.raw("</u>")
	for i := range rows {
		if k := rows[i].Kind; (k == KindFrontend || k == KindBackend) && rows[i].Desc != "" {
			w.raw(`<span class="desc">`)
			w.text(rows[i].Desc)
			w.raw("</span>")
			break
		}
	}
	w.raw("</caption>\n")
}

// anchorName returns the name under which other rows and people link to r.
func anchorName(r *Row) string {
	switch r.Kind {
	case KindFrontend:
		return r.Proxy + "/Frontend"
	case KindBackend:
		return r.Proxy + "/Backend"
	case KindListener:
		return r.Proxy + "/+" + r.Name
	}
	return r.Proxy + "/" + r.Name
}

func (p *Page) row(w *writer, r *Row) {
	w.raw(`<tr class="`, rowClass(r), `">`)
	if p.Admin {
		w.raw("<td>")
		if r.Kind == KindServer {
			w.raw(`<input type="checkbox" name="s" value="`)
			w.text(r.Name)
			w.raw(`">`)
		}
		w.raw("</td>")
	}
	p.name(w, r)
	queueCells(w, r)
	rateCells(w, r)
	sessionCells(w, r)
	byteCells(w, r)
	errorCells(w, r)
	statusCells(w, r)
	if p.Modules {
		for _, m := range modules {
			moduleCell(w, r, m)
		}
	}
	w.raw("</tr>\n")
}

func (p *Page) name(w *writer, r *Row) {
	label := r.Name
	if r.Kind == KindFrontend {
		label = "Frontend"
	} else if r.Kind == KindBackend {
		label = "Backend"
	}
	anchor := anchorName(r)
	w.raw(`<td class="ac"><u><a id="`)
	w.text(anchor)
	w.raw(`" href="#`)
	w.text(anchor)
	w.raw(`">`)
	w.text(label)
	w.raw("</a>")
	if tip := p.nameTip(r); tip != "" {
		w.raw(`<span class="tips">`)
		w.text(tip)
		w.raw("</span>")
	}
	w.raw("</u></td>")
}

func (p *Page) nameTip(r *Row) string {
	if !p.Legends || r.Kind == KindFrontend {
		return ""
	}
	tip := ""
	add := func(s string) {
		if tip != "" {
			tip += ", "
		}
		tip += s
	}
	if r.Addr != "" {
		add("address: " + r.Addr)
	}
	if r.Proto != "" {
		add("proto: " + r.Proto)
	}
	if r.Algo != "" {
		add("balancing: " + r.Algo)
	}
	if r.Kind != KindBackend {
		add("id: " + strconv.FormatUint(uint64(r.ID), 10))
	}
	if r.Kind == KindServer {
		add("rid: " + strconv.FormatUint(uint64(r.RevID), 10))
		if r.Desc != "" {
			add(r.Desc)
		}
	}
	if r.Cookie != "" {
		add("cookie: '" + r.Cookie + "'")
	}
	return tip
}

// number renders n with its thousands set apart.
func number(n uint64) string {
	s := strconv.FormatUint(n, 10)
	head := len(s) % 3
	out := s[:head]
	for ; head < len(s); head += 3 {
		if out == "" {
			out = s[head : head+3]
		} else {
			out += "<i>" + s[head:head+3] + "</i>"
		}
	}
	return out
}

// age renders seconds in their two largest units: 29s, 1m26s, 3h2m, 1d4h.
func age(seconds uint64) string {
	switch {
	case seconds < 60:
		return fmt.Sprintf("%ds", seconds)
	case seconds < 3600:
		return fmt.Sprintf("%dm%ds", seconds/60, seconds%60)
	case seconds < 86400:
		return fmt.Sprintf("%dh%dm", seconds/3600, seconds%3600/60)
	}
	return fmt.Sprintf("%dd%dh", seconds/86400, seconds%86400/3600)
}
