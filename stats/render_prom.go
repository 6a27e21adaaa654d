package stats

import "strings"

// PromContentType is the content type of the Prometheus text exposition.
const PromContentType = "text/plain; version=0.0.4"

// PromOptions are the query parameters of the exporter
// (https://www.haproxy.com/documentation, "prometheus-exporter").
type PromOptions struct {
	Global     bool    // scope=global: the process metrics
	Kinds      KindSet // scope=frontend, listener, backend, server
	NoMaint    bool    // no-maint: leave out servers in maintenance
	Extra      bool    // extra-counters: the columns of the modules
	DescLabels bool    // desc-labels: add the description as a label
	// Want decides by full metric name (metrics=…); nil: all.
	Want func(metric string) bool
}

// AllMetrics is what the exporter gives without parameters.
func AllMetrics() PromOptions { return PromOptions{Global: true, Kinds: All} }

// promKinds is the order of the scopes in the exposition.
var promKinds = [...]Kind{KindFrontend, KindListener, KindBackend, KindServer}

// Prometheus renders the process and the rows as metrics.
func Prometheus(in *Info, rows []Row, o PromOptions) []byte {
	var b []byte
	if o.Global && in != nil {
		b = appendPromInfo(b, in, &o)
	}
	for _, k := range promKinds {
		if o.Kinds.Has(k) {
			b = appendPromKind(b, k, rows, &o)
		}
	}
	return b
}

func appendPromHead(b []byte, name, doc string, counter bool) []byte {
	b = append(b, "# HELP "...)
	b = append(b, name...)
	b = append(b, ' ')
	b = append(b, doc...)
	b = append(b, "\n# TYPE "...)
	b = append(b, name...)
	if counter {
		return append(b, " counter\n"...)
	}
	return append(b, " gauge\n"...)
}

func appendPromInfo(b []byte, in *Info, o *PromOptions) []byte {
	for c := range NumInfo {
		def := &infoColumns[c]
		name := "haproxy_process_" + def.Prom
		if def.Prom == "" || o.Want != nil && !o.Want(name) {
			continue
		}
		v, ok := in.Value(c)
		if !ok && v.Type == Str {
			continue
		}
		b = appendPromHead(b, name, def.Doc, def.PromCounter || def.Tags[1] == 'C')
		b = append(b, name...)
		var labels labelSet
		switch c {
		case InfoNode:
			labels.add("node", v.S)
		case InfoDescription:
			labels.add("desc", v.S)
		case InfoBuildInfo:
			labels.add("version", v.S)
		default:
			if o.DescLabels && in.Description != "" {
				labels.add("desc", in.Description)
			}
		}
		b = labels.append(b)
		switch {
		case !ok:
			b = append(b, "NaN"...)
		case v.Type == Str:
			b = append(b, '1')
		default:
			b = v.AppendText(b)
		}
		b = append(b, '\n')
	}
	return b
}

func appendPromKind(b []byte, k Kind, rows []Row, o *PromOptions) []byte {
	last := ""
	for c := range NumColumns {
		def := &columns[c]
		suffix := def.Prom
		if k == KindServer && def.PromServer != "" {
			suffix = def.PromServer
		}
		if def.Module != "" && o.Extra {
			suffix = def.Name
		}
		if suffix == "" || !def.Kinds.Has(k) {
			continue
		}
		name := "haproxy_" + k.Scope() + "_" + suffix
		if o.Want != nil && !o.Want(name) {
			continue
		}
		headed := name == last // the six response classes share one metric
		last = name
		for i := range rows {
			r := &rows[i]
			if r.Kind != k || o.NoMaint && r.State.IsMaint() && k == KindServer || !promShows(r, c) {
				continue
			}
			if !headed {
				b = appendPromHead(b, name, def.Doc, len(def.Tags) > 1 && def.TagsFor(k)[1] == 'C' || def.Module != "")
				headed = true
			}
			b = appendPromRow(b, name, r, c, o)
		}
	}
	return b
}

// promShows tells whether the row has the metric at all. A limit that is not
// set still shows, as NaN; what the mode or the absence of checks excludes
// does not.
func promShows(r *Row, c Col) bool {
	switch c {
	case ColCheckStatus, ColCheckCode, ColCheckDuration:
		return r.Check.known()
	case ColAgentStatus, ColAgentCode, ColAgentDuration:
		return r.Agent.known()
	case ColAggServerStatus, ColAggServerCheckStatus, ColAggCheckStatus:
		return r.AggServer != nil
	case ColSlim, ColQlimit, ColThrottle, ColSrcIlim, ColDowntime, ColChkfail, ColChkdown:
		return true
	}
	return r.HTTP || !isHTTPColumn(c)
}

