package certs

import (
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// resume shakes hands n times and says which of them resumed a session.
func resume(t *testing.T, srv *tls.Config, k *Client, n int) string {
	t.Helper()
	out := ""
	for range n {
		client, server := net.Pipe()
		done := make(chan error, 1)
		go func() {
			s := tls.Server(server, srv)
			_, err := s.Write([]byte("x")) // behind the ticket of TLS 1.3
			done <- err
			server.Close()
		}()
		c := tls.Client(client, k.Config("srv.example"))
		if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		out += map[bool]string{true: "r", false: "f"}[c.ConnectionState().DidResume]
		client.Close()
	}
	return out
}

// Sessions are resumed by tickets, or without them by the cache.
func TestResumption(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pemCert, key := makePEM(t, "srv.example", "srv.example")
	store := NewStore(&Files{})
	bind := store.Bind("f", "t.cfg:1", false)
	if _, err := store.Add(bind, file(t, dir, "srv.pem", pemCert, key), false); err != nil {
		t.Fatal(err)
	}
	serve := func(s *Server) *tls.Config {
		s.Bind = bind
		c, err := s.Config(store)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for name, version := range map[string]uint16{"TLSv1.2": tls.VersionTLS12, "TLSv1.3": tls.VersionTLS13} {
		p, w := Policy{Min: version, Max: version}, Words{Versions: VersionWords{Min: name, Max: name}}
		keys := &TicketKeys{raw: [][]byte{{1}, {2}, {3}}}
		now := time.Now()
		cache := NewSessions(10, time.Minute)
		cache.now = func() time.Time { return now }
		tickets := serve(&Server{Words: w, Tickets: true, Keys: keys})
		cached := serve(&Server{Words: w, Sessions: cache})
		client := func() *Client { return &Client{Policy: p, Sessions: &ServerSessions{}} }
		k := client()
		got := resume(t, tickets, k, 2) + " "
		keys.Rotate([]byte{4}) // the old keys still open
		got += resume(t, tickets, k, 1) + " "
		for _, b := range []byte{5, 6, 7} {
			keys.Rotate([]byte{b})
		}
		got += resume(t, tickets, k, 1) + " "
		k = client()
		got += resume(t, cached, k, 2) + " "
		now = now.Add(time.Hour)
		got += resume(t, cached, k, 1) + " "
		got += resume(t, tickets, k, 2) + ","
		k.Cert = &Entry{} // another certificate towards the server: a session of before would show the old one
		k.Cert.cur.Store(&Cert{})
		got += resume(t, tickets, k, 2) + " "
		none := serve(&Server{Words: w})
		got += resume(t, none, client(), 2) + " " + resume(t, tickets, &Client{Policy: p}, 2)
		if want := "fr r f fr f fr,fr ff ff"; got != want {
			t.Errorf("version %x: %s, want %s", version, got, want)
		}
		if l, m := cache.Counts(); l != 2 || m != 1 {
			t.Errorf("version %x: %d lookups, %d misses", version, l, m)
		}
	}
}

func TestSessionsAreBounded(t *testing.T) {
	t.Parallel()
	s := NewSessions(2, time.Minute)
	var names [][]byte
	for range 3 {
		name, err := s.wrap(tls.ConnectionState{}, &tls.SessionState{})
		if err != nil || len(name) != sessionIDLen {
			t.Fatal(name, err)
		}
		names = append(names, name)
	}
	var found []string
	for _, n := range append(names, []byte("short")) {
		if state, err := s.unwrap(n, tls.ConnectionState{}); state != nil && err == nil {
			found = append(found, "y")
		} else {
			found = append(found, "n")
		}
	}
	if got := strings.Join(found, ""); got != "nyyn" || s.order.Len() != 2 || len(s.byID) != 2 {
		t.Error(got, s.order.Len(), len(s.byID))
	}
}
