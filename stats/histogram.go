package stats

import (
	"strconv"
	"sync/atomic"
	"time"
)

// latencyBounds are the upper ends of the buckets.
var latencyBounds = [...]time.Duration{
	time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2500 * time.Millisecond, 5 * time.Second,
	10 * time.Second, 30 * time.Second,
}

// Histogram counts durations by buckets. The zero value is ready.
type Histogram struct {
	n   [len(latencyBounds) + 1]atomic.Uint64 // the last: beyond all bounds
	sum atomic.Int64                          // nanoseconds
}

// Add counts one duration; a negative one (not measured) is dropped.
func (h *Histogram) Add(d time.Duration) {
	if d < 0 {
		return
	}
	i := 0
	for i < len(latencyBounds) && d > latencyBounds[i] {
		i++
	}
	h.n[i].Add(1)
	h.sum.Add(int64(d))
}

// Latencies are the histograms of one backend or server: what the columns
// qtime, ctime, rtime and ttime average.
type Latencies struct{ Queue, Connect, Response, Total Histogram }

// Watch makes t count latencies from now on. Until somebody wants to see
// them, a request pays no more than the look whether it must.
func (t *Times) Watch() *Latencies {
	if l := t.latencies.Load(); l != nil {
		return l
	}
	t.latencies.CompareAndSwap(nil, &Latencies{})
	return t.latencies.Load()
}

// Latencies returns the histograms, nil where nobody watches.
func (t *Times) Latencies() *Latencies { return t.latencies.Load() }

// PromSeries is one series of a metric: its labels as name and value.
type PromSeries struct {
	Labels [][2]string
	Value  int64
	Hist   *Histogram // for AppendPromHistogram
}

// AppendPromGauge appends a gauge in Prometheus' text form.
func AppendPromGauge(b []byte, name, doc string, list []PromSeries) []byte {
	if len(list) == 0 {
		return b
	}
	b = appendPromHead(b, name, doc, false)
	for _, s := range list {
		labels := labelSet{s.Labels}
		b = labels.append(append(b, name...))
		b = append(strconv.AppendInt(b, s.Value, 10), '\n')
	}
	return b
}

// AppendPromHistogram appends a histogram of seconds in Prometheus' text form.
func AppendPromHistogram(b []byte, name, doc string, list []PromSeries) []byte {
	if len(list) == 0 {
		return b
	}
	b = append(b, "# HELP "+name+" "+doc+"\n# TYPE "+name+" histogram\n"...)
	for _, s := range list {
		// The sum is read first: what comes in between makes the count larger,
		// never the mean impossible.
		sum, count := s.Hist.sum.Load(), uint64(0)
		for i := range s.Hist.n {
			count += s.Hist.n[i].Load()
			le := "+Inf"
			if i < len(latencyBounds) {
				le = strconv.FormatFloat(latencyBounds[i].Seconds(), 'g', -1, 64)
			}
			labels := labelSet{append(s.Labels[:len(s.Labels):len(s.Labels)], [2]string{"le", le})}
			b = labels.append(append(b, name+"_bucket"...))
			b = append(appendUint(b, count), '\n')
		}
		labels := labelSet{s.Labels}
		b = labels.append(append(b, name+"_sum"...))
		b = append(strconv.AppendFloat(b, time.Duration(sum).Seconds(), 'f', 6, 64), '\n')
		b = labels.append(append(b, name+"_count"...))
		b = append(appendUint(b, count), '\n')
	}
	return b
}
