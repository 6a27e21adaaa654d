package server

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
)

// TestLookupOnce asks for a name on hundreds of lines: the name server hears of
// it no more often than for one.
func TestLookupOnce(t *testing.T) {
	var asked atomic.Int64
	system := net.DefaultResolver
	t.Cleanup(func() { net.DefaultResolver = system })
	net.DefaultResolver = &net.Resolver{PreferGo: true, StrictErrors: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		asked.Add(1)
		return nil, errors.New("no name server")
	}}
	look := LookupOnce()
	look("a.example")
	once := asked.Load()
	if once == 0 {
		t.Fatal("nobody was asked")
	}
	for range 300 {
		if ips := look("a.example"); ips != nil {
			t.Fatalf("a.example is %v", ips)
		}
	}
	if asked.Load() != once {
		t.Errorf("asked %d times for one name", asked.Load())
	}
	if ips := look("127.0.0.1"); len(ips) != 1 {
		t.Errorf("a literal is %v", ips)
	}
}