func isHTTPColumn(c Col) bool {
	switch c {
	case ColReqTot, ColIntercepted, ColCacheLookups, ColCacheHits, ColCacheHintHits,
		ColReqRateMax, ColCompIn, ColCompOut, ColCompByp, ColCompRsp:
		return true
	}
	return c >= ColHrsp1xx && c <= ColHrspOther
}

func appendPromRow(b []byte, name string, r *Row, c Col, o *PromOptions) []byte {
	var labels labelSet
	labels.add("proxy", r.Proxy)
	switch r.Kind {
	case KindListener:
		labels.add("listener", r.Name)
	case KindServer:
		labels.add("server", r.Name)
	}
	if o.DescLabels && r.Desc != "" {
		labels.add("desc", r.Desc)
	}
	if m := columns[c].Module; m != "" {
		labels.add("mod", m)
	}
	switch {
	case c == ColStatus:
		return appendPromStates(b, name, labels, stateLabels(r.Kind), func(s string) uint64 {
			return b2u(s == r.State.metric(r.Kind))
		})
	case c == ColCheckStatus, c == ColAgentStatus:
		status := r.Check.Status
		if c == ColAgentStatus {
			status = r.Agent.Status
		}
		return appendPromStates(b, name, labels, checkLabels, func(s string) uint64 { return b2u(s == status) })
	case c == ColAggServerStatus, c == ColAggServerCheckStatus:
		return appendPromStates(b, name, labels, stateLabels(KindServer), func(s string) uint64 { return uint64(r.AggServer[s]) })
	case c == ColAggCheckStatus:
		return appendPromStates(b, name, labels, checkLabels, func(s string) uint64 { return uint64(r.AggCheck[s]) })
	case c >= ColHrsp1xx && c <= ColHrspOther:
		labels.add("code", strings.TrimPrefix(columns[c].Name, "hrsp_"))
	}
	b = append(b, name...)
	b = labels.append(b)
	v, ok := r.Value(c)
	switch {
	case !ok && (c == ColCheckCode || c == ColAgentCode || c == ColCheckDuration || c == ColAgentDuration):
		b = append(b, '0')
	case !ok && promNaN(c):
		b = append(b, "NaN"...)
	case strings.HasSuffix(columns[c].Prom, "_seconds") && isMillis(c):
		b = appendSeconds(b, v.N)
	default:
		b = v.AppendText(b)
	}
	return append(b, '\n')
}

func promNaN(c Col) bool {
	switch c {
	case ColSlim, ColQlimit, ColThrottle, ColSrcIlim, ColDowntime, ColChkfail, ColChkdown:
		return true
	}
	return false
}

func appendPromStates(b []byte, name string, labels labelSet, states []string, value func(string) uint64) []byte {
	n := len(labels.pairs)
	for _, s := range states {
		labels.pairs = append(labels.pairs[:n], [2]string{"state", s})
		b = append(b, name...)
		b = labels.append(b)
		b = appendUint(b, value(s))
		b = append(b, '\n')
	}
	return b
}

// isMillis tells which columns count milliseconds; metrics count seconds.
func isMillis(c Col) bool {
	switch c {
	case ColCheckDuration, ColAgentDuration, ColQtime, ColCtime, ColRtime, ColTtime,
		ColQtimeMax, ColCtimeMax, ColRtimeMax, ColTtimeMax:
		return true
	}
	return false
}

// appendSeconds appends milliseconds as seconds with six decimals.
func appendSeconds(b []byte, ms uint64) []byte {
	b = appendUint(b, ms/1000)
	frac := ms % 1000
	return append(b, '.', byte('0'+frac/100), byte('0'+frac/10%10), byte('0'+frac%10), '0', '0', '0')
}

type labelSet struct{ pairs [][2]string }

func (l *labelSet) add(name, value string) { l.pairs = append(l.pairs, [2]string{name, value}) }

// append renders the labels and the space before the value.
func (l *labelSet) append(b []byte) []byte {
	for i, p := range l.pairs {
		b = append(b, "{,"[min(i, 1)])
		b = append(b, p[0]...)
		b = append(b, '=', '"')
		b = append(b, promEscaper.Replace(p[1])...)
		b = append(b, '"')
	}
	if len(l.pairs) > 0 {
		b = append(b, '}')
	}
	return append(b, ' ')
}

var promEscaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func b2u(v bool) uint64 {
	if v {
		return 1
	}
	return 0
}
