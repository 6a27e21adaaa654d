package tx

import (
	"crypto/tls"
	"crypto/x509"
	"net/netip"
	"time"

	"tandem/proxy/listen"
)

// Rested is a Session while its connection is idle: what most sessions have,
// without the room for what few do.
type Rested struct {
	ID uint64

	front     *listen.Frontend
	listener  *listen.Listener
	proc      *ProcVars
	src, dst  netip.AddrPort
	tls       *restedTLS // nil on clear connections
	accepted  time.Time
	handshake time.Duration
	requests  int32
	version   int16
	http      bool
	whole     *Session // where the above is not all
}

// restedTLS is what only sessions with TLS have.
type restedTLS struct {
	state *tls.ConnectionState
	hello *listen.Hello
	cert  *x509.Certificate
	file  string
}

// Rest returns s for the time of a wait. What s holds by pointers goes over.
func (s *Session) Rest() Rested {
	r := Rested{ID: s.ID, front: s.Front, listener: s.Listener,
		proc: s.Proc, src: s.Src, dst: s.Dst, accepted: s.Accepted,
		handshake: s.HandshakeDone.Sub(s.Accepted), requests: int32(s.Requests), version: int16(s.Version), http: s.HTTP}
	if t := (restedTLS{s.TLS, s.TLSHello, s.OwnCert, s.OwnCertFile}); t != (restedTLS{}) {
		r.tls = &t
	}
	if s.rare() {
		whole := *s
		r.whole = &whole
	}
	return r
}

// rare says whether s has what Rested has no room for.
func (s *Session) rare() bool {
	return len(s.Vars.list) > 0 || s.RealSrc != s.Src || s.RealDst != s.Dst || s.UnixPath != "" || s.Verdict != Verdict{} ||
		s.Proxy != nil || s.Tracked != [len(s.Tracked)]Track{} || s.Codes != StatusCodes{} || s.Err != ConnError{} ||
		s.Glitches != 0 || s.Mark != 0 || s.TOS != 0 || s.ExpectProxy || s.ExpectCIP
}

// Session returns the session that went to rest.
func (r *Rested) Session() Session {
	if r.whole != nil {
		return *r.whole
	}
	var t restedTLS
	if r.tls != nil {
		t = *r.tls
	}
	return Session{ID: r.ID, Front: r.front, Listener: r.listener, Proc: r.proc,
		Src: r.src, Dst: r.dst, RealSrc: r.src, RealDst: r.dst, TLS: t.state, TLSHello: t.hello, OwnCert: t.cert, OwnCertFile: t.file,
		Accepted: r.accepted, HandshakeDone: r.accepted.Add(r.handshake),
		Requests: int(r.requests), Version: int(r.version), HTTP: r.http}
}
