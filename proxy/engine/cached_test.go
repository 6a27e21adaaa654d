package engine

import (
	"testing"

	"tandem/proxy/action"
	"tandem/proxy/config"
	"tandem/proxy/filter"
	"tandem/proxy/logs"
	"tandem/proxy/tx"
)

// cachingListen is a listen section with a cache in front of its servers.
func cachingListen(c *filter.Cache) *config.Proxy {
	p := testListen("p")
	use := func(t *tx.Tx) action.Verdict {
		if c.Use(t, true) {
			return action.Answer
		}
		return action.Continue
	}
	store := func(t *tx.Tx) action.Verdict { c.Store(t); return action.Continue }
	p.HTTPRequest = action.Rules{{Action: action.Action{Run: use}, Name: "cache-use"}}
	p.HTTPResponse = action.Rules{{Action: action.Action{Run: store}, Name: "cache-store"}}
	return p
}

const (
	keptAnswer   = "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 2\r\n\r\nok"
	cachedAnswer = "HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\ncontent-length: 2\r\nage: 0\r\n\r\nok"
	cachedGet    = "GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip, br\r\nCache-Control: x\r\n\r\n"
)

// Not parallel: it counts the allocations of the whole process.
func TestCacheHitAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector makes pools forget on purpose")
	}
	c := filter.NewCache("c", filter.CacheSettings{Size: 1 << 20, MaxAge: 3600, Variants: 10, Vary: true})
	px := startProxy(t, cachingListen(c), rawOrigin(t, keptAnswer))
	px.e.deps.onEnd = nil
	px.e.deps.Log = func(*config.Proxy, int, logs.Message) {}
	serveMany(t, px, cachedGet, len(keptAnswer), 0)
	if n := serveMany(t, px, cachedGet, len(cachedAnswer), 2000); n > 0.05 {
		t.Errorf("%v allocations per request", n)
	}
}

func BenchmarkCacheHit(b *testing.B) {
	c := filter.NewCache("c", filter.CacheSettings{Size: 1 << 20, MaxAge: 3600})
	b.ReportAllocs()
	px := startProxy(b, cachingListen(c), rawOrigin(b, keptAnswer))
	px.e.deps.onEnd = nil
	b.ResetTimer()
	serveMany(b, px, cachedGet, len(cachedAnswer), b.N)
}
