package stats

import "fmt"

// cell renders a number with an optional table behind it that shows up under
// the pointer.
func cell(w *writer, value string, tip *tipTable) {
	if tip == nil || len(tip.lines) == 0 {
		w.raw("<td>", value, "</td>")
		return
	}
	w.raw("<td><u>", value, `<span class="tips"><table class="det">`)
	for _, l := range tip.lines {
		w.raw("<tr><th>", l[0], "</th><td>", l[1], "</td><td>", l[2], "</td></tr>")
	}
	w.raw("</table></span></u></td>")
}

// tipTable is the content of such a table: label, value, remark. All three
// are ours, numbers and units, and need no escaping.
type tipTable struct{ lines [][3]string }

func (t *tipTable) add(label, value string) { t.lines = append(t.lines, [3]string{label, value}) }

func (t *tipTable) count(label string, n uint64) { t.add(label, number(n)) }

// share adds n with its percentage of all.
func (t *tipTable) share(label string, n, all uint64) {
	t.lines = append(t.lines, [3]string{label, number(n), fmt.Sprintf("(%d%%)", percent(n, all))})
}

func percent(n, all uint64) uint64 {
	if all == 0 {
		return 0
	}
	return 100 * n / all
}

func queueCells(w *writer, r *Row) {
	if r.Kind == KindFrontend || r.Kind == KindListener {
		w.raw(`<td colspan="3"></td>`)
		return
	}
	cell(w, number(r.N[ColQcur]), nil)
	cell(w, number(r.N[ColQmax]), nil)
	switch {
	case r.Kind == KindBackend:
		w.raw("<td></td>")
	case r.QueueLimit > 0:
		cell(w, number(uint64(r.QueueLimit)), nil)
	default:
		w.raw("<td>-</td>")
	}
}

func rateCells(w *writer, r *Row) {
	n := &r.N
	if r.Kind == KindListener {
		w.raw(`<td colspan="3"></td>`)
		return
	}
	if r.Kind != KindFrontend {
		cell(w, number(n[ColRate]), nil)
		cell(w, number(n[ColRateMax]), nil)
		w.raw("<td></td>")
		return
	}
	var cur, most tipTable
	cur.add("Connections now", number(n[ColConnRate])+"/s")
	cur.add("Sessions now", number(n[ColRate])+"/s")
	most.add("Most connections", number(n[ColConnRateMax])+"/s")
	most.add("Most sessions", number(n[ColRateMax])+"/s")
	if r.HTTP {
		cur.add("Requests now", number(n[ColReqRate])+"/s")
		most.add("Most requests", number(n[ColReqRateMax])+"/s")
	}
	cell(w, number(n[ColRate]), &cur)
	cell(w, number(n[ColRateMax]), &most)
	if r.RateLimit > 0 {
		cell(w, number(uint64(r.RateLimit)), nil)
	} else {
		w.raw("<td>-</td>")
	}
}

func sessionCells(w *writer, r *Row) {
	n := &r.N
	cell(w, number(n[ColScur]), connTip(r))
	cell(w, number(n[ColSmax]), nil)
	if r.Kind == KindServer && r.Limit == 0 {
		w.raw("<td>-</td>")
	} else {
		cell(w, number(uint64(r.Limit)), nil)
	}
	cell(w, number(n[ColStot]), totalTip(r))
	if r.Kind == KindFrontend || r.Kind == KindListener {
		w.raw("<td></td><td></td>")
		return
	}
	cell(w, number(n[ColLbtot]), nil)
	if r.LastSession < 0 {
		w.raw("<td>?</td>")
	} else {
		w.raw("<td>", age(uint64(r.LastSession)), "</td>")
	}
}

