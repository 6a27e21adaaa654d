package balance

import "testing"

func BenchmarkPick(b *testing.B) {
	for _, name := range []string{"roundrobin", "static-rr", "leastconn", "random", "uri"} {
		b.Run(name, func(b *testing.B) {
			alg, h := parse(b, name, "")
			weights := make([]int, 50)
			for i := range weights {
				weights[i] = 1 + i%5
			}
			p := alg.New(farm(weights, nil), h)
			r := request("uri", "/index.html")
			for b.Loop() {
				p.Pick(r, nil)
			}
		})
	}
}
