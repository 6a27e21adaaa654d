package stats

import "testing"

func BenchmarkCountRequest(b *testing.B) {
	var f Frontend
	var s Server
	b.ReportAllocs()
	now := int64(1000)
	for i := 0; b.Loop(); i++ {
		now = int64(i >> 10)
		f.Sess.Add(1)
		f.ReqTot.Add(1)
		f.ReqRate.Add(now, 1)
		f.Resp.Add(200)
		f.ReqIn.Add(100)
		f.RespIn.Add(100)
		s.LBTot.Add(1)
		s.Times.Total.Add(12)
		s.Last.Touch(now)
		f.Sess.Add(-1)
	}
}

func BenchmarkCounterParallel(b *testing.B) {
	var c Counter
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			c.Add(1)
		}
	})
}

func BenchmarkRateAdd(b *testing.B) {
	var r Rate
	for i := 0; b.Loop(); i++ {
		r.Add(int64(i>>10), 1)
	}
}

func BenchmarkFillAndCSV(b *testing.B) {
	var s Server
	buf := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		r := Row{Kind: KindServer, Proxy: "be", Name: "s1", HTTP: true, Mode: "http", Status: "UP", IdleLimit: -1}
		s.Fill(&r, 1000)
		buf = r.AppendCSV(buf[:0])
	}
}