// connTip details a server's connections.
func connTip(r *Row) *tipTable {
	if r.Kind != KindServer {
		return nil
	}
	n, t := &r.N, &tipTable{}
	t.count("Active connections", n[ColScur])
	t.count("Used connections", n[ColUsedConnCur])
	t.count("Idle connections", n[ColSrvIcur])
	t.count("- unsafe", n[ColIdleConnCur])
	t.count("- safe", n[ColSafeConnCur])
	t.count("Private idle connections", n[ColPrivIdleCur])
	t.count("Connections needed (estimate)", n[ColNeedConnEst])
	if r.Limit > 0 {
		t.count("Limit on active connections", uint64(r.Limit))
	}
	if r.IdleLimit >= 0 {
		t.count("Limit on idle connections", uint64(r.IdleLimit))
	}
	return t
}

// totalTip details the cumulated sessions.
func totalTip(r *Row) *tipTable {
	n, t := &r.N, &tipTable{}
	switch r.Kind {
	case KindListener:
		return nil
	case KindFrontend:
		t.count("Connections", n[ColConnTot])
		t.count("Sessions", n[ColStot])
		t.count("- HTTP/1", n[ColH1sess])
		t.count("- HTTP/2", n[ColH2sess])
		t.count("- HTTP/3", n[ColH3sess])
		t.count("- other", n[ColSessOther])
	default:
		t.count("Sessions", n[ColStot])
		t.count("New connections", n[ColConnect])
		t.share("Reused connections", n[ColReuse], n[ColConnect]+n[ColReuse])
	}
	if r.HTTP {
		t.count("HTTP requests", n[ColReqTot])
		if r.Kind == KindFrontend {
			t.count("- HTTP/1", n[ColH1req])
			t.count("- HTTP/2", n[ColH2req])
			t.count("- HTTP/3", n[ColH3req])
			t.count("- other", n[ColReqOther])
		}
		for i, class := range []string{"1xx", "2xx", "3xx", "4xx", "5xx", "other"} {
			t.share("- HTTP "+class+" responses", n[int(ColHrsp1xx)+i], n[ColReqTot])
			if class == "2xx" && r.Kind != KindServer {
				t.share("&nbsp;&nbsp;compressed", n[ColCompRsp], n[ColHrsp2xx])
			}
		}
		if r.Kind == KindFrontend {
			t.count("Intercepted requests", n[ColIntercepted])
		}
		if r.Kind != KindServer {
			t.count("Cache lookups", n[ColCacheLookups])
			t.share("Cache hits", n[ColCacheHits], n[ColCacheLookups])
			t.count("Cache early hints", n[ColCacheHintHits])
		}
	}
	t.count("Failed header rewrites", n[ColWrew])
	t.count("Internal errors", n[ColEint])
	if r.Kind != KindFrontend {
		t.times(r)
	}
	return t
}

func (t *tipTable) times(r *Row) {
	n := &r.N
	line := func(label string, most, avg Col) {
		t.lines = append(t.lines, [3]string{label, number(n[most]) + " / " + number(n[avg]), "ms"})
	}
	t.add("Longest / average of the last 1024:", "")
	line("- queue", ColQtimeMax, ColQtime)
	line("- connect", ColCtimeMax, ColCtime)
	if r.HTTP {
		line("- response", ColRtimeMax, ColRtime)
	}
	line("- total", ColTtimeMax, ColTtime)
}

func byteCells(w *writer, r *Row) {
	n := &r.N
	cell(w, number(n[ColBin]), nil)
	if r.Kind == KindServer || r.Kind == KindListener {
		cell(w, number(n[ColBout]), nil)
		return
	}
	t := &tipTable{}
	t.count("Response bytes in", n[ColResbin])
	t.count("Compression in", n[ColCompIn])
	t.share("Compression out", n[ColCompOut], n[ColCompIn])
	t.count("Compression bypass", n[ColCompByp])
	saved := n[ColCompIn] - min(n[ColCompIn], n[ColCompOut])
	t.share("Bytes saved", saved, n[ColBout])
	cell(w, number(n[ColBout]), t)
}

