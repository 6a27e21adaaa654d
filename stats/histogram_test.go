package stats

import (
	"testing"
	"time"
)

func TestHistogram(t *testing.T) {
	t.Parallel()
	var times Times
	if times.Latencies() != nil {
		t.Fatal("counted before anybody watches")
	}
	h := &times.Watch().Total
	for _, d := range []time.Duration{-time.Second, 0, time.Millisecond, time.Millisecond + 1, 40 * time.Second} {
		h.Add(d)
	}
	if times.Watch() != times.Latencies() {
		t.Error("a second look began anew")
	}
	got := string(AppendPromHistogram(nil, "x_seconds", "doc.", []PromSeries{{Labels: [][2]string{{"proxy", `a"b`}}, Hist: h}}))
	want := `# HELP x_seconds doc.
# TYPE x_seconds histogram
x_seconds_bucket{proxy="a\"b",le="0.001"} 2
x_seconds_bucket{proxy="a\"b",le="0.002"} 3
x_seconds_bucket{proxy="a\"b",le="0.005"} 3
x_seconds_bucket{proxy="a\"b",le="0.01"} 3
x_seconds_bucket{proxy="a\"b",le="0.025"} 3
x_seconds_bucket{proxy="a\"b",le="0.05"} 3
x_seconds_bucket{proxy="a\"b",le="0.1"} 3
x_seconds_bucket{proxy="a\"b",le="0.25"} 3
x_seconds_bucket{proxy="a\"b",le="0.5"} 3
x_seconds_bucket{proxy="a\"b",le="1"} 3
x_seconds_bucket{proxy="a\"b",le="2.5"} 3
x_seconds_bucket{proxy="a\"b",le="5"} 3
x_seconds_bucket{proxy="a\"b",le="10"} 3
x_seconds_bucket{proxy="a\"b",le="30"} 3
x_seconds_bucket{proxy="a\"b",le="+Inf"} 4
x_seconds_sum{proxy="a\"b"} 40.002000
x_seconds_count{proxy="a\"b"} 4
`
	if got != want {
		t.Errorf("got\n%s", got)
	}
}

func BenchmarkHistogram(b *testing.B) {
	var h Histogram
	for b.Loop() {
		h.Add(3 * time.Millisecond)
	}
}
