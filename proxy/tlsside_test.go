package proxy

import (
	"testing"

	"tandem/proxy/certs"
	"tandem/proxy/server"
)

// What was made for a server's TLS holds when a command changes something else
// of the server: it must not go on in the clear.
func TestTLSOutlivesChanges(t *testing.T) {
	t.Parallel()
	p := server.DefaultParams()
	made := &certs.Client{}
	side := &tlsSide{servers: map[*server.Params]*certs.Client{p: made}}
	var backs server.Registry
	s := backs.Backend("b").Prepare("s", p)
	for range 2 {
		s.Override(func(p *server.Params) { p.Check.Port++ })
		if got := side.of(s.Params); got != made {
			t.Fatalf("after a change: %p, want %p", got, made)
		}
	}
}
