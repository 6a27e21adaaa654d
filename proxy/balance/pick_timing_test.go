package balance

import (
	"fmt"
	"testing"
	"time"

	"tandem/proxy/server"
	"tandem/proxy/tx"
)

// BenchmarkPick chooses among 50 servers.
func BenchmarkPick(b *testing.B) {
	for _, a := range []*Algorithm{Rotation(), Default()} {
		b.Run(a.Name, func(b *testing.B) {
			back := (&server.Registry{}).Backend("b")
			var list []server.Declared
			for i := range 50 {
				p := server.DefaultParams()
				s := back.Prepare(fmt.Sprintf("s%d", i), p)
				list = append(list, server.Declared{Server: s, Params: p, Addr: &server.Endpoint{Network: "tcp4", Host: "192.0.2.1", Port: 80}})
			}
			back.Commit(list, server.Settings{Mode: "http"}, time.Now())
			policy := a.New(back, HashType{})
			t := &tx.Tx{Sess: &tx.Session{}}
			b.ReportAllocs()
			for b.Loop() {
				if policy.Pick(t, nil) == nil {
					b.Fatal("no server")
				}
			}
		})
	}
}
