package cli

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"tandem/parser/keyword"
	"tandem/proxy/listen"
)

// Server accepts connections on the stats sockets. One Server serves all of
// them, so that "stats maxconn" bounds their sum.
type Server struct {
	env   *Env
	table *keyword.Table[Command]

	mu   sync.Mutex
	cond *sync.Cond
	live map[net.Conn]struct{}
	done bool
}

// New returns a server of the worker's commands.
func New(env *Env) *Server { return NewTable(env, Commands) }

// NewTable returns a server of other commands: the master's.
func NewTable(env *Env, table *keyword.Table[Command]) *Server {
	s := &Server{env: env, table: table, live: map[net.Conn]struct{}{}}
	s.cond = sync.NewCond(&s.mu)
	return s
}

// defaultMaxConn is "stats maxconn" without such a line.
const defaultMaxConn = 10

// Serve answers connections to ln until it is closed. b is the bind line of
// the socket: its level and severity-output hold for all of them. Above the
// limit, connections wait in the system's backlog.
func (s *Server) Serve(ln net.Listener, b *listen.Bind) error {
	for {
		if !s.room() {
			return nil
		}
		c, err := ln.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return nil
			}
			var ne net.Error
			if errors.As(err, &ne) && ne.Timeout() {
				continue
			}
			time.Sleep(100 * time.Millisecond) // descriptors ran out; others will end
			continue
		}
		if !s.enter(c) {
			return nil
		}
		go s.serveOne(c, b)
	}
}

func (s *Server) serveOne(c net.Conn, b *listen.Bind) {
	s.ServeConn(context.Background(), c, b)
	s.leave(c)
}

// ServeConn answers one connection with the given rights and closes it.
func (s *Server) ServeConn(ctx context.Context, c net.Conn, b *listen.Bind) {
	defer c.Close()
	p := s.env.process()
	p.ConnTot.Add(1)
	p.ReqTot.Add(1)
	p.StrmTot.Add(1)
	p.Streams.Add(1)
	defer p.Streams.Add(-1)
	newSession(s.env, s.table, c, b).serve(ctx)
}

// room waits until there are fewer connections than the limit; false: Close
// was called. Sockets that wait for a client count for nothing.
func (s *Server) room() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.done && len(s.live) >= s.limit() {
		s.cond.Wait()
	}
	return !s.done
}

// enter counts a connection; false: Close was called, c is closed.
func (s *Server) enter(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done {
		c.Close()
		return false
	}
	s.live[c] = struct{}{}
	return true
}

func (s *Server) limit() int {
	if n := s.env.Config().Global.StatsMaxConn; n > 0 {
		return n
	}
	return defaultMaxConn
}

func (s *Server) leave(c net.Conn) {
	s.mu.Lock()
	delete(s.live, c)
	s.mu.Unlock()
	s.cond.Broadcast()
}

// Close ends all connections. The listeners are their owner's to close.
func (s *Server) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done = true
	for c := range s.live {
		c.Close()
	}
	s.cond.Broadcast()
}
