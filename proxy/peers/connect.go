package peers

import (
	"bufio"
	"context"
	"math/rand/v2"
	"net"
	"strconv"
	"time"
)

// Times of the protocol (doc/peers.txt of the original).
const (
	reconnectTime = 5 * time.Second // between attempts that fail
	handshakeTime = 5 * time.Second
	beatTime      = 3 * time.Second // without anything to tell
	silenceTime   = 5 * time.Second // after which a peer is gone
	writeTime     = 5 * time.Second
)

// backoff is the random time between two connections to a peer: both sides may
// have closed theirs for the other's.
func backoff() time.Duration {
	return 50*time.Millisecond + time.Duration(rand.Int64N(int64(2*time.Second)))
}

// keep keeps a connection to a peer, ours or the peer's.
func (s *Section) keep(ctx context.Context, p *Peer) {
	for ctx.Err() == nil {
		s.mu.Lock()
		busy := p.session != nil
		if !busy {
			p.status = "CONN"
		}
		s.mu.Unlock()
		if busy {
			select {
			case <-ctx.Done():
				return
			case <-p.freed:
				s.pause(ctx, p, backoff())
			}
			continue
		}
		if !s.connect(ctx, p) {
			s.pause(ctx, p, reconnectTime)
			continue
		}
		s.pause(ctx, p, backoff())
	}
}

func (s *Section) pause(ctx context.Context, p *Peer, d time.Duration) {
	s.mu.Lock()
	p.reconnect = time.Now().Add(d)
	s.mu.Unlock()
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// connect makes one connection and serves it to its end; it says whether the
// peer took it.
func (s *Section) connect(ctx context.Context, p *Peer) bool {
	dial, cancel := context.WithTimeout(ctx, handshakeTime)
	c, err := p.Dial(dial)
	cancel()
	if err != nil {
		return false
	}
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	h := hello{to: p.Name, from: s.Local, pid: s.PID}
	_ = c.SetDeadline(time.Now().Add(handshakeTime))
	if _, err = c.Write(h.append(nil)); err != nil {
		_ = c.Close()
		return false
	}
	r := bufio.NewReader(c)
	s.note(p, "HSHK")
	status, err := readStatus(r)
	if err != nil || status != Succeeded {
		if err == nil {
			s.note(p, strconv.Itoa(int(status)))
		}
		_ = c.Close()
		return false
	}
	_ = c.SetDeadline(time.Time{})
	x := s.enter(p, c, r, false)
	if x == nil {
		_ = c.Close()
		return false
	}
	x.serve()
	return true
}

// note keeps the state of a peer's connection for "show peers".
func (s *Section) note(p *Peer, status string) {
	s.mu.Lock()
	p.status = status
	s.mu.Unlock()
}

// Accept serves a connection that a peer made, until it ends.
func (s *Section) Accept(c net.Conn) {
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(handshakeTime))
	r := bufio.NewReader(c)
	h, status, err := readHello(r)
	if err != nil {
		return
	}
	p := s.byName(h.from)
	switch {
	case status != Succeeded:
	case h.to != s.Local:
		status = LocalMismatch
	case p == nil:
		status = RemoteMismatch
	}
	var x *session
	if status == Succeeded {
		if x = s.enter(p, c, r, true); x == nil {
			status = TryAgain
		}
	} else if p != nil {
		s.mu.Lock()
		p.protoErrors++
		s.mu.Unlock()
	}
	if _, err := c.Write(strconv.AppendInt(nil, int64(status), 10)); err == nil {
		_, err = c.Write([]byte{'\n'})
		if err == nil && x != nil {
			_ = c.SetDeadline(time.Time{})
			x.serve()
			return
		}
	}
	if x != nil {
		x.leave()
	}
}

// enter makes a connection the one to a peer. The last one wins: one that
// there is already ends (doc/peers.txt). It is nil once the section stopped.
func (s *Section) enter(p *Peer, c net.Conn, r *bufio.Reader, incoming bool) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return nil
	}
	if p.session != nil {
		p.collisions++
		p.session.close()
	}
	x := &session{s: s, p: p, c: c, r: r, incoming: incoming, wake: make(chan struct{}, 1), tables: map[uint64]*Shared{}, remotes: map[uint64]*Definition{}}
	p.session, p.status, p.handshake = x, "ESTA", time.Now()
	p.newConns++
	for _, t := range s.Tables {
		cur := p.cursor(t)
		cur.pushed, cur.defined, cur.ackIt = cur.acked, false, false
	}
	s.ask()
	return x
}

// Teach tells the process that follows this one, over the local peer's
// address, everything that is known (the protocol's "resync from local old
// process"). Connections to other peers end first.
func (s *Section) Teach(ctx context.Context) {
	var local *Peer
	s.mu.Lock()
	s.stopped = true
	for _, p := range s.Peers {
		if p.session != nil {
			p.session.close()
		}
		if p.Local {
			local = p
		}
	}
	cancel := s.closing
	s.mu.Unlock()
	if cancel != nil {
		cancel()
	}
	s.wg.Wait()
	if local == nil || local.Dial == nil {
		return
	}
	s.turn(time.Now())
	s.mu.Lock()
	s.stopped = false
	local.session, s.handing = nil, true
	s.mu.Unlock()
	for range teachTries {
		if ctx.Err() != nil || s.teachOnce(ctx, local) {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(teachRetry):
		}
	}
}

// The process that follows is looked for so often, with this time between:
// there may be none.
const (
	teachTries = 5
	teachRetry = 200 * time.Millisecond
)

// teachOnce says whether the other process confirmed that it was told all.
func (s *Section) teachOnce(ctx context.Context, p *Peer) bool {
	c, err := p.Dial(ctx)
	if err != nil {
		return false
	}
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	_ = c.SetDeadline(time.Now().Add(handshakeTime))
	h := hello{to: s.Local, from: s.Local, pid: s.PID}
	if _, err = c.Write(h.append(nil)); err != nil {
		_ = c.Close()
		return false
	}
	r := bufio.NewReader(c)
	if status, err := readStatus(r); err != nil || status != Succeeded {
		_ = c.Close()
		return false
	}
	_ = c.SetDeadline(time.Time{})
	x := s.enter(p, c, r, false)
	if x == nil {
		_ = c.Close()
		return false
	}
	s.mu.Lock()
	x.teach = true
	s.taught = false
	s.mu.Unlock()
	x.serve()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.taught
}
