package cli

import (
	"slices"

	"tandem/proxy/certs"
	"tandem/stats"
)

// ownMetrics are series that the original's exporter does not have. Each set
// is there only for a scrape that asks for it, so that others do not change:
// "latencies" for histograms, "certificates" for dates of expiry.
type ownMetrics struct{ latencies, certificates bool }

// appendOwn appends the series that a scrape asked for.
func (e *Env) appendOwn(b []byte, o ownMetrics, want func(string) bool) []byte {
	if o.latencies {
		b = e.appendLatencies(b, want)
	}
	if o.certificates {
		b = e.appendCertificates(b, want)
	}
	return b
}

// appendLatencies appends the histograms of backends and servers. They count
// from the first scrape that wants them.
func (e *Env) appendLatencies(b []byte, want func(string) bool) []byte {
	var backends, servers []stats.PromSeries
	var seen []*stats.Latencies // backends, then servers: parallel to the series
	for _, p := range e.Config().Proxies {
		if p.Disabled || p.Back == nil {
			continue
		}
		backends = append(backends, stats.PromSeries{Labels: [][2]string{{"proxy", p.Name}}})
		seen = append(seen, p.Back.Stats.Times.Watch())
	}
	for _, p := range e.Config().Proxies {
		if p.Disabled || p.Back == nil {
			continue
		}
		for _, s := range p.Back.Servers() {
			servers = append(servers, stats.PromSeries{Labels: [][2]string{{"proxy", p.Name}, {"server", s.Name}}})
			seen = append(seen, s.Stats.Times.Watch())
		}
	}
	for _, m := range []struct {
		name, doc string
		of        func(*stats.Latencies) *stats.Histogram
	}{
		{"queue", "Time in the queue", func(l *stats.Latencies) *stats.Histogram { return &l.Queue }},
		{"connect", "Time to connect to the server", func(l *stats.Latencies) *stats.Histogram { return &l.Connect }},
		{"response", "Time until the server's response headers", func(l *stats.Latencies) *stats.Histogram { return &l.Response }},
		{"total", "Time from the request to the end of the response", func(l *stats.Latencies) *stats.Histogram { return &l.Total }},
	} {
		rest := seen
		for _, k := range []struct {
			kind string
			list []stats.PromSeries
		}{{"backend", backends}, {"server", servers}} {
			for i := range k.list {
				k.list[i].Hist = m.of(rest[i])
			}
			rest = rest[len(k.list):]
			name := "tandem_" + k.kind + "_" + m.name + "_time_histogram_seconds"
			if want == nil || want(name) {
				b = stats.AppendPromHistogram(b, name, m.doc+" by "+k.kind+".", k.list)
			}
		}
	}
	return b
}

// certificateExpiry is the metric of the dates.
const certificateExpiry = "tandem_certificate_not_after_timestamp_seconds"

// appendCertificates appends when each certificate file, and each certificate
// of a CA file in use, expires.
func (e *Env) appendCertificates(b []byte, want func(string) bool) []byte {
	if e.Certs == nil || want != nil && !want(certificateExpiry) {
		return b
	}
	var list []stats.PromSeries
	entries, _ := e.Certs.Entries()
	for _, x := range entries {
		if c := x.Cert(); c != nil {
			list = append(list, stats.PromSeries{Value: c.Leaf.NotAfter.Unix(),
				Labels: [][2]string{{"kind", "certificate"}, {"file", x.Path}, {"serial", serialText(c.Leaf.SerialNumber)}, {"subject", slashName(c.Leaf.RawSubject)}}})
		}
	}
	cas := e.Certs.CAs.Loaded()
	cas = slices.DeleteFunc(cas, func(l certs.Listed) bool { return l.Trust == nil || l.Path == certs.SystemCA })
	for _, l := range cas {
		for _, c := range l.Trust.Certs {
			list = append(list, stats.PromSeries{Value: c.NotAfter.Unix(),
				Labels: [][2]string{{"kind", "ca"}, {"file", l.Path}, {"serial", serialText(c.SerialNumber)}, {"subject", slashName(c.RawSubject)}}})
		}
	}
	return stats.AppendPromGauge(b, certificateExpiry, "End of a certificate's validity, in seconds since 1970.", list)
}
