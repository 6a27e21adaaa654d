package engine

import (
	"bufio"
	"net"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestQueueAbort: who leaves the queue of a server gets no answer, the log
// says so, and the request that holds the server goes on.
func TestQueueAbort(t *testing.T) {
	t.Parallel()
	busy, release := make(chan struct{}), make(chan struct{})
	o := startOrigin(t, func(c net.Conn, next func() (string, *bufio.Reader)) {
		next()
		close(busy)
		<-release
		_, _ = c.Write([]byte(okAnswer))
	})
	px := startProxy(t, testListen("p"), o.addr)
	px.p.Servers[0].Server.SetMaxConn(1)
	first := px.dial()
	first.send(get)
	<-busy
	second := px.dial()
	second.send(get)
	second.Conn.(*net.TCPConn).CloseWrite()
	if rest := second.rest(); rest != "" {
		t.Errorf("answered %q", rest)
	}
	if d := cmp.Diff(logged{"CQ--", "GET / HTTP/1.1", "", -1}, px.log()); d != "" {
		t.Error(d)
	}
	close(release)
	first.expect("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
}
