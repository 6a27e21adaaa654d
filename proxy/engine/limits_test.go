package engine

import (
	"testing"
	"time"

	"tandem/proxy/config"
	"tandem/proxy/listen"
)

// TestRateWait holds new connections back by the limits of the whole process.
func TestRateWait(t *testing.T) {
	t.Parallel()
	px := startProxy(t, testListen("l"))
	now := time.Now().Add(time.Hour)
	ms := px.e.nowMS(now)
	plain := &listen.Listener{Front: px.p.Front}
	tls := &listen.Listener{Front: px.p.Front, Bind: &listen.Bind{}}
	tls.Bind.TLS.Enabled = true
	pr := px.e.deps.Process
	pr.ConnRate.Add(ms, 10)
	pr.SessRate.Add(ms, 20)
	pr.SSLRate.Add(ms, 30)
	pr.SSLConns.Add(40)
	for _, c := range []struct {
		name       string
		g          config.Global
		plain, tls bool // must wait
	}{
		{"no limits", config.Global{}, false, false},
		{"connections below", config.Global{MaxConnRate: 11}, false, false},
		{"connections", config.Global{MaxConnRate: 10}, true, true},
		{"sessions below", config.Global{MaxSessRate: 21}, false, false},
		{"sessions", config.Global{MaxSessRate: 20}, true, true},
		{"handshakes below", config.Global{MaxSSLRate: 31}, false, false},
		{"handshakes", config.Global{MaxSSLRate: 30}, false, true},
		{"ciphered below", config.Global{MaxSSLConn: 41}, false, false},
		{"ciphered", config.Global{MaxSSLConn: 40}, false, true},
	} {
		px.e.SetRates(&c.g)
		if got := px.e.rateWait(plain, now) > 0; got != c.plain {
			t.Errorf("%s: without TLS it waits: %v", c.name, got)
		}
		if got := px.e.rateWait(tls, now) > 0; got != c.tls {
			t.Errorf("%s: with TLS it waits: %v", c.name, got)
		}
	}
}
