package server

import "sync"

// Session is what can be cut because of its server: a request or a tunnel.
type Session interface {
	// Shutdown ends the session at once; cause is the first character of its
	// termination state: 'D' its server went down, 'U' an active server came
	// up, 'K' an operator.
	Shutdown(cause byte)
}

// sessionSet are the sessions of a server that want to be told.
type sessionSet struct {
	mu sync.Mutex
	m  map[Session]struct{}
}

// Attach notes that x uses the server, or stands for all that do; a value that
// is attached already changes nothing. x must be comparable.
func (s *Server) Attach(x Session) {
	s.sessions.mu.Lock()
	defer s.sessions.mu.Unlock()
	if s.sessions.m == nil {
		s.sessions.m = map[Session]struct{}{}
	}
	s.sessions.m[x] = struct{}{}
}

// Detach forgets x.
func (s *Server) Detach(x Session) {
	s.sessions.mu.Lock()
	defer s.sessions.mu.Unlock()
	delete(s.sessions.m, x)
}

// ShutdownSessions ends all attached sessions and returns how many they were.
func (s *Server) ShutdownSessions(cause byte) int {
	s.sessions.mu.Lock()
	list := make([]Session, 0, len(s.sessions.m))
	for x := range s.sessions.m {
		list = append(list, x)
	}
	s.sessions.mu.Unlock()
	for _, x := range list {
		x.Shutdown(cause)
	}
	return len(list)
}
