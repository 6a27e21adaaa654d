package certs

import (
	"crypto/tls"
	"testing"
)

// A client that offers only protocols unknown here is served without one.
func TestUnknownProtocols(t *testing.T) {
	t.Parallel()
	store := NewStore(&Files{})
	s := &Server{Bind: store.Bind("f", "t.cfg:1", false), Words: Words{ALPN: []string{"h2", "http/1.1"}}}
	c, err := s.Config(store)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		offer []string
		agree bool
	}{{nil, true}, {[]string{"http/1.1"}, true}, {[]string{"x", "h2"}, true}, {[]string{"x"}, false}} {
		now, err := c.GetConfigForClient(&tls.ClientHelloInfo{SupportedProtos: tc.offer})
		if err != nil {
			t.Fatal(err)
		}
		if agree := now == nil || len(now.NextProtos) > 0; agree != tc.agree {
			t.Errorf("offer %q: agrees %v", tc.offer, agree)
		}
	}
}