// errorCells renders Denied, Errors and Warnings.
func errorCells(w *writer, r *Row) {
	n := &r.N
	switch r.Kind {
	case KindFrontend, KindListener:
		cell(w, number(n[ColDreq]), nil)
		cell(w, number(n[ColDresp]), nil)
		cell(w, number(n[ColEreq]), nil)
		w.raw("<td></td><td></td><td></td><td></td>")
		return
	case KindServer:
		w.raw("<td></td>")
	case KindBackend:
		cell(w, number(n[ColDreq]), nil)
	}
	cell(w, number(n[ColDresp]), nil)
	w.raw("<td></td>")
	cell(w, number(n[ColEcon]), nil)
	t := &tipTable{}
	t.count("Transfers given up by clients", n[ColCliAbrt])
	t.count("Transfers given up by servers", n[ColSrvAbrt])
	cell(w, number(n[ColEresp]), t)
	cell(w, number(n[ColWretr]), nil)
	cell(w, number(n[ColWredis]), nil)
}

// statusCells renders the nine columns under "Server".
func statusCells(w *writer, r *Row) {
	w.raw(`<td class="ac">`)
	switch r.Kind {
	case KindFrontend, KindListener:
		w.text(r.Status)
		w.raw(`</td><td class="ac" colspan="8"></td>`)
		return
	}
	if r.State != NoCheck {
		w.raw(age(uint64(r.LastChange)), " ")
	}
	if r.Kind == KindBackend && r.State == Down {
		w.raw("<b>")
		w.text(r.Status)
		w.raw("</b>")
	} else {
		w.text(r.Status)
	}
	w.raw("</td>")
	checkCell(w, r)
	w.f(`<td class="ac">%d/%d</td>`, r.Weight, r.UserWeight)
	if r.Kind == KindBackend {
		w.f(`<td class="ac">%d</td><td class="ac">%d</td><td></td>`, r.Active, r.Backup)
		cell(w, number(r.N[ColChkdown]), nil)
		down := ""
		if r.HasServers {
			down = age(uint64(r.Downtime))
		}
		w.raw("<td>", down, "</td><td></td>")
		return
	}
	w.f(`<td class="ac">%s</td><td class="ac">%s</td>`, yes(r.Active > 0), yes(r.Backup > 0))
	switch {
	case r.Tracked != "":
		w.raw(`<td class="ac" colspan="3"><a href="#`)
		w.text(r.Tracked)
		w.raw(`">via `)
		w.text(r.Tracked)
		w.raw("</a></td>")
	case r.Check.Enabled:
		t := &tipTable{}
		t.count("Failed checks", r.N[ColChkfail])
		cell(w, number(r.N[ColChkfail]), t)
		cell(w, number(r.N[ColChkdown]), nil)
		w.raw("<td>", age(uint64(r.Downtime)), "</td>")
	default:
		w.raw(`<td colspan="3"></td>`)
	}
	if throttled(r) {
		w.f(`<td class="ac">%d %%</td>`, r.Throttle)
	} else {
		w.raw(`<td class="ac">-</td>`)
	}
}

func yes(b bool) string {
	if b {
		return "Y"
	}
	return "-"
}

// checkCell renders LastChk: "L7OK/200 in 3ms", in words under the pointer.
func checkCell(w *writer, r *Row) {
	c := &r.Check
	if !c.known() && r.Agent.known() {
		c = &r.Agent
	}
	if r.Kind != KindServer || !c.known() {
		w.raw(`<td class="ac"></td>`)
		return
	}
	w.raw(`<td class="ac"><u>`)
	w.text(c.statusText())
	if c.hasCode() {
		w.f("/%d", c.Code)
	}
	if c.done() {
		w.f(" in %dms", c.Duration)
	}
	w.raw(`<span class="tips">`)
	w.text(c.Desc)
	if c.Output != "" {
		w.raw(": ")
		w.text(c.Output)
	}
	w.raw("</span></u></td>")
}

func moduleCell(w *writer, r *Row, module string) {
	t := &tipTable{}
	for c := range NumColumns {
		def := &columns[c]
		if def.Module == module && def.Kinds.Has(r.Kind) {
			t.count(def.Doc, r.N[c])
		}
	}
	if len(t.lines) == 0 {
		w.raw("<td></td>")
		return
	}
	cell(w, module, t)
}
