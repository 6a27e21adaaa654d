package certs

import (
	"container/list"
	"crypto/rand"
	"crypto/tls"
	"sync"
	"sync/atomic"
	"time"
)

// sessionIDLen is the length of what stands for a session that is kept here.
const sessionIDLen = 32

// Sessions keeps TLS sessions of clients that get no ticket with the session
// inside ("no-tls-tickets"; configuration manual 3.2, tune.ssl.cachesize,
// tune.ssl.lifetime). What the client keeps is a random name: crypto/tls knows
// no session ids, so that TLS 1.2 carries it as a ticket.
type Sessions struct {
	size int
	life time.Duration
	now  func() time.Time

	lookups, misses atomic.Uint64

	mu    sync.Mutex
	byID  map[[sessionIDLen]byte]*list.Element
	order *list.List // of *kept, the last used one first
}

type kept struct {
	id    [sessionIDLen]byte
	state *tls.SessionState
	until time.Time
}

// NewSessions returns a cache of size sessions that live as long as life; a
// size of 0 keeps none.
func NewSessions(size int, life time.Duration) *Sessions {
	return &Sessions{size: size, life: life, now: time.Now, byID: map[[sessionIDLen]byte]*list.Element{}, order: list.New()}
}

// Counts returns how often a session was looked for, and not found.
func (s *Sessions) Counts() (lookups, misses uint64) { return s.lookups.Load(), s.misses.Load() }

// wrap is a tls.Config's WrapSession.
func (s *Sessions) wrap(_ tls.ConnectionState, state *tls.SessionState) ([]byte, error) {
	k := &kept{state: state, until: s.now().Add(s.life)}
	rand.Read(k.id[:]) // never fails
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.order.Len() >= s.size && s.order.Len() > 0 {
		s.drop(s.order.Back())
	}
	if s.size > 0 {
		s.byID[k.id] = s.order.PushFront(k)
	}
	return k.id[:], nil
}

// unwrap is a tls.Config's UnwrapSession.
func (s *Sessions) unwrap(name []byte, _ tls.ConnectionState) (*tls.SessionState, error) {
	if len(name) == 0 { // a client that only says that it takes tickets
		return nil, nil
	}
	s.lookups.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(name) == sessionIDLen {
		if e := s.byID[[sessionIDLen]byte(name)]; e != nil {
			k := e.Value.(*kept)
			if s.now().Before(k.until) {
				s.order.MoveToFront(e)
				return k.state, nil
			}
			s.drop(e)
		}
	}
	s.misses.Add(1)
	return nil, nil
}

func (s *Sessions) drop(e *list.Element) {
	s.order.Remove(e)
	delete(s.byID, e.Value.(*kept).id)
}

// maxServerSessions is how many names of one server may have a session that
// is resumed.
const maxServerSessions = 32

// ServerSessions keeps the sessions of one server line that may be resumed:
// those that began with the certificate that the line shows now, since the
// server knows the client of a session by the certificate that began it.
type ServerSessions struct {
	mu    sync.Mutex
	cert  *Cert
	cache tls.ClientSessionCache
}

// with returns the sessions that began with c (nil: without a certificate).
func (s *ServerSessions) with(c *Cert) tls.ClientSessionCache {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cache == nil || s.cert != c {
		s.cert, s.cache = c, tls.NewLRUClientSessionCache(maxServerSessions)
	}
	return s.cache
}
