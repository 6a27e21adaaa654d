package cli

import (
	"net/url"
	"strings"

	"tandem/proxy/tx"
	"tandem/stats"
)

// Services are the names that "http-request use-service" accepts here.
func Services() []string { return []string{"prometheus-exporter"} }

// Named answers a request for "http-request use-service <name>": it sets
// t.Reply, and returns false for a service that is not there.
func (s *Pages) Named(name string, t *tx.Tx) bool {
	if name != "prometheus-exporter" {
		return false
	}
	switch string(t.Req.Method) {
	case "GET", "HEAD":
	default:
		t.Reply = &tx.Reply{Status: 405}
		return true
	}
	query, _ := t.Req.Query()
	o, own, ok := metricOptions(string(query))
	if !ok {
		t.Reply = &tx.Reply{Status: 400}
		return true
	}
	rows := s.Env.Snapshot(true)
	stats.Aggregate(rows)
	body := s.Env.appendOwn(stats.Prometheus(s.Env.Information(), rows, o), own, o.Want)
	t.Reply = &tx.Reply{Status: 200, Reason: "OK", Body: body,
		Fields: []tx.Field{field("cache-control", "no-cache"), field("content-type", stats.PromContentType)}}
	return true
}

// metricOptions reads the exporter's query string. A scope that it does not
// know is refused; other words are ignored.
func metricOptions(query string) (o stats.PromOptions, own ownMetrics, ok bool) {
	o = stats.AllMetrics()
	o.Want = nil
	var names []string
	scoped := false
	for pair := range strings.SplitSeq(query, "&") {
		key, value, _ := strings.Cut(pair, "=")
		if v, err := url.QueryUnescape(value); err == nil {
			value = v
		}
		switch key {
		case "scope":
			if !scoped {
				o.Global, o.Kinds, scoped = false, 0, true
			}
			if !addScope(&o, value) {
				return o, own, false
			}
		case "no-maint":
			o.NoMaint = true
		case "latencies":
			own.latencies = true
		case "certificates":
			own.certificates = true
		case "extra-counters":
			o.Extra = true
		case "desc-labels":
			o.DescLabels = true
		case "metrics":
			names = append(names, strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })...)
		}
	}
	o.Want = wanted(names)
	return o, own, true
}

// addScope adds one scope=<value>; an empty value means no scope at all.
func addScope(o *stats.PromOptions, value string) bool {
	switch value {
	case "", "sticktable":
	case "*":
		o.Global, o.Kinds = true, stats.All
	case "global":
		o.Global = true
	case "frontend":
		o.Kinds |= stats.Frontends
	case "backend":
		o.Kinds |= stats.Backends
	case "server":
		o.Kinds |= stats.Servers
	case "listener":
		o.Kinds |= stats.Listeners
	default:
		return false
	}
	return true
}

// wanted is the filter that metrics=<names> stands for: the names given, or
// all but those with a dash in front.
func wanted(names []string) func(string) bool {
	if len(names) == 0 {
		return nil
	}
	in, out := map[string]bool{}, map[string]bool{}
	for _, n := range names {
		if rest, not := strings.CutPrefix(n, "-"); not {
			out[rest] = true
		} else {
			in[n] = true
		}
	}
	return func(name string) bool { return !out[name] && (len(in) == 0 || in[name]) }
}
